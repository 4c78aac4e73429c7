"""Colours can be distinguished on their background, also by colour-blind viewers."""

import itertools

import numpy as np
import pytest
from manim import ManimColor

from rnnviz.mobjects.theme import DARK, THEMES
from rnnviz.text.palette import RAMPS, READABLE, ROLES, VISIBLE, contrast, luminance

HUES = ("input", "hidden", "output", "weight", "gradient")
CELLS = ("rnn", "lstm", "gru")
BOTH = pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
# Machado, Oliveira & Fernandes 2009, severity 1.0, on linear RGB
BLINDNESS = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
    "none": np.eye(3),
}


def linear(color) -> np.ndarray:
    rgb = np.array(ManimColor(color).to_rgb())
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def oklab(rgb: np.ndarray) -> np.ndarray:
    lms = np.cbrt(
        np.clip(
            np.array(
                [
                    [0.4122214708, 0.5363325363, 0.0514459929],
                    [0.2119034982, 0.6806995451, 0.1073969566],
                    [0.0883024619, 0.2817188376, 0.6299787005],
                ]
            )
            @ rgb,
            0,
            None,
        )
    )
    return (
        np.array(
            [
                [0.2104542553, 0.7936177850, -0.0040720468],
                [1.9779984951, -2.4285922050, 0.4505937099],
                [0.0259040371, 0.7827717662, -0.8086757660],
            ]
        )
        @ lms
    )


def seen(color, blindness) -> np.ndarray:
    return oklab(np.array(BLINDNESS[blindness]) @ linear(color))


def distance(one, other, blindness) -> float:
    return float(np.linalg.norm(seen(one, blindness) - seen(other, blindness)))


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.005)
    assert contrast("#FF0000", "#0000FF") == pytest.approx(2.15, abs=0.005)
    assert luminance("#808080") == pytest.approx(0.2159, abs=1e-4)


@BOTH
@pytest.mark.parametrize("role", ROLES)
def test_text_is_readable_on_the_ground_and_on_boxes(theme, role):
    for behind in (theme.ground, theme.surface):
        assert contrast(getattr(theme, role), behind) >= READABLE
    assert contrast(theme.text, theme.ground) > 10


@BOTH
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("strength", [0.0, 0.3, 0.45, 0.8])
def test_what_is_dimmed_is_visible_and_weaker_than_the_full_colour(theme, role, strength):
    dimmed = contrast(theme.dimmed(role, strength).to_hex(), theme.ground)
    assert VISIBLE <= dimmed < contrast(getattr(theme, role), theme.ground)
    assert contrast(theme.dimmed(role).to_hex(), theme.ground) >= VISIBLE


@BOTH
@pytest.mark.parametrize("ramp", RAMPS)
def test_text_on_any_value_is_readable(theme, ramp):
    for value in np.linspace(-1, 1, 81):
        color = theme.shade(ramp, value)
        assert contrast(theme.on(color).to_hex(), color.to_hex()) >= READABLE


@pytest.mark.parametrize("blindness", BLINDNESS)
@BOTH
def test_the_hues_can_be_distinguished(theme, blindness):
    limit = 0.04 if blindness == "tritanopia" else 0.06
    for a, b in itertools.combinations(HUES, 2):
        assert distance(getattr(theme, a), getattr(theme, b), blindness) > limit, (a, b)


@pytest.mark.parametrize("blindness", BLINDNESS)
@BOTH
def test_cells_differ_from_each_other_and_from_what_is_drawn_beside_them(theme, blindness):
    for a, b in itertools.combinations(CELLS, 2):
        assert distance(getattr(theme, a), getattr(theme, b), blindness) > 0.08, (a, b)
    for cell, role in itertools.product(CELLS, ("input", "hidden", "gradient")):
        assert distance(getattr(theme, cell), getattr(theme, role), blindness) > 0.08, (cell, role)


@pytest.mark.parametrize("blindness", BLINDNESS)
@BOTH
def test_signed_values_are_neither_inputs_nor_gradients(theme, blindness):
    for value in np.linspace(-1, 1, 41):
        color = theme.shade("signed", value)
        assert distance(color, theme.gradient, blindness) > 0.06, value
        assert distance(color, theme.input, blindness) > 0.04, value


@BOTH
def test_only_the_gradient_is_orange(theme):
    def hue(color):
        _, a, b = seen(color, "none")
        return np.degrees(np.arctan2(b, a)), np.hypot(a, b)

    orange, _ = hue(theme.gradient)
    ends = [theme.shade(ramp, value) for ramp in RAMPS for value in (-1, 1) if ramp != "gradient"]
    for color in [getattr(theme, role) for role in ROLES if role != "gradient"] + ends:
        own, chroma = hue(color)
        apart = abs((own - orange + 180) % 360 - 180)
        assert chroma < 0.03 or apart > 30, ManimColor(color).to_hex()


@pytest.mark.parametrize("blindness", BLINDNESS)
@BOTH
def test_signs_and_small_values_can_be_distinguished(theme, blindness):
    for size in (0.1, 0.3, 0.6, 1.0):
        ends = theme.shade("signed", size), theme.shade("signed", -size)
        assert distance(*ends, blindness) > 0.02
    for value in (-0.3, 0.3, -1.0, 1.0):
        ends = theme.shade("signed", value), theme.shade("signed", 0.0)
        assert distance(*ends, blindness) > 0.05


@BOTH
def test_equal_sizes_of_both_signs_are_equally_light(theme):
    for size in np.linspace(0, 1, 11):
        below, above = (seen(theme.shade("signed", sign * size), "none")[0] for sign in (-1, 1))
        assert below == pytest.approx(above, abs=0.01)


@BOTH
@pytest.mark.parametrize("ramp", RAMPS)
def test_a_greater_value_is_farther_from_the_ground(theme, ramp):
    for sign in (-1, 1) if ramp == "signed" else (1,):
        steps = [
            luminance(theme.shade(ramp, sign * size).to_hex()) for size in np.linspace(0, 1, 11)
        ]
        assert (np.diff(steps) * (1 if theme is DARK else -1) > 0).all()


@pytest.mark.parametrize("ramp", RAMPS)
def test_values_beyond_the_scale_take_its_ends(ramp):
    low = -1.0 if ramp == "signed" else 0.0
    assert DARK.shade(ramp, 7.0).to_hex() == DARK.shade(ramp, 1.0).to_hex() == DARK.ramp(ramp)[-1]
    assert DARK.shade(ramp, -7.0).to_hex() == DARK.shade(ramp, low).to_hex() == DARK.ramp(ramp)[0]

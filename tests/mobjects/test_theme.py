"""Colours can be distinguished on their background, also by colour-blind viewers."""

import itertools

import numpy as np
import pytest
from manim import ManimColor

from rnnviz.mobjects.theme import DARK, LIGHT, THEMES

HUES = ("input", "hidden", "output", "weight", "gradient")
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
    "none": np.eye(3),
}


def linear(color) -> np.ndarray:
    rgb = np.array(ManimColor(color).to_rgb())
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def luminance(color) -> float:
    return float(linear(color) @ [0.2126, 0.7152, 0.0722])


def contrast(a, b) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


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


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
def test_text_and_hues_stand_out_from_the_ground(theme):
    assert contrast(theme.text, theme.ground) > 10
    for role in (*HUES, "note"):
        assert contrast(getattr(theme, role), theme.ground) >= 4.5, role


@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
def test_the_hues_can_be_distinguished(theme, blindness):
    seen = {
        role: oklab(np.array(BLINDNESS[blindness]) @ linear(getattr(theme, role))) for role in HUES
    }
    for a, b in itertools.combinations(HUES, 2):
        assert np.linalg.norm(seen[a] - seen[b]) > 0.06, (a, b)


@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
def test_signs_and_small_values_can_be_distinguished(theme, blindness):
    def seen(value):
        return oklab(np.array(BLINDNESS[blindness]) @ linear(theme.signed(value)))

    for size in (0.1, 0.3, 0.6, 1.0):
        assert np.linalg.norm(seen(size) - seen(-size)) > 0.02
    for value in (-0.3, 0.3, -1.0, 1.0):
        assert np.linalg.norm(seen(value) - seen(0.0)) > 0.05


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
def test_a_greater_value_is_farther_from_the_ground(theme):
    for sign in (-1, 1):
        steps = [luminance(theme.signed(sign * size)) for size in np.linspace(0, 1, 11)]
        ordered = sorted(steps, reverse=theme is LIGHT)
        assert steps == pytest.approx(ordered)
    steps = [luminance(theme.magnitude(size)) for size in np.linspace(0, 1, 11)]
    assert steps == pytest.approx(sorted(steps, reverse=theme is LIGHT))


def test_values_beyond_the_scale_take_its_ends():
    assert DARK.signed(7.0).to_hex() == DARK.signed(1.0).to_hex()
    assert DARK.signed(-7.0).to_hex() == DARK.signed(-1.0).to_hex()
    assert DARK.magnitude(2.0).to_hex() == DARK.magnitude(1.0).to_hex()

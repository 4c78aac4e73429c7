"""One formula becomes another: no glyph on the way is anything but one of theirs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.mobjects.equation import Equation, step_equation, update_equation
from rnnviz.mobjects.morph import paired_glyphs
from rnnviz.mobjects.theme import DARK

FORMULAS = {
    "step 1": lambda: step_equation("1", "0", DARK),
    "step 2": lambda: step_equation("2", "1", DARK),
    "step 12": lambda: step_equation("12", "11", DARK),
    "update": lambda: update_equation(DARK),
    "fraction": lambda: Equation("{{ (partial L_8)/(partial h_k) : left }} = W x", DARK, size=0.4),
}
NAMES = st.sampled_from(sorted(FORMULAS))


def outline(glyph):
    """A glyph's outline, wherever it is and whatever its size."""
    placed = glyph.points - glyph.points.min(axis=0)
    return placed / placed.max()


@given(NAMES, NAMES)
def test_only_equal_glyphs_are_paired_and_each_once(one, other):
    old, new = FORMULAS[one]().ink, FORMULAS[other]().ink
    pairs = paired_glyphs(old, new)
    for side in zip(*pairs, strict=True):
        assert len({id(glyph) for glyph in side}) == len(pairs)
    for ours, theirs in pairs:
        assert np.allclose(outline(ours), outline(theirs), atol=0.02)


def test_a_formula_is_paired_with_itself_whole():
    old, new = FORMULAS["step 2"]().ink, FORMULAS["step 2"]().ink
    counterparts = {id(one): other for one, other in paired_glyphs(old, new)}
    assert [counterparts[id(glyph)] for glyph in old] == list(new)


def test_an_index_is_paired_with_none_of_another_part():
    """From h₁ = … x₁ … h₀ to h₂ = … x₂ … h₁, no 1 becomes the 1 of another symbol."""
    old, new = FORMULAS["step 1"]().ink, FORMULAS["step 2"]().ink
    pairs = paired_glyphs(old, new)
    assert len(pairs) == len(old) - 3
    for name in ("now", "x", "before"):
        ones = {id(glyph) for glyph in old.part(name)}
        inside = {id(glyph) for glyph in new.part(name)}
        assert all(id(theirs) in inside for ours, theirs in pairs if id(ours) in ones)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 1.0])
@given(one=NAMES, other=NAMES)
def test_every_glyph_on_the_way_is_one_of_the_two_formulas(share, one, other):
    old, new = FORMULAS[one](), FORMULAS[other]()
    known = [outline(glyph) for formula in (old, new) for glyph in formula.ink]
    change = old.turn_into(new)
    change.begin()
    change.interpolate(share)
    for formula in (old, new):
        for glyph in formula.ink:
            seen = glyph.fill_rgbas[0, 3] > 0.01 or glyph.stroke_rgbas[0, 3] > 0.01
            shapes = [each for each in known if each.shape == glyph.points.shape]
            assert not seen or any(np.allclose(outline(glyph), each, atol=0.02) for each in shapes)


@given(NAMES, NAMES)
def test_it_ends_as_the_new_formula_and_leaves_the_old_as_it_was(one, other):
    old, new = FORMULAS[one](), FORMULAS[other]()
    before = [(glyph.points.copy(), glyph.fill_rgbas.copy()) for glyph in old.ink]
    wanted = [(glyph.points.copy(), glyph.fill_rgbas.copy()) for glyph in new.ink]
    change = old.turn_into(new)
    change.begin()
    change.interpolate(0.4)
    change.finish()
    for glyph, (points, fill) in zip(new.ink, wanted, strict=True):
        assert np.array_equal(glyph.points, points)
        assert np.array_equal(glyph.fill_rgbas, fill)
    for each in change.animations:
        each.clean_up_from_scene(Stage())
    for glyph, (points, fill) in zip(old.ink, before, strict=True):
        assert np.array_equal(glyph.points, points)
        assert np.array_equal(glyph.fill_rgbas, fill)


class Stage:
    def remove(self, *mobjects):
        pass


def test_the_rim_of_a_glyph_that_has_not_come_hides_nothing():
    old, new = FORMULAS["step 2"](), FORMULAS["update"]()
    new.ink.set_stroke(DARK.ground, width=4.0, background=True)
    new_glyphs = {id(glyph) for _, glyph in paired_glyphs(old.ink, new.ink)}
    change = old.turn_into(new)
    change.begin()
    change.interpolate(0.1)
    rims = [glyph.background_stroke_rgbas[0, 3] for glyph in new.ink if id(glyph) not in new_glyphs]
    assert rims
    assert max(rims) == 0.0

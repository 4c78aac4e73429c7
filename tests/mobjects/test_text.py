"""Text is shown as typed, with its size and baseline."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layouts import PIXELS_PER_UNIT
from own_fonts import DEJAVU, built, saved

from rnnviz.errors import TextError
from rnnviz.mobjects import text
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.text import (
    BODY,
    NOTE,
    SMALL,
    fitted_label,
    formula,
    label,
    prose,
    using_type_scale,
)
from rnnviz.mobjects.theme import DARK
from rnnviz.text.fonts import load_fonts, using_fonts

INK = DARK.color("text")


def shapes(text):
    """Each glyph's outline, moved to the origin: what is seen, wherever it stands."""
    return [glyph.points - glyph.points.min(axis=0) for glyph in text]


def test_the_design_guide_names_the_sizes_of_type():
    guide = (Path(__file__).parents[2] / "docs" / "design-guide.md").read_text(encoding="utf-8")
    told = {name: int(size) for name, size in re.findall(r"`([A-Z]+)` \| (\d+) \|", guide)}
    assert told.keys() == {"FORMULA", "BODY", "SMALL", "NOTE"}
    for name, size in told.items():
        assert round(getattr(text, name) * PIXELS_PER_UNIT) == size


@pytest.mark.parametrize(
    "typed", ["#let", "$x$", "a\\b", 'say "hi"', "@ref", "*b*", "_c_", "<d>", "`e`", "[f]", "//g"]
)
def test_characters_that_mean_something_to_typst_are_shown_as_typed(typed):
    shown = label(typed, color=INK)
    assert len(shown) == len(typed.replace(" ", ""))
    one_by_one = [label(mark, color=INK)[0] for mark in typed if mark != " "]
    for got, alone in zip(shapes(shown), shapes(one_by_one), strict=True):
        np.testing.assert_allclose(got, alone, atol=1e-6)


@pytest.mark.parametrize(("typed", "seen"), [(" ", "␣"), ("\n", "↵"), ("\t", "→")])
def test_a_label_of_white_space_is_made_visible(typed, seen):
    for got, expected in zip(
        shapes(label(typed, color=INK)), shapes(label(seen, color=INK)), strict=True
    ):
        np.testing.assert_allclose(got, expected)


@pytest.mark.parametrize("text", ["🦄", "a🦄b", "हिन्दी"])
def test_a_character_that_no_font_has_is_named(text):
    with pytest.raises(TextError, match=r"no font of rnnviz has the character .* \(U\+"):
        label(text, color=INK)


def test_prose_fills_in_facts_and_sets_formulas():
    caption = prose("{n} units of $h_({n})$", {"n": "8"}, color=INK, width=12.0)
    assert caption.text == "8 units of $h_(8)$"
    with pytest.raises(TextError, match=r"uses \{m\}, but facts\(\) returns only n; "):
        prose("{m} units", {"n": "8"}, color=INK, width=12.0)


def test_facts_are_never_read_as_typst():
    plain = prose("{word}", {"word": "#strong[x]"}, color=INK, width=12.0)
    assert len(plain) == len("#strong[x]")


def test_dollar_signs_of_facts_are_no_formulas():
    shown = prose("{a} $x$ {b}", {"a": "$5", "b": "6$"}, color=INK, width=12.0)
    assert shown.text == "$5 $x$ 6$"
    assert len(shown) == len("$5x6$")


@pytest.mark.parametrize("fact", ["#pagebreak()", "word", '"x"', "x_1"])
def test_only_numbers_and_letters_stand_in_formulas(fact):
    with pytest.raises(TextError, match="which a formula cannot hold"):
        prose("$h_({n})$", {"n": fact}, color=INK, width=12.0)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_long_caption_takes_two_balanced_lines(language):
    text = {
        "en": "This sentence is much longer than one line of a caption, so it takes two lines.",
        "zh": "这一句话比一行字幕长得多，所以它需要占两行才能放得下，每一行都不会太短。",
    }[language]
    caption = prose(text, {}, color=INK, width=10.0)
    assert caption.width < 10.0
    assert 1.5 * BODY < caption.height < 3 * BODY


@pytest.mark.parametrize("count", [2, 3, 4])
def test_chinese_lines_end_at_punctuation_marks(count):
    line = "每个状态都有八个数，"
    alone = label(line, color=INK).width
    caption = prose(count * line, {}, color=INK, width=alone + 0.1)
    marks = np.array([mark.get_center() for mark in caption[len(line) - 1 :: len(line)]])
    assert np.ptp(marks[:, 0]) == pytest.approx(0.0, abs=1e-3)
    assert (np.diff(marks[:, 1]) < -BODY).all()
    assert caption.width == pytest.approx(alone, abs=0.05)


@pytest.mark.parametrize("text", ["H", "x", "gy", "北京", "Ää"])
def test_every_word_stands_on_the_baseline(text):
    word = label(text, color=INK, size=1.0).set_on(2.0)
    assert word.baseline == pytest.approx(2.0)
    if text in ("H", "x"):
        assert word.get_bottom()[1] == pytest.approx(2.0, abs=0.02)
    else:
        assert word.get_bottom()[1] < 2.0


def test_the_em_height_follows_scaling():
    word = label("word", color=INK, size=0.4)
    assert word.em == pytest.approx(0.4)
    assert word.scale(0.5).em == pytest.approx(0.2)
    assert word.copy().em == pytest.approx(0.2)


def test_a_formula_gives_its_parts():
    shown = formula("{{ h_t : h }} = tanh({{ U : U }} x_t)", color=INK)
    assert len(shown.part("h")) == 2
    assert len(shown.part("U")) == 1
    shown.part("U").set_color(DARK.weight)
    assert shown[-3].get_fill_color().to_hex() != DARK.weight


@pytest.mark.parametrize("text", ["I", "Beijing", "incomprehensibilities", "很长很长很长很长的词"])
def test_a_fitted_label_fits_and_stays_readable(text):
    shown = fitted_label(text, color=INK, width=1.2)
    assert shown.width <= 1.2
    assert shown.em >= NOTE - 1e-9
    assert shown.text == text or shown.text.endswith("…")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (0.123, "0.12"),
        (-0.0456, "−0.046"),
        (1.0, "1.0"),
        (12.34, "12"),
        (99.6, "100"),
        (0.0996, "0.10"),
        (1234.0, "1200"),
        (1.234e-7, "1.2·10⁻⁷"),
        (-5.6e9, "−5.6·10⁹"),
    ],
)
def test_numbers_have_two_significant_digits(value, shown):
    assert number(value) == shown


@given(st.floats(min_value=1e-12, max_value=1e12), st.integers(2, 3))
def test_a_number_reads_back_as_the_value(value, digits):
    text = number(value, digits).translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    read = float(text.replace("·10", "e").replace("−", "-"))
    assert read == pytest.approx(value, rel=0.51 * 10 ** (1 - digits))


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0.5, "50%"),
        (0.0123, "1.2%"),
        (0.999, ">99%"),
        (1.0, "100%"),
        (1 - 1e-16, "100%"),
        (0.0, "0%"),
        (2.5, "250%"),
    ],
)
def test_percentages(share, shown):
    assert percent(share) == shown


def test_arabic_is_joined_and_goes_from_right_to_left():
    with using_fonts(load_fonts(DEJAVU)):
        word = label("سلم", color=INK)
        alone = [label(letter, color=INK) for letter in "سلم"]
        backwards = label("ملس", color=INK)
    assert word.width < 0.95 * sum(letter.width for letter in alone)
    last, first = word[0], word[-1]
    assert first.get_x() > last.get_x()
    assert not same_outline(word, backwards)


def test_hindi_is_shaped(tmp_path):
    """The vowel sign i is written after its consonant and stands before it."""
    font = built("क\u093f\u25cc", side=800, sides={"\u093f": 200})
    with using_fonts(load_fonts(saved(tmp_path, "a.ttf", font))):
        left, right = sorted(label("क\u093f", color=INK), key=lambda glyph: glyph.get_x())
    assert right.width == pytest.approx(4 * left.width)


def test_thai_is_shaped(tmp_path):
    """The vowel sign am is written as one character and set as two, the ring on the consonant."""
    font = built("น\u0e33\u0e4d\u0e32\u25cc", side=800, sides={"\u0e4d": 200, "\u0e33": 600})
    with using_fonts(load_fonts(saved(tmp_path, "a.ttf", font))):
        sides = sorted(round(glyph.width, 6) for glyph in label("น\u0e33", color=INK))
    assert sides == [pytest.approx(sides[2] / 4), sides[2], sides[2]]


def test_a_number_after_an_arabic_word_stays_after_it():
    with using_fonts(load_fonts(DEJAVU)):
        shown = prose("“{word}” 12", {"word": "سلم"}, color=INK, width=12.0)
        alone = label("سلم", color=INK)
    ones = shapes(label("1", color=INK))[0]
    place = max(
        glyph.get_x()
        for glyph in shown
        if glyph.points.shape == ones.shape
        and np.allclose(glyph.points - glyph.points.min(axis=0), ones, atol=1e-6)
    )
    assert place > shown.get_left()[0] + alone.width


def same_outline(one, other):
    return len(one) == len(other) and all(
        a.shape == b.shape and np.allclose(a, b)
        for a, b in zip(shapes(one), shapes(other), strict=True)
    )


def test_the_given_font_sets_what_ours_lacks_and_its_content_decides(tmp_path):
    small = load_fonts(saved(tmp_path, "a.ttf", built("मa中", side=200)))
    large = load_fonts(saved(tmp_path, "b.ttf", built("मa中", side=900)))
    with using_fonts(small):
        first, latin, chinese = (label(text, color=INK) for text in "मa中")
    with using_fonts(large):
        second = label("म", color=INK)
    assert second.width == pytest.approx(4.5 * first.width)
    assert chinese.width == pytest.approx(first.width)
    assert same_outline(latin, label("a", color=INK))
    with pytest.raises(TextError, match="no font of rnnviz has the character 'म'"):
        label("म", color=INK)


def test_fonts_are_tried_in_the_order_in_which_they_are_given(tmp_path):
    small = saved(tmp_path, "a.ttf", built("म", side=200))
    large = saved(tmp_path, "b.ttf", built("मस", side=900))
    with using_fonts(load_fonts([small, large])):
        first, second = label("म", color=INK), label("स", color=INK)
    assert second.width == pytest.approx(4.5 * first.width)


def test_a_variable_font_is_set_in_its_regular_weight(tmp_path):
    variable = load_fonts(saved(tmp_path, "a.ttf", built("म", side=200, heavy=1000)))
    plain = load_fonts(saved(tmp_path, "b.ttf", built("म", side=500)))
    with using_fonts(variable):
        first = label("म", color=INK)
    with using_fonts(plain):
        second = label("म", color=INK)
    assert first.width == pytest.approx(second.width, rel=0.01)


def test_a_word_is_cut_between_letters_with_their_marks(tmp_path):
    text = "क\u093fक\u093fक\u093fक\u093f"
    with using_fonts(load_fonts(saved(tmp_path, "a.ttf", built("क\u093f\u25cc")))):
        cut = fitted_label(text, color=INK, width=0.5)
    assert cut.text.removesuffix("…") in {text[:place] for place in (2, 4, 6)}


@pytest.mark.parametrize(
    "made",
    [
        lambda: label("gate", color=INK),
        lambda: formula("h_t", color=INK),
        lambda: prose("One gate.", {}, color=INK, width=12.0),
    ],
)
def test_type_is_larger_by_the_type_scale(made):
    usual = made()
    with using_type_scale(1.25):
        larger = made()
    assert larger.em == pytest.approx(1.25 * usual.em)
    assert larger.height == pytest.approx(1.25 * usual.height, rel=0.02)
    assert made().em == usual.em


def test_a_larger_type_fits_into_the_same_width():
    with using_type_scale(1.25):
        fitted = fitted_label("a long name of an input", color=INK, width=2.0, size=SMALL)
        cut = fitted_label("a very, very long name of an input", color=INK, width=2.0, size=SMALL)
        caption = prose("A caption of many words. " * 4, {}, color=INK, width=8.0)
    assert max(fitted.width, cut.width) <= 2.0
    assert cut.em == pytest.approx(NOTE)
    assert caption.width <= 8.0 * 1.06

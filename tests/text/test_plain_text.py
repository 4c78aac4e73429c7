"""Captions as plain text."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from rnnviz.text.plain_text import (
    formula_text,
    is_rightward,
    isolated,
    plain,
    visible,
    without_isolates,
)

LOCALE = Path(__file__).parents[2] / "rnnviz" / "locale"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("h_t", "hₜ"),
        ("h_(12)", "h₁₂"),
        ("h_(t-1)", "hₜ₋₁"),
        ("h^2", "h²"),
        ('"diag"(1 - h^2) W', "diag(1 − h²) W"),
        ("(partial L)/(partial W)", "∂L/∂W"),
        ("(partial L_t)/(partial h_k)", "∂Lₜ/∂hₖ"),
        ("norm((partial L_3)/(partial h_k))", "‖∂L₃/∂hₖ‖"),
        ("W arrow.l W - alpha (partial L)/(partial W)", "W ← W − α ∂L/∂W"),
        ("sum_t L_t", "Σₜ Lₜ"),
        ("gamma sigma_1 <= 1", "γ σ₁ ≤ 1"),
        ("2^(t-k)", "2ᵗ⁻ᵏ"),
        ("W^T", "Wᵀ"),
        ("L_W", "L_W"),
        ("tanh(a)", "tanh(a)"),
    ],
)
def test_a_formula_reads_as_text(source, text):
    assert formula_text(source) == text


def test_facts_are_filled_in_and_kept_as_they_are():
    assert plain("at $h_({n})$: {word}", {"n": "8", "word": "$x_1$"}) == "at h₈: $x_1$"
    with pytest.raises(KeyError):
        plain("{missing}", {})


def captions():
    for path in sorted(LOCALE.rglob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file):
                if message.id:
                    yield from (message.id, message.string)


@pytest.mark.parametrize("caption", sorted(set(captions())))
def test_no_notation_is_left_in_any_caption(caption):
    facts = dict.fromkeys(re.findall(r"\{(\w+)\}", caption), "3")
    text = plain(caption, facts)
    assert "$" not in text
    if "$" in caption:
        for left in ("partial", "arrow", '"', "_(", "^(", "sigma", "gamma", "{", "}"):
            assert left not in text, text


@pytest.mark.parametrize("word", ["مرحبا", "שלום!", "٣", "a\u202eb"])
def test_what_is_read_from_the_right_is_isolated_in_a_caption(word):
    text = plain("The word “{word}”: {loss}", {"word": word, "loss": "0.5"})
    assert text == f"The word “\u2068{word}\u2069”: 0.5"
    assert without_isolates(text) == f"The word “{word}”: 0.5"


@pytest.mark.parametrize("word", ["word", "词", "слово", "3", ""])
def test_other_texts_are_as_they_are(word):
    assert isolated(word) == word


@pytest.mark.parametrize(
    ("text", "rightward"),
    [
        ("The word “\u2068مرحبا\u2069”", False),
        ("\u2068مرحبا\u2069 is a word", False),
        ("مرحبا, a word", True),
        ("3: שלום", True),
        ("3", False),
    ],
)
def test_a_text_is_read_as_its_first_letter_is(text, rightward):
    assert is_rightward(text) == rightward


@pytest.mark.parametrize("text", ["", "ab", "12", "\u4e2d", "e\u0301"])
def test_only_what_goes_from_right_to_left_is_isolated(text):
    assert isolated(text) == text
    assert isolated(f"{text}\u05d0") == f"\u2068{text}\u05d0\u2069"


@pytest.mark.parametrize(
    ("text", "seen"),
    [("\u200c", "U+200C"), ("\u200d\ufe0f", "U+200D U+FE0F"), ("a\u200c", "a\u200c")],
)
def test_what_is_not_shown_by_itself_is_named(text, seen):
    assert visible(text) == seen

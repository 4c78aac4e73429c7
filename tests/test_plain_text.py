"""Captions as plain text."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from rnnviz.plain_text import formula_text, plain

LOCALE = Path(__file__).parents[1] / "rnnviz" / "locale"


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

"""Plain text: captions for subtitles, pages and screen readers, and text for a terminal."""

import re
from collections.abc import Callable, Mapping
from typing import Final
from unicodedata import bidirectional

from rnnviz.text.notation import in_captions

_MATH: Final = re.compile(r"\$(.+?)\$")
_NAMES: Final = {
    "partial": "∂",
    "sum": "Σ",
    "product": "∏",
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "theta": "θ",
    "lambda": "λ",
    "rho": "ρ",
    "sigma": "σ",
    "eta": "η",
    "arrow.l": "←",
    "arrow.r": "→",
    "->": "→",
    "<-": "←",
    "dot": "·",
    "dot.o": "⊙",
    "times": "×",
    "plus.minus": "±",
    "approx": "≈",
    "infinity": "∞",
    "<=": "≤",
    ">=": "≥",
    "!=": "≠",
    "dots.h": "…",
    "-": "−",
}
_SIGNS: Final = re.compile(
    "|".join(
        rf"(?<![A-Za-z.]){re.escape(name)}(?![A-Za-z.])" if name[0].isalpha() else re.escape(name)
        for name in sorted(_NAMES, key=len, reverse=True)
    )
)
_FRACTION: Final = re.compile(r"\(([^()]*)\)\s*/\s*\(([^()]*)\)")
_NORM: Final = re.compile(r"(norm|abs|hat|tilde|bar|dot|bold|italic|upright)\(([^()]*)\)")
_ACCENTS: Final = {
    "hat": "\u0302",
    "tilde": "\u0303",
    "bar": "\u0304",
    "dot": "\u0307",
    "bold": "",
    "italic": "",
    "upright": "",
}
_BESIDE: Final = {"\u0302": "^", "\u0303": "~", "\u0304": "¯", "\u0307": "˙"}
_SCRIPT: Final = re.compile(r"([_^])(?:\(([^()]*)\)|([A-Za-z0-9]+|[^\s\w]))")
_LOWERED: Final = str.maketrans(
    "0123456789+−=,aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌,ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ"
)
_RAISED: Final = str.maketrans(
    "0123456789+−=*abcdefghijklmnoprstuvwxyzT", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼*ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀ"
)
_ISOLATE, _END = "\u2068", "\u2069"
_RIGHTWARD: Final = ("R", "AL", "AN", "RLE", "RLO", "RLI", "LRE", "LRO", "LRI", "FSI")
_VISIBLE: Final = {" ": "␣", "\n": "↵", "\t": "→"}
FIRST_WIDE: Final = 0x2E80
"""The first code point of East Asian characters."""
_UNSEEN: Final = re.compile(
    "[\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
"""Unicode's Default_Ignorable_Code_Point: joiners, marks of direction, selectors of variants."""
_SPACE: Final = re.compile(r"(?<=∂)\s+(?=\w)")


class Phrase(str):
    """A text of rnnviz whose ``$formulas$`` are formulas, where other texts are shown as typed.

    As a fact of a caption, and as a label, its formulas are set in the notation in use. It must
    hold no text of a user's.
    """

    __slots__ = ()


def printable(text: str) -> str:
    """Return a text for a terminal, with Python's escapes for what is not printable."""
    return "".join(
        mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in text
    )


def lowered(number: int) -> str:
    """Return an integer as a subscript: 12 → ₁₂."""
    return str(number).translate(_LOWERED)


def visible(text: str) -> str:
    """Return a text, or signs for its spaces or invisible characters if it has nothing else.

    Example: >>> visible("\\n")
             '↵'
    """
    if not text.strip():
        return "".join(_VISIBLE.get(mark, mark) for mark in text)
    if any(map(is_shown, text)):
        return text
    return " ".join(f"U+{ord(mark):04X}" for mark in text)


def is_shown(character: str) -> bool:
    """Whether a character is visible by itself, and not only a joiner, mark or selector.

    Example: >>> is_shown("\\u200d")  # the joiner of zero width
             False
    """
    return _UNSEEN.fullmatch(character) is None


def plain(template: str, facts: Mapping[str, str]) -> str:
    """Return a caption with its ``{facts}`` filled in and its ``$formulas$`` as Unicode text.

    Formulas are in the notation in use.

    Raises: KeyError for an unknown fact
    Example: >>> plain("from $h_({n})$ alone", {"n": "8"})
             'from h₈ alone'
    """
    safe = {
        name: plain(fact, {}) if isinstance(fact, Phrase) else isolated(fact)
        for name, fact in facts.items()
    }
    pieces = enumerate(_MATH.split(in_captions(template)))
    return "".join(
        formula_text(piece.format_map(facts)) if index % 2 else piece.format_map(safe)
        for index, piece in pieces
    )


def formula_text(source: str) -> str:
    """Return a formula in Typst's notation as one line of Unicode text.

    Example: >>> formula_text('(partial L)/(partial W_s)')
             '∂L/∂Wₛ'
    """
    text = _SIGNS.sub(lambda found: _NAMES[found[0]], source.replace('"', ""))
    before = None
    while before != text:
        before = text
        text = _NORM.sub(_around, text)
        text = _SCRIPT.sub(_script, text)
        text = _FRACTION.sub(r"\1/\2", text)
    return _SPACE.sub("", text)


def _around(found: re.Match[str]) -> str:
    if found[1] in _ACCENTS:
        return found[2] + _ACCENTS[found[1]]
    bar = "‖" if found[1] == "norm" else "|"
    return f"{bar}{found[2]}{bar}"


def _script(found: re.Match[str]) -> str:
    text = found[2] or found[3]
    table = _LOWERED if found[1] == "_" else _RAISED
    squeezed = text.replace(" ", "")
    if all(ord(character) in table for character in squeezed):
        return squeezed.translate(table)
    mark = "_" if found[1] == "_" else "^"
    return f"{mark}{text}" if squeezed.isalnum() or len(squeezed) == 1 else f"{mark}({text})"


def isolated(text: str) -> str:
    """Return a text for use within another, isolated if it is read from right to left.

    Example: >>> isolated("word"), len(isolated("\\u05d0"))
             ('word', 3)
    """
    return f"{_ISOLATE}{text}{_END}" if has_rightward(text) else text


def has_rightward(text: str) -> bool:
    """Whether any part of a text is read from right to left, or changes the direction."""
    return any(bidirectional(mark) in _RIGHTWARD for mark in text)


def with_spelled_accents(text: str, lacking: Callable[[str], str]) -> str:
    """Return a text in which accents that a font lacks stand beside their letters.

    Example: >>> with_spelled_accents("y\\u0302 − y", lambda text: text)
             'y^ − y'
    """
    for accent, mark in _BESIDE.items():
        if accent in text and lacking(accent):
            text = text.replace(accent, mark)
    return text


def without_isolates(text: str) -> str:
    """Return a text without the marks of ``isolated``, which cannot be drawn."""
    return text.replace(_ISOLATE, "").replace(_END, "")


def is_rightward(text: str) -> bool:
    """Whether a text as a whole is read from right to left, as its first letter is."""
    depth = 0
    for mark in text:
        depth += (mark == _ISOLATE) - (mark == _END)
        if depth == 0 and bidirectional(mark) in ("L", "R", "AL"):
            return bidirectional(mark) != "L"
    return False

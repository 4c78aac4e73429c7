"""Mathematical symbols of a notation, and their replacement in formulas of Typst and of TeX.

A formula is written with the symbols of the default notation. Each is replaced where it stands,
together with the index, exponent and primes behind it; names, quoted text, numbers, indices and
the names of parts stay as they are.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_GREEK: Final = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau phi "
    "chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega"
)
GREEK: Final = tuple(_GREEK.split())
ACCENTS: Final = ("hat", "tilde", "bar", "dot", "bold")
_LONGEST: Final = 40
_QUOTED: Final = r'"[A-Za-z0-9]{1,12}"'
_LETTER: Final = rf"(?:[A-Za-z]|{'|'.join(GREEK)})(?![A-Za-z0-9])"
_ONE: Final = rf"(?:{_QUOTED}|{_LETTER}|[0-9]{{1,3}})"
_SCRIPT: Final = rf"(?:{_ONE}|\* ?|\( ?{_ONE}(?:[ ,]{{1,2}}{_ONE}){{0,3}} ?\))"
_TERM: Final = re.compile(
    rf"(?P<base>(?:{'|'.join(ACCENTS)})\((?:{_QUOTED}|{_LETTER})\)|{_QUOTED}|{_LETTER})"
    rf"(?:_(?P<sub>{_SCRIPT}))?(?:\^(?P<sup>{_SCRIPT}))?"
)
_TOKEN: Final = re.compile(r'"[^"]*"|[A-Za-z]+|[0-9]+|\S|\s+')
_TEX_ACCENTS: Final = {"bold": r"\mathbf"}
"""Accents whose name in TeX is another than in Typst."""


@dataclass(frozen=True)
class Term:
    """A letter, name or quoted word with its own index and exponent, in Typst's notation."""

    base: str
    sub: str = ""
    sup: str = ""


Symbol = tuple[Term, ...]
"""A symbol; one of several terms is their sum, such as PyTorch's two biases."""


@lru_cache(maxsize=256)
def symbol_of(source: str) -> Symbol:
    """Return a symbol from its Typst source, such as ``W_"hh"``, ``hat(y)`` or ``b_1 + b_2``.

    Raises: ValueError for anything but letters, Greek names, words in quotes, accents, indices,
            exponents, and sums of two such terms
    """
    pieces = source.split(" + ") if len(source) <= _LONGEST else ()
    found = [_TERM.fullmatch(piece) for piece in pieces]
    if not 1 <= len(found) <= 2 or not all(found):
        raise ValueError(f"{source!r} is no symbol")
    return tuple(
        Term(each["base"], _bare(each["sub"]), _bare(each["sup"])) for each in found if each
    )


def _bare(script: str | None) -> str:
    return (script or "").strip().removeprefix("(").removesuffix(")").strip()


@dataclass(frozen=True)
class Syntax:
    """How a language of formulas writes what a symbol consists of."""

    kept: re.Pattern[str]
    """What is copied as it is, and never holds a symbol."""
    opening: str
    closing: str
    written: Callable[[str], str]
    """Translates a part of a symbol from Typst's notation."""
    parenthesized: Callable[[str], str]
    neutral: re.Pattern[str]
    """What may stand between a sum and the sign before or behind it without changing either."""


def _same(source: str) -> str:
    return source


def _in_tex(source: str) -> str:
    """Translate the base, index or exponent of a symbol from Typst's notation to TeX's."""
    accent = re.fullmatch(rf"({'|'.join(ACCENTS)})\((.*)\)", source)
    if accent:
        name = _TEX_ACCENTS.get(accent[1], rf"\{accent[1]}")
        return f"{name}{{{_in_tex(accent[2])}}}"
    return "".join(
        rf"\mathrm{{{token[1:-1]}}}"
        if token.startswith('"')
        else f"\\{token} "
        if token in GREEK
        else token
        for token in _TOKEN.findall(source)
    ).strip()


TYPST: Final = Syntax(
    kept=re.compile(
        r'"(?:[^"\\]|\\.)*"'  # text
        r"|#[\w.]+"  # code
        r"|\{\w+\}"  # a fact of a caption
        r"|:\s*[\w-]+\s*\}\}"  # the name of a part
        r"|[^\W\d_][^\W_]+(?:\.[^\W\d_]+)*"  # a name, of two letters or more
        r"|\\."
    ),
    opening="(",
    closing=")",
    written=_same,
    parenthesized="({})".format,
    neutral=re.compile(r"\s+|\{\{|:\s*[\w-]+\s*\}\}"),
)
TEX: Final = Syntax(
    kept=re.compile(r"\\(?:mathrm|text|operatorname)\{[^{}]*\}|\\[A-Za-z]+|\\."),
    opening="{",
    closing="}",
    written=_in_tex,
    parenthesized=r"({})".format,
    neutral=re.compile(r"\s+"),
)
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
_PRIMES: Final = re.compile("'*")
_BEFORE_SUM: Final = ("", "+", "=", "(", ",", "≈")
_AFTER_SUM: Final = ("", "+", "-", "−", "=", ")", ",", "≈")


def replaced(
    source: str, symbols: Mapping[str, Symbol], indexed: Mapping[str, Symbol], syntax: Syntax
) -> str:
    """Return a formula with its symbols replaced, and unchanged where it has none of them.

    ``symbols`` are those to replace, by a letter or by a letter and ``^*``; ``indexed`` are
    replaced only where an index follows, and take precedence.
    """
    return "".join(_Replacement(source, symbols, indexed, syntax).pieces())


@dataclass(frozen=True)
class _Replacement:
    source: str
    symbols: Mapping[str, Symbol]
    indexed: Mapping[str, Symbol]
    syntax: Syntax

    def pieces(self) -> Iterator[str]:
        place, source = 0, self.source
        while place < len(source):
            kept = self.syntax.kept.match(source, place)
            if kept:
                yield kept[0]
                place = kept.end()
            elif source[place] in "_^":
                end = self._script_end(place + 1)
                script = source[place + 1 : end]
                yield source[place] + (self._raised(script) if source[place] == "^" else script)
                place = end
            elif source[place].isalpha():
                written, place = self._symbol(place)
                yield written
            else:
                yield source[place]
                place += 1

    def _symbol(self, place: int) -> tuple[str, int]:
        """Return what replaces the letter at a place with its scripts, and where they end."""
        source, letter = self.source, self.source[place]
        end = place + 1
        if source.startswith("^*", end) and f"{letter}^*" in self.symbols:
            letter, end = f"{letter}^*", end + 2
        primes = _PRIMES.match(source, end)
        assert primes is not None
        end = primes.end()
        scripts: dict[str, str] = {}
        while source[end : end + 1] in ("_", "^") and source[end] not in scripts:
            start, end = end, self._script_end(end + 1)
            scripts[source[start]] = source[start + 1 : end]
        symbol = self.symbols.get(letter)
        if "_" in scripts:
            symbol = self.indexed.get(letter, symbol)
        if "^" in scripts:
            scripts["^"] = self._raised(scripts["^"])
        terms = symbol or (Term(letter),)
        return self._written(terms, primes[0], scripts, place, end), end

    def _raised(self, script: str) -> str:
        """Return an exponent, whose own symbols are replaced."""
        new = replaced(script, self.symbols, self.indexed, self.syntax)
        grouped = script.startswith(self.syntax.opening)
        return (
            new if new == script or grouped else f"{self.syntax.opening}{new}{self.syntax.closing}"
        )

    def _script_end(self, place: int) -> int:
        """Return where an index or exponent ends that begins at a place."""
        source, syntax = self.source, self.syntax
        if place >= len(source):
            return place
        kept = syntax.kept.match(source, place) or _NUMBER.match(source, place)
        if kept and not source.startswith(syntax.opening, place):
            end = kept.end()
            called = syntax is TYPST and kept[0][0].isalpha() and source[end : end + 1] == "("
            return self._group_end(end) if called else end
        return self._group_end(place) if source[place] == syntax.opening else place + 1

    def _group_end(self, place: int) -> int:
        depth, source = 0, self.source
        while place < len(source):
            quoted = self.syntax.kept.match(source, place)
            if quoted and quoted[0][0] in '"\\':
                place = quoted.end()
                continue
            depth += (source[place] == self.syntax.opening) - (source[place] == self.syntax.closing)
            place += 1
            if depth == 0:
                break
        return place

    def _written(
        self, symbol: Symbol, primes: str, scripts: Mapping[str, str], place: int, end: int
    ) -> str:
        if len(symbol) == 1:
            return self._term(symbol[0], primes, scripts)
        lowered = {"_": scripts["_"]} if "_" in scripts else {}
        text = " + ".join(self._term(each, primes, lowered) for each in symbol)
        if "^" in scripts:
            return f"{self.syntax.parenthesized(text)}^{scripts['^']}"
        return text if self._stands_as_sum(place, end) else self.syntax.parenthesized(text)

    def _term(self, term: Term, primes: str, scripts: Mapping[str, str]) -> str:
        """Return a term with its own index and exponent, and those that were written behind it."""
        syntax = self.syntax
        base = syntax.written(term.base) + primes
        sub, sup = syntax.written(term.sub), syntax.written(term.sup)
        if sup and "^" in scripts:
            base, sup = syntax.parenthesized(f"{base}^{self._grouped(sup)}"), ""
        found = dict(scripts)
        if sub:
            both = self._joined(sub, scripts["_"]) if "_" in scripts else self._grouped(sub)
            found = {"_": both} | {sign: found[sign] for sign in found if sign != "_"}
        if sup:
            found["^"] = self._grouped(sup)
        return base + "".join(f"{sign}{script}" for sign, script in found.items())

    def _joined(self, own: str, given: str) -> str:
        """Return an index of two, the symbol's own first."""
        opening, closing = self.syntax.opening, self.syntax.closing
        return f"{opening}{own}, {given.removeprefix(opening).removesuffix(closing)}{closing}"

    def _grouped(self, script: str) -> str:
        alone = re.fullmatch(r'"[^"]*"|[A-Za-z0-9*]|[a-z]{2,}', script) and self.syntax is TYPST
        return script if alone else f"{self.syntax.opening}{script}{self.syntax.closing}"

    def _stands_as_sum(self, place: int, end: int) -> bool:
        """Whether a sum can take the place of a symbol without parentheses."""
        return self._sign_before(place) in _BEFORE_SUM and self._sign_behind(end) in _AFTER_SUM

    def _sign_before(self, place: int) -> str:
        before = self.source[:place].rstrip()
        while before.endswith("{{"):
            before = before[:-2].rstrip()
        if before.endswith("}}"):
            return "}}"
        return before[-1:]

    def _sign_behind(self, place: int) -> str:
        while neutral := self.syntax.neutral.match(self.source, place):
            place = neutral.end()
        return self.source[place : place + 1]

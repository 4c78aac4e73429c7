"""The notation of formulas: which symbol stands for what, in scenes, figures and pages alike.

Sources of formulas use the symbols of ``uwv``, the default. ``in_typst`` and ``in_tex`` replace
them by those of the notation in use, which ``using_notation`` sets.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from rnnviz.text.symbols import TEX, TYPST, Symbol, replaced, symbol_of

_MATH: Final = re.compile(r"(?<!\\)\$(.+?)(?<!\\)\$")


@dataclass(frozen=True)
class Gates:
    """The symbols of gates and candidates: the first four are an LSTM's, the others a GRU's."""

    input: str = "i"
    forget: str = "f"
    candidate: str = "g"
    output: str = "q"
    reset: str = "r"
    update: str = "z"
    new: str = "n"


@dataclass(frozen=True)
class Notation:
    """The symbols of one notation, each in Typst's notation, such as ``W_"hh"`` or ``hat(y)``.

    ``target`` is what the network should predict, ``scores`` are the outputs before softmax, and
    ``hidden_bias`` may be a sum of two, as in PyTorch.
    """

    name: str
    input: str = "x"
    state: str = "h"
    cell_state: str = "c"
    preactivation: str = "a"
    scores: str = "o"
    prediction: str = "y"
    target: str = "y^*"
    loss: str = "L"
    input_weights: str = "U"
    recurrent_weights: str = "W"
    output_weights: str = "V"
    hidden_bias: str = "b"
    output_bias: str = "c"
    gates: Gates = field(default_factory=Gates)


UWV: Final = Notation("uwv")
NOTATIONS: Final[Mapping[str, Notation]] = MappingProxyType(
    {
        each.name: each
        for each in (
            UWV,
            Notation(
                "pytorch",
                scores='"logits"',
                prediction="hat(y)",
                target="y",
                input_weights='W_"ih"',
                recurrent_weights='W_"hh"',
                output_weights='W_"fc"',
                hidden_bias='b_"ih" + b_"hh"',
                output_bias='b_"fc"',
                gates=Gates(output="o"),
            ),
            Notation(
                "d2l",
                prediction="hat(y)",
                target="y",
                input_weights='W_"xh"',
                recurrent_weights='W_"hh"',
                output_weights='W_"hq"',
                hidden_bias='b_"h"',
                output_bias='b_"q"',
                gates=Gates(candidate="tilde(c)", output="o", new="tilde(h)"),
            ),
            Notation(
                "goodfellow",
                cell_state="s",
                prediction="hat(y)",
                target="y",
                gates=Gates(input="g", candidate="tilde(s)", update="u", new="tilde(h)"),
            ),
        )
    }
)
"""The notations of rnnviz by name: its own, and those of PyTorch and of two books.

Source: Zhang et al., Dive into Deep Learning, ch. 9 and 10; Goodfellow, Bengio and Courville, Deep
Learning, eqs. 10.8 to 10.11 and 10.40 to 10.47
"""

_in_use: Final[ContextVar[Notation]] = ContextVar("notation", default=UWV)


@contextmanager
def using_notation(notation: Notation) -> Iterator[None]:
    """A context in which formulas are set in a notation."""
    token = _in_use.set(notation)
    try:
        yield
    finally:
        _in_use.reset(token)


def notation_in_use() -> Notation:
    """Return the notation that formulas are set in."""
    return _in_use.get()


def in_typst(source: str) -> str:
    """Return a formula of Typst in the notation in use.

    The names of parts (``{{ W : W }}``) stay. A letter that is no symbol is written as text in a
    font style, ``italic("b")``. The letters of cell states and gates (c, i, f, g, q; r, z, n) are
    symbols only with an index, as in ``f_t``.

    Example: >>> in_typst("{{ W : W }} h_(t-1)")  # in the default notation
             '{{ W : W }} h_(t-1)'
    """
    notation = notation_in_use()
    return source if notation == UWV else replaced(source, *_symbols(notation), TYPST)


def in_tex(text: str) -> str:
    r"""Return a text with the ``$formulas$`` of TeX that it holds in the notation in use.

    Example: >>> in_tex("share of $W_s$")  # in the default notation
             'share of $W_s$'
    """
    notation = notation_in_use()
    if notation == UWV:
        return text
    return _MATH.sub(lambda found: f"${replaced(found[1], *_symbols(notation), TEX)}$", text)


def in_captions(text: str) -> str:
    """Return a text with the ``$formulas$`` of Typst that it holds in the notation in use."""
    return _MATH.sub(lambda found: f"${in_typst(found[1])}$", text)


def gate_source(name: str) -> str:
    """Return the symbol of a gate in sources of formulas, by the gate's name in a trace.

    Example: >>> gate_source("o"), gate_source("z")
             ('q', 'z')
    """
    return UWV.gates.output if name == "o" else name


@lru_cache(maxsize=16)
def _symbols(notation: Notation) -> tuple[Mapping[str, Symbol], Mapping[str, Symbol]]:
    """Return what replaces the symbols of ``uwv``: everywhere, and where an index follows."""
    everywhere = {
        getattr(UWV, each.name): getattr(notation, each.name)
        for each in fields(UWV)
        if each.name not in ("name", "gates", "cell_state")
    }
    indexed = {
        getattr(UWV.gates, each.name): getattr(notation.gates, each.name) for each in fields(Gates)
    }
    indexed[UWV.cell_state] = notation.cell_state
    return (
        {letter: symbol_of(symbol) for letter, symbol in everywhere.items()},
        {letter: symbol_of(symbol) for letter, symbol in indexed.items()},
    )

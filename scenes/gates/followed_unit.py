"""One unit of a gated cell at one word, in recorded numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from rnnviz import measure
from rnnviz.cells.gru import Gru
from rnnviz.cells.lstm import Lstm
from rnnviz.mobjects.window import Window
from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import Trace

GATED: Final = (Lstm.name, Gru.name)


@dataclass(frozen=True, kw_only=True, repr=False)
class FollowedUnit(ShortRepr):
    """What one unit keeps, writes and gives out at a word, and what is left of it at the end.

    ``unit`` and ``step`` count from 0. The unit now holds ``keep`` · ``before`` + ``write`` ·
    ``new``; ``left`` are the products of ``keep`` over the steps after the word, 1 at the word.
    ``read`` and ``out`` are those of an LSTM, whose states may be ``projected``: then ``out`` is
    what the projection reads. ``reset`` is that of a GRU.

    Shapes: left (steps from the word on,)
    Units:  as recorded; gates between 0 and 1
    """

    unit: int
    step: int
    word: str
    before: float
    keep: float
    write: float
    new: float
    now: float
    left: np.ndarray
    read: float | None = None
    out: float | None = None
    projected: bool = False
    reset: float | None = None

    @property
    def values(self) -> tuple[float, ...]:
        """All values that are not gates."""
        out = () if self.out is None else (self.out,)
        return (self.before, self.new, self.now, *out)

    @classmethod
    def of_all(cls, traces: Mapping[str, Trace], step: int) -> Mapping[str, Self]:
        """Return ``of`` for each of several traces."""
        return {cell: cls.of(trace, step) for cell, trace in traces.items()}

    @classmethod
    def of(cls, trace: Trace, step: int) -> Self:
        """Return the unit that has most of the word at the end.

        That is the unit with the largest |written| times the product of the keeping gate.
        """
        gates = measure.gates(trace)
        lstm = trace.c is not None
        keep = gates["f" if lstm else "z"][:, 0]
        write = (gates["i"] if lstm else 1 - gates["z"])[step, 0]
        new = gates["g" if lstm else "n"][step, 0]
        left = np.cumprod(np.vstack([np.ones_like(keep[:1]), keep[step + 1 :]]), axis=0)
        unit = int(np.abs(write * new * left[-1]).argmax())
        carried = (trace.h if trace.c is None else trace.c)[0, 0]
        before = trace.cells_before() if lstm else trace.states_before()
        at = step, 0, unit
        return cls(
            unit=unit,
            step=step,
            word=Window.last(trace, trace.steps).words(trace)[step],
            before=float(before[at]),
            keep=float(keep[step, unit]),
            write=float(write[unit]),
            new=float(new[unit]),
            now=float(carried[at]),
            left=left[:, unit],
            read=float(gates["o"][at]) if lstm else None,
            out=_given_out(trace, gates, at) if lstm else None,
            projected=trace.cell_size != trace.hidden_size,
            reset=None if lstm else float(gates["r"][at]),
        )


def lasting_step(trace: Trace, window: Window) -> int:
    """Return the step, from 0, of which most is left at the end in some unit of a gated cell.

    It is one of the first half of the steps of a window, so that others follow.
    """
    gates = measure.gates(trace)
    lstm = trace.c is not None
    keep = gates["f" if lstm else "z"][:, 0]
    written = np.abs((gates["i"] * gates["g"] if lstm else (1 - gates["z"]) * gates["n"])[:, 0])
    later = np.vstack([np.cumprod(keep[:0:-1], axis=0)[::-1], np.ones_like(keep[:1])])
    first, last = window.indices.start, window.indices.stop
    half = max(1, (last - first) // 2)
    return first + int((written * later).max(axis=1)[first : first + half].argmax())


def _given_out(trace: Trace, gates: Mapping[str, np.ndarray], at: tuple[int, int, int]) -> float:
    """What the output gate lets out of a unit's cell state: h, unless that is a projection."""
    if trace.cell_size == trace.hidden_size:
        return float(trace.h[(0, 0, *at)])
    assert trace.c is not None
    return float(gates["o"][at] * np.tanh(trace.c[(0, 0, *at)]))

"""The part of a network that is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rnnviz.mobjects.wording import Say
from rnnviz.system.short_repr import ShortRepr
from rnnviz.text.plain_text import lowered
from rnnviz.trace import Trace

MOST_INPUTS: Final = 12
MOST_UNITS: Final = 8
MOST_OUTPUTS: Final = 6


@dataclass(frozen=True, repr=False)
class DrawnPart(ShortRepr):
    """The indices of the entries of each layer that are drawn."""

    inputs: np.ndarray
    units: np.ndarray
    outputs: np.ndarray

    @classmethod
    def of(cls, trace: Trace, x: np.ndarray, y: np.ndarray) -> "DrawnPart":
        """Return the inputs that are used, then the first ones; the first units; greatest outputs.

        Shapes: x (times, input), y (times, output)
        """
        used = np.abs(x).max(axis=0)
        inputs = np.sort(np.argsort(-used, kind="stable")[:MOST_INPUTS])
        order = np.argsort(-np.abs(y).max(axis=0), kind="stable")
        return cls(
            inputs, np.arange(min(trace.hidden_size, MOST_UNITS)), np.sort(order[:MOST_OUTPUTS])
        )

    def note(self, trace: Trace, say: Say) -> tuple[str, ...]:
        """Return the note for the source line if some entries are left out."""
        layers = (
            (say("{count} inputs"), len(self.inputs), trace.input_size),
            (say("{count} units"), len(self.units), trace.hidden_size),
            (say("{count} outputs"), len(self.outputs), trace.output_size),
        )
        parts = [text.format(count=shown) for text, shown, count in layers if shown < count]
        return (say("drawn: {parts}").format(parts=", ".join(parts)),) if parts else ()


def names_of(labels: Sequence[str], part: np.ndarray, letter: str) -> list[str]:
    """Return the labels of some entries, or x₁, x₂, …"""
    if labels:
        return [labels[index] for index in part]
    return [f"{letter}{lowered(index + 1)}" for index in part]

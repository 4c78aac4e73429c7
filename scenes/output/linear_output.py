"""The output layer at one step of a sequence: what it reads, and what it makes of it."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from rnnviz import measure
from rnnviz.mobjects.prediction import output_names
from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import Trace

MOST_OUTPUTS: Final = 6
MOST_UNITS: Final = 8


@dataclass(frozen=True, repr=False)
class LinearOutput(ShortRepr):
    """V, the state h that it multiplies, c and the output o at one step, for the outputs shown.

    Of a state with many units those that move most are shown; o is what all of them give. h may
    be several ``states`` of a custom cell, one after another.

    Shapes: ``shown`` (outputs,) are the indices of the outputs shown, to which o, V and c belong
    Units:  ``step`` is 0-based; ``units`` is the number of all units
    """

    states: tuple[str, ...]
    step: int
    shown: np.ndarray
    names: tuple[str, ...]
    h: np.ndarray
    V: np.ndarray
    c: np.ndarray
    o: np.ndarray
    units: int

    @classmethod
    def at(cls, trace: Trace, whole: Trace, step: int, shown: np.ndarray) -> Self:
        """Return the numbers of a step (0-based) of the first sequence that has all steps.

        ``trace`` is the recording of the last layer of ``whole``.
        """
        assert trace.output is not None
        read = states_read(whole)
        place = min(step, len(read) - 1)
        units = measure.most_moving(read, MOST_UNITS)
        return cls(
            states=tuple(measure.states_read(trace)),
            step=step,
            shown=shown,
            names=tuple(output_names(trace, shown)),
            h=read[place, units],
            V=whole.V[shown][:, units],
            c=whole.output_bias[shown],
            o=trace.output[place, 0].astype(float)[shown],
            units=read.shape[1],
        )


def row_of_output(trace: Trace, step: int) -> int:
    """Return the row of outputs and targets for a step: the only one of a whole sequence's."""
    return min(step, len(trace.targets) - 1)


def states_read(whole: Trace) -> np.ndarray:
    """Return what the output layer multiplies, of the first sequence that has all steps.

    That is the last layer's state, with those of both directions one after another, or some states
    of a custom cell; if there is one output for a sequence, it is made of each direction's last
    state, or of the last step.

    Shapes: → (output_time, unit)
    """
    lengths = whole.mask.sum(axis=0)
    sequence, steps = int(lengths.argmax()), int(lengths.max())
    read = whole.h[-1, :, :steps, sequence][..., whole.read_entries]
    states = np.concatenate(list(read), axis=-1)
    assert whole.output is not None
    if len(whole.output) > 1:
        return states
    hidden = read.shape[-1]
    ends = np.concatenate([states[-1:, :hidden], states[:1, hidden:]], axis=-1)
    found = whole.output[0, sequence]
    apart = [np.abs(each @ whole.V.T + whole.output_bias - found).max() for each in (ends, states)]
    return ends if apart[0] <= apart[1] else states[-1:]

"""What the sheets of a network in space show: which of its inputs, states and outputs."""

import numpy as np

from rnnviz import measure
from rnnviz.mobjects.shown_states import ShownStates, Values
from rnnviz.mobjects.strip import MOST_CELLS
from rnnviz.mobjects.theme import Role
from rnnviz.mobjects.window import Window
from rnnviz.mobjects.wording import Say
from rnnviz.trace import Trace


class Contents:
    """Which units of a recording are shown, and their values.

    Of inputs and states that are too many, those that move most are shown; of outputs, the largest
    at the last step. A network has outputs here if a Linear makes one of the states at each step.
    """

    def __init__(self, trace: Trace, window: Window):
        self.trace, self.window = trace, window
        count = len(measure.states_by_name(trace))
        self.states = ShownStates(trace, window, max(1, MOST_CELLS // count))
        self.inputs = measure.most_moving(trace.x[window.indices, 0], MOST_CELLS)
        self.outputs = np.arange(0)
        if has_outputs(trace):
            assert trace.y is not None
            last = trace.y[window.steps[-1] - 1, 0]
            self.outputs = np.sort(np.argsort(-last, kind="stable")[:MOST_CELLS])

    @property
    def units(self) -> np.ndarray:
        """The units shown of the first state, from 0: (units,)."""
        return next(iter(self.states.units.values()))

    @property
    def groups(self) -> tuple[int, ...]:
        """How many units are shown of each state."""
        return tuple(len(units) for units in self.states.units.values())

    @property
    def known(self) -> bool:
        """Whether the states before the first step shown were recorded."""
        return self.window.steps[0] > 1 or self.trace.h0 is not None

    def note(self, say: Say) -> tuple[str, ...]:
        """Return the note for the source line if some units of a state are not shown."""
        if not self.states.note(say):
            return ()
        return (say("the {shown} that move most").format(shown=max(self.groups)),)

    def values(self, trace: Trace | None = None) -> dict[Role, np.ndarray]:
        """Return what the sheets show, of this or of another recording: (steps, units) each.

        The states have a step more than the others, the one before; it is 0 if it is not known.
        """
        run, shown = trace or self.trace, self.window.indices
        before, after = self._before(run), self.states.of(run)
        hidden = [np.concatenate([before[name][None], values]) for name, values in after.items()]
        found: dict[Role, np.ndarray] = {
            "input": run.x[shown, 0][:, self.inputs],
            "hidden": np.concatenate(hidden, axis=1),
        }
        if len(self.outputs):
            assert run.y is not None
            found["output"] = run.y[shown, 0][:, self.outputs]
        return found

    def _before(self, run: Trace) -> Values:
        first = self.window.steps[0] - 1
        units = self.states.units
        if not self.known:
            return {name: np.zeros(len(each)) for name, each in units.items()}
        of = measure.states_before_by_name(run) if first == 0 else measure.states_by_name(run)
        return {name: of[name][max(0, first - 1), 0][each] for name, each in units.items()}


def has_outputs(trace: Trace) -> bool:
    """Whether a Linear makes an output of a recording's states at each step."""
    there = trace.y is not None and len(trace.y) == trace.steps
    return there and trace.metadata.output_layer is not None


def column_name(trace: Trace, step: int) -> str:
    """Return the formula of h at a step or, where other states are passed on, of the step."""
    only_h = tuple(measure.states_by_name(trace)) == ("h",)
    return f"h_({step})" if only_h else f"t = {step}"

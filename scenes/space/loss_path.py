"""The gradient of one loss at the states of the steps that are shown."""

import numpy as np

from rnnviz import measure
from rnnviz.measure.recorded import norms
from rnnviz.mobjects.shown_states import state_symbol
from rnnviz.mobjects.window import Window
from rnnviz.trace import Trace


class LossPath:
    """The length of a loss's gradient at each step, of all states that are passed on together.

    It is the last loss whose gradient reaches two states, and ``window`` are the steps shown up to
    the last that it reaches. ``loss`` is the step of the loss, from 1.

    Shapes: norms (steps,), in the order of time
    """

    def __init__(self, trace: Trace, most: int):
        path = measure.last_gradient_path(trace)
        last = path.last + 1
        self.window = Window(tuple(range(max(1, last - most + 1), last + 1)), trace.steps)
        self.loss = path.loss + 1
        self.names = tuple(measure.states_by_name(trace))
        self.norms = self._norms(trace, path.row)
        self.row = path.row

    def norms_of(self, trace: Trace) -> np.ndarray:
        """Return the lengths in another run of the network, at the same steps: (steps,)."""
        return self._norms(trace, self.row)

    def symbols(self) -> str:
        """Return the formula of the gradient at step k, in Typst's notation."""
        return "\\, ".join(
            f"(partial L_({self.loss}))/(partial {state_symbol(name, 'k')})" for name in self.names
        )

    def _norms(self, trace: Trace, row: int) -> np.ndarray:
        gradients = measure.gradients_by_state(trace).values()
        shown = [each[row, self.window.indices, 0] for each in gradients]
        return norms(np.concatenate(shown, axis=-1))

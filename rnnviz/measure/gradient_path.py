"""The gradient of one loss at the states before it: which loss, and how long it is at each."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from rnnviz.errors import TraceError
from rnnviz.measure.gradients import enters_at_lag_0
from rnnviz.measure.recorded import needed, norms
from rnnviz.measure.states import gradients_by_state
from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import Trace


@dataclass(frozen=True, eq=False, repr=False)
class GradientPath(ShortRepr):
    """‖∂L_t/∂(state at step k)‖ of one loss and one sequence, for each state passed on.

    ``row`` is the row of the loss in the tables by loss, ``loss`` its step t, and ``last`` the last
    step that the gradient reaches, all from 0. ``direct`` is whether the loss depends on states in
    other ways than through the last one, as where an output reads all steps.

    Shapes: norms name → (time,)
    Units:  loss per unit of state
    """

    row: int
    loss: int
    last: int
    norms: Mapping[str, np.ndarray]
    direct: bool


def last_gradient_path(trace: Trace, *, sequence: int = 0) -> GradientPath:
    """Return the gradient of the last recorded loss that reaches two steps of a sequence or more.

    The states are those of ``gradients_by_state`` that it reaches at two steps or more.

    Units:  loss per unit of state
    Raises: TraceError if the trace has no gradients, or none that reaches two steps
    Example: >>> last_gradient_path(trace).norms["h"]
    """
    times = needed(trace.loss_times, "a gradient path")
    tables = {
        name: norms(values[:, :, sequence]) for name, values in gradients_by_state(trace).items()
    }
    most = 0
    for row in reversed(range(len(times))):
        found = {name: table[row] for name, table in tables.items()}
        felt = {name: int((each > 0).sum()) for name, each in found.items()}
        most = max(most, *felt.values())
        kept = {name: each for name, each in found.items() if felt[name] > 1}
        if kept:
            last = max(int(np.flatnonzero(each)[-1]) for each in kept.values())
            direct = not enters_at_lag_0(trace)
            return GradientPath(row, int(times[row]), last, MappingProxyType(kept), direct)
    raise TraceError(
        f"the gradients of the trace's losses reach {most} of the first sequence's states at most, "
        "but two or more are compared; record a loss at a later step, or a network with other "
        "weights"
    )

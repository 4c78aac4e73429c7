"""Recording a pure function of one step, as torch.func is used."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import TreeSpec, tree_flatten, tree_unflatten

from rnnviz.errors import RecordingError
from rnnviz.recording.custom.naming import state
from rnnviz.recording.recorder import record
from rnnviz.trace import Trace

Step = Callable[[Any, Any, Any], Any]


def record_function(
    step: Step,
    parameters: Any,
    h0: Any,
    xs: Tensor,
    targets: Any,
    *,
    names: tuple[str, ...] = (),
    **settings: Any,
) -> Trace:
    """Record a recurrence that is a pure function of one step.

    ``step(parameters, h, x)`` returns the next state, or the next state and an output; without an
    output the state is read itself, the first tensor of it. ``parameters`` and ``h0`` are tensors,
    or tuples, lists and mappings of them. ``xs`` has its steps in its first axis. States are named
    by the keys of ``h0``, by ``names``, or h, and h and c where there are two. ``settings`` are
    those of ``record``: loss, losses, dtype, …

    Shapes: h0 (batch, …), xs (time, batch, …), targets (time, batch, …)
    Raises: RecordingError if the step returns no state of the form of h0
    Example: >>> step = lambda p, h, x: torch.tanh(x @ p["U"] + h)
             >>> start, weights = torch.zeros(2, 5), {"U": torch.randn(3, 5)}
             >>> record_function(step, weights, start, x, targets, loss="squared").jacobian.shape
             (1, 1, 6, 2, 5, 5)
    """
    model = FunctionModel(step, parameters, h0, names)
    return record(model, xs, targets, **settings)


class FunctionModel(nn.Module):
    """A function of one step as a model: its parameters, its first state, and the loop.

    It is what ``verify(trace, model=…)`` needs of a recording by ``record_function``.
    """

    def __init__(self, step: Step, parameters: Any, h0: Any, names: tuple[str, ...] = ()) -> None:
        super().__init__()
        leaves, form = _named_leaves(parameters)
        for name, leaf in leaves.items():
            self.register_parameter(name, nn.Parameter(leaf.detach().clone()))
        self.order = tuple(leaves)
        starts, state_form = tree_flatten(h0)
        self.states = names or _state_names(h0, len(starts))
        if len(self.states) != len(starts):
            raise RecordingError(
                f"h0 has {len(starts)} tensors, but {len(self.states)} names are given"
            )
        for at, start in enumerate(starts):
            self.register_buffer(f"start_{at}", start.detach().clone())
        self.step = step
        # functions, since a copy of the model keeps them as they are
        self.parameters_of: Callable[[Any], Any] = lambda held: tree_unflatten(held, form)
        self.state_of: Callable[[Any], Any] = lambda held: tree_unflatten(held, state_form)
        self.is_state: Callable[[Any], bool] = lambda value: tree_flatten(value)[1] == state_form

    def forward(self, xs: Tensor) -> Tensor:
        """Make all steps; return the output of each."""
        parameters = self.parameters_of([getattr(self, name) for name in self.order])
        held = [getattr(self, f"start_{at}") for at in range(len(self.states))]
        outputs = []
        for x in xs:
            made = self.step(parameters, self.state_of(held), x)
            after, output = self._parted(made)
            held = [state(each, name) for each, name in zip(after, self.states, strict=True)]
            read = held[0] if output is None else output
            outputs.append(read[None] if xs.dim() == 2 else read)
        return torch.stack(outputs)

    def _parted(self, made: Any) -> tuple[list[Tensor], Tensor | None]:
        """Return the next state's tensors, and the output if there is one."""
        if self._fits(made):
            return tree_flatten(made)[0], None
        if isinstance(made, tuple) and len(made) == 2 and self._fits(made[0]):
            return tree_flatten(made[0])[0], made[1]
        raise RecordingError(
            "the step must return the next state in the form of h0, or that and an output"
        )

    def _fits(self, made: Any) -> bool:
        """Whether a value has the form of a state."""
        if not self.is_state(made):
            return False
        starts = [getattr(self, f"start_{at}") for at in range(len(self.states))]
        return all(
            isinstance(each, Tensor) and each.shape == start.shape
            for each, start in zip(tree_flatten(made)[0], starts, strict=True)
        )


def _named_leaves(parameters: Any) -> tuple[dict[str, Tensor], TreeSpec]:
    """Return tensors by names that a module may have: U, layers_0_W, …"""
    leaves, form = tree_flatten(parameters)
    paths = _paths(parameters, "")
    names = [path or "parameter" for path in paths]
    if len(names) != len(leaves) or not all(isinstance(each, Tensor) for each in leaves):
        raise RecordingError("parameters must be tensors, or tuples, lists and mappings of them")
    return dict(zip(names, leaves, strict=True)), form


def _paths(values: Any, above: str) -> list[str]:
    if isinstance(values, Mapping):
        below = [(str(key), values[key]) for key in values]
    elif isinstance(values, list | tuple):
        below = [(str(at), each) for at, each in enumerate(values)]
    else:
        return [above]
    joined = [(f"{above}_{key}" if above else key, each) for key, each in below]
    return [path for key, each in joined for path in _paths(each, key.replace(".", "_"))]


def _state_names(h0: Any, count: int) -> tuple[str, ...]:
    if isinstance(h0, Mapping):
        return tuple(map(str, h0))
    return ("h", "c")[:count] if count <= 2 else tuple(f"h{at + 1}" for at in range(count))

"""Running a recorded model's own code again: from other states, on other inputs, other weights.

It is the model in float64, with the recorded parameters, on the recorded arguments.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from rnnviz.errors import RecordingError
from rnnviz.recording.alignment import Alignment
from rnnviz.recording.conditions import draws_kept, plain_graphs, with_gradients
from rnnviz.recording.custom.forms import Form
from rnnviz.recording.custom.modules import Joined, Stepping, stepping_of
from rnnviz.recording.custom.naming import named_by
from rnnviz.recording.custom.operations import Place, Replaced
from rnnviz.recording.custom.watching import Seen, Watch
from rnnviz.recording.failures import as_recording_errors
from rnnviz.recording.layouts import Layout
from rnnviz.recording.losses import loss_by_step
from rnnviz.recording.model_call import ModelCall, copied, duplicate
from rnnviz.trace import Trace

_AGREE = 1e-2
"""Outputs that are in the same order of axes are this close, whatever their precision."""


class OwnRun(NamedTuple):
    """A run: every state as its step made it, and the outputs, None if they have no place in time.

    Shapes: states (time, batch, entry), outputs (time or 1, batch, output)
    """

    states: np.ndarray
    outputs: np.ndarray | None


@dataclass(frozen=True)
class OwnModel:
    """A model whose recording is known, to be run again."""

    trace: Trace
    call: ModelCall
    stepping: Stepping | None
    seen: Seen
    layout: Layout | None
    same_parameters: bool

    @classmethod
    @as_recording_errors
    def of(
        cls, trace: Trace, model: nn.Module, inputs: Any = None, states: Any = None
    ) -> "OwnModel":
        """Return the model of a trace.

        ``inputs`` are needed only if the trace does not hold what the model was called with, and
        ``states`` only if it was recorded with a function that picks them.

        Raises: RecordingError if it is another model
        """
        copy = copied(model, trace.metadata.training, "float64")
        same = _load_parameters(copy, trace)
        given = _arguments(trace) if inputs is None else inputs
        call = ModelCall.of(copy, given, None, None, torch.float64, torch.device("cpu"))
        names = tuple(each.name for each in trace.metadata.states)
        stepping = _stepping(copy, trace, names, states)
        watch = Watch(stepping, () if stepping else names)
        running = replace(call, model=duplicate(copy))
        with with_gradients(), draws_kept(call.device), watch.watching(running.model):
            output = running.run("the model's forward failed")
        seen = watch.seen(type(model).__name__)
        if seen.rows.shape != trace.h.shape[2:] or tuple(seen.forms) != names:
            raise RecordingError(
                f"the model's states {', '.join(seen.forms)} have shape {tuple(seen.rows.shape)} "
                f"(time, batch, entry), but the recorded ones {trace.h.shape[2:]}; give the model "
                "that was recorded"
            )
        return cls(trace, call, stepping, seen, _layout(trace, seen, output.detach()), same)

    def run(
        self,
        imposed: np.ndarray | None = None,
        added: np.ndarray | None = None,
        entering: np.ndarray | None = None,
        parameters: Mapping[str, np.ndarray] | None = None,
    ) -> OwnRun:
        """Run the model once more.

        Its code goes on with the ``imposed`` states instead of its own where these are not NaN; to
        the others is ``added``, and ``entering`` to its inputs. ``parameters`` are added to those
        of their names.

        Shapes: imposed and added (time, batch, entry), entering (time, batch, input)
        """
        other = _Other(self.seen, _tensor(imposed), _tensor(added), _tensor(entering))
        model = duplicate(self.call.model)  # it may keep a state from run to run
        with torch.no_grad():
            held = dict(model.named_parameters())
            for name, by in (parameters or {}).items():
                held[name].add_(torch.as_tensor(by))
            output = self._run(model, other)
        made = None if self.layout is None else self.layout.output(output).numpy()
        return OwnRun(other.made.numpy(), made)

    def by_autograd(
        self, times: Sequence[int]
    ) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
        """Return ∂L_t/∂h and ∂L_t/∂x of some losses by autograd, one at a time in an ordinary run.

        And autograd's gradients of the parameters, for a loss that is known by name.

        Shapes: → (loss, time, batch, entry), (loss, time, batch, input), and by name
        """
        assert self.layout is not None
        other = _Other(self.seen, None, None, None, kept={})
        assert other.kept is not None
        model = duplicate(self.call.model)
        with with_gradients():
            output = self.layout.output(self._run(model, other))
            targets = torch.tensor(self.trace.targets)
            losses = loss_by_step(self.trace.metadata.loss, output, targets)
            named = dict(model.named_parameters())
            found = torch.autograd.grad(
                losses.sum(), [*named.values()], retain_graph=True, allow_unused=True
            )
            gradients = {
                name: np.zeros(tuple(each.shape)) if part is None else part.to_dense().numpy()
                for (name, each), part in zip(named.items(), found, strict=True)
            }
            rows = [other.gradients(losses[time].sum()) for time in times]
        on_h, on_x = (np.stack(each) for each in zip(*rows, strict=True))
        return on_h, on_x, gradients

    def _run(self, model: nn.Module, other: "_Other") -> Tensor:
        with draws_kept(self.call.device), ExitStack() as stack:
            stack.enter_context(plain_graphs())
            stack.enter_context(named_by(other))
            stack.enter_context(other.operations)
            if self.stepping is not None:
                stack.enter_context(self.stepping.followed(model, other.before, other.after))
            return replace(self.call, model=model).run("the model's forward failed")

    def draws(self) -> bool:
        """Whether the model draws random numbers that change its states."""
        with draws_kept(self.call.device):
            torch.manual_seed(torch.initial_seed() + 1)
            other = self.run()
        return not np.array_equal(self.run().states, other.states)


class _Other:
    """Replaces states and inputs of a run where they are made."""

    def __init__(
        self,
        seen: Seen,
        imposed: Tensor | None,
        added: Tensor | None,
        entering: Tensor | None,
        kept: dict[tuple[str, int], Tensor] | None = None,
    ) -> None:
        self.kept = kept
        self.entered: list[tuple[int, int, Tensor]] = []
        self.seen, self.imposed, self.added, self.entering = seen, imposed, added, entering
        self.made = torch.zeros_like(seen.rows)
        self.counts: dict[str, int] = {}
        self.returned: dict[tuple[str, int], Tensor] = {}
        self.places = {each.name: each.place for each in seen.named}
        self.calls = 0
        others: dict[Place, Callable[[Tensor], Tensor]] = {}
        for step, place in enumerate(seen.inputs.places):
            others[place] = lambda value, step=step: self._enter(step, value, 0)  # type: ignore[misc]
        for name, made in seen.placed.items():
            for step, at in enumerate(made):
                if at is not None:
                    others[at] = lambda value, name=name, step=step: self._other(name, step, value)  # type: ignore[misc]
        self.operations = Replaced(others)

    def state(self, value: Any, name: str, batch: int | None) -> Any:
        """Return the state with which the code goes on."""
        if self.seen.results:
            return value
        with self.operations.paused():
            return self._named(name, value)

    def gate(self, value: Any, name: str) -> None:
        """Do nothing."""

    def before(self, path: str, arguments: list[Any], joined: Joined) -> list[Any]:
        """Change what enters a module."""
        inputs = self.seen.inputs
        if path != inputs.path or not inputs.arguments:
            return arguments
        step, self.calls = self.calls, self.calls + 1
        made, first = list(arguments), 0
        with self.operations.paused():
            for at in inputs.arguments:
                made[at] = self._enter(step, arguments[at], first)
                first += arguments[at].numel() // self.seen.batch
        return made

    def after(self, path: str, results: list[Any], whole: Any) -> list[Any]:
        """Change what a module returns."""
        with self.operations.paused():
            for name, place in self.seen.results[path].items():
                results[place] = self._named(name, results[place])
        return results

    def _named(self, name: str, value: Tensor) -> Tensor:
        if name not in self.seen.forms:
            return value
        step = self.counts.get(name, 0)
        self.counts[name] = step + 1
        known = self.returned.get((name, step))
        return known if known is value else self._other(name, step, value)

    def _other(self, name: str, step: int, value: Tensor) -> Tensor:
        form, place = self.seen.forms[name], self.places[name]
        if Form.of(value, name, form.axis) != form:
            return value
        if self.kept is not None:
            own = value if value.requires_grad else value.detach().requires_grad_()
            self.kept[name, step] = self.returned[name, step] = own
            return own
        rows = form.rows(value)
        self.made[step, :, place] = rows
        if self.added is not None:
            rows = rows + self.added[step, :, place]
        if self.imposed is not None:
            instead = self.imposed[step, :, place]
            rows = torch.where(instead.isnan(), rows, instead)
        self.returned[name, step] = form.value(rows).clone()
        return self.returned[name, step]

    def gradients(self, loss: Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Return the gradients of a loss at the states that were kept, and at the inputs.

        Shapes: → (time, batch, entry), (time, batch, input)
        """
        assert self.kept is not None
        at = [*self.kept.values(), *(value for _, _, value in self.entered)]
        found = torch.autograd.grad(loss, at, retain_graph=True, allow_unused=True)
        made = torch.zeros_like(self.seen.rows)
        for (name, step), gradient in zip(self.kept, found, strict=False):
            if gradient is not None:
                made[step, :, self.places[name]] = self.seen.forms[name].rows(gradient)
        rows = self.seen.inputs.rows
        entering = self.seen.rows.new_zeros(*made.shape[:2], 1) if rows is None else rows * 0
        at_inputs = found[len(self.kept) :]
        for (step, first, _), gradient in zip(self.entered, at_inputs, strict=True):
            if gradient is not None:
                flat = gradient.reshape(self.seen.batch, -1)
                entering[step, :, first : first + flat.shape[1]] = flat
        return made.numpy(), entering.numpy()

    def _enter(self, step: int, value: Tensor, first: int) -> Tensor:
        if self.kept is not None:
            own = value if value.requires_grad else value.detach().requires_grad_()
            self.entered.append((step, first, own))
            return own
        if self.entering is None:
            return value
        width = value.numel() // self.seen.batch
        by = self.entering[step, :, first : first + width]
        return value + by.reshape(value.shape)


def _tensor(values: np.ndarray | None) -> Tensor | None:
    return None if values is None else torch.tensor(values, dtype=torch.float64)


def _load_parameters(model: nn.Module, trace: Trace) -> bool:
    """Give a model the recorded parameters; return whether it has them already."""
    same = True
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            recorded = trace.parameters.get(name)
            if recorded is None or recorded.shape != tuple(parameter.shape):
                raise RecordingError(
                    f"the model has a parameter {name!r} of shape {tuple(parameter.shape)}, which "
                    "the trace does not; give the model that was recorded"
                )
            wanted = torch.tensor(recorded, dtype=torch.float64)
            same = same and torch.equal(parameter, wanted)
            parameter.copy_(wanted)
    return same


def _arguments(trace: Trace) -> Any:
    """Return what the model was called with, as a tuple and a mapping of the rest."""
    if trace.arguments is None:
        raise RecordingError(
            "the trace does not hold what the model was called with, since not all of it were "
            "arrays; give it with inputs="
        )
    values = {name: torch.tensor(value) for name, value in trace.arguments.items()}
    places = sorted((name for name in values if name.isdigit()), key=int)
    if len(places) == len(values):
        return tuple(values[name] for name in places)
    return values


def _stepping(
    model: nn.Module, trace: Trace, names: tuple[str, ...], states: Any
) -> Stepping | None:
    if states is not None:
        return stepping_of(model, states)
    path = trace.metadata.layer
    paths = {name.rpartition(".")[0] for name in names if "." in name}
    known = dict(model.named_modules())
    if not path or path not in known:
        return None
    if len(paths) > 1 and paths <= known.keys():
        found = stepping_of(model, type(known[path]))
        return found if set(found.paths) == paths else None
    return stepping_of(model, {path: names})


def _layout(trace: Trace, seen: Seen, output: Tensor) -> Layout | None:
    """Return how an output is put into time, by the recorded one."""
    if trace.output is None:
        return None
    recorded = torch.tensor(trace.output, dtype=torch.float64)
    scale = max(float(recorded.abs().max()), 1e-30)
    alignment = Alignment(seen.time, seen.batch, None, batch_first=False)
    for layout in alignment.layouts():
        for reading in (layout, Layout(**{**vars(layout), "squeezed": True})):
            if output.shape[: len(reading.leading)] != reading.leading:
                continue
            made = reading.output(output)
            if made.shape == recorded.shape:
                exists = torch.tensor(trace.mask)[..., None]
                apart = (made - recorded).abs()
                apart = apart if layout.whole else apart * exists
                if float(apart.max()) <= _AGREE * scale:
                    return reading
    return None

"""A run that goes on unchanged: the states that are named in it, and what enters its steps."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from rnnviz.errors import RecordingError
from rnnviz.recording.custom.forms import Form, batch_of, places_of
from rnnviz.recording.custom.modules import Called, Calls, Stepping
from rnnviz.recording.custom.naming import named_by
from rnnviz.recording.custom.operations import Operation, Place, Watched
from rnnviz.recording.custom.step_inputs import (
    Entering,
    StepInputs,
    entering_of,
    inputs_of_modules,
    inputs_taken,
)
from rnnviz.trace.metadata import NamedState

_NO_NAMES = (
    "record a model that holds an nn.RNN, nn.LSTM or nn.GRU, or one of their cells, or name what "
    "its own loop passes on from step to step: h = rnnviz.state(h, 'h') in its code, or states="
    "'PATH' of the module that makes a step"
)


class NoNamesError(RecordingError):
    """A model whose code names no state."""


@dataclass(frozen=True)
class Seen:
    """The states of a run, by name and step, and what enters each step.

    ``placed`` says where each state was made, and ``order`` in which order the states of a step
    are named. ``results`` are the places of states among the results of modules, by path.

    Shapes: rows (time, batch, entry) of all states together, before (batch, entry) alike, before
            the first step, None if that is not known; gates (time, batch, …)
    """

    forms: Mapping[str, Form]
    named: tuple[NamedState, ...]
    rows: Tensor
    before: Tensor | None
    placed: Mapping[str, list[Place | None]]
    gates: Mapping[str, Tensor]
    inputs: StepInputs
    results: Mapping[str, Mapping[str, int]]
    arguments: Entering | None

    @cached_property
    def time(self) -> int:
        """T, the number of steps."""
        return len(self.rows)

    @cached_property
    def batch(self) -> int:
        """B, the number of sequences."""
        return self.rows.shape[1]


@dataclass
class _Named:
    """A state at one step: its rows, where it was made, and the tensor, by which it is known."""

    rows: Tensor
    place: Place | None
    value: Tensor


class Watch:
    """Notes all states and gates that are named."""

    def __init__(self, stepping: Stepping | None, only: Sequence[str] = ()) -> None:
        self.only = only
        self.operations = Watched(self._step, logs=stepping is None)
        self.calls = None if stepping is None else Calls(stepping, self.operations)
        self.forms: dict[str, Form] = {}
        self.found: dict[str, list[_Named]] = {}
        self.gates: dict[str, list[Tensor]] = {}
        self.before: dict[str, Tensor | None] = {}
        self._earlier: dict[str, tuple[int, list[Operation]]] = {}

    def _step(self) -> int:
        if self.calls is not None:
            return self.calls.steps
        return len(next(iter(self.found.values()), []))

    @contextmanager
    def watching(self, model: nn.Module) -> Iterator[None]:
        """Within a block, watch a run of a model."""
        with named_by(self), self.operations:
            if self.calls is None:
                yield
                return
            calls = self.calls
            with calls.stepping.followed(model, calls.before, calls.after):
                yield

    def state(self, value: Any, name: str, batch: int | None) -> Any:
        """Note the state of a step."""
        if self.calls is None and (not self.only or name in self.only):
            with self.operations.paused():
                self._note(value, name, batch, self.operations.place_of(value))
                self._note_start(value, name)
        return value

    def gate(self, value: Any, name: str) -> None:
        """Note the value of a gate."""
        if not isinstance(value, Tensor):
            raise RecordingError(f"gate {name!r} is {type(value).__name__}, not a tensor")
        with self.operations.paused():
            self.gates.setdefault(name, []).append(value.detach().clone())

    def seen(self, kind: str) -> Seen:
        """Return what was seen; ``kind`` is the model's, for messages.

        Raises: RecordingError if no state was named, or states have different numbers of steps
        """
        results: dict[str, dict[str, int]] = {}
        if self.calls is not None:
            results = self.calls.states()
            for path, places in results.items():
                self._note_results(path, places)
        missing = [name for name in self.only if name not in self.found]
        if missing:
            raise RecordingError(f"the model's forward names no state {missing[0]!r}")
        if not self.found:
            raise NoNamesError(f"{kind} has no recurrent layer; {_NO_NAMES}")
        counts = {name: len(each) for name, each in self.found.items()}
        if len(set(counts.values())) > 1:
            listed = ", ".join(f"{name} {count}" for name, count in counts.items())
            raise RecordingError(
                f"the states are named in different numbers of steps ({listed}); name those of one "
                f"loop, or choose them, as in states=({next(iter(counts))!r},)"
            )
        batch = batch_of(self.forms.items())
        steps = next(iter(counts.values()))
        rows = torch.cat(
            [torch.stack([each.rows for each in found]) for found in self.found.values()], dim=-1
        )
        if not rows.isfinite().all():
            step = int(torch.nonzero(~rows.isfinite())[0, 0]) + 1
            raise RecordingError(
                f"the state is not finite at step {step}; the weights or inputs are too large"
            )
        starts = [self.before.get(name) for name in self.found]
        known = [start for start in starts if start is not None]
        inputs = self._inputs(steps, batch, results)
        return Seen(
            self.forms,
            places_of(self.forms),
            rows,
            torch.cat(known, dim=-1) if len(known) == len(starts) else None,
            {name: [each.place for each in found] for name, found in self.found.items()},
            {name: _gate(name, found, steps, batch) for name, found in self.gates.items()},
            inputs,
            results,
            self._arguments(results, inputs),
        )

    def _arguments(
        self, results: Mapping[str, Mapping[str, int]], inputs: StepInputs
    ) -> Entering | None:
        """Return how the one module that makes a step is called."""
        if self.calls is None or len(results) > 1 or not inputs.arguments:
            return None
        ((path, places),) = results.items()
        return entering_of(self.calls.by_path[path], list(places.values()), inputs)

    def _inputs(
        self, steps: int, batch: int, results: Mapping[str, Mapping[str, int]]
    ) -> StepInputs:
        if self.calls is not None:
            found = inputs_of_modules(self.calls.by_path, results, batch)
            if found is not None:
                return found
        made = [each.value for found in self.found.values() for each in found]
        return inputs_taken(self.operations.taken, steps, batch, made)

    def _note(self, value: Any, name: str, batch: int | None, place: Place | None) -> None:
        form = Form.of(value, name, batch)
        known = self.forms.setdefault(name, form)
        if form != known:
            raise RecordingError(
                f"state {name!r} has shape {form.shape} and dtype {form.dtype} at step "
                f"{len(self.found[name]) + 1}, but {known.shape} and {known.dtype} before; a state "
                "keeps its form, so give others another name"
            )
        rows = form.rows(value.detach()).clone()
        self.found.setdefault(name, []).append(_Named(rows, place, value))

    def _note_start(self, value: Tensor, name: str) -> None:
        """Find the state before the first step, once the second is made.

        Where the second step reads the first state, the first step has read the one before it.
        """
        count = len(self.found[name])
        if count == 1:
            self._earlier[name] = self.operations.logged, list(self.operations.earlier)
        elif count == 2:
            begun, first = self._earlier.pop(name)
            second = list(self.operations.earlier)[begun - self.operations.logged :]
            self._keep_start(name, _start(first, second, self.found[name][0].value))

    def _keep_start(self, name: str, start: Tensor | None) -> None:
        form = self.forms[name]
        if start is not None and (start.shape, start.dtype) == (form.shape, form.dtype):
            self.before[name] = form.rows(start.detach()).clone()

    def _note_results(self, path: str, places: Mapping[str, int]) -> None:
        assert self.calls is not None
        calls = self.calls.by_path[path]
        axis = self.calls.stepping.axes[path]
        for name, place in places.items():
            for call in calls:
                self._note(call.values[place], name, axis, call.places[place])
                self.found[name][-1].value = call.results[place]
            start = _argument(calls, place)
            given = calls[0].arguments  # the input alone, or None after it
            alone = len(given) == 1 or any(each is None for each in given)
            if start is None and alone and path in self.calls.stepping.zero_starts:
                start = torch.zeros_like(calls[0].values[place])
            self._keep_start(name, start)


def _argument(calls: Sequence[Called], place: int) -> Tensor | None:
    """Return the argument of a module's first call, where the second gets the first's result."""
    if len(calls) < 2:
        return None
    for at, argument in enumerate(calls[1].arguments):
        if argument is calls[0].results[place] and at < len(calls[0].arguments):
            start = calls[0].arguments[at]
            return start if isinstance(start, Tensor) else None
    return None


def _start(first: Sequence[Operation], second: Sequence[Operation], state: Tensor) -> Tensor | None:
    """Return what the first step has read where the second one reads a state.

    Both are the operations before the end of a step, which are the same, counted from there.
    """
    for back in range(len(second), 0, -1):
        operation = second[-back]
        for place, tensor in enumerate(operation.tensors):
            if tensor is not state or back > len(first):
                continue
            same = first[-back]
            if same.function is operation.function and _alike(same, operation, place):
                return same.tensors[place]
    return None


def _alike(one: Operation, other: Operation, besides: int) -> bool:
    """Whether two operations have tensors of the same shapes, and the same parameters."""
    if len(one.tensors) != len(other.tensors):
        return False
    return all(
        left.shape == right.shape
        and (left is right or at == besides or not (left.is_leaf and left.requires_grad))
        for at, (left, right) in enumerate(zip(one.tensors, other.tensors, strict=True))
    )


def _gate(name: str, found: list[Tensor], steps: int, batch: int) -> Tensor:
    """Return a gate's values (time, batch, …).

    Raises: RecordingError if it is not named once a step
    """
    shapes = {tuple(each.shape) for each in found}
    if len(found) != steps or len(shapes) > 1:
        raise RecordingError(
            f"gate {name!r} is named {len(found)} times in {steps} steps, with shapes "
            f"{', '.join(map(str, shapes))}; name it once a step, with one shape"
        )
    values = torch.stack(found)
    if values.dim() > 1 and values.shape[1] == batch:
        return values
    if batch == 1:
        return values.unsqueeze(1)
    raise RecordingError(
        f"gate {name!r} has shape {tuple(found[0].shape)}; its first axis must be that of the "
        f"{batch} sequences"
    )

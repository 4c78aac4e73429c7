"""A run in which every named state is cut: its code goes on with a leaf of the same numbers.

So the graph of a step goes from the states before it to its own, and that of a loss from the states
it reads.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.graph import GradientEdge, get_gradient_edge

from rnnviz.errors import RecordingError
from rnnviz.recording.agreement import check_agreement
from rnnviz.recording.custom.forms import Form
from rnnviz.recording.custom.modules import Joined, Stepping
from rnnviz.recording.custom.naming import named_by
from rnnviz.recording.custom.operations import Place, Replaced
from rnnviz.recording.custom.watching import Seen


class Made(NamedTuple):
    """A state as a step made it.

    ``edge`` is where it enters what its own operation computes from it besides, such as an LSTM's h
    from c, None if it has no gradient. Nodes of the graph up to number ``ended`` are of its step.

    Shapes: rows (batch, entry) of real numbers
    """

    name: str
    step: int
    rows: Tensor
    edge: GradientEdge | None
    ended: int


class Entered(NamedTuple):
    """An edge of the graph at which an input of a step enters, with its entries for a sequence."""

    edge: GradientEdge
    width: int


@dataclass
class Cut:
    """Replaces each state by its part of one leaf, and each step's input by a leaf or by itself.

    ``made`` are the states in the order in which they were made, ``entered`` the edges of the graph
    at which the inputs of all steps enter, those of a step together. ``leaves`` are the nodes at
    which the code goes on from a leaf.

    Shapes: leaf (time, batch, entry), parts of it (batch, entry) for each step
    """

    seen: Seen
    leaf: Tensor
    parts: tuple[Tensor, ...]
    made: list[Made] = field(default_factory=list)
    entered: list[list[Entered]] = field(default_factory=list)
    returned: dict[tuple[str, int], Tensor] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    leaves: set[Any] = field(default_factory=set)
    last: int = -1
    calls: int = 0
    places: Mapping[str, slice] = field(init=False)
    operations: Replaced = field(init=False)

    def __post_init__(self) -> None:
        self.places = {each.name: each.place for each in self.seen.named}
        others: dict[Place, Callable[[Tensor], Tensor]] = {}
        self.entered = [[] for _ in range(self.seen.time)]
        for step, place in enumerate(self.seen.inputs.places):
            others[place] = partial(self._enter, step)
        for name, made in self.seen.placed.items():
            for step, at in enumerate(made):
                if at is not None:
                    others[at] = partial(self._cut, name, step)
        self.operations = Replaced(others)

    @classmethod
    def of(cls, seen: Seen) -> "Cut":
        """Return one that has not run yet."""
        leaf = seen.rows.clone().requires_grad_()
        return cls(seen, leaf, leaf.unbind(0))

    @property
    def edges(self) -> list[GradientEdge]:
        """The edges at which the inputs of all steps enter, in order."""
        return [each.edge for step in self.entered for each in step]

    def at_inputs(self, found: Sequence[Tensor | None], *lead: int) -> Tensor | None:
        """Return gradients at x_t, (…, time, batch, input), from those at the ``edges``.

        ``lead`` are the sizes of their axes in front. None where there are no inputs of each step.
        """
        rows = self.seen.inputs.rows
        if rows is None or not all(self.entered):
            return None
        waiting = iter(found)
        steps = []
        for step in self.entered:
            parts = []
            for each in step:
                part = next(waiting)
                shape = (*lead, self.seen.batch, each.width)
                parts.append(rows.new_zeros(shape) if part is None else part.reshape(shape))
            steps.append(torch.cat(parts, dim=-1))
        return torch.stack(steps, dim=len(lead))

    @contextmanager
    def cutting(self, model: nn.Module, stepping: Stepping | None) -> Iterator[None]:
        """Within a block, cut the states of a run of a model."""
        with named_by(self), self.operations:
            if stepping is None:
                yield
            else:
                with stepping.followed(model, self._before, self._after):
                    yield
        for name in self.seen.forms:
            if self.counts.get(name) != self.seen.time:
                raise RecordingError(
                    f"state {name!r} is made in {self.counts.get(name, 0)} steps when the model "
                    f"runs again, but in {self.seen.time} before; record a model that does the "
                    "same each time"
                )
            rows = torch.stack([each.rows.detach() for each in self.made if each.name == name])
            what = f"state {name!r} differs between two runs of the model"
            check_agreement(what, rows, self.seen.rows[..., self.places[name]])

    def state(self, value: Any, name: str, batch: int | None) -> Any:
        """Return the leaf of this step's state."""
        if self.seen.results:
            return value
        with self.operations.paused():
            return self._named(value, name)

    def gate(self, value: Any, name: str) -> None:
        """Do nothing; gates were noted in the run before."""

    def _named(self, value: Any, name: str) -> Any:
        if name not in self.seen.forms:
            return value
        step = self.counts.get(name, 0)
        if step >= self.seen.time:
            raise RecordingError(
                f"state {name!r} is named more than {self.seen.time} times when the model runs "
                "again; record a model that does the same each time"
            )
        self.counts[name] = step + 1
        known = self.returned.get((name, step))
        return known if known is value else self._cut(name, step, value)

    def _cut(self, name: str, step: int, value: Tensor) -> Tensor:
        """Note a state that was made, and return its leaf."""
        form, place = self.seen.forms[name], self.places[name]
        if Form.of(value, name, form.axis) != form:
            return value
        rows = form.rows(value)
        part = self.parts[step]
        returned = form.value(part if len(self.places) == 1 else part[:, place]).clone()
        node: Any = returned.grad_fn
        number = node._sequence_nr()
        self.leaves.add(node)
        if (name, step) in self.returned:  # it was cut where it seemed to be made
            self.made = [each for each in self.made if each[:2] != (name, step)]
        edge = get_gradient_edge(value) if value.requires_grad else None
        self.made.append(Made(name, step, rows, edge, number))
        self.last = number
        self.returned[name, step] = returned
        return returned

    def _enter(self, step: int, value: Tensor) -> Tensor:
        """Note what enters a step, as a leaf if it has no gradient of its own."""
        if not value.requires_grad:
            value = value.detach().requires_grad_().clone()  # which the code may change in place
        width = value.numel() // self.seen.batch
        self.entered[step].append(Entered(get_gradient_edge(value), width))
        return value

    def _before(self, path: str, arguments: list[Any], joined: Joined) -> list[Any]:
        inputs = self.seen.inputs
        if path != inputs.path or not inputs.arguments:
            return arguments
        step, self.calls = self.calls, self.calls + 1
        if step >= self.seen.time:
            return arguments
        with self.operations.paused():
            return [
                self._enter(step, each) if at in inputs.arguments else each
                for at, each in enumerate(arguments)
            ]

    def _after(self, path: str, results: list[Any], whole: Any) -> list[Any]:
        with self.operations.paused():
            for name, place in self.seen.results[path].items():
                results[place] = self._named(results[place], name)
        return results

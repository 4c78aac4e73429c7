"""The operations of a run in order, so that a second run can replace the results of some.

A state is cut where it is made, not where it is named: an output that the code computes in between
then hangs on the state as well, as it does in the equations.
"""

import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

_TAKING: Final = frozenset(
    [
        Tensor.__getitem__,
        Tensor.select,
        torch.select,
        Tensor.unbind,
        torch.unbind,
        Tensor.chunk,
        torch.chunk,
        Tensor.split,
        torch.split,
        functional.embedding,
    ]
)
"""What takes the input of one step out of those of all."""
_EARLIER: Final = 512
"""How many operations before a state are remembered."""


class Place(NamedTuple):
    """A result of an operation: the operation's number, and the part, 0 unless it has several."""

    operation: int
    part: int


class Taken(NamedTuple):
    """A part of a tensor that is taken in a step, counted from 0."""

    place: Place
    step: int
    source: int
    value: Tensor


class Operation(NamedTuple):
    """An operation and the tensors it was given."""

    function: Any
    tensors: tuple[Tensor, ...]


_Origin = tuple["weakref.ref[Tensor]", Place | None, int, int | None]
"""How a tensor was made: where, and its version and the number of its node at that time.

An operation inside of an autograd function has no node yet.
"""


class _Counting(TorchFunctionMode):
    """Counts the operations of the user's code."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Within a block, do not count: the operations there are those of the recording."""
        with torch._C.DisableTorchFunction():  # quicker than to return at each operation
            yield

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        self.count += 1
        return self.done(func, args, kwargs or {}, result)

    def done(self, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
        """Return what the operation returns."""
        raise NotImplementedError


class Watched(_Counting):
    """Remembers where each tensor was made, and what was taken in each step."""

    def __init__(self, step: Callable[[], int], *, logs: bool) -> None:
        super().__init__()
        self._step, self._logs = step, logs
        self._made: dict[int, _Origin] = {}
        self.taken: list[Taken] = []
        self.logged = 0
        self.earlier: deque[Operation] = deque(maxlen=_EARLIER)

    def done(self, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
        """Note the operation and its results."""
        if not isinstance(result, Tensor | tuple | list):
            return result
        taking = func in _TAKING
        given = tuple(_tensors((*args, *kwargs.values()))) if self._logs or taking else ()
        if self._logs:
            self.earlier.append(Operation(func, given))
            self.logged += 1
        for part, tensor in enumerate(_parts(result)):
            if not isinstance(tensor, Tensor):
                continue
            place = Place(self.count, part)
            again = any(tensor is each for each in (*args, *kwargs.values()))  # changed in place
            self._made[id(tensor)] = (
                weakref.ref(tensor), None if again else place, tensor._version, _node_of(tensor)
            )  # fmt: skip
            if taking and tensor.is_floating_point() and tensor.dim():
                of = given[-1 if func is functional.embedding else 0]
                self.taken.append(Taken(place, self._step(), id(of), tensor))
        return result

    def place_of(self, value: Tensor) -> Place | None:
        """Return the operation that made a tensor, or None if another changed it since."""
        made = self._made.get(id(value))
        if made is None:
            return None
        tensor, place, version, node = made
        same = tensor() is value and version == value._version and node == _node_of(value)
        return place if same else None


class Replaced(_Counting):
    """Replaces the results of some operations."""

    def __init__(self, others: Mapping[Place, Callable[[Tensor], Tensor]]) -> None:
        super().__init__()
        self._others: dict[int, dict[int, Callable[[Tensor], Tensor]]] = {}
        for place, other in others.items():
            self._others.setdefault(place.operation, {})[place.part] = other

    def done(self, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
        """Return the result, or what replaces it or some of its parts."""
        others = self._others.get(self.count)
        if others is None:
            return result
        with self.paused():
            if isinstance(result, Tensor):
                return others[0](result) if 0 in others else result
            if type(result) not in (tuple, list):
                return result
            return type(result)(
                others[part](each) if part in others else each for part, each in enumerate(result)
            )


def _node_of(tensor: Tensor) -> int | None:
    """The number of a tensor's node in the graph, None without one."""
    node: Any = tensor.grad_fn
    return None if node is None else int(node._sequence_nr())


def _parts(result: Any) -> tuple[Any, ...]:
    return tuple(result) if type(result) in (tuple, list) else (result,)


def _tensors(values: Any) -> Iterator[Tensor]:
    """The tensors among arguments, those in lists and tuples included."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, tuple | list):
            yield from _tensors(value)

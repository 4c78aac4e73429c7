"""The modules that make a step, and which of the tensors that they return are states."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten, tree_unflatten

from rnnviz.errors import RecordingError
from rnnviz.recording.custom.operations import Place, Watched
from rnnviz.recording.custom.stepwise import stepwise
from rnnviz.recording.failures import describe

Pick = Callable[[Any], Any]
"""Picks the states out of what a module returns."""

Joined = Callable[[list[Any]], tuple[Any, Any]]
"""From flattened arguments to a module's arguments and keyword arguments."""
Before = Callable[[str, list[Any], Joined], list[Any]]
"""From a module's path and its arguments, flattened, to what it gets instead."""
After = Callable[[str, list[Any], Any], list[Any]]
"""From a module's path and its results, flattened and as they are, to what the model gets."""


@dataclass(frozen=True)
class Stepping:
    """The modules of a model that make a step, and how states are picked from their results.

    ``axes`` are the axes of sequences in their states, by path. Those of ``zero_starts`` start from
    zero if they are given no state, as PyTorch's cells do.
    """

    axes: Mapping[str, int]
    pick: Pick | None = None
    names: tuple[str, ...] = ()
    call: int | None = None
    zero_starts: frozenset[str] = frozenset()

    @property
    def paths(self) -> tuple[str, ...]:
        """The module paths."""
        return tuple(self.axes)

    @contextmanager
    def followed(self, model: nn.Module, before: Before, after: After) -> Iterator[None]:
        """Within a block, pass the arguments and the results of each call through functions."""
        with ExitStack() as stack:
            for path in self.paths:
                stack.enter_context(_followed(model, path, before, after, self.call))
            yield


def stepping_of(model: nn.Module, states: Any, call: int | None = None) -> Stepping:
    """Return the modules that ``states`` means: a path, a class, or a mapping of a path.

    The value of a mapping picks the states out of what the module returns, or names them. One of
    PyTorch's layers is taken step by step, in all of its calls or in one, counted from 0.

    Raises: RecordingError if the model has no such module
    """
    pick: Pick | None = None
    names: tuple[str, ...] = ()
    if isinstance(states, Mapping):
        if len(states) != 1:
            raise RecordingError(
                f"states names {len(states)} modules; name one, as in states={{'rnn.cell': "
                "('h', 'c')}, or name the states in the model's own code, with rnnviz.state"
            )
        ((states, value),) = states.items()
        if callable(value):
            pick = value
        else:
            names = (value,) if isinstance(value, str) else tuple(value)
    known: dict[str, nn.Module] = dict(model.named_modules())
    if isinstance(states, type):
        found = {path: part for path, part in known.items() if isinstance(part, states)}
        if not found:
            raise RecordingError(
                f"the model has no module of class {states.__name__}; it has {_listed(known)}"
            )
        return Stepping(_axes(found), pick, names, call, _cells(found))
    if not isinstance(states, str):
        raise RecordingError(
            "states must be the path of a module that makes a step, its class, or a mapping of a "
            f"path to a function that picks the states, got {states!r}"
        )
    if states not in known:
        raise RecordingError(f"the model has no module {states!r}; it has {_listed(known)}")
    chosen = {states: known[states]}
    return Stepping(_axes(chosen), pick, names, call, _cells(chosen))


def _cells(parts: Mapping[str, nn.Module]) -> frozenset[str]:
    return frozenset(path for path, part in parts.items() if isinstance(part, nn.RNNCellBase))


def _axes(parts: Mapping[str, nn.Module]) -> dict[str, int]:
    """PyTorch's own layers, called a step at a time, have their layers before their sequences."""
    return {path: int(isinstance(part, nn.RNNBase)) for path, part in parts.items()}


def _listed(known: Mapping[str, nn.Module]) -> str:
    parts = [f"{path!r} ({type(part).__name__})" for path, part in known.items() if path]
    return ", ".join(parts) or "no modules"


@dataclass
class Called:
    """One call of a module: its arguments and results, flattened.

    ``values`` are copies of its results, which the model may change, and ``places`` say where they
    were made. ``keys`` are the names that the results have in a mapping or a named tuple.
    """

    arguments: list[Any]
    joined: Joined
    results: list[Any] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    places: list[Place | None] = field(default_factory=list)
    picked: list[int] | None = None
    keys: tuple[str, ...] = ()


@dataclass
class Calls:
    """Every call of the modules that make a step, in a run that goes on unchanged."""

    stepping: Stepping
    operations: Watched
    by_path: dict[str, list[Called]] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """How many steps were made so far, by the module that was called first."""
        return len(next(iter(self.by_path.values()), []))

    def before(self, path: str, arguments: list[Any], joined: Joined) -> list[Any]:
        """Note the arguments."""
        self.by_path.setdefault(path, []).append(Called(arguments, joined))
        return arguments

    def after(self, path: str, results: list[Any], whole: Any) -> list[Any]:
        """Note the results."""
        call = self.by_path[path][-1]
        with self.operations.paused():
            call.results, call.keys = results, _keys(whole, len(results))
            for each in results:
                there = isinstance(each, Tensor)
                call.values.append(each.detach().clone() if there else None)
                call.places.append(self.operations.place_of(each) if there else None)
            if self.stepping.pick is not None:
                call.picked = picked_places(results, _picked(self.stepping.pick, whole))
        return results

    def states(self) -> dict[str, dict[str, int]]:
        """Return, for each module, the names of its states with their places in its results.

        Without ``pick`` they are those results that the next call gets as arguments, or on which
        its arguments depend; of a single one the name is h, of two h and c.

        Raises: RecordingError if a module is not called, or returns no state
        """
        found: dict[str, dict[str, int]] = {}
        for path in self.stepping.paths:
            calls = self.by_path.get(path, [])
            if not calls:
                raise RecordingError(
                    f"the model's forward does not call {path!r}; let it call that through self, "
                    "or name the states in its own code, with rnnviz.state"
                )
            places = self._places(path, calls)
            own = tuple(calls[0].keys[place] for place in places) if calls[0].keys else ()
            names = self.stepping.names or own or _usual_names(len(places))
            if len(names) != len(places):
                raise RecordingError(
                    f"{path!r} returns {len(places)} states, but {len(names)} names are given: "
                    f"{', '.join(names)}"
                )
            prefix = f"{path}." if len(self.stepping.paths) > 1 else ""
            found[path] = {
                f"{prefix}{name}": place for name, place in zip(names, places, strict=True)
            }
        return found

    def _places(self, path: str, calls: Sequence[Called]) -> list[int]:
        if calls[0].picked is not None:
            return calls[0].picked
        floats = [
            place
            for place, each in enumerate(calls[0].results)
            if isinstance(each, Tensor) and (each.is_floating_point() or each.is_complex())
        ]
        if not floats:
            raise RecordingError(
                f"{path!r} returns no tensor of floating-point numbers, so no state; name the "
                "states in the model's own code, with rnnviz.state"
            )
        if len(floats) == 1 or len(calls) == 1:
            return floats
        passed_on = [
            place
            for place in floats
            if any(
                argument is call.results[place]
                for call, following in pairwise(calls)
                for argument in following.arguments
            )
        ]
        return passed_on or _reached(calls[0].results, floats, calls[1].arguments) or floats


def picked_places(results: Sequence[Any], picked: Any) -> list[int]:
    """Return where picked states lie among the results of a module.

    Raises: RecordingError if one is not a result as it is
    """
    places = []
    for value in tree_flatten(picked)[0]:
        found = [place for place, each in enumerate(results) if each is value]
        if not found:
            raise RecordingError(
                "the function in states returns something that the module does not return as it "
                "is; let it pick parts, such as lambda result: result[1]"
            )
        places.append(found[0])
    return places


def _picked(pick: Pick, result: Any) -> Any:
    try:
        return pick(result)
    except Exception as error:
        raise RecordingError(
            f"the function in states failed on what the module returns, {type(result).__name__}: "
            f"{describe(error)}"
        ) from error


def _keys(result: Any, count: int) -> tuple[str, ...]:
    """The names of a module's results, if it returns them by name."""
    names = tuple(result) if isinstance(result, Mapping) else getattr(result, "_fields", ())
    return tuple(map(str, names)) if len(names) == count else ()


def _usual_names(count: int) -> tuple[str, ...]:
    return ("h", "c")[:count] if count <= 2 else tuple(f"h{at + 1}" for at in range(count))


def _reached(results: Sequence[Any], places: Sequence[int], from_: Sequence[Any]) -> list[int]:
    """Return the results on which tensors depend."""
    nodes = {results[place].grad_fn: place for place in places if results[place].grad_fn}
    found: set[int] = set()
    waiting = [each.grad_fn for each in from_ if isinstance(each, Tensor) and each.grad_fn]
    seen = set(waiting)
    while waiting:
        node = waiting.pop()
        if node in nodes:
            found.add(nodes[node])
            continue
        for below, _ in node.next_functions:
            if below is not None and below not in seen:
                seen.add(below)
                waiting.append(below)
    return sorted(found)


def likely_step(model: nn.Module, run: Callable[[], Any]) -> str:
    """Return the path of the first module that gets back in a call what it returned, or ''."""
    returned: dict[str, list[Tensor]] = {}
    found: list[str] = []

    def enter(path: str, args: Any, kwargs: Any) -> None:
        given = [each for each in tree_flatten((args, kwargs))[0] if isinstance(each, Tensor)]
        if any(each is one for each in given for one in returned.get(path, [])):
            found.append(path)

    def leave(path: str, result: Any) -> None:
        returned[path] = [each for each in flat(result)[0] if isinstance(each, Tensor)]

    with ExitStack() as stack:
        for path, part in model.named_modules():
            if not path or isinstance(part, torch.jit.ScriptModule):
                continue
            before = partial(_before_call, partial(enter, path))
            stack.callback(part.register_forward_pre_hook(before, with_kwargs=True).remove)
            after = partial(_after_call, partial(leave, path))
            stack.callback(part.register_forward_hook(after).remove)
        run()
    return found[0] if found else ""


def _before_call(enter: Callable[[Any, Any], None], part: Any, args: Any, kwargs: Any) -> None:
    enter(args, kwargs)


def _after_call(leave: Callable[[Any], None], part: Any, args: Any, result: Any) -> None:
    leave(result)


def flat(value: Any) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    """Return the leaves of a value, and a function that puts others in their places."""
    if isinstance(value, Tensor):
        return [value], lambda leaves: leaves[0]
    if type(value) is tuple and all(isinstance(each, Tensor) for each in value):
        return list(value), tuple
    leaves, spec = tree_flatten(value)
    return leaves, lambda others: tree_unflatten(others, spec)


@contextmanager
def _followed(
    model: nn.Module, path: str, before: Before, after: After, call: int | None
) -> Iterator[None]:
    part = model.get_submodule(path)

    def enter(args: Any, kwargs: Any) -> tuple[Any, Any]:
        if not kwargs:
            leaves, rebuilt = flat(args)
            return rebuilt(before(path, leaves, lambda others: (rebuilt(others), {}))), kwargs
        leaves, spec = tree_flatten((args, kwargs))

        def joined(others: list[Any]) -> tuple[Any, Any]:
            made: tuple[Any, Any] = tree_unflatten(others, spec)
            return made

        return joined(before(path, leaves, joined))

    def leave(result: Any) -> Any:
        leaves, joined = flat(result)
        return joined(after(path, leaves, result))

    if isinstance(part, nn.RNNBase):
        with stepwise(part, enter, leave, call):
            yield
        return
    if call is not None:
        raise RecordingError(
            f"call={call} is for one of PyTorch's layers that is called several times, and "
            f"{path!r} is {type(part).__name__}; leave it out"
        )
    if isinstance(part, torch.jit.ScriptModule):
        with _replaced(model, path, _Around(part, enter, leave)):
            yield
        return
    hooks = (
        part.register_forward_pre_hook(
            lambda module, args, kwargs: enter(args, kwargs), with_kwargs=True
        ),
        part.register_forward_hook(lambda module, args, result: leave(result)),
    )
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


class _Around(nn.Module):
    """Calls a scripted module, which takes no hooks."""

    def __init__(self, part: nn.Module, enter: Any, leave: Any) -> None:
        super().__init__()
        self._inner = (part,)
        self._enter, self._leave = enter, leave

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call it, with what goes in and what comes out passed through functions."""
        args, kwargs = self._enter(args, kwargs)
        return self._leave(self._inner[0](*args, **kwargs))


@contextmanager
def _replaced(model: nn.Module, path: str, other: nn.Module) -> Iterator[None]:
    parent, _, name = path.rpartition(".")
    holder = model.get_submodule(parent)
    if not path or isinstance(holder, torch.jit.ScriptModule):
        raise RecordingError(
            f"{path or 'the model'!r} is called from TorchScript, which cannot be followed; record "
            "the model it was scripted from"
        )
    own = holder._modules[name]
    holder._modules[name] = other
    try:
        yield
    finally:
        holder._modules[name] = own

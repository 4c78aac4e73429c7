"""The state of a performance where a beat begins, as a digest: the same state, the same beat."""

import pickle
from collections.abc import Mapping
from hashlib import sha256
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Final

import numpy as np
from manim import Mobject

from rnnviz.trace import Trace

_ADDRESS: Final = "original_id"
"""Where Manim notes in a copy at which address it stands."""


def digest_of(state: Mapping[str, Any], tokens: Mapping[int, str]) -> str | None:
    """The SHA-256 of all that can be reached from a state, or None if some of it has no content.

    ``tokens`` gives, by ``id``, what stands for objects whose content is known otherwise.
    """
    hashing = _Hashing()
    try:
        _Digester(hashing, tokens).dump(dict(state))
    except (pickle.PicklingError, TypeError, AttributeError, RecursionError):
        return None
    return hashing.digest.hexdigest()


class _Hashing:
    """A file that keeps a digest alone."""

    def __init__(self) -> None:
        self.digest = sha256()

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        return len(data)


class _Digester(pickle.Pickler):
    """Goes through objects as pickle does, and into functions as well."""

    def __init__(self, file: _Hashing, tokens: Mapping[int, str]) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._tokens = tokens

    def persistent_id(self, one: Any) -> Any:
        if id(one) in self._tokens:
            return self._tokens[id(one)]
        if isinstance(one, Trace):
            return f"trace {one.digest}"
        if isinstance(one, ModuleType):
            return f"module {one.__name__}"
        if isinstance(one, type):
            return f"class {one.__module__}.{one.__qualname__}"
        if isinstance(one, np.ndarray) and one.dtype != object:
            content = sha256(np.ascontiguousarray(one).tobytes()).hexdigest()
            return f"array {one.dtype.str} {one.shape} {content}"
        if isinstance(one, set | frozenset):  # in another order in each process
            parts = [digest_of({"": part}, self._tokens) for part in one]
            if None in parts:
                raise pickle.PicklingError("a set of what has no content")
            return f"{type(one).__name__} {sorted(map(str, parts))}"
        return None

    def reducer_override(self, one: Any) -> Any:
        if isinstance(one, FunctionType) and one is not _made:
            cells = tuple(cell.cell_contents for cell in one.__closure__ or ())
            return (
                _made,
                ("function", one.__module__, one.__qualname__, _content(one.__code__)),
                (one.__defaults__, one.__kwdefaults__, cells),
            )
        if isinstance(one, Mobject):
            kept = {name: value for name, value in vars(one).items() if name != _ADDRESS}
            return _made, (type(one).__module__, type(one).__qualname__), kept
        if isinstance(one, MethodType):
            return _made, ("method", one.__func__, one.__self__)
        return NotImplemented


def _content(code: CodeType) -> tuple[Any, ...]:
    """What a function does, not where it stands."""
    constants = tuple(
        _content(each) if isinstance(each, CodeType) else each for each in code.co_consts
    )
    return code.co_code, constants, code.co_names, code.co_varnames, code.co_freevars


def _made(*content: Any) -> Any:
    raise TypeError("a digest is not read back")

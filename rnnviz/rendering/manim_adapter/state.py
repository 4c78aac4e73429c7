"""The state of a performance where a beat begins, and its digest: the same state, the same beat."""

import pickle
from collections.abc import Mapping
from hashlib import sha256
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Final

import numpy as np
from manim import Mobject

from rnnviz.trace import Trace

_ADDRESS: Final = "original_id"
"""The attribute in which Manim notes the address of a copy's original."""
_OF_CAMERA: Final = (
    "background_color",
    "background_opacity",
    "frame_center",
    "frame_height",
    "frame_width",
)


def state_of(performance: Any) -> dict[str, Any]:
    """Return what a beat starts from: what the scene holds, and how the camera looks at it."""
    camera = performance.renderer.camera
    seen = {name: getattr(camera, name) for name in _OF_CAMERA}
    return {**performance.state(), "camera": seen}


def digest_of(state: Mapping[str, Any], tokens: Mapping[int, str]) -> str | None:
    """Return the SHA-256 of all that a state refers to, or None if some of it has no content.

    ``tokens`` gives, by ``id``, replacements for objects whose content is known otherwise.
    """
    hashing = _Hashing()
    try:
        _Digester(hashing, tokens).dump(dict(state))
    except (pickle.PicklingError, TypeError, AttributeError, RecursionError):
        return None
    return hashing.digest.hexdigest()


class _Hashing:
    """A file that keeps only a digest of what is written."""

    def __init__(self) -> None:
        self.digest = sha256()

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        return len(data)


class _Digester(pickle.Pickler):
    """Visits objects as pickle does, and functions as well."""

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
        if isinstance(one, FunctionType) and one is not _unread:
            cells = tuple(cell.cell_contents for cell in one.__closure__ or ())
            return (
                _unread,
                ("function", one.__module__, one.__qualname__, _content(one.__code__)),
                (one.__defaults__, one.__kwdefaults__, cells),
            )
        if isinstance(one, Mobject):
            kept = {name: value for name, value in vars(one).items() if name != _ADDRESS}
            return _unread, (type(one).__module__, type(one).__qualname__), kept
        if isinstance(one, MethodType):
            return _unread, ("method", one.__func__, one.__self__)
        return NotImplemented


def _content(code: CodeType) -> tuple[Any, ...]:
    """Return what a function does, but not its place in a file."""
    constants = tuple(
        _content(each) if isinstance(each, CodeType) else each for each in code.co_consts
    )
    return code.co_code, constants, code.co_names, code.co_varnames, code.co_freevars


def _unread(*content: Any) -> Any:
    raise TypeError("a digest cannot be unpickled")

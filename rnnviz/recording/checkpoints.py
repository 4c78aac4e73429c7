"""The keys of a PyTorch checkpoint, read from its pickle without running any of it."""

import pickletools
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

_LEFT_OUT: Final = ("PROTO", "MARK", "EMPTY_TUPLE")
_DICT: Final = ("EMPTY_DICT", None)
_ORDERED: Final = (("GLOBAL", "collections OrderedDict"), ("REDUCE", None))
_TENSOR: Final = "torch._utils _rebuild_"


def keys_of_weights(path: Path) -> list[str]:
    """Return the keys whose values map names to tensors; none if the file cannot be read."""
    try:
        with zipfile.ZipFile(path) as file:
            place = next(name for name in file.namelist() if name.endswith("data.pkl"))
            steps = list(_steps(file.read(place)))
    except (OSError, ValueError, StopIteration, zipfile.BadZipFile):
        return []
    return [
        key
        for at, (kind, key) in enumerate(steps)
        if kind == "TEXT" and _begins_with_a_tensor(steps[at + 1 : at + 5])
    ]


def _steps(pickled: bytes) -> Iterator[tuple[str, Any]]:
    """Yield the operations of a pickle, with memo references resolved."""
    memo: dict[Any, tuple[str, Any]] = {}
    last: tuple[str, Any] = ("", None)
    for operation, argument, _ in pickletools.genops(pickled):
        name = operation.name
        if name in ("BINPUT", "LONG_BINPUT"):
            memo[argument] = last
            continue
        if name in _LEFT_OUT:
            continue
        if name in ("BINGET", "LONG_BINGET"):
            last = memo.get(argument, ("", None))
        elif "UNICODE" in name:
            last = "TEXT", argument
        else:
            last = name, argument if name == "GLOBAL" else None
        yield last


def _begins_with_a_tensor(steps: list[tuple[str, Any]]) -> bool:
    """Return whether a key is followed by a mapping that begins with a name and a tensor."""
    inside = steps[1:] if steps[:1] == [_DICT] else steps[2:]
    if steps[:1] != [_DICT] and tuple(steps[:2]) != _ORDERED:
        return False
    kinds = [kind for kind, _ in inside[:2]]
    return kinds == ["TEXT", "GLOBAL"] and inside[1][1].startswith(_TENSOR)

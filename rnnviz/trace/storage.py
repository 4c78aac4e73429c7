"""Named arrays with a header in one ``.safetensors`` file, read whole or in part.

The file holds a checksum of each array and of the header, so that every changed byte is found.
"""

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from rnnviz.errors import TraceError
from rnnviz.system.files import atomic_write, check_name
from rnnviz.system.memory import free_memory

_HEADER: Final = "rnnviz"
_CHECKSUMS: Final = "checksums"
_SMALL: Final = 50_000_000
"""Files up to this many bytes are read without a look at the free memory."""


def write(path: Path, arrays: Mapping[str, np.ndarray], header: str) -> None:
    """Write arrays and a header; an existing file is replaced only once the new one is complete.

    Raises: TraceError if the file cannot be written
    """
    sums = {name: _checksum(name, array) for name, array in arrays.items()}
    about = {_HEADER: header, _CHECKSUMS: json.dumps({**sums, "": _checksum_of_text(header)})}
    with atomic_write(path, TraceError) as temporary:
        temporary.touch()
        mode = temporary.stat().st_mode  # the default here; safetensors makes files private
        try:
            save_file(dict(arrays), temporary, metadata=about)
            temporary.chmod(mode)
        except SafetensorError as error:
            raise TraceError(
                f"cannot write {str(path)!r} ({error}); choose another place"
            ) from error


def read(path: Path, *names: str) -> tuple[str, dict[str, np.ndarray]]:
    """Read the header and the arrays of a file: those named, or all.

    Raises: TraceError if the file is missing, damaged, not a trace, or lacks a name
    """
    check_name(path, TraceError, "read")
    try:
        if not path.is_file():
            raise TraceError(
                f"there is no trace {str(path)!r}; record one with 'rnnviz record -o FILE'"
            )
        path.open("rb").close()  # safetensors reports every file that it cannot open as missing
    except OSError as error:
        raise TraceError(
            f"cannot read trace {str(path)!r} ({error.strerror}); make it readable"
        ) from error
    if not names:
        _check_room(path)
    arrays: dict[str, np.ndarray] = {}
    known: list[str] = []
    about: dict[str, str] = {}
    try:
        with safe_open(path, framework="numpy") as file:
            about = file.metadata() or {}
            known = sorted(file.keys())
            if _HEADER in about:
                chosen = [name for name in names if name in known] if names else known
                arrays = {name: file.get_tensor(name) for name in chosen}
    except Exception as error:  # safetensors raises several types for damaged files
        raise _damaged(path, str(error)) from error
    if _HEADER not in about:
        raise TraceError(
            f"{str(path)!r} is a safetensors file but not a trace of rnnviz; "
            "record one with 'rnnviz record -o FILE'"
        )
    missing = [name for name in names if name not in known]
    if missing:
        raise TraceError(f"{str(path)!r} has no {missing[0]!r}; it has {', '.join(known)}")
    _check(path, about, known, arrays)
    for array in arrays.values():
        array.flags.writeable = False
    return about[_HEADER], arrays


def _check_room(path: Path) -> None:
    """Raises TraceError for a file larger than the free memory, before it is read."""
    needed = path.stat().st_size
    if needed > _SMALL and needed > (free := free_memory()):
        raise TraceError(
            f"trace {str(path)!r} needs {needed / 1e9:.3g} GB, but {free / 1e9:.3g} GB are free; "
            "free some, or record fewer losses with --losses last or every:N"
        )


def _check(
    path: Path, about: Mapping[str, str], known: list[str], arrays: Mapping[str, np.ndarray]
) -> None:
    try:
        sums: Any = json.loads(about.get(_CHECKSUMS, "null"))
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "its checksums cannot be read") from error
    if not isinstance(sums, dict) or sorted(sums) != ["", *known]:
        raise _damaged(path, "its checksums are not those of its arrays")
    if sums[""] != _checksum_of_text(about[_HEADER]):
        raise _damaged(path, "its header was changed")
    for name, array in arrays.items():
        if sums[name] != _checksum(name, array):
            raise _damaged(path, f"{name!r} was changed")


def _damaged(path: Path, why: str) -> TraceError:
    return TraceError(f"{str(path)!r} is damaged or not a trace ({why}); record it again")


def _checksum(name: str, array: np.ndarray) -> int:
    described = _checksum_of_text(f"{name} {array.dtype} {array.shape}")
    return zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data, described)


def _checksum_of_text(text: str) -> int:
    return zlib.crc32(text.encode())

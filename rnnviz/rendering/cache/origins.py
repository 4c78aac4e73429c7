"""Whose code is reading a file, according to the call stack."""

import os
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Final

from rnnviz.rendering.cache.library import is_ours

_OBSERVERS: Final = str(Path(__file__).resolve().parent)
_RENDERING: Final = str(Path(__file__).resolve().parents[1])
_CONTEXTLIB: Final = contextmanager.__code__.co_filename
_IMPORTER: Final = "<frozen importlib._bootstrap"
_STANDARD: Final = tuple({sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")})
_INSTALLED: Final = {"site-packages", "dist-packages"}
_HOLD_PYTHON: Final = frozenset(
    str(folder)
    for place in (*_STANDARD, *(path for path in sys.path if _INSTALLED & set(Path(path).parts)))
    for folder in Path(place).parents
)


@cache
def owner_of(file: str) -> str:
    """Return who a file belongs to: Python, a package, the library, or else a user."""
    if file.startswith("<") or file.startswith(_STANDARD):
        return "python"
    if _INSTALLED & set(file.split(os.sep)):
        return "package"
    return "library" if is_ours(Path(os.path.realpath(file))) else "user"


def is_installed(path: object) -> bool:
    """Whether a path is a file of Python or of a package, or a folder that holds them.

    While packages are imported, such paths are checked tens of thousands of times.
    """
    if not isinstance(path, str) or not os.path.isabs(path):
        return False
    return path in _HOLD_PYTHON or owner_of(path) in ("python", "package")


def is_of_library() -> bool:
    """Whether the library is reading, directly or through packages, and not a user's code."""
    owners = (owner_of(frame.f_code.co_filename) for frame in _frames())
    return next((owner for owner in owners if owner in ("library", "user")), "user") == "library"


def is_package_alone() -> bool:
    """Whether no user's code, nor the library's, is on the stack."""
    owners = {owner_of(frame.f_code.co_filename) for frame in _frames()}
    return not owners & {"library", "user"}


def is_import() -> bool:
    """Whether Python's import system is reading."""
    return next(_frames()).f_code.co_filename.startswith(_IMPORTER)


def is_of_helper(scene_file: str) -> bool:
    """Whether a user's module other than the scene's file is reading, directly or not."""
    for frame in _frames():
        file = frame.f_code.co_filename
        if file.startswith(_RENDERING):
            return False
        if owner_of(file) == "user" and os.path.realpath(file) != scene_file:
            return True
    return False


def _frames() -> Iterator[FrameType]:
    """Yield the frames that led to a read, innermost first, without the observer's own."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if file != _CONTEXTLIB and not file.startswith(_OBSERVERS):
            yield frame
        frame = frame.f_back

"""The library's own files: which they are, their digest, and whether they have changed."""

import os
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

import rnnviz

_LOADED: Final[dict[Path, str]] = {}
"""The digest of each source file when this process first read it, about when it was loaded."""


def whole_library() -> str:
    """Return a digest of all source files, fonts and catalogues of the library and its scenes.

    If they have changed since this process loaded them, each call returns a new value.
    """
    now = _whole_library()
    return now if is_as_loaded(library_folder(), now) else unique_value()


def _whole_library() -> str:
    digest = sha256()
    for folder in (library_folder(), scenes_folder()):
        for path in _files_in(str(folder)):
            content = Path(path).read_bytes()
            digest.update(f"{path.removeprefix(str(folder))} {len(content)} ".encode())
            digest.update(content)
    return digest.hexdigest()


def _files_in(folder: str) -> Iterator[str]:
    """Yield the files in a folder and those below it, but for compiled modules, in order."""
    for inside, folders, files in os.walk(folder):
        folders[:] = sorted(set(folders) - {"__pycache__"})
        for name in sorted(files):
            path = os.path.join(inside, name)
            if not name.endswith(".pyc") and os.path.isfile(path):
                yield path


def is_as_loaded(path: Path, digest: str) -> bool:
    """Whether a file or folder has the digest it had when this process first asked."""
    return _LOADED.setdefault(path, digest) == digest


def unique_value() -> str:
    """Return a value that is new each time, for code or state that has no digest."""
    return os.urandom(16).hex()


def is_ours(path: Path) -> bool:
    """Whether a file belongs to the library or its scenes."""
    return path.is_relative_to(library_folder()) or path.is_relative_to(scenes_folder())


@cache
def library_folder() -> Path:
    """Return the folder of the library."""
    return Path(str(rnnviz.__file__)).parent.resolve()


@cache
def scenes_folder() -> Path:
    """Return ``rnnviz.scenes`` of an installed library, or the folder beside it in a checkout."""
    inside = library_folder() / "scenes"
    return inside if inside.is_dir() else library_folder().parent / "scenes"

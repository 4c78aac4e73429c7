"""What a user's own scene depends on besides its code: files, folders, variables, modules.

A dependency has a value: a digest of a file's content, the value of a variable. As long as
everything that a render read has the same values, it would draw the same again.
"""

import os
import sys
from collections.abc import Iterable, Mapping
from glob import glob
from hashlib import sha256
from importlib.machinery import PathFinder
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any, Final, NamedTuple

from rnnviz.rendering.cache.imports import module_at, translations
from rnnviz.rendering.cache.library import unique_value
from rnnviz.system.cache import checksum

CONTENT: Final = "content"
"""Of a file; of a folder its names, as ``os.listdir`` gives them."""
KIND: Final = "kind"
"""Whether a path is a file, a folder, or absent."""
MATCHES: Final = "matches"
"""The content of all files that a pattern matches, or that are in a folder it matches."""
VARIABLE: Final = "variable"
"""Of the environment."""
WORKING_FOLDER: Final = "working folder"
MODULE: Final = "module "
"""A Python file's code, regardless of layout; followed by the language of its texts."""

_BYTECODE_FOLDER: Final = "__pycache__"
_STAGING_PREFIX: Final = ".rnnviz-"
_NAMES_IN_ERRORS: Final = {CONTENT: "file", KIND: "path", MATCHES: "files", VARIABLE: "variable"}


class Dependency(NamedTuple):
    """A kind of dependency, and its name: a path, a pattern, or a variable."""

    kind: str
    name: str

    def __str__(self) -> str:
        """The name in error messages."""
        return f"{_NAMES_IN_ERRORS.get(self.kind, self.kind.split()[0])} {self.name!r}"


Reads = Mapping[Dependency, str | None]
"""Dependencies with the values that were read; None for what was absent."""


def value_of(dependency: Dependency) -> str | None:
    """Return the value that a dependency has now."""
    kind, name = dependency
    try:
        if kind == VARIABLE:
            return os.environ.get(name)
        if kind == WORKING_FOLDER:
            return os.getcwd()  # not through pathlib, which a recorder watches
        if kind == MATCHES:
            return _matches(name)
        if kind.startswith(MODULE):
            return _code(Path(name), kind.removeprefix(MODULE))
        mode = os.stat(name).st_mode
        if kind == KIND:
            return "folder" if S_ISDIR(mode) else "file"
        return _names_in(name) if S_ISDIR(mode) else _content(name, mode)
    except (OSError, ValueError):
        return None


def are_current(reads: Reads, folder: str | None = None) -> bool:
    """Whether everything that was read still has the value it had then.

    ``folder``, if given, is compared instead of the working folder now, which a scene's code may
    have changed since.
    """
    return all(
        value == (folder if folder and dependency.kind == WORKING_FOLDER else value_of(dependency))
        for dependency, value in reads.items()
    )


def merged(parts: Iterable[Reads]) -> dict[Dependency, str | None]:
    """Return all that was read; what was read with two values gets one that is never current."""
    found: dict[Dependency, str | None] = {}
    for part in parts:
        for dependency, value in part.items():
            same = found.setdefault(dependency, value) == value
            found[dependency] = value if same else unique_value()
    return found


def digest_of_reads(key: str, reads: Reads) -> str:
    """Return a digest of a key and what was read under it."""
    return sha256(repr((key, sorted(map(_as_text, reads.items())))).encode()).hexdigest()


def reads_as_json(reads: Reads) -> list[list[str | None]]:
    """Return what was read as data that JSON can hold."""
    return [[*dependency, value] for dependency, value in reads.items()]


def reads_from_json(note: Any) -> dict[Dependency, str | None]:
    """Return what was read, from ``reads_as_json``.

    Raises: TypeError or ValueError if it is something else
    """
    return {Dependency(str(kind), str(name)): value for kind, name, value in note}


def declared(scene: type, language: str) -> list[Dependency]:
    """Return the dependencies that a scene and its base classes name in ``depends_on``.

    A name may be a path or a pattern, relative to the file of its class, an environment variable,
    or a module; a name that could be several of these counts as each of them.
    """
    found = []
    for each in scene.__mro__:
        file = Path(getattr(sys.modules[each.__module__], "__file__", None) or "")
        for name in vars(each).get("depends_on", ()):
            found.append(Dependency(MATCHES, str(file.resolve().parent / name)))
            if name.isidentifier():
                found.append(Dependency(VARIABLE, name))
            module = _module_file(name)
            if module is not None and module.suffix == ".py":
                found.append(Dependency(MODULE + language, str(module)))
            elif module is not None:
                found.append(Dependency(CONTENT, str(module)))
    return found


def _as_text(read: tuple[Dependency, str | None]) -> str:
    return repr((*read[0], read[1]))


def _content(path: str, mode: int) -> str | None:
    return checksum(Path(path)) if S_ISREG(mode) else "device"


def _names_in(folder: str) -> str:
    """Return a digest of the names in a folder, except those that Python and renders leave."""
    with os.scandir(folder) as entries:
        names = [(each.name, each.is_dir()) for each in entries]
    kept = [each for each in names if not _is_leftover(each[0])]
    return sha256(repr(sorted(kept)).encode()).hexdigest()


def _is_leftover(name: str) -> bool:
    return name == _BYTECODE_FOLDER or name.startswith(_STAGING_PREFIX)


def _matches(pattern: str) -> str:
    """Return a digest of the files that a pattern matches; a plain path matches itself."""
    found = [pattern] if os.path.exists(pattern) else glob(pattern, recursive=True)
    files = [
        path
        for place in map(Path, found)
        for path in (place.rglob("*") if place.is_dir() else (place,))
        if path.is_file() and not any(map(_is_leftover, path.parts))
    ]
    contents = sorted((str(path), checksum(path)) for path in files)
    return sha256(repr(contents).encode()).hexdigest()


def _code(path: Path, language: str) -> str | None:
    try:
        module = module_at(path)
    except SyntaxError:
        return checksum(path)
    return (module.digest + translations(module.texts, path, language)).hex()


def _module_file(name: str) -> Path | None:
    """Return the file of a module, found without importing it or its packages."""
    if not all(part.isidentifier() for part in name.split(".")):
        return None
    places: Any = None
    file = None
    for end in range(1, len(name.split(".")) + 1):
        spec = PathFinder.find_spec(".".join(name.split(".")[:end]), places)
        if spec is None:
            return None
        file, places = spec.origin, spec.submodule_search_locations
        if places is None and end < len(name.split(".")):
            return None
    return Path(file) if file else None

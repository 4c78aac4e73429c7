"""Records what a user's own scene reads while it is loaded and played."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import source_from_cache
from pathlib import Path
from typing import Any, Final

from rnnviz.rendering.cache.dependencies import (
    CONTENT,
    KIND,
    MODULE,
    VARIABLE,
    WORKING_FOLDER,
    Dependency,
    merged,
    value_of,
)
from rnnviz.rendering.cache.hooks import observing
from rnnviz.rendering.cache.imports import names_in_closure
from rnnviz.rendering.cache.origins import is_of_helper, owner_of

_OF_SYSTEM: Final = ("/proc/", "/sys/", "/dev/")
_STAGING: Final = f"{os.sep}.rnnviz-"

_held: Final[dict[str, dict[Dependency, str | None]]] = {}
"""What modules have read, by scene folder: modules stay loaded for the next scene."""


class Recorder:
    """Records what a scene reads, with the values at that time; for a library scene, nothing.

    What the scene itself creates is not a dependency, nor are files of Python, of packages, of the
    library or in the cache. ``scene_file`` is the scene's file. ``certain`` is False if the scene
    imports a module that was loaded before anything was observed; ``folder`` is the initial
    working folder.
    """

    def __init__(self, scene_file: Path | None, language: str, cache: Path) -> None:
        self.reads: dict[Dependency, str | None] = {}
        self.certain = True
        self.folder = os.getcwd()
        self._scene_file = "" if scene_file is None else str(scene_file.resolve())
        if scene_file is not None:
            loaded = _loaded_by(scene_file.resolve())
            self.reads = _held_for(scene_file.resolve(), loaded)
            self.certain = loaded <= {name for kind, name in self.reads if kind.startswith(MODULE)}
        self._module = MODULE + language
        self._ignored = (os.path.realpath(cache) + os.sep, str(cache.absolute()) + os.sep)
        self._made: set[str] = set()
        self._signatures: dict[Dependency, Any] = {}
        for kind, name in list(self.reads):
            if kind.startswith(MODULE):
                self.note(Dependency(self._module, name))

    @property
    def modules(self) -> tuple[Path, ...]:
        """The Python files that were loaded, besides the scene's own."""
        return tuple(Path(name) for kind, name in self.reads if kind == self._module)

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Note what is read in this context, and by other threads in the meantime."""
        if not self._scene_file:
            yield
            return
        with observing(self):
            yield

    def note(self, dependency: Dependency, held: bool = False) -> None:
        """Note a dependency with its value; ``held`` if a module may keep what was read."""
        kind, name = dependency
        signature = _signature(name) if kind in (CONTENT, self._module) else None
        if signature is None or self._signatures.get(dependency) != signature:
            self._signatures[dependency] = signature
            value = self.folder if kind == WORKING_FOLDER else value_of(dependency)
            self.reads = merged((self.reads, {dependency: value}))
        if held:
            of_folder = _held.setdefault(os.path.dirname(self._scene_file), {})
            of_folder[dependency] = self.reads[dependency]

    def opened(self, path: str, importing: bool) -> None:
        """Note a file that is opened."""
        source = _source_of(path) if importing else None
        if source is not None and os.path.realpath(source) == self._scene_file:
            return
        if self._is_ignored(source or path):
            return
        if source is not None:
            self.note(Dependency(self._module, source), held=True)
        else:
            self.note(Dependency(CONTENT, path), importing or is_of_helper(self._scene_file))

    def listed(self, folder: str) -> None:
        """Note a folder that is listed."""
        self._note_path(CONTENT, folder)

    def queried(self, path: str) -> None:
        """Note a path that is checked for existence."""
        self._note_path(KIND, path)

    def missed(self, module: str, folders: Iterable[str] | None) -> None:
        """Note a module that is missing, in a package's folders or beside the scene."""
        for folder in folders or (os.path.dirname(self._scene_file),):
            for name in (module, f"{module}.py"):
                self._note_path(KIND, os.path.join(folder, name))

    def looked_up(self, variable: str) -> None:
        """Note an environment variable that is read."""
        if variable not in self._made:
            self.note(Dependency(VARIABLE, variable), is_of_helper(self._scene_file))

    def used_working_folder(self) -> None:
        """Note that the working folder is used."""
        self.note(Dependency(WORKING_FOLDER, ""))

    def made(self, name: str) -> None:
        """Note what the scene creates itself, which is not a dependency."""
        self._made.add(name)

    def moved(self, source: str, target: str) -> None:
        """Note a path that is moved."""
        if source in self._made:
            self._made.add(target)

    def _note_path(self, kind: str, path: str) -> None:
        if not self._is_ignored(path):
            self.note(Dependency(kind, path), is_of_helper(self._scene_file))

    def _is_ignored(self, path: str) -> bool:
        return (
            path.startswith(self._ignored)
            or path.startswith(_OF_SYSTEM)
            or _STAGING in path
            or owner_of(path) != "user"
            or any(place in self._made for place in (path, *map(str, Path(path).parents)))
        )


def forget() -> None:
    """Forget what modules have read, as a new process would."""
    _held.clear()


def _loaded_by(scene_file: Path) -> set[str]:
    """Return the files of users' modules that a scene's file imports and that are loaded now."""
    try:
        names = names_in_closure(scene_file)
    except (OSError, SyntaxError, ValueError):
        return set()
    files = (getattr(sys.modules.get(name), "__file__", None) for name in names)
    return {file for file in files if file and owner_of(file) == "user"}


def _held_for(scene_file: Path, loaded: set[str]) -> dict[Dependency, str | None]:
    """Return what modules have read for scenes in the same folder, or that share a module."""
    return merged(
        held
        for folder, held in _held.items()
        if folder == str(scene_file.parent) or any(name in loaded for _, name in held)
    )


def _source_of(path: str) -> str | None:
    """Return the Python file that is loaded by opening a path, or None if it is another file."""
    if path.endswith(".py"):
        return path
    try:
        source = source_from_cache(path)
    except (ValueError, NotImplementedError):
        return None
    return source if os.path.isfile(source) else None


def _signature(path: str) -> Any:
    try:
        state = os.stat(path)
    except (OSError, ValueError):
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino

"""What a scene of a user's own reads while it is loaded and played, observed as it happens.

Python reports each file that is opened, each folder that is listed and each module that is imported
to audit hooks (PEP 578). Questions whether a path exists, where the working folder is, and what a
variable of the environment holds are observed through wrappers while a recorder is active. Files
that compiled code opens by itself raise no event; ``depends_on`` names them.
"""

import os
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache, wraps
from importlib.util import source_from_cache
from pathlib import Path
from types import FrameType
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
from rnnviz.rendering.cache.imports import names_in_closure, parsed
from rnnviz.rendering.cache.library import is_ours

_IMPORTER: Final = "<frozen importlib._bootstrap"
_RENDERING: Final = str(Path(__file__).resolve().parents[1])
_STANDARD: Final = tuple({sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")})
_INSTALLED: Final = {"site-packages", "dist-packages"}
_OF_SYSTEM: Final = ("/proc/", "/sys/", "/dev/")
_STAGING: Final = f"{os.sep}.rnnviz-"
_WRAPPED: Final = ("stat", "lstat", "access")
_SUPPORTS: Final = ("supports_fd", "supports_dir_fd", "supports_follow_symlinks")

_active: Final[list["Recorder"]] = []
_lock: Final = threading.RLock()
_paused: Final[ContextVar[bool]] = ContextVar("paused", default=False)
_held: Final[dict[Dependency, str | None]] = {}
"""What modules beside a scene's file have read: they stay loaded when the scene is loaded anew."""


class Recorder:
    """Notes what a scene reads, with the values at that time; for a scene of the library, nothing.

    What a render itself makes, and what the library and Python's packages read of their own files,
    is no dependency. ``home`` is the scene's file, ``cache`` the folder of caches. ``certain`` is
    False if the scene imports a module that was loaded before anything was observed; ``folder`` is
    the working folder at first.
    """

    def __init__(self, home: Path | None, language: str, cache: Path) -> None:
        self.reads: dict[Dependency, str | None] = {} if home is None else dict(_held)
        self.certain = home is None or not _loaded_unobserved(home.resolve())
        self.folder = os.getcwd()
        self._home = home and str(home.resolve())
        self._module = MODULE + language
        self._ignored = (os.path.realpath(cache) + os.sep, str(cache.absolute()) + os.sep)
        self._made: set[str] = set()
        self._signatures: dict[Dependency, Any] = {}
        for kind, name in list(self.reads):
            if kind.startswith(MODULE):
                self.note(Dependency(self._module, name))

    @property
    def modules(self) -> tuple[Path, ...]:
        """The Python files that were loaded, beside the scene's own."""
        return tuple(Path(name) for kind, name in self.reads if kind == self._module)

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Observe what is read in this context, and by threads meanwhile."""
        if self._home is None:
            yield
            return
        token = _paused.set(False)
        with _lock:
            _install_hook()
            if not _active:
                _wrap()
            _active.append(self)
        try:
            yield
        finally:
            _paused.reset(token)
            with _lock:
                _active.remove(self)
                if not _active:
                    _unwrap()

    def note(self, dependency: Dependency, held: bool = False) -> None:
        """Note a dependency with its value; ``held`` if a module may keep what was read."""
        kind, name = dependency
        if kind == WORKING_FOLDER:
            value: str | None = self.folder
        else:
            signature = _signature(name) if kind in (CONTENT, self._module) else None
            if signature is not None and self._signatures.get(dependency) == signature:
                return
            self._signatures[dependency] = signature
            value = value_of(dependency)
        self.reads = merged((self.reads, {dependency: value}))
        if held:
            _held[dependency] = self.reads[dependency]

    def opened(self, path: str, mode: str | None, flags: int, importing: bool) -> None:
        """Note a file that is opened."""
        source = _source_of(path) if importing else None
        if source is not None and os.path.realpath(source) == self._home:
            return
        if self._is_ignored(source or path):
            return
        if _is_replaced(path, mode, flags):
            self.made(path)
        elif source is not None:
            self.note(Dependency(self._module, source), held=True)
        else:
            self.note(Dependency(CONTENT, path), held=importing or self._is_of_helper())

    def asked(self, kind: str, name: str) -> None:
        """Note a path or a variable that was asked for."""
        if name not in self._made and (kind == VARIABLE or not self._is_ignored(name)):
            self.note(Dependency(kind, name), held=self._is_of_helper())

    def missed(self, module: str, folders: Iterable[str] | None) -> None:
        """Note a module that is not in a package's folders, or else beside the scene."""
        for folder in folders or (os.path.dirname(self._home or ""),):
            for name in (module, f"{module}.py"):
                self.note(Dependency(KIND, os.path.join(folder, name)))

    def made(self, name: str) -> None:
        """Note a file, folder or variable that the scene makes: it reads what it wrote."""
        self._made.add(name)

    def moved(self, source: str, target: str) -> None:
        """Note that a path takes the place of another one."""
        if source in self._made:
            self._made.add(target)

    def _is_ignored(self, path: str) -> bool:
        return (
            path.startswith(self._ignored)
            or path.startswith(_OF_SYSTEM)
            or _STAGING in path
            or _kind_of(path) != "user"
            or any(place in self._made for place in (path, *map(str, Path(path).parents)))
        )

    def _is_of_helper(self) -> bool:
        """Whether a module other than the scene's file reads, which may keep it."""
        for frame in _frames():
            file = frame.f_code.co_filename
            if file.startswith(_RENDERING):
                return False
            if _kind_of(file) == "user" and os.path.realpath(file) != self._home:
                return True
        return False


@contextmanager
def pausing() -> Iterator[None]:
    """A time in which this thread works for a render, not for the scene: nothing is noted."""
    token = _paused.set(True)
    try:
        yield
    finally:
        _paused.reset(token)


def _loaded_unobserved(home: Path) -> bool:
    """Whether a scene's file imports a user's module that was loaded when no recorder was active.

    What such a module read is not known.
    """
    try:
        names = names_in_closure(home, parsed(home))
    except (OSError, SyntaxError, ValueError):
        return False
    observed = {name for kind, name in _held if kind.startswith(MODULE)}
    files = (getattr(sys.modules.get(name), "__file__", None) for name in names)
    return any(file and _kind_of(file) == "user" and file not in observed for file in files)


def forget() -> None:
    """Forget what modules have read, as a new process would."""
    _held.clear()


class _Busy(threading.local):
    """Whether this thread looks at a file to note it: what it opens meanwhile is its own."""

    now = False


_busy: Final = _Busy()


@contextmanager
def _observing() -> Iterator[bool]:
    """Whether something is to be noted; what this thread does meanwhile is not."""
    if not _active or _busy.now or _paused.get():
        yield False
        return
    _busy.now = True
    try:
        yield True
    finally:
        _busy.now = False


@cache
def _install_hook() -> None:
    """Install the audit hook, once: Python removes none."""
    sys.addaudithook(_hook)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _active and event in _EVENTS:
        with _observing() as wanted:
            if wanted:
                _EVENTS[event](*arguments)


def _on_open(path: Any, mode: Any, flags: Any) -> None:
    place = _absolute(path)
    if place is not None:
        importing = _is_import()
        for recorder in list(_active):
            recorder.opened(place, mode, flags, importing)


def _on_import(module: Any, path: Any, *_: Any) -> None:
    """Note an extension module; those in Python are opened as files."""
    if isinstance(path, str):
        _on_open(path, "r", 0)


def _on_list(folder: Any = None) -> None:
    if _is_import():  # Python lists the folders in which it looks for modules
        return
    place = _absolute("." if folder is None else folder)
    if place is not None:
        for recorder in list(_active):
            recorder.asked(CONTENT, place)


def _on_make(path: Any, *_: Any) -> None:
    place = _absolute(path)
    if place is not None and not os.path.lexists(place):
        for recorder in list(_active):
            recorder.made(place)


def _on_move(source: Any, target: Any, *_: Any) -> None:
    old, new = _absolute(source), _absolute(target)
    if old is not None and new is not None:
        for recorder in list(_active):
            recorder.moved(old, new)


_EVENTS: Final[dict[str, Callable[..., None]]] = {
    "open": _on_open,
    "import": _on_import,
    "os.listdir": _on_list,
    "os.scandir": _on_list,
    "os.mkdir": _on_make,
    "os.rename": _on_move,
}


def _is_import() -> bool:
    """Whether it is Python's import system that reads."""
    return next(_frames()).f_code.co_filename.startswith(_IMPORTER)


def _absolute(path: Any) -> str | None:
    """Return a path from the root; that it was relative is noted. None for what is no path."""
    try:
        name = os.fsdecode(path)
    except TypeError:
        return None
    if not os.path.isabs(name) and _asker() != "library":
        _note_working_folder()
    return os.path.abspath(name)


def _note_working_folder() -> None:
    for recorder in list(_active):
        recorder.note(Dependency(WORKING_FOLDER, ""))


def _is_replaced(path: str, mode: str | None, flags: int) -> bool:
    """Whether a file is opened to be written anew, so that its old content does not matter."""
    if mode is not None:
        return mode.startswith(("w", "x"))
    return bool(flags & (os.O_TRUNC | os.O_EXCL)) or (
        bool(flags & os.O_CREAT) and not os.path.lexists(path)
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


def _frames() -> Iterator[FrameType]:
    """The frames that led to what is observed, from the innermost, but for this file's."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename not in (__file__, _CONTEXTLIB):
            yield frame
        frame = frame.f_back


_CONTEXTLIB: Final = contextmanager.__code__.co_filename


@cache
def _kind_of(file: str) -> str:
    """Whose a file is: of Python, Manim, another package, the library, or else the user's."""
    if file.startswith("<") or file.startswith(_STANDARD):
        return "standard"
    parts = file.split(os.sep)
    if _INSTALLED & set(parts):
        return "manim" if "manim" in parts else "installed"
    return "library" if is_ours(Path(os.path.realpath(file))) else "user"


def _asker() -> str:
    """Whose code asks, through whatever modules of Python."""
    kinds = (_kind_of(frame.f_code.co_filename) for frame in _frames())
    return next((kind for kind in kinds if kind != "standard"), "standard")


class _Missing:
    """Comes last in ``sys.meta_path``: it is asked for modules that no other finder has found."""

    @staticmethod
    def find_spec(name: str, path: Iterable[str] | None = None, target: Any = None) -> None:
        """Note a module that is not found."""
        with _observing() as wanted:
            for recorder in list(_active) if wanted else ():
                recorder.missed(name.rpartition(".")[2], path)


class _Watched(type(os.environ)):  # type: ignore[misc]
    """The environment while a recorder is active."""

    def __getitem__(self, key: str) -> str:
        with _observing() as wanted:
            if wanted and isinstance(key, str) and _asker() != "library":
                for recorder in list(_active):
                    recorder.asked(VARIABLE, key)
        value: str = super().__getitem__(key)
        return value

    def __setitem__(self, key: str, value: str) -> None:
        super().__setitem__(key, value)
        if not _paused.get():
            for recorder in list(_active):
                recorder.made(key)


_originals: Final[dict[str, Any]] = {}


def _wrap() -> None:
    """Put wrappers in the place of what tells of paths and variables without an audit event."""
    os.environ.__class__ = _Watched
    sys.meta_path.append(_Missing)
    for name in _WRAPPED:
        _replace(name, _asking(getattr(os, name)))
    _replace("getcwd", _telling_where(os.getcwd))


def _unwrap() -> None:
    os.environ.__class__ = _Watched.__base__
    with suppress(ValueError):
        sys.meta_path.remove(_Missing)
    for name, original in _originals.items():
        for supports in _SUPPORTS:
            getattr(os, supports).discard(getattr(os, name))
        setattr(os, name, original)
    _originals.clear()


def _replace(name: str, wrapper: Callable[..., Any]) -> None:
    original = _originals[name] = getattr(os, name)
    setattr(os, name, wrapper)
    for supports in _SUPPORTS:
        if original in getattr(os, supports):
            getattr(os, supports).add(wrapper)


def _asking(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def asked(path: Any, *arguments: Any, **settings: Any) -> Any:
        with _observing() as wanted:
            wanted = wanted and settings.get("dir_fd") is None and _asker() != "library"
            place = _absolute(path) if wanted else None
            if place is not None:
                for recorder in list(_active):
                    recorder.asked(KIND, place)
        return function(path, *arguments, **settings)

    return asked


def _telling_where(function: Callable[[], str]) -> Callable[[], str]:
    @wraps(function)
    def told() -> str:
        with _observing() as wanted:
            if wanted and _asker() not in ("library", "manim"):  # each scene of Manim's asks
                _note_working_folder()
        return function()

    return told

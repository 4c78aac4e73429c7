"""Observes what Python code reads: files, folders, modules, environment variables.

Python reports each file that is opened and each folder that is listed to audit hooks (PEP 578).
Queries whether a path exists, what the working folder is, and what a variable holds raise no such
event, so these functions are wrapped while there is an observer. Files that compiled code opens are
not seen.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache, wraps
from typing import Any, Final, Protocol

from rnnviz.rendering.cache.origins import (
    is_import,
    is_installed,
    is_of_library,
    is_package_alone,
)

_WRAPPED: Final = ("stat", "lstat", "access")
_SUPPORTS: Final = ("supports_fd", "supports_dir_fd", "supports_follow_symlinks")


class Observer(Protocol):
    """Receives what is observed; paths are absolute."""

    def opened(self, path: str, importing: bool) -> None:
        """Note a file that is opened to be read or changed."""

    def listed(self, folder: str) -> None:
        """Note a folder that is listed."""

    def queried(self, path: str) -> None:
        """Note a path that is checked for existence."""

    def missed(self, module: str, folders: Iterable[str] | None) -> None:
        """Note a module that is missing, in a package's folders if given."""

    def looked_up(self, variable: str) -> None:
        """Note an environment variable that is read."""

    def used_working_folder(self) -> None:
        """Note that the working folder is used."""

    def made(self, name: str) -> None:
        """Note a file, folder or variable that is created or overwritten."""

    def moved(self, source: str, target: str) -> None:
        """Note a path that is moved."""


class _Thread(threading.local):
    """Whether this thread is reporting: what it reads in the meantime is not read by the scene."""

    busy = False


_observers: Final[list[Observer]] = []
"""Shared by all threads: a scene may start threads that read."""
_older_threads: Final[set[int | None]] = set()
"""Threads that existed before, such as Dask's: what packages read in them is not reported."""
_lock: Final = threading.RLock()
_paused: Final[ContextVar[bool]] = ContextVar("paused", default=False)
_thread: Final = _Thread()
_originals: Final[dict[str, Any]] = {}


@contextmanager
def observing(observer: Observer) -> Iterator[None]:
    """Report to an observer what is read in this context, and by other threads in the meantime."""
    token = _paused.set(False)
    with _lock:
        _install_hook()
        if not _observers:
            _wrap()
            _older_threads.update(thread.ident for thread in threading.enumerate())
        _older_threads.discard(threading.get_ident())
        _observers.append(observer)
    try:
        yield
    finally:
        _paused.reset(token)
        with _lock:
            _observers.remove(observer)
            if not _observers:
                _unwrap()
                _older_threads.clear()


@contextmanager
def pausing() -> Iterator[None]:
    """Do not report what this thread reads in this context, which the renderer needs itself."""
    token = _paused.set(True)
    try:
        yield
    finally:
        _paused.reset(token)


@contextmanager
def _reporting() -> Iterator[list[Observer]]:
    """Yield the observers to report to; what this thread reads in the meantime is not reported."""
    if not _observers or _thread.busy or _paused.get():
        yield []
        return
    _thread.busy = True
    try:
        ignored = threading.get_ident() in _older_threads and is_package_alone()
        yield [] if ignored else list(_observers)
    finally:
        _thread.busy = False


@cache
def _install_hook() -> None:
    """Install the audit hook once: it cannot be removed."""
    sys.addaudithook(_hook)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _observers and event in _EVENTS:
        with _reporting() as observers:
            if observers:
                _EVENTS[event](observers, *arguments)


def _on_open(observers: list[Observer], path: Any, mode: Any, flags: Any) -> None:
    place = _absolute(observers, path)
    if place is not None:
        importing, replaced = is_import(), _is_replaced(place, mode, flags)
        for observer in observers:
            if replaced:
                observer.made(place)
            else:
                observer.opened(place, importing)


def _on_import(observers: list[Observer], module: Any, path: Any, *_: Any) -> None:
    """Report an extension module; those in Python are opened as files."""
    if isinstance(path, str):
        for observer in observers:
            observer.opened(path, True)


def _on_list(observers: list[Observer], folder: Any = None) -> None:
    if is_import():  # Python lists the folders in which it looks for modules
        return
    place = _absolute(observers, "." if folder is None else folder)
    if place is not None:
        for observer in observers:
            observer.listed(place)


def _on_make(observers: list[Observer], path: Any, *_: Any) -> None:
    place = _absolute(observers, path)
    if place is not None and not os.path.lexists(place):
        for observer in observers:
            observer.made(place)


def _on_move(observers: list[Observer], source: Any, target: Any, *_: Any) -> None:
    old, new = _absolute(observers, source), _absolute(observers, target)
    if old is not None and new is not None:
        for observer in observers:
            observer.moved(old, new)


def _on_query(observers: list[Observer], path: Any) -> None:
    if is_installed(path) or is_of_library():
        return
    place = _absolute(observers, path)
    if place is not None:
        for observer in observers:
            observer.queried(place)


_EVENTS: Final[dict[str, Callable[..., None]]] = {
    "open": _on_open,
    "import": _on_import,
    "os.listdir": _on_list,
    "os.scandir": _on_list,
    "os.mkdir": _on_make,
    "os.rename": _on_move,
}


def _absolute(observers: list[Observer], path: Any) -> str | None:
    """Return an absolute path, or None if it is not a path; report the use of a relative one."""
    try:
        name = os.fsdecode(path)
    except TypeError:
        return None
    if not os.path.isabs(name) and not is_of_library():
        for observer in observers:
            observer.used_working_folder()
    return os.path.abspath(name)


def _is_replaced(path: str, mode: str | None, flags: int) -> bool:
    """Whether a file is opened to be overwritten, so that its old content does not matter."""
    if mode is not None:
        return mode.startswith("w") or (mode.startswith("x") and not os.path.lexists(path))
    return bool(flags & os.O_TRUNC) or (bool(flags & os.O_CREAT) and not os.path.lexists(path))


class _MissingModules:
    """The last finder in ``sys.meta_path``, asked only for modules that no other one has found."""

    @staticmethod
    def find_spec(name: str, path: Iterable[str] | None = None, target: Any = None) -> None:
        """Report a module that is not found."""
        with _reporting() as observers:
            for observer in observers:
                observer.missed(name.rpartition(".")[2], path)


class _Environment(type(os.environ)):  # type: ignore[misc]
    """The class of ``os.environ`` while something observes."""

    def __getitem__(self, key: str) -> str:
        with _reporting() as observers:
            if isinstance(key, str) and observers and not is_of_library():
                for observer in observers:
                    observer.looked_up(key)
        value: str = super().__getitem__(key)
        return value

    def __setitem__(self, key: str, value: str) -> None:
        super().__setitem__(key, value)
        with _reporting() as observers:
            for observer in observers:
                observer.made(key)


def _wrap() -> None:
    """Replace functions that raise no audit event with wrappers that report."""
    os.environ.__class__ = _Environment
    sys.meta_path.append(_MissingModules)
    for name in _WRAPPED:
        _replace(name, _reporting_path(getattr(os, name)))
    _replace("getcwd", _reporting_working_folder(os.getcwd))


def _unwrap() -> None:
    os.environ.__class__ = _Environment.__base__
    with suppress(ValueError):
        sys.meta_path.remove(_MissingModules)
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


def _reporting_path(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def wrapper(path: Any, *arguments: Any, **settings: Any) -> Any:
        with _reporting() as observers:
            if observers and settings.get("dir_fd") is None:
                _on_query(observers, path)
        return function(path, *arguments, **settings)

    return wrapper


def _reporting_working_folder(function: Callable[[], str]) -> Callable[[], str]:
    @wraps(function)
    def wrapper() -> str:
        with _reporting() as observers:
            if observers and not is_of_library():
                for observer in observers:
                    observer.used_working_folder()
        return function()

    return wrapper

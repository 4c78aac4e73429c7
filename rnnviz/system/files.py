"""Files that are replaced only by a complete new one, and staging directories to make them in.

A file is made in a hidden directory beside its target, or hidden beside it if it is small, so that
moving it there is one step. The hidden name has the process and machine that work there: the next
process removes what a killed one left behind.
"""

import errno
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from platform import node
from typing import Final

from rnnviz.errors import RnnvizError

_STAGING: Final = re.compile(r"\.rnnviz-(.*)-(\d+)-[^-]+")
_LONGEST_NAME: Final = 255


def is_component(name: str) -> bool:
    """Whether a name can be that of a file, and stays within its folder."""
    try:
        length = len(os.fsencode(name))
    except UnicodeEncodeError:
        return False
    return (
        0 < length <= _LONGEST_NAME
        and name not in (".", "..")
        and not set(name) & {"/", "\\", "\0"}
        and Path(name).name == name
    )


def within(folder: Path, name: str, error: type[RnnvizError]) -> Path:
    """Return the path of a file in a folder, whose name comes from data.

    Raises: ``error`` if the name is not a single component of a path
    """
    if not is_component(name):
        raise error(f"{name!r} is not a valid file name in {str(folder)!r}; give another name")
    return folder / name


@contextmanager
def staging_dir(folder: Path, error: type[RnnvizError]) -> Iterator[Path]:
    """Make a hidden directory within ``folder`` for the time of the context.

    Raises: ``error`` if the folder cannot be made or written, now or within the context
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_stale(folder)
        with tempfile.TemporaryDirectory(
            prefix=_staging_prefix(), dir=folder, ignore_cleanup_errors=True
        ) as name:
            yield Path(name)
    except OSError as problem:
        raise _unwritable(folder, problem, error) from problem


def _staging_prefix() -> str:
    return f".rnnviz-{node()}-{os.getpid()}-"


def _unwritable(folder: Path, problem: OSError, error: type[RnnvizError]) -> RnnvizError:
    return error(
        f"cannot write {_place_of(folder, problem)} ({problem.strerror or problem}); "
        "choose another place"
    )


@contextmanager
def atomic_write(target: Path, error: type[RnnvizError]) -> Iterator[Path]:
    """Yield a temporary path to write to; the file replaces the target when the context ends.

    Raises: ``error`` if the target is a folder, has an invalid name, or cannot be written
    """
    check_name(target, error)
    if os.path.isdir(target):
        raise error(f"{str(target)!r} is a folder; name the file")
    with staging_dir(target.parent, error) as folder:
        yield folder / target.name
        os.replace(folder / target.name, target)


def write_small(target: Path, content: bytes, error: type[RnnvizError]) -> None:
    """Write a file completely or not at all, as ``atomic_write`` does, but without a directory.

    A directory takes far longer to make and remove than a small file takes to write.

    Raises: ``error`` if the file cannot be written
    """
    made = target.parent / f"{_staging_prefix()}{secrets.token_hex(8)}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            made.write_bytes(content)
            os.replace(made, target)
        finally:
            made.unlink(missing_ok=True)
    except OSError as problem:
        raise _unwritable(target.parent, problem, error) from problem


def check_place(target: Path, error: type[RnnvizError]) -> None:
    """Check that a file can be written, before the long work for it.

    Raises: ``error`` if it is a folder, has an invalid name, or its folder cannot be written
    """
    check_name(target, error)
    if os.path.isdir(target):
        raise error(f"{str(target)!r} is a folder; name the file")
    try_folder(target.absolute().parent, error)


def try_folder(folder: Path, error: type[RnnvizError]) -> None:
    """Check that a folder, or the nearest existing one above it, can be written.

    Raises: ``error``
    """
    there = next(each for each in (folder, *folder.parents) if os.path.exists(each))
    with staging_dir(there, error):
        pass


def check_name(target: Path, error: type[RnnvizError], use: str = "write") -> None:
    """Check that a file's name is not too long, and has no NUL.

    Raises: ``error``
    """
    try:
        os.stat(target)
    except ValueError as problem:
        raise error(f"{str(target)!r} has a NUL character; remove it") from problem
    except OSError as problem:
        if problem.errno == errno.ENAMETOOLONG:
            raise error(
                f"cannot {use} {str(target)!r} ({problem.strerror}); choose a shorter name"
            ) from problem


def _place_of(folder: Path, problem: OSError) -> str:
    """Return what could not be written: a file in a folder, or the folder."""
    for name in (problem.filename2, problem.filename):
        if isinstance(name, str) and folder in Path(name).parents:
            file = folder / Path(name).name
            if not _STAGING.fullmatch(file.name):
                return repr(str(file))
    return f"into {str(folder)!r}"


def remove_stale(folder: Path) -> None:
    """Remove what this machine's processes that have ended were making."""
    with suppress(OSError):
        for entry in folder.iterdir():
            found = _STAGING.fullmatch(entry.name)
            if found and found[1] == node() and not _is_running(int(found[2])):
                if entry.is_dir():
                    shutil.rmtree(entry, ignore_errors=True)
                else:
                    entry.unlink(missing_ok=True)


def is_unfinished(entry: Path) -> bool:
    """Whether an entry of a folder is what a process makes, or was making when it ended."""
    return _STAGING.fullmatch(entry.name) is not None


def _is_running(process: int) -> bool:
    from psutil import pid_exists  # takes a while to load, and is seldom needed

    return pid_exists(process)

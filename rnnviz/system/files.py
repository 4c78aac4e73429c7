"""Files that are replaced only when the new one is whole, and folders to make them in.

What is made stands in a hidden folder beside its target, so that moving it there is one step. The
folder's name says which process of which machine works in it: what a killed process left is swept
up by the next one there.
"""

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from platform import node
from typing import Final

from rnnviz.errors import RnnvizError

_WORKSHOP: Final = re.compile(r"\.rnnviz-(.*)-(\d+)-[^-]+")
_LONGEST_NAME: Final = 255


def is_component(name: str) -> bool:
    """Whether a name stays within the folder that it is put into, and can be a file's."""
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
    """The place in a folder of a name that is made of data.

    Raises: ``error`` if the name is not one component of a path
    """
    if not is_component(name):
        raise error(f"{name!r} cannot be the name of a file in {str(folder)!r}; give another name")
    return folder / name


@contextmanager
def staging_dir(folder: Path, error: type[RnnvizError]) -> Iterator[Path]:
    """A hidden folder to work in, within ``folder``, gone afterwards.

    Raises: ``error`` if the folder cannot be made or written into, now or while it is worked in
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_stale(folder)
        prefix = f".rnnviz-{node()}-{os.getpid()}-"
        with tempfile.TemporaryDirectory(
            prefix=prefix, dir=folder, ignore_cleanup_errors=True
        ) as name:
            yield Path(name)
    except OSError as problem:
        raise error(
            f"cannot write {_troubled(folder, problem)} ({problem.strerror or problem}); "
            "choose another place"
        ) from problem


@contextmanager
def atomic_write(target: Path, error: type[RnnvizError]) -> Iterator[Path]:
    """A place to write a file, which takes the target's place once it is whole.

    Raises: ``error`` if the target is a folder, or has a name that no file can have, or cannot be
            written
    """
    check_name(target, error)
    if os.path.isdir(target):
        raise error(f"{str(target)!r} is a folder; name the file")
    with staging_dir(target.parent, error) as folder:
        yield folder / target.name
        os.replace(folder / target.name, target)


def check_place(target: Path, error: type[RnnvizError]) -> None:
    """Refuse a file that cannot be written, before the long work for it.

    Raises: ``error`` if it is a folder or the name of no file, or nothing can be made there
    """
    check_name(target, error)
    if os.path.isdir(target):
        raise error(f"{str(target)!r} is a folder; name the file")
    try_folder(target.absolute().parent, error)


def try_folder(folder: Path, error: type[RnnvizError]) -> None:
    """Make something in a folder, or in the nearest above it that is there, and remove it.

    Raises: ``error`` if that cannot be done
    """
    there = next(each for each in (folder, *folder.parents) if os.path.exists(each))
    with staging_dir(there, error):
        pass


def check_name(target: Path, error: type[RnnvizError], use: str = "write") -> None:
    """Refuse what can be the name of no file: too long, or with a NUL.

    Raises: ``error``
    """
    try:
        os.stat(target)
    except ValueError as problem:
        raise error(f"{str(target)!r} has a NUL, which no name may have") from problem
    except OSError as problem:
        if problem.errno == errno.ENAMETOOLONG:
            raise error(
                f"cannot {use} {str(target)!r} ({problem.strerror}); choose a shorter name"
            ) from problem


def _troubled(folder: Path, problem: OSError) -> str:
    """What a problem is about: a file that was to stand in a folder, or the folder."""
    for told in (problem.filename2, problem.filename):
        if isinstance(told, str) and folder in Path(told).parents:
            file = folder / Path(told).name
            if not _WORKSHOP.fullmatch(file.name):
                return repr(str(file))
    return f"into {str(folder)!r}"


def remove_stale(folder: Path) -> None:
    """Remove what processes that no longer live were working on, where that can be seen."""
    with suppress(OSError):
        for entry in folder.iterdir():
            found = _WORKSHOP.fullmatch(entry.name)
            if found and found[1] == node() and not _lives(int(found[2])):
                shutil.rmtree(entry, ignore_errors=True)


def _lives(process: int) -> bool:
    from psutil import pid_exists  # takes a while to load, and is seldom needed

    return pid_exists(process)

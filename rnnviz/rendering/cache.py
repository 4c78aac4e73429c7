"""What was rendered before, kept in the user's cache folder within a bound.

Entries are found by keys that hold everything that decides them, are written whole or not at all,
and are never changed; those that were used longest ago go first.
"""

import getpass
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any, Final

from rnnviz.errors import RenderError
from rnnviz.files import sweep, workshop

BOUND_VARIABLE: Final = "RNNVIZ_CACHE_BOUND"
_BOUND: Final = 2_000_000_000
_BEATS: Final = "beats"
_RENDERS: Final = "renders"
_LETTERS: Final = "letters"
_KINDS: Final = (_BEATS, _RENDERS, _LETTERS)


@dataclass(frozen=True)
class Held:
    """What a cache holds: how many entries, and how many bytes they take, of how many it may.

    ``oldest`` is when that which was used longest ago was used, in seconds since 1970.
    """

    beats: int
    renders: int
    letters: int
    size: int
    bound: int
    oldest: float | None


class Cache:
    """Encoded beats by their keys, notes about whole renders, and typeset texts.

    The name of a beat or a note ends with the checksum of its content: one that is damaged is not
    there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.beats = folder / _BEATS
        self._renders = folder / _RENDERS

    @property
    def bound(self) -> int:
        """How many bytes may be kept: ``RNNVIZ_CACHE_BOUND``, or 2 GB.

        Raises: RenderError if the variable is no number of bytes
        """
        text = os.environ.get(BOUND_VARIABLE, str(_BOUND))
        if not (text.isascii() and text.isdecimal()):
            raise RenderError(f"{BOUND_VARIABLE} is {text!r}, no number of bytes")
        return int(text)

    def fetch(self, target: Path) -> bool:
        """Put the beat of a name in its place, where it stays; False if it is not kept."""
        for entry in _named(self.beats, target.name):
            with suppress(OSError):
                _link(entry, target)
                if checksum(target) == _told_by(entry):
                    os.utime(entry)
                    return True
                target.unlink()
                entry.unlink()
        return False

    def letters(self, name: str) -> Path:
        """Where a typeset text is, or would be."""
        return self.folder / _LETTERS / name

    def keep(self, made: Path) -> None:
        """Keep a beat under its name; a cache that cannot be written keeps nothing."""
        with suppress(OSError):
            _link(made, self.beats / _entry_name(made))

    def note(self, key: str) -> Any:
        """What was noted about a render, or None."""
        for entry in _named(self._renders, f"{key}.json"):
            with suppress(OSError, ValueError):
                if checksum(entry) == _told_by(entry):
                    os.utime(entry)
                    return json.loads(entry.read_text(encoding="utf-8"))
                entry.unlink()
        return None

    def write_note(self, key: str, noted: Any) -> None:
        """Note something about a render; a cache that cannot be written keeps nothing."""
        with suppress(RenderError), workshop(self._renders, RenderError) as folder:
            made = folder / f"{key}.json"
            made.write_text(json.dumps(noted), encoding="utf-8")
            for older in _named(self._renders, made.name):
                older.unlink(missing_ok=True)
            os.replace(made, self._renders / _entry_name(made))

    def held(self) -> Held:
        """How much there is."""
        entries = list(self._entries())
        counts = Counter(path.parent.name for path, _ in entries)
        size = sum(state.st_size for _, state in entries)
        oldest = min((state.st_mtime for _, state in entries), default=None)
        return Held(counts[_BEATS], counts[_RENDERS], counts[_LETTERS], size, self.bound, oldest)

    def trim(self) -> None:
        """Remove what was used longest ago, until the rest is within the bound."""
        entries = sorted(self._entries(), key=lambda entry: entry[1].st_mtime_ns)
        over = sum(state.st_size for _, state in entries) - self.bound
        for path, state in entries:
            if over <= 0:
                return
            with suppress(OSError):
                path.unlink()
                over -= state.st_size

    def clear(self) -> None:
        """Remove all entries; what is being made now stays."""
        for path, _ in self._entries():
            with suppress(OSError):
                path.unlink()

    def _entries(self) -> Iterator[tuple[Path, os.stat_result]]:
        for kind in _KINDS:
            folder = self.folder / kind
            if folder.is_dir():
                sweep(folder)
                for path in folder.iterdir():
                    with suppress(OSError):
                        if path.is_file():
                            yield path, path.stat()


def _named(folder: Path, name: str) -> Iterator[Path]:
    """The entries of a name, whatever they hold."""
    stem, ending = os.path.splitext(name)
    yield from sorted(folder.glob(f"{stem}-*{ending}"))


def _entry_name(made: Path) -> str:
    return f"{made.stem}-{checksum(made)}{made.suffix}"


def _told_by(entry: Path) -> str:
    return entry.stem.rpartition("-")[2]


def _link(source: Path, target: Path) -> None:
    """The same file in two places, or a copy where there are no hard links."""
    try:
        os.link(source, target)
    except FileExistsError:
        return
    except OSError:
        shutil.copyfile(source, target)


def usable(folder: Path) -> Cache:
    """The cache in a folder, or where that cannot be written, one among the temporary files.

    Raises: RenderError if neither can be written
    """
    places = (folder, Path(tempfile.gettempdir()) / f"rnnviz-{getpass.getuser()}")
    for place in places:
        with suppress(OSError):
            (place / _BEATS).mkdir(parents=True, exist_ok=True)
            if os.access(place / _BEATS, os.W_OK | os.X_OK):
                return Cache(place.absolute())
    raise RenderError(
        f"cannot write into the cache {str(folder)!r}; name another folder in RNNVIZ_CACHE_DIR"
    )


def checksum(path: Path) -> str | None:
    """The SHA-256 of a file, or None if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError:
        return None

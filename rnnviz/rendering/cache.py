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
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from rnnviz.errors import RenderError
from rnnviz.files import replacing, sweep

BOUND_VARIABLE: Final = "RNNVIZ_CACHE_BOUND"
_BOUND: Final = 2_000_000_000
_BEATS: Final = "beats"
_RENDERS: Final = "renders"
_LETTERS: Final = "letters"
_KINDS: Final = (_BEATS, _RENDERS, _LETTERS)


@dataclass(frozen=True)
class Held:
    """What a cache holds: how many entries, and how many bytes they take, of how many it may."""

    beats: int
    renders: int
    letters: int
    size: int
    bound: int


class Cache:
    """Encoded beats by their keys, notes about whole renders, and typeset texts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def bound(self) -> int:
        """How many bytes may be kept: ``RNNVIZ_CACHE_BOUND``, or 2 GB.

        Raises: RenderError if the variable is no number of bytes
        """
        text = os.environ.get(BOUND_VARIABLE, str(_BOUND))
        if not text.isdecimal():
            raise RenderError(f"{BOUND_VARIABLE} is {text!r}, no number of bytes")
        return int(text)

    def beat(self, name: str) -> Path:
        """Where an encoded beat is, or would be."""
        return self.folder / _BEATS / name

    def letters(self, name: str) -> Path:
        """Where a typeset text is, or would be."""
        return self.folder / _LETTERS / name

    def has(self, path: Path) -> bool:
        """Whether an entry is there; asking for it is using it."""
        try:
            os.utime(path)
        except OSError:
            return False
        return path.stat().st_size > 0

    def note(self, key: str) -> Any:
        """What was noted about a render, or None."""
        path = self._note(key)
        try:
            noted = json.loads(path.read_text(encoding="utf-8"))
            os.utime(path)
        except (OSError, ValueError):
            return None
        return noted

    def write_note(self, key: str, noted: Any) -> None:
        """Note something about a render; a cache that cannot be written keeps nothing."""
        with suppress(RenderError), replacing(self._note(key), RenderError) as temporary:
            temporary.write_text(json.dumps(noted), encoding="utf-8")

    def held(self) -> Held:
        """How much there is."""
        entries = list(self._entries())
        counts = Counter(path.parent.name for path, _ in entries)
        size = sum(state.st_size for _, state in entries)
        return Held(counts[_BEATS], counts[_RENDERS], counts[_LETTERS], size, self.bound)

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
        """Remove all entries."""
        for kind in _KINDS:
            shutil.rmtree(self.folder / kind, ignore_errors=True)

    def _note(self, key: str) -> Path:
        return self.folder / _RENDERS / f"{key}.json"

    def _entries(self) -> Iterator[tuple[Path, os.stat_result]]:
        for kind in _KINDS:
            folder = self.folder / kind
            if folder.is_dir():
                sweep(folder)
                for path in folder.iterdir():
                    with suppress(OSError):
                        if path.is_file():
                            yield path, path.stat()


def usable(folder: Path) -> Cache:
    """The cache in a folder, or where that cannot be written, one among the temporary files.

    Raises: RenderError if neither can be written
    """
    places = (folder, Path(tempfile.gettempdir()) / f"rnnviz-{getpass.getuser()}")
    for place in places:
        with suppress(OSError):
            (place / _BEATS).mkdir(parents=True, exist_ok=True)
            if os.access(place / _BEATS, os.W_OK | os.X_OK):
                return Cache(place)
    raise RenderError(
        f"cannot write into the cache {str(folder)!r}; name another folder in RNNVIZ_CACHE_DIR"
    )


def checksum(path: Path) -> str | None:
    """The SHA-256 of a file, or None if it cannot be read."""
    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None

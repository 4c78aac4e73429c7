"""The cache of earlier renders, in the user's cache folder, up to a size limit.

An entry's key covers everything that determines it. Entries are written completely or not at all,
and never changed; the least recently used are removed first.
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
from hashlib import file_digest, sha256
from pathlib import Path
from stat import S_ISDIR, S_ISREG, S_IWGRP, S_IWOTH
from typing import Any, Final

from rnnviz.errors import RenderError
from rnnviz.system.files import is_unfinished, remove_stale, staging_dir, write_small

BOUND_VARIABLE: Final = "RNNVIZ_CACHE_BOUND"
_BOUND: Final = 2_000_000_000
_TRIAL: Final = 4_000_000
"""The size of a large beat, in bytes."""
_BEATS: Final = "beats"
_RENDERS: Final = "renders"
_TEXTS: Final = "letters"
_READS: Final = "reads"
_KINDS: Final = (_BEATS, _RENDERS, _TEXTS, _READS)
_DIGEST_SIZE: Final = sha256().digest_size


@dataclass(frozen=True)
class CacheContents:
    """What a cache holds: its numbers of entries, their size in bytes, and the limit of the size.

    ``oldest`` is when the least recently used entry was used last, in seconds since 1970.
    """

    beats: int
    renders: int
    texts: int
    size: int
    bound: int
    oldest: float | None


class Cache:
    """Encoded beats by their keys, what they read, notes of whole renders, and typeset texts.

    The name of a beat or a note ends with the checksum of its content; a text starts with the
    checksum of its key and content. A damaged entry, or one with another's name, is not found.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.beats = folder / _BEATS
        self._renders = folder / _RENDERS
        self._texts = folder / _TEXTS
        self._reads = folder / _READS

    def fetch(self, target: Path) -> bool:
        """Put the beat with the target's name into its place; False if it is not cached."""
        for entry in _named(self.beats, target.name):
            with suppress(OSError):
                _link(entry, target)
                if checksum(target) == _checksum_in(entry):
                    os.utime(entry)
                    return True
                target.unlink()
                entry.unlink()
        return False

    def text(self, key: str) -> bytes | None:
        """Return a typeset text, or None if it is missing or damaged."""
        entry = self._texts / key
        with suppress(OSError):
            digest, content = _parted(entry.read_bytes())
            if digest == _digest_of_text(key, content):
                with suppress(OSError):
                    os.utime(entry)
                return content
        return None

    def keep_text(self, key: str, content: bytes) -> None:
        """Keep a typeset text; a cache that cannot be written keeps nothing.

        Unlike a beat it has its checksum inside, as it takes too long to search for a name.
        """
        with suppress(RenderError):
            write_small(self._texts / key, _digest_of_text(key, content) + content, RenderError)

    def keep(self, made: Path) -> None:
        """Keep a beat under its name; a cache that cannot be written keeps nothing."""
        with suppress(OSError):
            _link(made, self.beats / _entry_name(made))

    def note(self, key: str) -> Any:
        """Return what was noted about a render, or None."""
        return _note(self._renders, key)

    def write_note(self, key: str, noted: Any) -> None:
        """Note something about a render; a cache that cannot be written keeps nothing."""
        _write_note(self._renders, key, noted)

    def reads(self, key: str) -> Any:
        """Return what is recorded of a beat's reads, or None."""
        return _note(self._reads, key)

    def write_reads(self, key: str, noted: Any) -> None:
        """Record what a beat reads; a cache that cannot be written keeps nothing."""
        _write_note(self._reads, key, noted)

    def held(self) -> CacheContents:
        """Return how much the cache holds.

        Raises: RenderError if it cannot be read, or the bound is not a number of bytes
        """
        entries = [entry for kind in _KINDS for entry in self._entries(kind)]
        counts = Counter(path.parent.name for path, _ in entries)
        size = sum(state.st_size for _, state in entries)
        oldest = min((state.st_mtime for _, state in entries), default=None)
        return CacheContents(
            counts[_BEATS], counts[_RENDERS], counts[_TEXTS], size, bound(), oldest
        )

    def trim(self) -> None:
        """Remove the least recently used entries, until the size is within the limit."""
        entries: list[tuple[Path, os.stat_result]] = []
        for kind in _KINDS:
            with suppress(RenderError):
                entries += self._entries(kind)
        entries.sort(key=lambda entry: entry[1].st_mtime_ns)
        over = sum(state.st_size for _, state in entries) - bound()
        for path, state in entries:
            if over <= 0:
                return
            with suppress(OSError):
                path.unlink()
                over -= state.st_size

    def clear(self) -> int:
        """Remove all entries, and return their size in bytes; entries that are being written stay.

        Raises: RenderError if the cache cannot be read, or an entry not removed
        """
        removed = 0
        for kind in _KINDS:
            for path, state in self._entries(kind):
                remove(path)
                removed += state.st_size
        return removed

    def _entries(self, kind: str) -> list[tuple[Path, os.stat_result]]:
        folder = self.folder / kind
        remove_stale(folder)
        entries = []
        try:
            for path in folder.iterdir():
                with suppress(FileNotFoundError):  # another process removed it meanwhile
                    state = path.stat()
                    if S_ISREG(state.st_mode) and not is_unfinished(path):
                        entries.append((path, state))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise RenderError(
                f"cannot read the cache {str(folder)!r} ({error.strerror}); make it readable, or "
                "name another folder in RNNVIZ_CACHE_DIR"
            ) from error
        return entries


def _note(folder: Path, key: str) -> Any:
    for entry in _named(folder, f"{key}.json"):
        with suppress(OSError, ValueError):
            if checksum(entry) == _checksum_in(entry):
                os.utime(entry)
                return json.loads(entry.read_text(encoding="utf-8"))
            entry.unlink()
    return None


def _write_note(folder: Path, key: str, noted: Any) -> None:
    with suppress(RenderError), staging_dir(folder, RenderError) as staging:
        made = staging / f"{key}.json"
        made.write_text(json.dumps(noted), encoding="utf-8")
        for older in _named(folder, made.name):
            older.unlink(missing_ok=True)
        os.replace(made, folder / _entry_name(made))


def bound() -> int:
    """Return how many bytes a cache may keep: ``RNNVIZ_CACHE_BOUND``, or 2 GB.

    Raises: RenderError if the variable is not a number of bytes
    """
    text = os.environ.get(BOUND_VARIABLE, str(_BOUND))
    if not (text.isascii() and text.isdecimal()):
        raise RenderError(
            f"{BOUND_VARIABLE} must be a number of bytes, got {text!r}; write {_BOUND} for 2 GB"
        )
    return int(text)


def remove(file: Path) -> None:
    """Remove a file of the cache.

    Raises: RenderError if it cannot be removed
    """
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise RenderError(
            f"cannot remove {str(file)!r} ({error.strerror}); make its folder writable"
        ) from error


def _named(folder: Path, name: str) -> Iterator[Path]:
    """Yield the entries of a name, with any content."""
    stem, ending = os.path.splitext(name)
    yield from sorted(folder.glob(f"{stem}-*{ending}"))


def _entry_name(made: Path) -> str:
    return f"{made.stem}-{checksum(made)}{made.suffix}"


def _checksum_in(entry: Path) -> str:
    return entry.stem.rpartition("-")[2]


def _link(source: Path, target: Path) -> None:
    """Link a file to a second place, or copy it where there are no hard links."""
    try:
        os.link(source, target)
    except FileExistsError:
        return
    except OSError:
        shutil.copyfile(source, target)


def usable(folder: Path) -> Cache:
    """Return the cache in a folder, or if that cannot be written, in the temporary folder.

    Raises: RenderError if neither can be written
    """
    with suppress(OSError):
        if _can_hold_beats(folder):
            return Cache(folder.absolute())
    with suppress(OSError):
        elsewhere = Path(tempfile.gettempdir()) / f"rnnviz-{_user()}"
        elsewhere.mkdir(mode=0o700, exist_ok=True)
        if _is_ours_alone(elsewhere) and _can_hold_beats(elsewhere):
            return Cache(elsewhere.absolute())
    raise RenderError(
        f"cannot write into the cache {str(folder)!r}; name another folder in RNNVIZ_CACHE_DIR"
    )


def try_out(folder: Path) -> None:
    """Write as much as a beat takes into every part of a cache, and remove it.

    Raises: RenderError for the part that cannot be written, or is full
    """
    for part in (folder, *(folder / kind for kind in _KINDS)):
        with staging_dir(part, RenderError) as made:
            (made / "trial").write_bytes(os.urandom(_TRIAL))


def _can_hold_beats(folder: Path) -> bool:
    (folder / _BEATS).mkdir(parents=True, exist_ok=True)
    return os.access(folder / _BEATS, os.R_OK | os.W_OK | os.X_OK)


def _is_ours_alone(folder: Path) -> bool:
    """Whether only this user can write into a folder; anybody can make any folder in /tmp."""
    state = folder.lstat()
    return S_ISDIR(state.st_mode) and (
        not hasattr(os, "getuid")
        or (state.st_uid == os.getuid() and not state.st_mode & (S_IWGRP | S_IWOTH))
    )


def _user() -> str:
    """Return this process's user; in a container it may have a number but no name."""
    return str(os.getuid()) if hasattr(os, "getuid") else getpass.getuser()


def _parted(entry: bytes) -> tuple[bytes, bytes]:
    return entry[:_DIGEST_SIZE], entry[_DIGEST_SIZE:]


def _digest_of_text(key: str, content: bytes) -> bytes:
    return sha256(key.encode() + content).digest()


def checksum(path: Path) -> str | None:
    """Return the SHA-256 of a file, or None if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError:
        return None

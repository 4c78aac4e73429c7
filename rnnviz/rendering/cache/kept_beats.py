"""Beats in the cache, found by what decides them and by what they read when they were drawn."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rnnviz.rendering.cache.dependencies import (
    Reads,
    are_current,
    digest_of_reads,
    from_note,
    noted,
)
from rnnviz.system.cache import Cache

_MOST: Final = 8
"""Drawings of one beat, with different data, that are remembered."""


@dataclass(frozen=True)
class BeatEntry:
    """A beat's place in the cache, and in the folder where the video is made.

    ``key`` stands for all that is known before it is played: code, settings, state. Under it is
    noted what the beat read whenever it was drawn, as build systems do with dependency files.
    ``certain`` is whether all that decides it is known; else it is not kept.
    """

    key: str
    container: str
    folder: Path
    cache: Cache
    certain: bool = True

    def path(self, reads: Reads) -> Path:
        """Return the file of the beat that is drawn with these reads."""
        return self.folder / f"{digest_of_reads(self.key, reads)}.{self.container}"

    def fetch(self, working_folder: str) -> Reads | None:
        """Put the beat in its place if it was drawn with what it would read now.

        Returns what it read, or None if it is not kept.
        """
        for reads in ({}, *self._drawn()):  # a beat that read nothing has no note
            if are_current(reads, working_folder) and self.cache.fetch(self.path(reads)):
                return reads
        return None

    def keep(self, reads: Reads) -> None:
        """Keep the beat that was drawn with these reads."""
        if not self.certain:
            return
        self.cache.keep(self.path(reads))
        if reads:
            others = [each for each in self._drawn() if each != reads]
            self.cache.write_reads(self.key, list(map(noted, [reads, *others][:_MOST])))

    def _drawn(self) -> list[dict[Any, str | None]]:
        """Return what the beat read whenever it was drawn."""
        try:
            return [from_note(each) for each in self.cache.reads(self.key) or ()]
        except (TypeError, ValueError):
            return []

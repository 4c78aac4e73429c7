"""Beats in the cache, found by what determines them and what they read when they were drawn."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rnnviz.rendering.cache.dependencies import (
    Reads,
    are_current,
    digest_of_reads,
    reads_as_json,
    reads_from_json,
)
from rnnviz.system.cache import Cache

_MOST: Final = 8
"""The most versions of one beat, drawn from different data, that are remembered."""


@dataclass(frozen=True)
class BeatEntry:
    """A beat's place in the cache, and in the folder where the video is made.

    ``key`` covers all that is known before the beat is played: code, settings, state. What the beat
    read each time it was drawn is recorded under the key, like the dependency files of build
    systems. ``certain`` is whether everything that determines the beat is known; otherwise it is
    not kept.
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
        """Put the beat in its place if it was drawn from what it would read now.

        Returns what it read, or None if it is not kept.
        """
        for reads in ({}, *self._drawn()):  # a beat that read nothing has no record
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
            self.cache.write_reads(self.key, list(map(reads_as_json, [reads, *others][:_MOST])))

    def _drawn(self) -> list[dict[Any, str | None]]:
        """Return what the beat read each time it was drawn."""
        try:
            return [reads_from_json(each) for each in self.cache.reads(self.key) or ()]
        except (TypeError, ValueError):
            return []

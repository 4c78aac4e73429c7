"""How fast a scene is played, where it pauses, and whether its captions are drawn."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rnnviz.errors import SceneError

_SLOWEST, _FASTEST = 0.1, 10.0
_LONGEST_HOLD: Final = 600.0


@dataclass(frozen=True)
class Playback:
    """The pace of a scene (1: as it was made, 0.8: a fifth slower), pauses, and captions.

    ``holds`` are pauses at the end of beats, as pairs of a beat's number and seconds, which do not
    depend on the pace. Without ``captions`` they are only in the subtitles.

    Raises: SceneError for a pace or a pause out of range
    """

    pace: float = 1.0
    holds: tuple[tuple[int, float], ...] = ()
    captions: bool = True

    def __post_init__(self) -> None:
        if not _SLOWEST <= self.pace <= _FASTEST:
            raise SceneError(
                f"the pace must be between {_SLOWEST:g} and {_FASTEST:g}, got {self.pace:g}; "
                "0.8 is slower, 1.25 faster"
            )
        for beat, seconds in self.holds:
            if beat < 1 or not 0 < seconds <= _LONGEST_HOLD:
                raise SceneError(
                    f"cannot hold beat {beat} for {seconds:g} s; give a beat from 1 and at most "
                    f"{_LONGEST_HOLD:g} s"
                )

    def hold(self, beat: int) -> float:
        """Return the seconds to pause at the end of a beat."""
        return math.fsum(seconds for number, seconds in self.holds if number == beat)

    @property
    def marks(self) -> tuple[str, ...]:
        """What a file's name says of it."""
        return (
            *([f"pace-{self.pace:g}"] if self.pace != 1.0 else []),
            *(["held"] if self.holds else []),
            *([] if self.captions else ["no-captions"]),
        )


USUAL: Final = Playback()
"""As a scene was made, with its captions."""


def playback_of(
    pace: float = 1.0, hold: Mapping[int, float] | None = None, captions: bool = True
) -> Playback:
    """Return a playback from what a user gives.

    Raises: SceneError for a pace or a pause out of range
    """
    return Playback(float(pace), tuple(sorted((hold or {}).items())), captions)

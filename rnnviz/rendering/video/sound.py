"""Sounds that a scene adds: where their files are, when they are heard, and what is lost."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Final

from rnnviz.errors import SceneError
from rnnviz.rendering.video.timeline import Cue
from rnnviz.system.cache import checksum

SILENT: Final = ("gif", "png")
"""Formats that have no sound."""
_ENDINGS: Final = ("", ".wav", ".mp3")
"""What Manim adds to the name of a sound that is not there."""
_MICROSECOND: Final = 1e6
_TOLD: Final = 0.05
"""Less of a sound than this is cut off without a word, in seconds."""


@dataclass(frozen=True)
class Sound:
    """A file that is heard from a moment of a beat on, as often as it stands in a list.

    Units: seconds from the start of the beat; the file's length in seconds; gains in decibels, of
           the sound itself, and of what else is heard meanwhile
    """

    file: str
    content: str | None
    beat: int
    time: float
    length: float
    gain: float = 0.0
    background: float = 0.0

    @property
    def changed(self) -> bool:
        """Whether the file is not what it was."""
        return checksum(Path(self.file)) != self.content


@dataclass(frozen=True)
class Part:
    """A sound in a video: from when on, before 0 if only the rest of it is heard.

    Units: seconds from the start of the video; decibels
    """

    file: str
    start: float
    gain: float = 0.0
    background: float = 0.0


def sound_of(
    scene: type, name: str, beat: int, time: float, gain: float, background: float
) -> Sound:
    """A sound that a scene adds in a beat.

    Raises: SceneError if there is no such file, it has no sound, or a number is none
    """
    for what, number in (("time", time), ("gain", gain), ("gain_to_background", background)):
        if not isfinite(number):
            raise SceneError(f"sound {name!r} has the {what} {number}; give a finite number")
    file = _found(scene, name)
    return Sound(str(file), checksum(file), beat, time, _length(file), gain, background)


def parts_of(sounds: Sequence[Sound], cues: Sequence[Cue]) -> tuple[Part, ...]:
    """When each sound is heard in a video whose beats are seen at some times."""
    starts = {cue.number: cue.start - cues[0].start for cue in cues}
    return tuple(
        Part(each.file, starts[each.beat] + each.time, each.gain, each.background)
        for each in sounds
    )


def losses(sounds: Sequence[Sound], cues: Sequence[Cue], file_format: str) -> tuple[str, ...]:
    """What a video does not have of its sounds, told to whoever renders it."""
    if file_format in SILENT:
        return tuple(f"{file_format} has no sound; {name!r} is left out" for name in _names(sounds))
    total = cues[-1].end - cues[0].start
    told = []
    for sound, part in zip(sounds, parts_of(sounds, cues), strict=True):
        name = Path(sound.file).name
        before, after = -part.start, part.start + sound.length - total
        if before > _TOLD:
            told.append(f"sound {name!r} begins {before:.3g} s before the video, and is cut there")
        if part.start >= total:
            told.append(f"sound {name!r} begins after the end of the video, and is not heard")
        elif after > _TOLD:
            told.append(
                f"sound {name!r} goes on for {after:.3g} s after the end of the video, and is cut "
                "there"
            )
    return tuple(told)


def _names(sounds: Sequence[Sound]) -> list[str]:
    return list(dict.fromkeys(Path(each.file).name for each in sounds))


def _found(scene: type, name: str) -> Path:
    """A sound's file: beside the scene or a class that it inherits from, or in this folder."""
    modules = (sys.modules.get(each.__module__) for each in scene.__mro__)
    files = [getattr(module, "__file__", None) for module in modules]
    beside = [Path(file).resolve().parent for file in files if file]
    for folder in dict.fromkeys((*beside, Path.cwd())):
        for ending in _ENDINGS:
            place = folder / f"{name}{ending}"
            if place.is_file():
                return place
    raise SceneError(
        f"there is no sound {name!r} beside the scene, in {str(beside[0])!r}, nor in "
        f"{str(Path.cwd())!r}; put it there, or name its whole path"
    )


def _length(file: Path) -> float:
    """How long a sound is, in seconds.

    Raises: SceneError if the file cannot be read, or has no sound
    """
    import av  # takes a while to load, and most scenes have no sound

    try:
        with av.open(str(file)) as container:
            stream: Any = container.streams.audio[0] if container.streams.audio else None
            if stream is None:
                raise SceneError(f"{str(file)!r} has no sound in it; name a file that has")
            next(container.decode(stream), None)
            if container.duration is not None:
                return container.duration / _MICROSECOND
            return float((stream.duration or 0) * stream.time_base)
    except (OSError, av.FFmpegError) as error:
        raise SceneError(
            f"sound {str(file)!r} cannot be read ({error.strerror or error}); give a file such as "
            "WAV, FLAC, MP3, M4A or OGG"
        ) from error

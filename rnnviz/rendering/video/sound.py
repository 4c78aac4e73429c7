"""Sounds that a scene adds: their files, their times, and what a video cannot have of them."""

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
"""Suffixes that Manim tries for a sound."""
_MICROSECOND: Final = 1e6
_NOTED: Final = 0.05
"""Less of a sound than this is cut off without a note, in seconds."""


@dataclass(frozen=True)
class Sound:
    """A sound file that starts at a time in a beat; ``content`` is its checksum.

    Units: seconds from the start of the beat; the file's length in seconds; gains in decibels, of
           the sound itself, and of other sounds while it is heard
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
        """Whether the file has changed."""
        return checksum(Path(self.file)) != self.content


@dataclass(frozen=True)
class Part:
    """A sound in a video; it starts before 0 if its beginning is not heard.

    Units: seconds from the start of the video; decibels
    """

    file: str
    start: float
    gain: float = 0.0
    background: float = 0.0


def sound_of(
    scene: type, name: str, beat: int, time: float, gain: float, background: float
) -> Sound:
    """Return a sound that a scene adds in a beat.

    Raises: SceneError if there is no such file, it has no sound, or a number is not finite
    """
    for what, number in (("time", time), ("gain", gain), ("gain_to_background", background)):
        if not isfinite(number):
            raise SceneError(f"{what} of sound {name!r} is {number}; give a finite number")
    file = _found(scene, name)
    return Sound(str(file), checksum(file), beat, time, _length(file), gain, background)


def parts_of(sounds: Sequence[Sound], cues: Sequence[Cue]) -> tuple[Part, ...]:
    """Return the sounds with their times in a video, from the times of its beats."""
    starts = {cue.number: cue.start - cues[0].start for cue in cues}
    return tuple(
        Part(each.file, starts[each.beat] + each.time, each.gain, each.background)
        for each in sounds
    )


def losses(sounds: Sequence[Sound], cues: Sequence[Cue], file_format: str) -> tuple[str, ...]:
    """Return notes of what a video lacks of its sounds."""
    if file_format in SILENT:
        return tuple(f"{file_format} has no sound; {name!r} is left out" for name in _names(sounds))
    total = cues[-1].end - cues[0].start
    notes = []
    for sound, part in zip(sounds, parts_of(sounds, cues), strict=True):
        name = Path(sound.file).name
        before, after = -part.start, part.start + sound.length - total
        if before > _NOTED:
            notes.append(f"sound {name!r} begins {before:.3g} s before the video, and is cut there")
        if part.start >= total:
            notes.append(f"sound {name!r} begins after the end of the video, and is not heard")
        elif after > _NOTED:
            notes.append(
                f"sound {name!r} goes on for {after:.3g} s after the end of the video, and is cut "
                "there"
            )
    return tuple(notes)


def _names(sounds: Sequence[Sound]) -> list[str]:
    return list(dict.fromkeys(Path(each.file).name for each in sounds))


def _found(scene: type, name: str) -> Path:
    """Return a sound's file: beside the scene or a base class, or in the working folder."""
    modules = (sys.modules.get(each.__module__) for each in scene.__mro__)
    files = [getattr(module, "__file__", None) for module in modules]
    beside = [Path(file).resolve().parent for file in files if file]
    for folder in dict.fromkeys((*beside, Path.cwd())):
        for ending in _ENDINGS:
            place = folder / f"{name}{ending}"
            if place.is_file():
                return place
    raise SceneError(
        f"no sound {name!r} beside the scene, in {str(beside[0])!r}, or in {str(Path.cwd())!r}; "
        "put it there, or give its full path"
    )


def _length(file: Path) -> float:
    """Return the length of a sound, in seconds.

    Raises: SceneError if the file cannot be read, or has no sound
    """
    import av  # takes a while to load, and most scenes have no sound

    try:
        with av.open(str(file)) as container:
            stream: Any = container.streams.audio[0] if container.streams.audio else None
            if stream is None:
                raise SceneError(f"{str(file)!r} has no sound; give a sound file")
            next(container.decode(stream), None)
            if container.duration is not None:
                return container.duration / _MICROSECOND
            return float((stream.duration or 0) * stream.time_base)
    except (OSError, av.FFmpegError) as error:
        raise SceneError(
            f"cannot read sound {str(file)!r} ({error.strerror or error}); give a WAV, FLAC, MP3, "
            "M4A or OGG file"
        ) from error

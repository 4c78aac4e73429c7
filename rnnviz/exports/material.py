"""What an export is made of: a video that rnnviz made, and what its JSON file tells of it."""

import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from unicodedata import category

import av
from msgspec import Struct

from rnnviz.errors import ExportError
from rnnviz.rendering.video.frames import decoded, image_of
from rnnviz.rendering.video.timeline import Cue
from rnnviz.scene.catalogue import SCENES
from rnnviz.system.cache import checksum
from rnnviz.system.files import is_component
from rnnviz.system.validation import InvalidJson, Text, validated
from rnnviz.text.palette import DARK, PALETTES
from rnnviz.text.translation import translated

_TYPES: Final = {".mp4": "video/mp4", ".webm": "video/webm"}
_MOST_BEATS: Final = 999
_LONGEST: Final = 86400.0
_ROUNDED: Final = 0.01
_OFF: Final = 0.2
_UNSAID: Final = ("Cc", "Cs")


class _Sidecar(Struct):
    """What the JSON file beside a video holds, of which more may be there."""

    scene: Text
    language: Text
    theme: Text
    trace: Text
    beats: tuple[Cue, ...]
    videos: dict[str, str] | None = None


@dataclass(frozen=True)
class Material:
    """One scene's video, with its beats."""

    scene: str
    language: str
    theme: str
    trace: str
    video: Path
    cues: tuple[Cue, ...]
    title: str | None = None

    @classmethod
    def of(cls, video: Path) -> "Material":
        """The material of a video and the JSON file beside it.

        Raises: ExportError if there is no such video, or it is not one that rnnviz made
        """
        if not os.path.isfile(video):
            raise ExportError(f"there is no video {str(video)!r}; make one with 'rnnviz render'")
        if video.suffix.lower() not in _TYPES:
            raise ExportError(
                f"{str(video)!r} is no .mp4 or .webm, which browsers and slides play; "
                "render one of those"
            )
        beside = video.with_suffix(".json")
        try:
            told = validated(json.loads(beside.read_text(encoding="utf-8")), _Sidecar)
            made = cls(told.scene, told.language, told.theme, told.trace, video, told.beats)
            made._check()
        except FileNotFoundError as error:
            raise ExportError(
                f"{str(video)!r} has no {beside.name!r} beside it, which rnnviz writes with every "
                "video; render the scene again"
            ) from error
        except (OSError, ValueError, RecursionError, InvalidJson) as error:
            raise ExportError(
                f"{str(beside)!r} does not describe the beats of a video ({error}); render the "
                "scene again"
            ) from error
        if not made.cues:
            raise ExportError(f"{str(beside)!r} has no beats; render the scene again")
        made._check_length(beside)
        if told.videos and checksum(video) not in told.videos.values():
            raise ExportError(
                f"{str(video)!r} is not the video that {beside.name!r} tells of: a render was "
                "interrupted, or one of the two was changed; render the scene again, or, if you "
                f"only made it smaller, remove 'videos' from {beside.name!r}"
            )
        return made

    def _check_length(self, beside: Path) -> None:
        """Raises ExportError for a video that does not last as long as its beats."""
        try:
            lasts = _length(self.video)
        except (OSError, av.FFmpegError, IndexError) as error:
            raise ExportError(f"{str(self.video)!r} cannot be read ({error})") from error
        told = self.cues[-1].end
        if abs(lasts - told) <= _OFF:
            return
        gone = [str(cue.number) for cue in self.cues if cue.end > lasts + _OFF]
        lacks = f"of beat {' and '.join(gone[:: max(1, len(gone) - 1)])} the end is missing"
        if len(gone) > 2:
            lacks = f"beats {gone[0]} to {gone[-1]} are not whole"
        why = f"{lacks}; it was cut or made faster" if gone else "it was slowed or added to"
        raise ExportError(
            f"{str(self.video)!r} lasts {lasts:.1f} s, and {beside.name!r} tells of beats up to "
            f"{told:.1f} s: {why}, or a render was interrupted; render the scene again"
        )

    def _check(self) -> None:
        """Raises ValueError for what no video of rnnviz has."""
        if not is_component(self.scene):
            raise ValueError(f"{self.scene!r} is no scene's name")
        number, time = 0, 0.0
        for cue in self.cues:
            if not cue.name.replace("-", "_").isidentifier():
                raise ValueError(f"{cue.name!r} is no beat's name")
            if not number < cue.number <= _MOST_BEATS:
                raise ValueError(f"beat {cue.name!r} has the wrong number")
            if not time <= cue.start < cue.end < _LONGEST:
                raise ValueError(f"beat {cue.name!r} is at no time of its own")
            if set(cue.captions) != {*self.cues[0].captions, self.language}:
                raise ValueError(f"beat {cue.name!r} lacks a caption")
            if any(category(mark) in _UNSAID for mark in "".join(cue.captions.values())):
                raise ValueError(f"beat {cue.name!r} has a control character in its caption")
            number, time = cue.number, cue.end - _ROUNDED

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of its captions, the video's own first."""
        return tuple(sorted(self.cues[0].captions, key=lambda one: (one != self.language, one)))

    @property
    def media_type(self) -> str:
        """The video's MIME type."""
        return _TYPES[self.video.suffix.lower()]

    def titles(self) -> Mapping[str, str]:
        """What the scene is called, by language; a scene of the user's own by its name."""
        if self.title is not None:
            return dict.fromkeys(self.languages, self.title)
        entry = SCENES.get(self.scene)
        own = "".join(" " if category(mark) in _UNSAID else mark for mark in self.scene)
        title = entry.title if entry else own
        return {language: translated(title, language) for language in self.languages}

    @property
    def ground(self) -> str:
        """The colour of its theme's ground, on which a transparent video can be put."""
        return PALETTES.get(self.theme, DARK).ground

    def stills(self, ground: str | None = None) -> tuple[bytes, ...]:
        """The last picture of each beat, as PNG; of a transparent video, on a ground if named.

        Raises: ExportError if the video cannot be read
        """
        try:
            return tuple(_pictures(self.video, [cue.end for cue in self.cues], ground))
        except (OSError, av.FFmpegError) as error:
            raise ExportError(f"{str(self.video)!r} cannot be read ({error})") from error

    def opening(self) -> bytes:
        """The first picture of the video, as PNG.

        Raises: ExportError if the video cannot be read
        """
        try:
            return _pictures(self.video, [0.0], None)[0]
        except (OSError, av.FFmpegError, IndexError) as error:
            raise ExportError(f"{str(self.video)!r} cannot be read ({error})") from error


def _length(video: Path) -> float:
    """How long the pictures of a video last, in seconds.

    What the container says includes its sound; where a stream says nothing, as in WebM, the last
    picture is looked for.
    """
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        if stream.duration is not None and stream.time_base is not None:
            return float(stream.duration * stream.time_base)
        rate = float(stream.average_rate or 1)
        times = [packet.pts * packet.time_base for packet in container.demux(stream) if packet.pts]
        return float(max(times, default=0)) + 1 / rate


def _pictures(video: Path, ends: Sequence[float], ground: str | None) -> list[bytes]:
    made: list[bytes] = []
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        rate = float(stream.average_rate or 1)
        before: Any = None
        for frame in decoded(container):
            while len(made) < len(ends) and float(frame.time) > ends[len(made)] - 0.5 / rate:
                made.append(_png(before if before is not None else frame, ground))
            before = frame
            if len(made) == len(ends):
                return made
        while before is not None and len(made) < len(ends):
            made.append(_png(before, ground))
    return made


def _png(frame: Any, ground: str | None) -> bytes:
    file = io.BytesIO()
    image_of(frame, ground).save(file, format="PNG", optimize=True)
    return file.getvalue()

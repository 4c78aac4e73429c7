"""A video that rnnviz rendered, with the beats that its JSON file describes."""

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
from rnnviz.system.validation import Color, Text, validated
from rnnviz.text.palette import DARK, PALETTES, scheme_of
from rnnviz.text.translation import translated

_TYPES: Final = {".mp4": "video/mp4", ".webm": "video/webm"}
_THUMBNAIL: Final = 320
"""The width of a thumbnail, in pixels."""
_MOST_BEATS: Final = 999
_LONGEST: Final = 86400.0
_ROUNDED: Final = 0.01
_LENGTH_TOLERANCE: Final = 0.2
"""Seconds."""
_UNPRINTABLE: Final = ("Cc", "Cs")


class _Sidecar(Struct):
    """What the JSON file beside a video holds, of which more may be there."""

    scene: Text
    language: Text
    theme: Text
    trace: Text
    beats: tuple[Cue, ...]
    background: Color | None = None
    videos: dict[str, str] | None = None


@dataclass(frozen=True)
class RenderedVideo:
    """The video of one scene, with its beats.

    ``background`` is the colour of its theme on which to put a transparent video.
    """

    scene: str
    language: str
    theme: str
    trace: str
    path: Path
    cues: tuple[Cue, ...]
    background: str
    title: str | None = None

    @classmethod
    def of(cls, video: Path) -> "RenderedVideo":
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
            known = PALETTES.get(told.theme, DARK).ground
            background = told.background or known
            made = cls(
                told.scene,
                told.language,
                told.theme,
                told.trace,
                video,
                told.beats,
                background,
            )
            made._check()
        except FileNotFoundError as error:
            raise ExportError(
                f"{str(video)!r} has no {beside.name!r} beside it, which rnnviz writes with every "
                "video; render the scene again"
            ) from error
        except (OSError, ValueError, RecursionError) as error:
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
        """Check that the video lasts as long as its beats.

        Raises: ExportError if it does not, or cannot be read
        """
        try:
            length = _length(self.path)
        except (OSError, av.FFmpegError, IndexError) as error:
            raise self._unreadable(error) from error
        expected = self.cues[-1].end
        if abs(length - expected) <= _LENGTH_TOLERANCE:
            return
        cut = [cue.number for cue in self.cues if cue.end > length + _LENGTH_TOLERANCE]
        reason = "it was slowed down or extended"
        if cut:
            beats = f"beat {cut[0]} is" if len(cut) == 1 else f"beats {cut[0]} to {cut[-1]} are"
            reason = f"it was cut or sped up, so that {beats} incomplete"
        raise ExportError(
            f"{str(self.path)!r} lasts {length:.1f} s, but {beside.name!r} lists beats up to "
            f"{expected:.1f} s: {reason}, or a render was interrupted; render the scene again"
        )

    def _unreadable(self, error: Exception) -> ExportError:
        return ExportError(f"{str(self.path)!r} cannot be read ({error})")

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
            if any(category(mark) in _UNPRINTABLE for mark in "".join(cue.captions.values())):
                raise ValueError(f"beat {cue.name!r} has a control character in its caption")
            number, time = cue.number, cue.end - _ROUNDED

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of its captions, starting with the one drawn in the video."""
        return tuple(sorted(self.cues[0].captions, key=lambda code: (code != self.language, code)))

    @property
    def media_type(self) -> str:
        """The video's MIME type."""
        return _TYPES[self.path.suffix.lower()]

    def titles(self) -> Mapping[str, str]:
        """Return the scene's title in each language; a user's own scene is titled by its name."""
        if self.title is not None:
            return dict.fromkeys(self.languages, self.title)
        entry = SCENES.get(self.scene)
        name = "".join(" " if category(mark) in _UNPRINTABLE else mark for mark in self.scene)
        title = entry.title if entry else name
        return {language: translated(title, language) for language in self.languages}

    @property
    def scheme(self) -> str:
        """Whether its background is dark or light."""
        return scheme_of(self.background)

    def stills(self, background: str | None = None) -> tuple[bytes, ...]:
        """Return the last frame of each beat as PNG, put on a background colour if one is given.

        Raises: ExportError if the video cannot be read
        """
        return tuple(self._frames([cue.end for cue in self.cues], background))

    def first_frame(self) -> bytes:
        """Return the first frame as PNG.

        Raises: ExportError if the video cannot be read
        """
        return self._frames([0.0], None)[0]

    def thumbnail(self) -> tuple[bytes, float]:
        """Return the last frame as a small WebP, and the video's width divided by its height.

        Raises: ExportError if the video cannot be read
        """
        try:
            picture = image_of(_last_frame(self.path), self.background)
        except (OSError, av.FFmpegError, IndexError) as error:
            raise self._unreadable(error) from error
        ratio = picture.width / picture.height
        file = io.BytesIO()
        small = picture.resize((_THUMBNAIL, max(1, round(_THUMBNAIL / ratio))))
        small.save(file, format="WEBP", quality=80)
        return file.getvalue(), ratio

    def _frames(self, ends: Sequence[float], background: str | None) -> list[bytes]:
        try:
            return _frames(self.path, ends, background)
        except (OSError, av.FFmpegError, IndexError) as error:
            raise self._unreadable(error) from error


def _length(video: Path) -> float:
    """Return how long the frames of a video last, in seconds.

    The container's duration includes the sound. Where a stream has no duration, as in WebM, it is
    computed from the last frame.
    """
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        if stream.duration is not None and stream.time_base is not None:
            return float(stream.duration * stream.time_base)
        rate = float(stream.average_rate or 1)
        times = [packet.pts * packet.time_base for packet in container.demux(stream) if packet.pts]
        return float(max(times, default=0)) + 1 / rate


def _frames(video: Path, ends: Sequence[float], background: str | None) -> list[bytes]:
    """Return the last frame before each time, as PNG; the first frame for time 0."""
    found: list[bytes] = []
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        rate = float(stream.average_rate or 1)
        before: Any = None
        for frame in decoded(container):
            while len(found) < len(ends) and float(frame.time) > ends[len(found)] - 0.5 / rate:
                found.append(_png(before if before is not None else frame, background))
            before = frame
            if len(found) == len(ends):
                return found
        while before is not None and len(found) < len(ends):
            found.append(_png(before, background))
    if len(found) < len(ends):
        raise IndexError("it has no frames")
    return found


def _last_frame(video: Path) -> Any:
    """Return the last frame of a video, decoding only what it depends on."""
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        if stream.duration is not None:
            container.seek((stream.start_time or 0) + stream.duration, stream=stream)
        last = None
        for frame in decoded(container):
            last = frame
    if last is None:
        raise IndexError("it has no frames")
    return last


def _png(frame: Any, background: str | None) -> bytes:
    file = io.BytesIO()
    image_of(frame, background).save(file, format="PNG", optimize=True)
    return file.getvalue()

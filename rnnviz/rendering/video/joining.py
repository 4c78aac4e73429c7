"""Joins encoded beats into one file.

An MP4 has its index in front, a chapter for each beat, and a track of captions for each language.
The sounds of a scene are mixed and encoded here, as they may go on from one beat into the next.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from heapq import merge
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, Final

import av

from rnnviz.errors import RenderError
from rnnviz.rendering.video.mixing import add_track, encoded
from rnnviz.rendering.video.sound import Part
from rnnviz.rendering.video.timeline import Cue
from rnnviz.system.versions import version

_MILLISECOND: Final = Fraction(1, 1000)
_CODES: Final = {"en": "eng", "zh": "zho"}
_UNKNOWN: Final = "und"
_ALPHA: Final = "alpha_mode"
"""WebM's tag for a track whose packets carry opacity as well."""


def frames_in(segment: Path) -> int:
    """Return the number of frames of an encoded beat.

    Raises: RenderError if it cannot be read
    """
    try:
        with av.open(str(segment)) as container:
            return sum(1 for packet in container.demux(video=0) if packet.size)
    except (OSError, av.FFmpegError, IndexError) as error:
        raise RenderError(
            f"an encoded beat is incomplete ({error}); free space on the disk if it is full, and "
            "render again"
        ) from error


def starts(counts: Sequence[int], rate: int) -> tuple[tuple[float, float], ...]:
    """Return the start and end of each beat, in seconds, from their numbers of frames."""
    return tuple((a / rate, b / rate) for a, b in pairwise(accumulate(counts, initial=0)))


def join(
    segments: Sequence[Path],
    cues: Sequence[Cue],
    rate: int,
    target: Path,
    sounds: Sequence[Part] = (),
) -> None:
    """Copy the frames of encoded beats into one video, without encoding them again.

    Its sounds, if there are any, become one track.
    """
    ending = target.suffix.lower()
    whole = ending == ".mp4"
    options = {"movflags": "+faststart"} if ending != ".webm" else {}
    with av.open(str(segments[0])) as first, av.open(str(target), "w", options=options) as made:
        made.metadata["comment"] = f"rnnviz {version('rnnviz')}"
        original = first.streams.video[0]
        copied = made.add_stream_from_template(original)
        copied.time_base = Fraction(1, rate)
        # a template sets neither: players would see no opacity, or the wrong profile of the codec
        copied.codec_context.codec_tag = original.codec_context.codec_tag
        copied.metadata.update({_ALPHA: "1"} if _ALPHA in original.metadata else {})
        heard: Iterator[Any] = iter(())
        if sounds:
            heard = encoded(add_track(made, ending), sounds, cues[-1].end - cues[0].start)
        languages = list(cues[0].captions) if whole else []
        tracks = [_track(made, language) for language in languages]
        if whole:
            made.set_chapters([_chapter(cue) for cue in cues])
        seen = _packets(segments, cues, rate, copied)
        for packet in merge(seen, heard, key=lambda each: each.dts * each.time_base):
            made.mux(packet)
        for cue in cues:
            for language, track in zip(languages, tracks, strict=True):
                made.mux(_caption(cue, language, track))


def _packets(
    segments: Sequence[Path], cues: Sequence[Cue], rate: int, copied: Any
) -> Iterator[Any]:
    """Yield the packets of all segments, each at its time in the video."""
    tick = Fraction(1, rate)
    for segment, cue in zip(segments, cues, strict=True):
        start = round((cue.start - cues[0].start) * rate)
        with av.open(str(segment)) as container:
            packet: Any
            for packet in container.demux(video=0):
                if packet.size:
                    base = packet.time_base
                    packet.pts = start + round(packet.pts * base / tick)
                    packet.dts = start + round(packet.dts * base / tick)
                    packet.duration = 1
                    packet.time_base = tick
                    packet.stream = copied
                    yield packet


def _chapter(cue: Cue) -> Any:
    return {
        "id": cue.number,
        "start": round(cue.start * 1000),
        "end": round(cue.end * 1000),
        "time_base": _MILLISECOND,
        "metadata": {"title": cue.name.replace("_", " ")},
    }


def _track(made: Any, language: str) -> Any:
    track = made.add_mux_stream("mov_text")
    track.time_base = _MILLISECOND
    track.metadata["language"] = _CODES.get(language, _UNKNOWN)
    return track


def _caption(cue: Cue, language: str, track: Any) -> Any:
    text = cue.captions[language].encode()
    packet = av.Packet(len(text).to_bytes(2, "big") + text)
    packet.stream = track
    packet.time_base = _MILLISECOND
    packet.pts = packet.dts = round(cue.start * 1000)
    packet.duration = round((cue.end - cue.start) * 1000)
    return packet

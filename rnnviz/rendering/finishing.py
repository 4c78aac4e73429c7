"""An MP4 as players like it: the index in front, chapters, and captions inside."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av

from rnnviz.rendering.timeline import Cue

_MILLISECOND: Final = Fraction(1, 1000)
_CODES: Final = {"en": "eng", "zh": "zho"}
_UNKNOWN: Final = "und"


def finish(source: Path, target: Path, cues: Sequence[Cue]) -> None:
    """Copy a video's pictures into an MP4 with a chapter a beat and a track a language."""
    options = {"movflags": "+faststart"}
    with av.open(str(source)) as given, av.open(str(target), "w", options=options) as made:
        made.metadata.update(given.metadata)
        pictures = given.streams.video[0]
        copied = made.add_stream_from_template(pictures)
        languages = list(cues[0].captions) if cues else []
        tracks = [_track(made, language) for language in languages]
        made.set_chapters(
            [
                {
                    "id": cue.number,
                    "start": round(cue.start * 1000),
                    "end": round(cue.end * 1000),
                    "time_base": _MILLISECOND,
                    "metadata": {"title": cue.name.replace("_", " ")},
                }
                for cue in cues
            ]
        )
        for packet in given.demux(pictures):
            if packet.size:
                packet.stream = copied
                made.mux(packet)
        for cue in cues:
            for language, track in zip(languages, tracks, strict=True):
                made.mux(_said(cue, language, track))


def _track(made: Any, language: str) -> Any:
    track = made.add_mux_stream("mov_text")
    track.time_base = _MILLISECOND
    track.metadata["language"] = _CODES.get(language, _UNKNOWN)
    return track


def _said(cue: Cue, language: str, track: Any) -> Any:
    text = cue.captions[language].encode()
    packet = av.Packet(len(text).to_bytes(2, "big") + text)
    packet.stream = track
    packet.time_base = _MILLISECOND
    packet.pts = packet.dts = round(cue.start * 1000)
    packet.duration = round((cue.end - cue.start) * 1000)
    return packet

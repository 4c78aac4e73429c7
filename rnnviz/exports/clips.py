"""Moving pictures cut out of a video: a clip for each beat, and small animations for pages."""

import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av

from rnnviz.exports.material import Material
from rnnviz.rendering.video.frames import decoded, on_background
from rnnviz.rendering.video.gif import animate, images
from rnnviz.rendering.video.mixing import add_track, encoded
from rnnviz.rendering.video.sound import Part

_QUALITY: Final = {"crf": "18", "preset": "veryfast"}
_COLOURS: Final = ("colorspace", "color_range", "color_primaries", "color_trc")
"""What numbers stand for which colours; a player guesses where that is not told."""


def clips(material: Material, folder: Path) -> Iterator[Path]:
    """One MP4 for each beat, encoded anew: a beat need not begin at a key frame.

    A transparent video stands on its theme's ground in them.
    """
    for cue in material.cues:
        path = folder / f"{cue.number}.mp4"
        with av.open(str(material.video)) as given, av.open(str(path), "w") as made:
            pictures = given.streams.video[0]
            rate = pictures.average_rate or Fraction(30)
            stream = made.add_stream("libx264", rate=rate, options=_QUALITY)
            stream.width, stream.height = pictures.width, pictures.height
            stream.pix_fmt = "yuv420p"
            for name in _COLOURS:
                setattr(stream.codec_context, name, getattr(pictures.codec_context, name))
            heard: Iterator[Any] = iter(())
            if given.streams.audio:
                part = Part(str(material.video), -cue.start)
                heard = encoded(add_track(made, path.suffix), [part], cue.end - cue.start)
            for place, frame in enumerate(_between(given, pictures, cue.start, cue.end)):
                shown = on_background(frame, material.ground)
                shown.pts, shown.time_base, shown.pict_type = place, 1 / rate, 0
                made.mux(stream.encode(shown))
            made.mux(stream.encode())
            for packet in heard:
                made.mux(packet)
        yield path


def animation(material: Material, path: Path, *, width: int = 640, rate: int = 12) -> None:
    """The whole video as a GIF or an animated WebP, smaller and with fewer pictures a second."""
    if path.suffix.lower() == ".gif":
        animate(material.video, path, width=width, rate=rate, background=material.ground)
        return
    first, *others = images(material.video, width, rate)
    duration = round(1000 / rate)
    made = io.BytesIO()
    first.save(
        made,
        format="WEBP",
        save_all=True,
        append_images=others,
        loop=0,
        duration=duration,
        quality=70,
        method=4,
    )
    path.write_bytes(made.getvalue())


def _between(container: Any, stream: Any, start: float, end: float) -> Iterator[Any]:
    half = 0.5 / float(stream.average_rate or 30)
    for frame in decoded(container):
        if frame.time >= end - half:
            return
        if frame.time >= start - half:
            yield frame

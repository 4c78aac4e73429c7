"""Moving pictures cut out of a video: a clip for each beat, and small animations for pages."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av

from rnnviz.errors import ExportError
from rnnviz.export.material import Material

_QUALITY: Final = {"crf": "18", "preset": "veryfast"}


def clips(material: Material, folder: Path) -> Iterator[Path]:
    """One MP4 for each beat, encoded anew: a beat need not begin at a key frame."""
    for cue in material.cues:
        path = folder / f"{cue.number:02d}-{cue.name.replace('_', '-')}.mp4"
        with av.open(str(material.video)) as given, av.open(str(path), "w") as made:
            pictures = given.streams.video[0]
            rate = pictures.average_rate or Fraction(30)
            stream = made.add_stream("libx264", rate=rate, options=_QUALITY)
            stream.width, stream.height = pictures.width, pictures.height
            stream.pix_fmt = "yuv420p"
            for place, frame in enumerate(_between(given, pictures, cue.start, cue.end)):
                frame.pts, frame.time_base, frame.pict_type = place, 1 / rate, 0
                made.mux(stream.encode(frame))
            made.mux(stream.encode())
        yield path


def animation(material: Material, path: Path, *, width: int = 640, rate: int = 12) -> None:
    """The whole video as a GIF or an animated WebP, smaller and with fewer pictures a second."""
    pictures = list(_sampled(material.video, width, rate))
    if not pictures:
        raise ExportError(f"{str(material.video)!r} has no pictures; render it again")
    first, *others = pictures
    settings: dict[str, Any] = {"save_all": True, "append_images": others, "loop": 0}
    settings["duration"] = round(1000 / rate)
    if path.suffix.lower() == ".gif":
        colours = first.convert("RGB").quantize(64, dither=0)
        first, *others = (one.quantize(palette=colours, dither=0) for one in pictures)
        first.save(path, **{**settings, "append_images": others}, optimize=True)
    else:
        first.save(path, **settings, quality=70, method=4)


def _sampled(video: Path, width: int, rate: int) -> Iterator[Any]:
    wanted = 0.0
    with av.open(str(video)) as given:
        for frame in given.decode(video=0):
            if frame.time is not None and frame.time >= wanted - 1e-6:
                height = round(frame.height * width / frame.width)
                small: Any = frame.reformat(width=width, height=height)
                yield small.to_image()
                wanted += 1 / rate


def _between(container: Any, stream: Any, start: float, end: float) -> Iterator[Any]:
    half = 0.5 / float(stream.average_rate or 30)
    for frame in container.decode(stream):
        if frame.time >= end - half:
            return
        if frame.time >= start - half:
            yield frame

"""Cut a video into one clip per beat, or shrink it to an animated image."""

import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av

from rnnviz.exports.rendered_video import RenderedVideo
from rnnviz.rendering.video.frames import decoded, on_background
from rnnviz.rendering.video.gif import animate, images
from rnnviz.rendering.video.mixing import add_track, encoded
from rnnviz.rendering.video.sound import Part

_QUALITY: Final = {"crf": "18", "preset": "veryfast"}
_COLOURS: Final = ("colorspace", "color_range", "color_primaries", "color_trc")
"""Colour metadata; without it a player has to guess."""


def clips(video: RenderedVideo, folder: Path) -> Iterator[Path]:
    """Write one MP4 per beat and yield its path.

    Frames are encoded again, since a beat need not begin at a key frame. A transparent video is
    put on the background of its theme.
    """
    for cue in video.cues:
        path = folder / f"{cue.number}.mp4"
        with av.open(str(video.path)) as source, av.open(str(path), "w") as clip:
            frames = source.streams.video[0]
            rate = frames.average_rate or Fraction(30)
            stream = clip.add_stream("libx264", rate=rate, options=_QUALITY)
            stream.width, stream.height = frames.width, frames.height
            stream.pix_fmt = "yuv420p"
            for name in _COLOURS:
                setattr(stream.codec_context, name, getattr(frames.codec_context, name))
            sound: Iterator[Any] = iter(())
            if source.streams.audio:
                part = Part(str(video.path), -cue.start)
                sound = encoded(add_track(clip, path.suffix), [part], cue.end - cue.start)
            for number, frame in enumerate(_between(source, frames, cue.start, cue.end)):
                opaque = on_background(frame, video.background)
                opaque.pts, opaque.time_base, opaque.pict_type = number, 1 / rate, 0
                clip.mux(stream.encode(opaque))
            clip.mux(stream.encode())
            for packet in sound:
                clip.mux(packet)
        yield path


def animation(video: RenderedVideo, path: Path, *, width: int = 640, rate: int = 12) -> None:
    """Write the video as a GIF or animated WebP of a smaller width and frame rate.

    Units:  pixels, frames per second
    """
    if path.suffix.lower() == ".gif":
        animate(video.path, path, width=width, rate=rate, background=video.background)
        return
    first, *others = images(video.path, width, rate)
    duration = round(1000 / rate)
    file = io.BytesIO()
    first.save(
        file,
        format="WEBP",
        save_all=True,
        append_images=others,
        loop=0,
        duration=duration,
        quality=70,
        method=4,
    )
    path.write_bytes(file.getvalue())


def _between(container: Any, stream: Any, start: float, end: float) -> Iterator[Any]:
    half = 0.5 / float(stream.average_rate or 30)
    for frame in decoded(container):
        if frame.time >= end - half:
            return
        if frame.time >= start - half:
            yield frame

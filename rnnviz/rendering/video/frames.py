"""The frames of a finished video, with their opacity if they have any."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from PIL import Image

_ALPHA: Final = "alpha_mode"
_VP9_WITH_ALPHA: Final = "libvpx-vp9"


def is_transparent(video: Path) -> bool:
    """Whether a video has an alpha channel."""
    with av.open(str(video)) as container:
        return _is_transparent(container.streams.video[0])


def is_audible(video: Path) -> bool:
    """Whether a video has a sound track."""
    with av.open(str(video)) as container:
        return bool(container.streams.audio)


def decoded(container: Any) -> Iterator[Any]:
    """Yield the frames of a video's first track; FFmpeg's own VP9 decoder drops the opacity."""
    stream = container.streams.video[0]
    if not (stream.codec_context.name == "vp9" and _is_transparent(stream)):
        yield from container.decode(stream)
        return
    decoder: Any = av.CodecContext.create(_VP9_WITH_ALPHA, "r")
    for packet in container.demux(stream):
        for frame in decoder.decode(packet):
            frame.time_base = stream.time_base
            yield frame


def image_of(frame: Any, background: str | None = None) -> Image.Image:
    """Return a frame as an image, on a background if one is given, else with its opacity."""
    if not _has_alpha(frame.format):
        image: Image.Image = frame.to_image()
        return image
    pixels: np.ndarray = frame.to_ndarray(format="rgba")
    image = Image.fromarray(pixels)
    if background is None:
        return image
    below = Image.new("RGBA", image.size, background)
    return Image.alpha_composite(below, image).convert("RGB")


def on_background(frame: Any, background: str) -> Any:
    """Return a frame without opacity: itself, or if it is transparent, on a background."""
    if not _has_alpha(frame.format):
        return frame
    return VideoReformatter().reformat(
        av.VideoFrame.from_ndarray(np.asarray(image_of(frame, background)), format="rgb24"),
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
    )


def _is_transparent(stream: Any) -> bool:
    marks = {name.lower(): value for name, value in stream.metadata.items()}
    return marks.get(_ALPHA) == "1" or _has_alpha(stream.codec_context.format)


def _has_alpha(pixels: Any) -> bool:
    return any(component.is_alpha for component in pixels.components)

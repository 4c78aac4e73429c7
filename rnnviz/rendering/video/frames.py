"""Pictures of a video that was made, with their opacity where they have any."""

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
    """Whether the pictures of a video have an opacity."""
    with av.open(str(video)) as container:
        return _is_transparent(container.streams.video[0])


def is_audible(video: Path) -> bool:
    """Whether a video has a sound track."""
    with av.open(str(video)) as container:
        return bool(container.streams.audio)


def decoded(container: Any) -> Iterator[Any]:
    """The frames of a video's first track; FFmpeg's own VP9 decoder leaves the opacity out."""
    stream = container.streams.video[0]
    if not (stream.codec_context.name == "vp9" and _is_transparent(stream)):
        yield from container.decode(stream)
        return
    decoder: Any = av.CodecContext.create(_VP9_WITH_ALPHA, "r")
    for packet in container.demux(stream):
        for frame in decoder.decode(packet):
            frame.time_base = stream.time_base
            yield frame


def image_of(frame: Any, ground: str | None = None) -> Image.Image:
    """A frame as a picture: transparent if it is, unless a ground is named to put it on."""
    if not _has_alpha(frame.format):
        image: Image.Image = frame.to_image()
        return image
    pixels: np.ndarray = frame.to_ndarray(format="rgba")
    picture = Image.fromarray(pixels)
    if ground is None:
        return picture
    below = Image.new("RGBA", picture.size, ground)
    return Image.alpha_composite(below, picture).convert("RGB")


def on_ground(frame: Any, ground: str) -> Any:
    """A frame without opacity: itself, or if it is transparent, as it looks on a ground."""
    if not _has_alpha(frame.format):
        return frame
    return VideoReformatter().reformat(
        av.VideoFrame.from_ndarray(np.asarray(image_of(frame, ground)), format="rgb24"),
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
    )


def _is_transparent(stream: Any) -> bool:
    marks = {name.lower(): value for name, value in stream.metadata.items()}
    return marks.get(_ALPHA) == "1" or _has_alpha(stream.codec_context.format)


def _has_alpha(pixels: Any) -> bool:
    return any(component.is_alpha for component in pixels.components)

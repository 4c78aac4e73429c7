"""Encodes frames into a segment of a video: one beat, which can be joined with others."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, VideoReformatter

from rnnviz.rendering.manim_adapter.canvas import Box, Canvas, unmultiplied
from rnnviz.rendering.profile import EncodingProfile

_REACH: Final = 2
"""How far a pixel's colour reaches, in pixels, as chroma is filtered and subsampled."""
_MARGIN: Final = 4
"""Pixels around a box that are converted with it, so that no seam is left."""
_BYTE: Final = 8


class NotWrittenError(OSError):
    """The encoded video cannot be written: an error of the file, not of the scene."""


class Encoder:
    """Encodes frames into a file, converting pixels only where they changed.

    Used as a context, which closes the file; the file is complete once ``finish`` was called.
    """

    def __init__(self, target: Path, profile: EncodingProfile) -> None:
        self.frames = 0
        self._profile = profile
        codec, (width, height) = profile.codec, profile.size
        self._converters: dict[tuple[int, ...], VideoReformatter] = {}
        self._frame = av.VideoFrame(width, height, codec.pixels)
        self._frame.time_base = Fraction(1, profile.rate)
        self._planes = _samples(self._frame)
        self._file = av.open(str(target), "w", format=codec.container)
        stream: Any = self._file.add_stream(codec.name, rate=profile.rate, options=codec.options)
        stream.width, stream.height, stream.pix_fmt = width, height, codec.pixels
        self._stream = stream
        for each in (stream.codec_context, self._frame):
            each.colorspace, each.color_range = Colorspace.ITU709, ColorRange.MPEG
            each.color_primaries, each.color_trc = ColorPrimaries.BT709, ColorTrc.BT709

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def finish(self) -> None:
        """Encode what is left, and close the file, which is then complete."""
        self._mux(self._stream.encode())
        with _writing():
            self._file.close()

    def write(self, canvas: Canvas, frames: int) -> None:
        """Encode what a canvas shows now, for a number of frames."""
        for box in canvas.changed:
            self._convert(canvas.pixel_array, box)
        for _ in range(frames):
            self._frame.pts = self.frames
            self._mux(self._stream.encode(self._frame))
            self.frames += 1

    def _mux(self, packets: Any) -> None:
        with _writing():
            self._file.mux(packets)

    def _convert(self, pixels: np.ndarray, box: Box) -> None:
        size = width, height = self._profile.size
        box = box.grown(_REACH, size)
        top, bottom, left, right = box.grown(_MARGIN, size)
        seen = pixels[top:bottom, left:right]
        if self._profile.transparent:
            seen = unmultiplied(seen)
        converter = self._converters.setdefault(seen.shape, VideoReformatter())
        made = converter.reformat(
            av.VideoFrame.from_numpy_buffer(seen, "rgba"),
            format=self._profile.codec.pixels,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            threads=1,
        )
        for target, samples in zip(self._planes, _samples(made), strict=True):
            rows, columns = height // target.shape[0], width // target.shape[1]
            target[
                box.top // rows : box.bottom // rows, box.left // columns : box.right // columns
            ] = samples[
                (box.top - top) // rows : (box.bottom - top) // rows,
                (box.left - left) // columns : (box.right - left) // columns,
            ]


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotWrittenError(error.errno, error.strerror) from error


def _samples(frame: Any) -> list[np.ndarray]:
    """Return the planes of a frame, without the padding of their rows."""
    kind = np.dtype(np.uint8 if frame.format.components[0].bits <= _BYTE else np.uint16)
    return [
        np.frombuffer(plane, kind).reshape(plane.height, -1)[:, : plane.width]
        for plane in frame.planes
    ]

"""Mixes the sounds of a video into one track, block by block, and encodes it."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import chain
from typing import Any, Final

import av
import numpy as np

from rnnviz.rendering.video.sound import Part

RATE: Final = 48_000
"""Samples per second, which every codec here accepts."""
_BLOCK: Final = 4_800
_CODECS: Final = {
    ".mp4": ("aac", 192_000),
    ".webm": ("libopus", 128_000),
    ".mov": ("pcm_s16le", None),
}
_DECIBELS: Final = 20.0
"""Decibels for a factor of ten in amplitude."""


def add_track(made: Any, ending: str) -> Any:
    """Add a stereo track for the packets of ``encoded``; ``ending`` is the file's suffix."""
    codec, bits = _CODECS[ending]
    track = made.add_stream(codec, rate=RATE, layout="stereo")
    if bits is not None:
        track.bit_rate = bits
    return track


def encoded(track: Any, parts: Sequence[Part], length: float) -> Iterator[Any]:
    """Yield the packets of a track that is as long as the video.

    Units: seconds
    """
    done = 0
    for block in mixed(parts, round(length * RATE)):
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(block.T), format="fltp", layout="stereo"
        )
        frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), done
        done += len(block)
        yield from track.encode(frame)
    yield from track.encode(None)


def mixed(parts: Sequence[Part], length: int) -> Iterator[np.ndarray]:
    """Yield blocks of stereo samples, ``length`` samples in all.

    A part's ``background`` is the gain of the parts before it in the list while it is heard.
    """
    voices = [_Voice(part) for part in parts]
    for start in range(0, length, _BLOCK):
        block = np.zeros((min(_BLOCK, length - start), 2), np.float32)
        for voice in voices:
            voice.join(block, start)
        yield np.clip(block, -1.0, 1.0)


class _Voice:
    """One part, read as it is needed."""

    def __init__(self, part: Part) -> None:
        self._first = round(part.start * RATE)
        self._gain, self._background = _factor(part.gain), _factor(part.background)
        self._read = _samples(part.file)
        self._held = np.zeros((0, 2), np.float32)
        self._ended = False
        if self._first < 0:
            self._next(-self._first)
            self._first = 0

    def join(self, block: np.ndarray, start: int) -> None:
        """Add its samples to a block that begins at a sample of the video."""
        begin = max(self._first - start, 0)
        if begin >= len(block) or self._ended:
            return
        heard = self._next(len(block) - begin)
        place = block[begin : begin + len(heard)]
        place *= self._background
        place += self._gain * heard

    def _next(self, count: int) -> np.ndarray:
        """Return the next samples, fewer at its end."""
        pieces, missing = [], count
        while missing > 0:
            if not len(self._held):
                self._held = next(self._read, self._held)
                if not len(self._held):
                    self._ended = True
                    break
            pieces.append(self._held[:missing])
            self._held = self._held[missing:]
            missing -= len(pieces[-1])
        return np.concatenate(pieces) if pieces else self._held


def _factor(decibels: float) -> np.float32:
    return np.float32(10 ** (decibels / _DECIBELS))


def _samples(file: str) -> Iterator[np.ndarray]:
    """Yield the stereo samples of a file in pieces, none of them empty."""
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
    with av.open(file) as container:
        for frame in chain(container.decode(audio=0), (None,)):  # None flushes the resampler
            yield from (each.to_ndarray().T for each in resampler.resample(frame) if each.samples)

"""Converts a video to a GIF with one palette for all frames, in which rare hues count as much."""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from PIL import Image

from rnnviz.rendering.video.frames import decoded, image_of

_COLOURS: Final = 256
_FREQUENT: Final = 64
_LOOKED_AT: Final = 40
_STEP: Final = 8
"""Rare colours that differ less than this in each channel count as one."""
_PLACES: Final = np.array([65536, 256, 1], np.uint32)
_TICK: Final = 10
"""A GIF's unit of time, in milliseconds."""


def animate(
    video: Path,
    target: Path,
    *,
    width: int | None = None,
    rate: int | None = None,
    background: str | None = None,
) -> None:
    """Write a video as a GIF, smaller and with fewer frames per second if wanted.

    ``background`` is the colour behind a transparent video.

    Units: width in pixels, rate in frames per second; the defaults are the video's
    """
    with av.open(str(video)) as given:
        shown = rate or float(given.streams.video[0].average_rate or 25)
    count = sum(1 for _ in images(video, 16, rate))
    shows = partial(images, video, width, rate, background)
    table = _table(islice(shows(), 0, None, max(1, count // _LOOKED_AT)))
    drawn = (image.quantize(palette=table, dither=Image.Dither.NONE) for image in shows())
    ends = [round(1000 * number / shown / _TICK) * _TICK for number in range(count + 1)]
    lengths = [end - start for start, end in pairwise(ends)]
    first = next(drawn)
    first.save(target, save_all=True, append_images=drawn, duration=lengths, loop=0)


def images(
    video: Path, width: int | None = None, rate: int | None = None, background: str | None = None
) -> Iterator[Any]:
    """Yield the frames of a video as images, smaller and fewer per second if wanted.

    Those of a transparent video are transparent, or on a background.
    """
    wanted = 0.0
    with av.open(str(video)) as given:
        for frame in decoded(given):
            if rate is None or (frame.time is not None and frame.time >= wanted - 1e-6):
                across = width or frame.width
                small: Any = frame.reformat(
                    width=across, height=round(frame.height * across / frame.width)
                )
                yield image_of(small, background)
                wanted += 1 / rate if rate else 0.0


def _table(some: Iterable[Any]) -> Any:
    """Return a palette of the most frequent colours, and of the others, each counted once."""
    counts: Counter[int] = Counter()
    for image in some:
        channels = np.asarray(image.convert("RGB")).reshape(-1, 3).astype(np.uint32)
        found, often = np.unique(channels @ _PLACES, return_counts=True)
        counts.update(dict(zip(found.tolist(), often.tolist(), strict=True)))
    frequent = [colour for colour, _ in counts.most_common(_FREQUENT)]
    rest = np.array(sorted(counts.keys() - set(frequent)) or [0], np.uint32)
    rare = np.unique(_channels(rest) // _STEP * _STEP + _STEP // 2, axis=0)
    cut = Image.fromarray(rare[np.newaxis]).quantize(_COLOURS - len(frequent))
    table = Image.new("P", (1, 1))
    exact = _channels(np.array(frequent, np.uint32)).ravel().tolist()
    table.putpalette([*exact, *(cut.getpalette() or ())][: 3 * _COLOURS])
    return table


def _channels(colours: np.ndarray) -> np.ndarray:
    return (colours[:, np.newaxis] // _PLACES % 256).astype(np.uint8)

"""A video's pictures as a GIF: one table of colours for all, in which rare hues count as much."""

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
"""Colours nearer than this in each channel count as one where they are rare."""
_PLACES: Final = np.array([65536, 256, 1], np.uint32)
_TICK: Final = 10
"""A GIF counts time in hundredths of a second; here as milliseconds."""


def animate(
    video: Path,
    target: Path,
    *,
    width: int | None = None,
    rate: int | None = None,
    ground: str | None = None,
) -> None:
    """Write a GIF of a whole video, or a smaller one with fewer pictures a second.

    ``ground`` is the colour that a transparent video is put on.

    Units: width in pixels, rate in pictures a second; both as the video's unless given
    """
    with av.open(str(video)) as given:
        shown = rate or float(given.streams.video[0].average_rate or 25)
    count = sum(1 for _ in pictures(video, 16, rate))
    shows = partial(pictures, video, width, rate, ground)
    table = _table(islice(shows(), 0, None, max(1, count // _LOOKED_AT)))
    drawn = (picture.quantize(palette=table, dither=Image.Dither.NONE) for picture in shows())
    ends = [round(1000 * number / shown / _TICK) * _TICK for number in range(count + 1)]
    lengths = [end - start for start, end in pairwise(ends)]
    first = next(drawn)
    first.save(target, save_all=True, append_images=drawn, duration=lengths, loop=0)


def pictures(
    video: Path, width: int | None = None, rate: int | None = None, ground: str | None = None
) -> Iterator[Any]:
    """The pictures of a video, in another size and fewer of them if wanted.

    Those of a transparent one are transparent, or put on a ground.
    """
    wanted = 0.0
    with av.open(str(video)) as given:
        for frame in decoded(given):
            if rate is None or (frame.time is not None and frame.time >= wanted - 1e-6):
                across = width or frame.width
                small: Any = frame.reformat(
                    width=across, height=round(frame.height * across / frame.width)
                )
                yield image_of(small, ground)
                wanted += 1 / rate if rate else 0.0


def _table(some: Iterable[Any]) -> Any:
    """A palette of what is most frequent, and of all else with each colour counted once."""
    counts: Counter[int] = Counter()
    for picture in some:
        channels = np.asarray(picture.convert("RGB")).reshape(-1, 3).astype(np.uint32)
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

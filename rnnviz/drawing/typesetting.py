"""What Typst makes of a source, as outlines; set once, and kept for later processes.

Only what a picture needs is kept of Manim's objects, so that copying text costs little.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from io import BytesIO
from typing import Any, Final

import numpy as np
import typst
from manim import ManimColor, MathTypst, Typst, VMobject

from rnnviz.defaults import FOLDER_VARIABLE, cache_folder
from rnnviz.errors import RenderError
from rnnviz.rendering.cache import Cache
from rnnviz.rendering.sources import fonts

_PREAMBLE: Final = (
    '#set text(font: "rnnviz Sans", fallback: false, top-edge: "baseline", '
    'bottom-edge: "descender")\n'
    '#show math.equation: set text(font: "New Computer Modern Math", fallback: false)'
)
_FONT_SIZE_PER_EM: Final = 96.0
_IN_MEMORY: Final = 4096


@dataclass(frozen=True, eq=False)
class Glyph:
    """An outline, filled or drawn as a line.

    Units: points and stroke width as Manim's
    """

    points: np.ndarray
    fill: float
    stroke: float

    def drawn(self, color: ManimColor) -> VMobject:
        """The glyph as something to show."""
        shown = VMobject(
            color=color,
            fill_color=color,
            fill_opacity=self.fill,
            stroke_color=color,
            stroke_width=self.stroke,
        )
        shown.points = self.points.copy()
        return shown


@dataclass(frozen=True, eq=False)
class Typeset:
    """Outlines, which of them make which part, and the baseline as a share of the height."""

    glyphs: tuple[Glyph, ...]
    parts: Mapping[str, tuple[int, ...]]
    baseline_share: float


@lru_cache(maxsize=_IN_MEMORY)
def typeset(source: str, size: float, *, math: bool = False) -> Typeset:
    """Set a text or a formula in Typst's notation.

    Units:  size is the em height in Manim units
    Raises: RenderError if the files of setting it cannot be written
    """
    key = sha256(repr((source, size, math, _PREAMBLE, _versions(), fonts())).encode()).hexdigest()
    cache = Cache(cache_folder())
    kept = cache.text(key)
    if kept is not None:
        return _read(kept)
    made = _set(source, size, math)
    cache.keep_text(key, _written(made))
    return made


def _set(source: str, size: float, math: bool) -> Typeset:
    try:
        made: Any = (MathTypst if math else Typst)(
            source,
            font_size=size * _FONT_SIZE_PER_EM,
            typst_preamble=_PREAMBLE,
            font_paths=_fonts(),
            track_baselines=True,
            use_svg_cache=False,
        )
    except OSError as error:
        raise RenderError(
            f"cannot write what setting a text takes ({error.strerror or error}); make room, or "
            f"name another folder in {FOLDER_VARIABLE}"
        ) from error
    places = {id(glyph): place for place, glyph in enumerate(made.submobjects)}
    frames = made.baseline_frames
    return Typeset(
        tuple(
            Glyph(glyph.points, float(glyph.get_fill_opacity()), float(glyph.get_stroke_width()))
            for glyph in made.submobjects
        ),
        {
            name: tuple(places[id(glyph)] for glyph in made.select(name))
            for name in getattr(made, "_group_labels", ())
        },
        float((frames[0][0][1] - made.get_bottom()[1]) / made.height) if frames else 0.0,
    )


def _written(made: Typeset) -> bytes:
    file = BytesIO()
    np.savez(
        file,
        points=np.concatenate([np.zeros((0, 3)), *(glyph.points for glyph in made.glyphs)]),
        lengths=[len(glyph.points) for glyph in made.glyphs],
        fill=[glyph.fill for glyph in made.glyphs],
        stroke=[glyph.stroke for glyph in made.glyphs],
        baseline_share=made.baseline_share,
        parts=json.dumps(made.parts),
    )
    return file.getvalue()


def _read(content: bytes) -> Typeset:
    with np.load(BytesIO(content), allow_pickle=False) as kept:
        points = np.split(kept["points"], np.cumsum(kept["lengths"]))[:-1]
        styles = zip(points, kept["fill"].tolist(), kept["stroke"].tolist(), strict=True)
        return Typeset(
            tuple(Glyph(*style) for style in styles),
            {name: tuple(part) for name, part in json.loads(str(kept["parts"])).items()},
            float(kept["baseline_share"]),
        )


@cache
def _fonts() -> Any:
    """Ours and Typst's own, read once; Manim gives them to Typst as they are."""
    return typst.Fonts(include_system_fonts=False, font_paths=[str(files("rnnviz") / "fonts")])


@cache
def _versions() -> tuple[str, ...]:
    return tuple(version(library) for library in ("manim", "typst", "svgelements", "numpy"))

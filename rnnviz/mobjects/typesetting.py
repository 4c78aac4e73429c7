"""Typst sources set as outlines, which are cached across processes.

Of Manim's objects only what a picture needs is kept, so that text is cheap to copy.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from io import BytesIO
from typing import Final

import numpy as np
from manim import ManimColor, VMobject

from rnnviz.experiments.default_recordings import cache_folder
from rnnviz.mobjects.copies import copied
from rnnviz.mobjects.stretch import in_text
from rnnviz.mobjects.svg_shapes import Shape
from rnnviz.mobjects.typst_source import POINTS_PER_EM, compiled, compiled_formula, head
from rnnviz.system.cache import Cache
from rnnviz.system.short_repr import ShortRepr
from rnnviz.system.versions import version
from rnnviz.text.font_files import Font
from rnnviz.text.fonts import fonts_in_use, shipped_digest

_STROKE_PER_UNIT: Final = 100.0
"""Manim's stroke width of a line as wide as its unit of length."""
_IN_MEMORY: Final = 512
"""Texts; a scene has about 200, and each takes some 40 kB."""
_STYLES_IN_MEMORY: Final = 256


@dataclass(frozen=True, eq=False, repr=False)
class Glyph(ShortRepr):
    """An outline, filled or drawn as a line.

    Units: points and stroke width as Manim's
    """

    points: np.ndarray
    fill: float
    stroke: float

    def drawn(self, color: ManimColor) -> VMobject:
        """Return the glyph as a mobject of this color."""
        shown = copied(_styled(tuple(color.to_rgba().tolist()), self.fill, self.stroke))
        shown.points = self.points.copy()
        return in_text(shown)


@lru_cache(maxsize=_STYLES_IN_MEMORY)
def _styled(rgba: tuple[float, ...], fill: float, stroke: float) -> VMobject:
    """Return a mobject without points; making one takes far longer than copying it."""
    color = ManimColor(rgba)
    return VMobject(
        color=color, fill_color=color, fill_opacity=fill, stroke_color=color, stroke_width=stroke
    )


@dataclass(frozen=True, eq=False)
class Typeset:
    """Outlines, the indices of those of each part, and the baseline as a share of the height."""

    glyphs: tuple[Glyph, ...]
    parts: Mapping[str, tuple[int, ...]]
    baseline_share: float


def typeset(source: str, size: float, *, math: bool = False) -> Typeset:
    """Set a text or a formula in Typst's notation, with the fonts in use.

    Units:  size is the em height in Manim units
    Raises: TextError for parts of a formula that cannot be told apart
    """
    return _typeset(source, size, math, fonts_in_use())


@lru_cache(maxsize=_IN_MEMORY)
def _typeset(source: str, size: float, math: bool, fonts: tuple[Font, ...]) -> Typeset:
    described = (source, size, math, head(fonts), _versions(), shipped_digest())
    key = sha256(repr(described).encode()).hexdigest()
    cache = Cache(cache_folder())
    cached = cache.text(key)
    if cached is not None:
        return _read(cached)
    result = _set(source, size, math, fonts)
    cache.keep_text(key, _written(result))
    return result


def _set(source: str, size: float, math: bool, fonts: tuple[Font, ...]) -> Typeset:
    shapes, parts = compiled_formula(source, fonts) if math else (compiled(source, fonts), {})
    points = np.concatenate([np.zeros((0, 2)), *(shape.points for shape in shapes)])
    # Manim measures a place by the ends of curves, and a height by their controls as well
    ends = np.stack([points[::4], points[3::4]])
    low, high = (ends.min((0, 1)), ends.max((0, 1))) if shapes else np.zeros((2, 2))
    height = np.ptp(points[:, 1]) if shapes else 0.0
    return Typeset(
        tuple(_glyph(shape, (low + high) / 2, size / POINTS_PER_EM) for shape in shapes),
        parts,
        float(high[1] / height) if height else 0.0,
    )


def _glyph(shape: Shape, center: np.ndarray, scale: float) -> Glyph:
    """Return a shape with y upward, about the center, in Manim's units."""
    points = np.zeros((len(shape.points), 3))
    points[:, :2] = (shape.points - center) * (scale, -scale)
    return Glyph(points, shape.fill_opacity, shape.stroke_width * scale * _STROKE_PER_UNIT)


def _written(result: Typeset) -> bytes:
    file = BytesIO()
    np.savez(
        file,
        points=np.concatenate([np.zeros((0, 3)), *(glyph.points for glyph in result.glyphs)]),
        lengths=[len(glyph.points) for glyph in result.glyphs],
        fill=[glyph.fill for glyph in result.glyphs],
        stroke=[glyph.stroke for glyph in result.glyphs],
        baseline_share=result.baseline_share,
        parts=json.dumps(result.parts),
    )
    return file.getvalue()


def _read(content: bytes) -> Typeset:
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        points = np.split(arrays["points"], np.cumsum(arrays["lengths"]))[:-1]
        styles = zip(points, arrays["fill"].tolist(), arrays["stroke"].tolist(), strict=True)
        return Typeset(
            tuple(Glyph(*style) for style in styles),
            {name: tuple(part) for name, part in json.loads(str(arrays["parts"])).items()},
            float(arrays["baseline_share"]),
        )


@cache
def _versions() -> tuple[str, ...]:
    return tuple(version(library) for library in ("typst", "numpy"))

"""Typst sources set as outlines, which are cached across processes.

Of Manim's objects only what a picture needs is kept, so that text is cheap to copy.
"""

import json
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from importlib.resources import files
from io import BytesIO
from typing import Any, Final

import numpy as np
import typst
from manim import ManimColor, MathTypst, Typst, VMobject

from rnnviz.errors import RenderError
from rnnviz.experiments.default_recordings import FOLDER_VARIABLE, cache_folder
from rnnviz.system.cache import Cache
from rnnviz.system.short_repr import ShortRepr
from rnnviz.system.versions import version
from rnnviz.text.font_files import Font
from rnnviz.text.fonts import FAMILY, fonts_in_use, shipped_digest

_PREAMBLE: Final = (
    "#set text(font: ({families}), fallback: false, top-edge: "
    '"baseline", bottom-edge: "descender")\n'
    '#show math.equation: set text(font: "New Computer Modern Math", fallback: false)'
)
_FONT_SIZE_PER_EM: Final = 96.0
_IN_MEMORY: Final = 512
"""Texts; a scene has about 200, and each takes some 40 kB."""
_FONTS_IN_MEMORY: Final = 4
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
        shown = _copied(_styled(tuple(color.to_rgba().tolist()), self.fill, self.stroke))
        shown.points = self.points.copy()
        return shown


@lru_cache(maxsize=_STYLES_IN_MEMORY)
def _styled(rgba: tuple[float, ...], fill: float, stroke: float) -> VMobject:
    """Return a mobject without points; making one takes far longer than copying it."""
    color = ManimColor(rgba)
    return VMobject(
        color=color, fill_color=color, fill_opacity=fill, stroke_color=color, stroke_width=stroke
    )


def _copied(mobject: VMobject) -> VMobject:
    """Copy a mobject that has no parts: its lists and arrays, which others would change."""
    duplicate = copy(mobject)
    for name, value in vars(mobject).items():
        if isinstance(value, (list, np.ndarray)):
            setattr(duplicate, name, value.copy())
    return duplicate


@dataclass(frozen=True, eq=False)
class Typeset:
    """Outlines, the indices of those of each part, and the baseline as a share of the height."""

    glyphs: tuple[Glyph, ...]
    parts: Mapping[str, tuple[int, ...]]
    baseline_share: float


def typeset(source: str, size: float, *, math: bool = False) -> Typeset:
    """Set a text or a formula in Typst's notation, with the fonts in use.

    Units:  size is the em height in Manim units
    Raises: RenderError if the temporary files cannot be written
    """
    return _typeset(source, size, math, fonts_in_use())


@lru_cache(maxsize=_IN_MEMORY)
def _typeset(source: str, size: float, math: bool, fonts: tuple[Font, ...]) -> Typeset:
    preamble = _preamble(fonts)  # names custom fonts by their content
    key = sha256(
        repr((source, size, math, preamble, _versions(), shipped_digest())).encode()
    ).hexdigest()
    cache = Cache(cache_folder())
    cached = cache.text(key)
    if cached is not None:
        return _read(cached)
    result = _set(source, size, math, fonts)
    cache.keep_text(key, _written(result))
    return result


def _set(source: str, size: float, math: bool, fonts: tuple[Font, ...]) -> Typeset:
    try:
        result: Any = (MathTypst if math else Typst)(
            source,
            font_size=size * _FONT_SIZE_PER_EM,
            typst_preamble=_preamble(fonts),
            font_paths=_typst_fonts(fonts),
            track_baselines=True,
            use_svg_cache=False,
        )
    except OSError as error:
        raise RenderError(
            f"cannot write the temporary files of typesetting ({error.strerror or error}); free "
            f"some space or set {FOLDER_VARIABLE} to another folder"
        ) from error
    places = {id(glyph): place for place, glyph in enumerate(result.submobjects)}
    frames = result.baseline_frames
    return Typeset(
        tuple(
            Glyph(glyph.points, float(glyph.get_fill_opacity()), float(glyph.get_stroke_width()))
            for glyph in result.submobjects
        ),
        {
            name: tuple(places[id(glyph)] for glyph in result.select(name))
            for name in getattr(result, "_group_labels", ())
        },
        float((frames[0][0][1] - result.get_bottom()[1]) / result.height) if frames else 0.0,
    )


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


def _preamble(fonts: tuple[Font, ...]) -> str:
    families = [*(font.family for font in fonts), FAMILY]
    return _PREAMBLE.format(families=", ".join(map(json.dumps, families)))


@lru_cache(maxsize=_FONTS_IN_MEMORY)
def _typst_fonts(fonts: tuple[Font, ...]) -> Any:
    """Return rnnviz's, Typst's and the custom fonts, read once, in the form Manim passes on."""
    folders = [files("rnnviz") / "fonts", *(font.folder for font in fonts)]
    return typst.Fonts(include_system_fonts=False, font_paths=list(map(str, folders)))


@cache
def _versions() -> tuple[str, ...]:
    return tuple(version(library) for library in ("manim", "typst", "svgelements", "numpy"))

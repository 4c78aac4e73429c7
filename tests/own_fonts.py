"""Build tiny fonts, and find one that Matplotlib ships."""

from pathlib import Path

import matplotlib
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection

DEJAVU = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
"""A font with Arabic, including its ligatures, and Hebrew."""


def square(side, pen):
    pen.moveTo((0, 0))
    pen.lineTo((0, side))
    pen.lineTo((side, side))
    pen.lineTo((side, 0))
    pen.closePath()
    return pen


def built(
    characters,
    *,
    family="Squares",
    style="Regular",
    weight=400,
    side=500,
    heavy=None,
    sides=(),
    postscript=False,
):
    """Build a font whose glyphs are squares, of variable weight if ``heavy`` is a second side.

    ``sides`` sets the side of single characters; ``postscript`` selects CFF outlines.
    """
    names = [f"u{ord(character):04X}" for character in characters]
    widths = dict.fromkeys((".notdef", *names), side)
    widths |= {f"u{ord(character):04X}": own for character, own in dict(sides).items()}
    builder = FontBuilder(1000, isTTF=not postscript)
    builder.setupGlyphOrder([".notdef", *names])
    builder.setupCharacterMap(dict(zip(map(ord, characters), names, strict=True)))
    if postscript:
        drawn = {
            name: square(own, T2CharStringPen(own, None)).getCharString()
            for name, own in widths.items()
        }
        builder.setupCFF(family, {}, drawn, {})
    else:
        builder.setupGlyf(
            {name: square(own, TTGlyphPen(None)).glyph() for name, own in widths.items()}
        )
    builder.setupHorizontalMetrics({name: (own, 0) for name, own in widths.items()})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": style})
    builder.setupOS2(usWeightClass=weight)
    builder.setupPost()
    if heavy is not None:
        grown = heavy - side
        corners = [(0, 0), (0, grown), (grown, grown), (grown, 0), (0, 0), (grown, 0), None, None]
        builder.setupFvar([("wght", 100, 100, 900, "Weight")], [])
        builder.setupGvar({name: [_variation(corners)] for name in names})
    return builder.font


def with_cff(characters, *, family="Rounds"):
    """Build a font with cubic CFF outlines, as in .otf and most East Asian .ttc files."""
    from fontTools.pens.t2CharStringPen import T2CharStringPen

    names = [f"u{ord(character):04X}" for character in characters]
    glyphs = (".notdef", *names)
    shapes = {}
    for name in glyphs:
        pen = T2CharStringPen(600, None)
        pen.moveTo((50, 250))
        for one, two, end in (
            ((50, 390), (160, 500), (300, 500)),
            ((440, 500), (550, 390), (550, 250)),
            ((550, 110), (440, 0), (300, 0)),
            ((160, 0), (50, 110), (50, 250)),
        ):
            pen.curveTo(one, two, end)
        pen.closePath()
        shapes[name] = pen.getCharString()
    builder = FontBuilder(1000, isTTF=False)
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap(dict(zip(map(ord, characters), names, strict=True)))
    builder.setupCFF(family, {"FullName": family}, shapes, {})
    builder.setupHorizontalMetrics(dict.fromkeys(glyphs, (600, 50)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    return builder.font


def _variation(corners):
    from fontTools.ttLib.tables.TupleVariation import TupleVariation

    deltas = [corner or (0, 0) for corner in corners]
    return TupleVariation({"wght": (0, 1, 1)}, deltas)


def saved(folder, name, font, flavor=None):
    """Save a font and return its path."""
    font.flavor = flavor
    font.save(folder / name)
    return folder / name


def collected(folder, name, *fonts):
    """Save a collection of fonts and return its path."""
    collection = TTCollection()
    collection.fonts = list(fonts)
    collection.save(folder / name)
    return folder / name

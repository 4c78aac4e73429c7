"""Make ``rnnviz/fonts/rnnvizSans.ttf``, a subset of Noto Sans CJK SC Regular.

``make fonts`` runs it with ``NotoSansCJK-Regular.ttc`` from the Debian package fonts-noto-cjk.
The output is reproducible.
"""

import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final

from fontTools import subset
from fontTools.feaLib.builder import addOpenTypeFeaturesFromString
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont, newTable

ROOT: Final = Path(__file__).resolve().parent.parent
TARGET: Final = ROOT / "rnnviz" / "fonts" / "rnnvizSans.ttf"
SOURCE_FAMILY: Final = "Noto Sans CJK SC"
NARROW_FAMILY: Final = "Noto Sans CJK JP"
FAMILY: Final = "rnnviz Sans"
POSTSCRIPT_NAME: Final = "rnnvizSans-Regular"

BLOCKS: Final = (
    (0x0020, 0x007E),  # Basic Latin
    (0x00A0, 0x00FF),  # Latin-1
    (0x0100, 0x017F),  # Latin Extended-A
    (0x02B0, 0x036F),  # modifiers and accents
    (0x0370, 0x03FF),  # Greek
    (0x1E00, 0x1EFF),  # Latin Extended Additional
    (0x2000, 0x22FF),  # punctuation, superscripts, currency, letterlike, arrows, mathematics
    (0x2300, 0x24FF),  # technical symbols, control pictures, enclosed digits
    (0x25A0, 0x25FF),  # geometric shapes
    (0x3000, 0x303F),  # CJK punctuation
    (0xFF00, 0xFFEF),  # full-width forms
)
RAISED: Final = dict(
    zip(
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼ᵀᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ",
        "0123456789+−=Tabcdefghijklmnoprstuvwxyz",
        strict=True,
    )
)
LOWERED: Final = dict(
    zip("₀₁₂₃₄₅₆₇₈₉₊₋₌ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", "0123456789+−=aehijklmnoprstuvx", strict=True)
)
SCRIPT_SCALE: Final = 0.64
RAISED_BY: Final = 340
LOWERED_BY: Final = -130
SAME_SHAPE: Final = {"↵": "⏎"}
NARROW_UNLESS_CHINESE: Final = "“”‘’·…"
GB2312_SIZE: Final = 94
FARTHEST: Final = 1.0
"""The greatest error of a quadratic outline, in thousandths of an em."""
MAXP_FIELDS: Final = (
    "maxZones",
    "maxTwilightPoints",
    "maxStorage",
    "maxFunctionDefs",
    "maxInstructionDefs",
    "maxStackElements",
    "maxSizeOfInstructions",
    "maxComponentElements",
    "maxPoints",
    "maxContours",
    "maxCompositePoints",
    "maxCompositeContours",
    "maxComponentDepth",
)


def gb2312() -> str:
    """Return the characters of GB 2312: symbols, and the hanzi of both levels."""
    places = range(0xA1, 0xA1 + GB2312_SIZE)
    codes = (bytes((row, cell)) for row in places for cell in places)
    return "".join(code.decode("gb2312", errors="ignore") for code in codes)


def own_texts() -> Iterator[Path]:
    """Yield the project's files whose text may be drawn."""
    yield ROOT / "README.zh.md"
    for folder in ("rnnviz", "scenes"):
        for suffix in ("py", "po", "txt", "csv", "json"):
            yield from sorted((ROOT / folder).rglob(f"*.{suffix}"))


def wanted() -> frozenset[int]:
    """Return the code points to include, if the source has them."""
    points = {point for first, last in BLOCKS for point in range(first, last + 1)}
    points.update(map(ord, gb2312()))
    for path in own_texts():
        points.update(map(ord, path.read_text(encoding="utf-8")))
    return frozenset(points)


def extract(collection: TTCollection, family: str) -> TTFont:
    """Return one face of the collection; its faces share their glyphs."""
    for face in collection.fonts:
        if face["name"].getDebugName(4) == family:
            face.recalcTimestamp = False
            return face
    raise SystemExit(f"the source has no face {family!r}; give NotoSansCJK-Regular.ttc")


def narrow_punctuation(font: TTFont, narrow: TTFont) -> None:
    """Make quotes, dots and ellipses proportional, except in Chinese text."""
    wide_glyphs = font.getBestCmap()
    pairs = {}
    for character in NARROW_UNLESS_CHINESE:
        wide = wide_glyphs[ord(character)]
        glyph = narrow.getBestCmap()[ord(character)]
        pairs[character] = (proportional(font, glyph), wide)
    rules = " ".join(f"sub \\{narrow} by \\{wide};" for narrow, wide in pairs.values())
    scripts = ("latn", "hani")
    addOpenTypeFeaturesFromString(
        font,
        "".join(
            f"languagesystem {script} {language};"
            for script in scripts
            for language in ("dflt", "ZHS")
        )
        + "feature locl {"
        + "".join(f"script {script}; language ZHS; {rules}" for script in scripts)
        + "} locl;",
        tables=["GSUB"],
    )
    for table in font["cmap"].tables:
        for character, (glyph, _) in pairs.items():
            table.cmap[ord(character)] = glyph


def proportional(font: TTFont, glyph: str) -> str:
    """Return the proportional form of a glyph, or the glyph itself."""
    gsub = font["GSUB"].table
    for record in gsub.FeatureList.FeatureRecord:
        if record.FeatureTag == "pwid":
            for index in record.Feature.LookupListIndex:
                for table in gsub.LookupList.Lookup[index].SubTable:
                    table = getattr(table, "ExtSubTable", table)
                    if glyph in table.mapping:
                        return str(table.mapping[glyph])
    return glyph


def cut(font: TTFont) -> None:
    """Reduce the font to the wanted characters and the features of horizontal text."""
    options = subset.Options(
        hinting=False,
        desubroutinize=False,
        layout_features=["kern", "locl", "mark", "mkmk"],
        name_languages=[0x409],
        drop_tables=[*subset.Options().drop_tables, "BASE", "VORG", "vhea", "vmtx"],
        notdef_outline=True,
    )
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=wanted())
    cutter.subset(font)


def add_scripts(font: TTFont) -> None:
    """Add superscripts and subscripts, of which Noto has only four."""
    for characters, shift in ((RAISED, RAISED_BY), (LOWERED, LOWERED_BY)):
        for character, model in characters.items():
            add_glyph(font, character, model, SCRIPT_SCALE, shift)
    for character, model in SAME_SHAPE.items():
        add_glyph(font, character, model, 1, 0)


def add_glyph(font: TTFont, character: str, model: str, scale: float, shift: int) -> None:
    """Add a character with the outline of another, scaled and shifted up."""
    cff = font["CFF "].cff
    top = cff.topDictIndex[0]
    index = len(top.charset)
    source = font.getBestCmap()[ord(model)]
    face = top.FDSelect[font.getGlyphID(source)]
    width = round(font["hmtx"][source][0] * scale)
    pen = T2CharStringPen(width, font.getGlyphSet())
    font.getGlyphSet()[source].draw(TransformPen(pen, (scale, 0, 0, scale, 0, shift)))
    name = next(free for cid in count(1) if (free := f"cid{cid:05d}") not in top.CharStrings)
    outline = pen.getCharString(top.FDArray[face].Private, cff.GlobalSubrs)
    top.CharStrings.charStringsIndex.append(outline)
    top.CharStrings.charStrings[name] = index
    top.FDSelect.gidArray.append(face)
    top.charset.append(name)
    font.setGlyphOrder(list(top.charset))
    font["hmtx"][name] = (width, round(font["hmtx"][source][1] * scale))
    for table in font["cmap"].tables:
        table.cmap[ord(character)] = name


def rename(font: TTFont) -> None:
    """Rename the font, so that it is never confused with an installed font."""
    names = font["name"]
    version = names.getDebugName(5).split(";")[0]
    for name_id, text in {
        1: FAMILY,
        2: "Regular",
        3: f"{version};{POSTSCRIPT_NAME}",
        4: FAMILY,
        5: f"{version}; subset of {SOURCE_FAMILY}",
        6: POSTSCRIPT_NAME,
    }.items():
        names.setName(text, name_id, 3, 1, 0x409)
    cff = font["CFF "].cff
    cff.fontNames[0] = POSTSCRIPT_NAME
    top = cff.topDictIndex[0]
    for key, text in {"FullName": FAMILY, "FamilyName": FAMILY}.items():
        if key in top.rawDict:
            top.rawDict[key] = text
            setattr(top, key, text)


def to_truetype(font: TTFont) -> None:
    """Convert outlines to quadratic ones, which PDF needs to embed text as text."""
    order, drawn = font.getGlyphOrder(), font.getGlyphSet()
    table = newTable("glyf")
    table.glyphOrder, table.glyphs = order, {}
    for name in order:
        pen = TTGlyphPen(None)
        drawn[name].draw(Cu2QuPen(pen, FARTHEST, reverse_direction=True))
        glyph = pen.glyph()
        glyph.recalcBounds(table)
        table.glyphs[name] = glyph
        font["hmtx"][name] = (font["hmtx"][name][0], getattr(glyph, "xMin", 0))
    font["loca"], font["glyf"] = newTable("loca"), table
    del font["CFF "]
    font["maxp"].tableVersion = 0x00010000
    for field in MAXP_FIELDS:
        setattr(font["maxp"], field, 0)
    font["maxp"].maxZones = 1
    font["post"].formatType = 3.0
    font.sfntVersion = "\x00\x01\x00\x00"


def main(arguments: list[str]) -> None:
    """Write the font and print its size."""
    if len(arguments) != 1:
        raise SystemExit("usage: make_fonts.py NotoSansCJK-Regular.ttc")
    collection = TTCollection(arguments[0], lazy=True)
    font = extract(collection, SOURCE_FAMILY)
    narrow_punctuation(font, extract(collection, NARROW_FAMILY))
    cut(font)
    add_scripts(font)
    rename(font)
    to_truetype(font)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    font.save(TARGET)
    print(
        f"{TARGET.relative_to(ROOT)}: {len(font.getBestCmap())} characters, "
        f"{TARGET.stat().st_size / 1e6:.2f} MB"
    )


if __name__ == "__main__":
    main(sys.argv[1:])

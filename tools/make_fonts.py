"""Make ``rnnviz/fonts/rnnvizSans.otf``, a subset of Noto Sans CJK SC Regular.

``make fonts`` runs it with ``NotoSansCJK-Regular.ttc`` from the Debian package fonts-noto-cjk.
The same source gives the same bytes.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

ROOT: Final = Path(__file__).resolve().parent.parent
TARGET: Final = ROOT / "rnnviz" / "fonts" / "rnnvizSans.otf"
SOURCE_FAMILY: Final = "Noto Sans CJK SC"
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
    (0x2300, 0x24FF),  # technical signs, pictures of control characters, enclosed figures
    (0x25A0, 0x25FF),  # geometric shapes
    (0x3000, 0x303F),  # CJK punctuation
    (0xFF00, 0xFFEF),  # full-width forms
)
GB2312_SIGNS: Final = range(1, 10)
GB2312_LEVEL_1: Final = range(16, 56)


def gb2312(rows: range) -> str:
    """The characters of some rows of GB 2312, empty cells left out."""
    codes = (bytes((0xA0 + row, 0xA0 + cell)) for row in rows for cell in range(1, 95))
    return "".join(code.decode("gb2312", errors="ignore") for code in codes)


def own_texts() -> Iterator[Path]:
    """The project's files whose text may be drawn."""
    yield ROOT / "README.zh.md"
    for folder in ("rnnviz", "scenes"):
        for suffix in ("py", "txt", "csv", "json"):
            yield from sorted((ROOT / folder).rglob(f"*.{suffix}"))


def wanted() -> frozenset[int]:
    """The code points that the font is to have, as far as its source has them."""
    points = {point for first, last in BLOCKS for point in range(first, last + 1)}
    points.update(map(ord, gb2312(GB2312_SIGNS) + gb2312(GB2312_LEVEL_1)))
    for path in own_texts():
        points.update(map(ord, path.read_text(encoding="utf-8")))
    return frozenset(points)


def extract(source: Path) -> TTFont:
    """The one face of the collection that the subset is cut from."""
    for face in TTCollection(source, lazy=True).fonts:
        if face["name"].getDebugName(4) == SOURCE_FAMILY:
            face.recalcTimestamp = False
            return face
    raise SystemExit(f"{source} has no face {SOURCE_FAMILY!r}; give NotoSansCJK-Regular.ttc")


def cut(font: TTFont) -> None:
    """Leave the wanted characters, with kerning and ligatures, for horizontal text."""
    options = subset.Options(
        hinting=False,
        desubroutinize=False,
        layout_features=["ccmp", "kern", "liga", "locl", "mark", "mkmk"],
        name_languages=[0x409],
        drop_tables=[*subset.Options().drop_tables, "BASE", "VORG", "vhea", "vmtx"],
        notdef_outline=True,
    )
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=wanted())
    cutter.subset(font)


def rename(font: TTFont) -> None:
    """Give the font a name of its own, so that an installed one is never taken for it."""
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


def main(arguments: list[str]) -> None:
    """Write the font and say how large it is."""
    if len(arguments) != 1:
        raise SystemExit("usage: make_fonts.py NotoSansCJK-Regular.ttc")
    font = extract(Path(arguments[0]))
    cut(font)
    rename(font)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    font.save(TARGET)
    print(
        f"{TARGET.relative_to(ROOT)}: {len(font.getBestCmap())} characters, "
        f"{TARGET.stat().st_size / 1e6:.2f} MB"
    )


if __name__ == "__main__":
    main(sys.argv[1:])

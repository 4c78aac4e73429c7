"""A user's fonts, read from a file or by their name in the system.

Each face becomes a font file with a family name of its own, whatever file it is from. Characters
that another font is to set are removed from it, so that a renderer falls back to the other font.
"""

import logging
import os
import shutil
import tempfile
import unicodedata
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache, cached_property
from hashlib import sha256
from io import BytesIO
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, Final

from fontTools import subset
from fontTools.ttLib import TTFont, newTable
from fontTools.ttLib.sfnt import SFNTWriter
from fontTools.varLib.instancer import OverlapMode, instantiateVariableFont

from rnnviz.errors import TextError

_ENDINGS: Final = (".ttf", ".otf", ".ttc", ".otc", ".woff", ".woff2")
_OUTLINES: Final = ("glyf", "CFF ", "CFF2")
_LEFT_OUT: Final = ("COLR", "CPAL", "SVG ", "sbix", "CBDT", "CBLC", "EBDT", "EBLC", "EBSC", "DSIG")
"""Pictures and signatures: text is drawn as outlines of one colour."""
_NAMES: Final = (16, 1, 4, 6)
"""In a font's table of names: its family, the same for old programs, its full name, PostScript's"""
_COLLECTION: Final = b"ttcf"
_FORMS: Final = ("NFC", "NFD", "NFKD")
_DOTTED_CIRCLE: Final = "\u25cc"
_REGULAR: Final = 400
_NORMAL_WIDTH: Final = 5
_REMEDY: Final = "name a .ttf, .otf, .ttc, .woff or .woff2 file, or a font of the system"


@contextmanager
def quiet_fonttools() -> Iterator[None]:
    """A context, or a decorator, in which fontTools logs errors only.

    It warns of the dates in Matplotlib's mathematical fonts, and logs each step of subsetting at
    levels that Manim's handlers print.
    """
    logger = logging.getLogger("fontTools")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


@dataclass(frozen=True)
class Font:
    """One face, ready to set text.

    ``name`` is the user's name for it, ``family`` the unique name in ``content``. ``faces`` are the
    names of all faces of its file.
    """

    name: str
    family: str
    content: bytes = field(repr=False, compare=False)
    faces: tuple[str, ...] = field(default=(), repr=False, compare=False)

    def __str__(self) -> str:
        return self.name

    @cached_property
    def characters(self) -> frozenset[int]:
        """The code points it can show, without those that another font is to set."""
        font = TTFont(BytesIO(self.content), lazy=True)
        shown = font.getBestCmap()
        if "loca" not in font:
            return frozenset(shown)
        places = font["loca"].locations
        return frozenset(
            code
            for code, glyph in shown.items()
            if chr(code).isspace() or places[(index := font.getGlyphID(glyph))] < places[index + 1]
        )

    @property
    def folder(self) -> Path:
        """A folder with its file only, which exists until this process ends."""
        folder = _home() / self.family
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=folder.parent) as staging:
                new = Path(staging) / "font"
                new.mkdir()
                (new / "font.otf").write_bytes(self.content)
                os.replace(new, folder)
        return folder

    @property
    def file(self) -> Path:
        """The font file."""
        return self.folder / "font.otf"

    @quiet_fonttools()
    def cut(self, text: str) -> "Font":
        """Return a subset with the characters of a text, in regular weight."""
        family = f"{self.family} {sha256(text.encode()).hexdigest()[:24]}"
        font = TTFont(BytesIO(self.content), recalcTimestamp=False)
        cutter = subset.Subsetter(subset.Options(hinting=False, notdef_outline=True))
        cutter.populate(text=_with_parts(text))
        cutter.subset(font)
        if "fvar" in font:
            font = _of_regular_weight(font)
        _name(font["name"], family)
        file = BytesIO()
        font.save(file, reorderTables=False)
        return Font(self.name, family, file.getvalue())


FontSource = str | Path | Font
"""A font, the path of its file, FILE#FACE for one of several faces, or a name in the system."""


def read_fonts(
    sources: FontSource | Iterable[FontSource] | None, elsewhere: Container[int] = ()
) -> tuple[Font, ...]:
    """Read fonts in their order, without the characters that are set ``elsewhere``.

    Raises: TextError for a file that is not a font, an unknown name, or a font without outlines
    """
    if sources is None:
        return ()
    each = (sources,) if isinstance(sources, str | Path | Font) else tuple(sources)
    return tuple(one if isinstance(one, Font) else _font(str(one), elsewhere) for one in each)


def _font(given: str, elsewhere: Container[int]) -> Font:
    path, _, face = given.rpartition("#") if "#" in given and not os.path.exists(given) else (
        given, "", ""
    )  # fmt: skip
    if os.path.isfile(path):
        return _of_file(Path(path), face, given, elsewhere)
    if os.path.isdir(path):
        raise TextError(f"{path!r} is a folder, not a font; {_REMEDY}")
    if os.path.dirname(path) or path.lower().endswith(_ENDINGS):
        raise TextError(f"there is no font file {path!r}; {_REMEDY}")
    file, number = _of_system(given)
    return _ready(file, number, given, elsewhere)


def _of_file(path: Path, face: str, given: str, elsewhere: Container[int]) -> Font:
    faces = tuple(_faces(path))
    if not faces:
        raise TextError(f"{str(path)!r} is not a readable font; {_REMEDY}")
    number = 0
    if face:
        wanted = _plain(face)
        known = [names[0] for names in faces]
        found = [place for place, names in enumerate(faces) if wanted in map(_plain, names)]
        if face.isdecimal() and 1 <= int(face) <= len(faces):
            found = [int(face) - 1]
        if not found:
            raise TextError(
                f"{path.name!r} has no face {face!r}; it has {', '.join(known)}, numbered from 1"
            )
        number = found[0]
    return _ready(path, number, Path(given).name, elsewhere, tuple(names[0] for names in faces))


def _of_system(name: str) -> tuple[Path, int]:
    """Return the file of a font in the system by its name, and the number of its regular face."""
    from matplotlib.font_manager import findSystemFonts  # takes a moment

    wanted = _plain(name)
    found: list[tuple[tuple[bool, int], str, int]] = []
    families = set()
    for file in sorted(findSystemFonts()):
        for number, names in enumerate(_faces(Path(file))):
            families.add(names[0])
            if wanted in map(_plain, names):
                found.append((_unlike_regular(Path(file), number), file, number))
    if not found:
        near = get_close_matches(name, families, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else _REMEDY
        raise TextError(f"the system has no font {name!r}; {hint}")
    _, file, number = min(found)
    return Path(file), number


def _faces(path: Path) -> Iterator[tuple[str, ...]]:
    """Yield the names of each face in a file, its family first; nothing if it is not a font."""
    try:
        with path.open("rb") as file:
            for number in range(_count(file.read(12))):
                table = TTFont(file, fontNumber=number, lazy=True)["name"]
                main = [name for kind in _NAMES if (name := table.getDebugName(kind))]
                every = [str(each) for each in table.names if each.nameID in _NAMES]
                yield tuple(dict.fromkeys([*main, *every])) or (path.name,)
    except Exception:  # a broken file may raise anything
        return


def _count(beginning: bytes) -> int:
    is_collection = beginning.startswith(_COLLECTION)
    return int.from_bytes(beginning[8:12], "big") if is_collection else 1


def _plain(name: str) -> str:
    """Return a name without case, spaces and punctuation."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _unlike_regular(path: Path, number: int) -> tuple[bool, int]:
    """Return how far a face is from upright, regular weight and normal width."""
    try:
        with path.open("rb") as file:
            font = TTFont(file, fontNumber=number, lazy=True)
            if "fvar" in font:
                return False, 0
            about = font["OS/2"]
            slanted = bool(about.fsSelection & 1)
            width = abs(about.usWidthClass - _NORMAL_WIDTH) * 1000
            return slanted, width + abs(about.usWeightClass - _REGULAR)
    except Exception:  # a font without this table is taken last
        return True, 10_000


def _ready(
    path: Path, number: int, name: str, elsewhere: Container[int], faces: tuple[str, ...] = ()
) -> Font:
    try:
        with path.open("rb") as file:
            font = TTFont(file, fontNumber=number, lazy=True, recalcTimestamp=False)
            if not any(table in font for table in _OUTLINES):
                raise TextError(f"{name!r} has pictures instead of outlines; {_REMEDY}")
            tables = dict(_tables(font, elsewhere))
    except TextError:
        raise
    except ImportError as error:
        raise TextError(
            f"{name!r} is a WOFF2 file, which needs Brotli; install it with: pip install brotli"
        ) from error
    except Exception as error:  # a broken file may raise anything
        raise TextError(f"{name!r} is not a readable font ({error}); {_REMEDY}") from error
    digest = sha256()
    for tag, table in sorted(tables.items()):
        digest.update(f"{tag} {len(table)} ".encode())
        digest.update(table)
    family = f"rnnviz given {digest.hexdigest()[:24]}"
    return Font(name, family, _written(tables, family), faces)


def _tables(font: TTFont, elsewhere: Container[int]) -> Iterator[tuple[str, bytes]]:
    """Yield the tables, compiling only the map of characters: all of them would take a minute."""
    for tag in list(font.reader.keys()):
        if tag not in (*_LEFT_OUT, "name", "cmap"):
            yield tag, font.reader[tag]
    characters = font["cmap"]
    for table in characters.tables:
        if table.isUnicode() and hasattr(table, "cmap"):
            table.cmap = {code: name for code, name in table.cmap.items() if code not in elsewhere}
    characters.tables = [table for table in characters.tables if table.isUnicode()]
    yield "cmap", characters.compile(font)


def _with_parts(text: str) -> str:
    """Return a text with all characters that shaping may replace its characters with.

    Thai's sara am is set as its two parts, and a lone mark on a dotted circle.
    """
    forms = (unicodedata.normalize(form, text) for form in _FORMS)
    return "".join((text, *forms, _DOTTED_CIRCLE))


def _of_regular_weight(font: TTFont) -> TTFont:
    """Return the regular instance of a variable font."""
    axes = {axis.axisTag: axis for axis in font["fvar"].axes}
    place = {tag: axis.defaultValue for tag, axis in axes.items()}
    if weight := axes.get("wght"):
        place["wght"] = min(max(_REGULAR, weight.minValue), weight.maxValue)
    return instantiateVariableFont(font, place, overlap=OverlapMode.KEEP_AND_DONT_SET_FLAGS)


def _name(table: Any, family: str) -> None:
    """Give a font a single name."""
    table.names = []
    for kind, text in {1: family, 2: "Regular", 4: family, 6: family.replace(" ", "")}.items():
        table.setName(text, kind, 3, 1, 0x409)


def _written(tables: dict[str, bytes], family: str) -> bytes:
    names = newTable("name")
    _name(names, family)
    file = BytesIO()
    is_cff = "glyf" not in tables
    writer = SFNTWriter(file, len(tables) + 1, "OTTO" if is_cff else "\0\1\0\0")
    for tag, content in {**tables, "name": names.compile(_Anything())}.items():
        writer[tag] = content
    writer.close()
    return file.getvalue()


class _Anything:
    """A stand-in for the font that compiling a table of names takes, but does not use."""


@cache
def _home() -> Path:
    """The folder of font files, removed when this process ends, but not when a fork of it ends."""
    folder = tempfile.mkdtemp(prefix="rnnviz-fonts-")
    Finalize(None, shutil.rmtree, args=(folder, True), exitpriority=0)
    return Path(folder)

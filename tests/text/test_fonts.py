"""The shipped font: what it has, and what it is called."""

from importlib.resources import files
from pathlib import Path

import pytest
import typst
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parents[2]
READERS = ("text/decoding.py", "tables", "text/tokens.py")
"""Modules with characters that they look for in the files of users, and that nothing shows."""

FOLDER = Path(str(files("rnnviz"))) / "fonts"


@pytest.fixture(scope="module")
def font() -> TTFont:
    return TTFont(FOLDER / "rnnvizSans.ttf")


def missing(font: TTFont, text: str) -> str:
    has = font.getBestCmap()
    return "".join(sorted({mark for mark in text if ord(mark) not in has and mark not in "\n"}))


def test_it_has_all_of_gb2312_level_1(font: TTFont) -> None:
    rows = range(0xB0, 0xD8)
    codes = (bytes((row, cell)) for row in rows for cell in range(0xA1, 0xFF))
    hanzi = "".join(code.decode("gb2312", errors="ignore") for code in codes)
    assert len(hanzi) == 3755
    assert missing(font, hanzi) == ""


def test_it_has_the_letters_that_the_readme_names_and_all_of_gb2312(font: TTFont) -> None:
    western = "".join(filter(str.isalpha, map(chr, range(0x41, 0x100)))) + "Œœ"
    russian = "".join(map(chr, range(0x410, 0x450))) + "Ёё"
    greek = "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρστυφχψως"
    assert missing(font, western + russian + greek) == ""
    codes = (bytes((row, cell)) for row in range(0xA1, 0xF8) for cell in range(0xA1, 0xFF))
    chinese = "".join(code.decode("gb2312", errors="ignore") for code in codes)
    assert len(chinese) == 7445
    assert missing(font, chinese) == ""
    assert missing(font, "żťğӣї") != ""  # for which the README asks for a font


def test_it_has_every_character_of_the_projects_texts(font: TTFont) -> None:
    paths = [ROOT / "README.zh.md", *ROOT.glob("scenes/**/*.py"), *ROOT.glob("rnnviz/**/*.py")]
    paths += ROOT.glob("rnnviz/**/*.po")
    readers = {ROOT / "rnnviz" / name for name in READERS}
    paths = [path for path in paths if not readers & {path, path.parent}]
    found = {str(path): missing(font, path.read_text(encoding="utf-8")) for path in paths}
    assert {path: marks for path, marks in found.items() if marks} == {}


def test_it_has_raised_and_lowered_figures(font: TTFont) -> None:
    assert missing(font, "⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹₊₋₀₁₂₃₄₅₆₇₈₉") == ""


def test_quotes_are_narrow_except_in_chinese() -> None:
    def width(text: str, language: str) -> float:
        source = (
            '#set text(font: "rnnviz Sans", fallback: false, size: 10pt)\n'
            f'#context [#metadata(measure(text(lang: "{language}", "{text}")).width.pt()) <width>]'
        )
        found = typst.query(
            source.encode(),
            "<width>",
            field="value",
            one=True,
            font_paths=[str(FOLDER)],
            ignore_system_fonts=True,
        )
        return float(found)

    assert width("好”好", "zh") == pytest.approx(30)
    assert width("好”好", "en") < 26
    assert width("don’t", "en") < width("don好t", "en") - 5


def test_it_cannot_be_taken_for_an_installed_font_and_carries_its_licence(font: TTFont) -> None:
    names = {record.nameID: str(record) for record in font["name"].names}
    assert names[1] == names[4] == "rnnviz Sans"
    assert not any("Noto" in names[number] for number in (1, 2, 3, 4, 6))
    licence = (FOLDER / "OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    assert "Adobe" in licence

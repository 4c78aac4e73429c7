"""Themes from TOML files: what they change, and what is refused."""

from dataclasses import replace
from pathlib import Path

import pytest

from rnnviz.errors import ThemeError
from rnnviz.text.palette import COLORS, DARK, LIGHT, READABLE, ROLES, contrast
from rnnviz.text.theme_file import load_theme

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "university.toml"


@pytest.fixture
def written(tmp_path):
    def write(text, name="uni.toml"):
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        return file

    return write


def test_the_built_in_themes_go_by_their_names():
    assert load_theme("dark") is DARK
    assert load_theme("light") is LIGHT


def test_a_file_changes_what_it_names_and_nothing_else(written):
    file = written('base = "light"\ntype_scale = 1.2\n[colors]\ninput = "#005EA8"\n')
    for path in (file, str(file)):
        assert load_theme(path) == replace(LIGHT, name="uni", type_scale=1.2, input="#005EA8")
    assert load_theme(written('base = "dark"', "dark.toml")) == replace(DARK, name="own-dark")


def test_ramps_follow_their_colours(written):
    theme = load_theme(written('base = "light"\n[colors]\ngate = "#006400"\nzero = "#EEEEEE"'))
    assert theme.ramp("gate")[0] == theme.ramp("error")[0] == "#EEEEEE"
    assert theme.ramp("gate")[-1] == "#006400"
    assert theme.ramp("signed")[len(theme.ramp("signed")) // 2] == "#EEEEEE"


def test_a_font_lies_beside_the_file_or_is_installed(written, tmp_path):
    (tmp_path / "own.otf").touch()
    file = written('base = "dark"\nfont = ["own.otf", "own.otf#Bold", "Installed Sans"]')
    own = str(tmp_path / "own.otf")
    assert load_theme(file).fonts == (own, f"{own}#Bold", "Installed Sans")
    assert load_theme(written('base = "dark"\nfont = "own.otf"')).fonts == (own,)


def test_the_example_is_a_theme_whose_text_can_be_read():
    theme = load_theme(EXAMPLE)
    assert theme.type_scale == 1.15
    assert theme.scheme == "light"
    assert all(contrast(getattr(theme, role), theme.ground) >= READABLE for role in ROLES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "base is missing"),
        ('base = "drak"', "unknown base 'drak'; did you mean dark?"),
        ('base = "dark"\nbaze = 1', "unknown field 'baze'; did you mean base?"),
        ('base = "dark"\n[colors]\nhiden = "#FFFFFF"', "unknown colour 'hiden'; did you mean hidd"),
        ('base = "dark"\n[colors]\nname = "#FFFFFF"', "unknown colour 'name'; "),
        ('base = "dark"\n[colors]\ninput = "blue"', "input is 'blue', which is no colour; write"),
        ('base = "dark"\n[colors]\ngrid = "#12345"', "grid is '#12345', which is no colour"),
        ('base = "dark"\n[colors]\ninput = 3', "colors"),
        ('base = "dark"\ncolors = 3', "colors: expected an object, got 3"),
        ('base = "dark"\ntype_scale = 3', "type_scale: "),
        ('base = "dark"\ntype_scale = "big"', 'type_scale: expected a number, got "big"'),
        ('base = "dark"\nfont = 1', "font: expected text or a list, got 1"),
        ("base = ", "is no TOML"),
        (
            'base = "light"\n[colors]\ninput = "#18B7FF"',
            r"input #18B7FF has a contrast of 2\.\d+ with ground #FFFFFF, and text needs 4\.5; "
            "choose a darker input",
        ),
        ('base = "dark"\n[colors]\nnote = "#333333"', "choose a lighter note"),
        ('base = "dark"\n[colors]\nsurface = "#777777"', "with surface #777777"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(text, expected, written):
    with pytest.raises(ThemeError, match=expected) as stop:
        load_theme(written(text))
    assert "uni.toml" in str(stop.value)
    assert "\n" not in str(stop.value)


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(ThemeError, match=r"none\.toml' cannot be read \(No such file"):
        load_theme(tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(ThemeError, match="it is not UTF-8"):
        load_theme(broken)
    broken.write_bytes(b"#" * (1 << 21))
    with pytest.raises(ThemeError, match="larger than a theme can be"):
        load_theme(broken)


@pytest.mark.parametrize(
    ("name", "expected"), [("drak", "did you mean dark?"), ("blue", "choose dark, light")]
)
def test_an_unknown_theme_is_named_with_what_there_is(name, expected):
    with pytest.raises(ThemeError, match=f"unknown theme '{name}'; {expected}") as stop:
        load_theme(name)
    assert "FILE.toml" in str(stop.value)


def test_a_palette_made_in_python_is_checked_alike():
    assert load_theme(replace(DARK, name="mine", input="#AADDFF")).input == "#AADDFF"
    with pytest.raises(ThemeError, match="theme 'mine': input #222222 has a contrast"):
        load_theme(replace(DARK, name="mine", input="#222222"))
    for name in COLORS:
        with pytest.raises(ThemeError, match=f"{name} is 'no', which is no colour"):
            load_theme(replace(DARK, **{name: "no"}))

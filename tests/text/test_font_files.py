"""Fonts that a user gives: found, read in all their forms, and cut to what a text needs."""

import pickle
from io import BytesIO

import pytest
from fontTools.ttLib import TTFont
from own_fonts import DEJAVU, built, collected, saved

from rnnviz.errors import TextError
from rnnviz.mobjects.text import label
from rnnviz.mobjects.theme import DARK
from rnnviz.text.font_files import read_fonts
from rnnviz.text.fonts import check_characters, font_faces, lacking, load_fonts, using_fonts

THAI = "น\u0e33"


def widths(font):
    """How wide each character of a font is."""
    opened = TTFont(BytesIO(font.content))
    return {chr(code): opened["hmtx"][name][0] for code, name in opened.getBestCmap().items()}


def test_what_rnnviz_sans_sets_is_taken_out_of_a_given_font_but_not_east_asia(tmp_path):
    (font,) = load_fonts(saved(tmp_path, "a.ttf", built("aé1λж€م東中\u25cc")))
    assert font.characters == frozenset(map(ord, "م東中\u25cc"))


@pytest.mark.parametrize("postscript", [False, True])
@pytest.mark.parametrize("flavor", [None, "woff", "woff2"])
def test_every_form_of_a_font_is_read(flavor, postscript, tmp_path):
    made = built("म", postscript=postscript)
    (font,) = load_fonts(saved(tmp_path, "a.font", made, flavor))
    assert font.characters == {ord("म")}
    assert widths(font) == {"म": 500}
    with using_fonts([font]):
        assert label("म", color=DARK.color("text")).width > 0


def test_the_same_font_from_another_file_is_the_same_and_another_is_not(tmp_path):
    file = saved(tmp_path, "one.ttf", built("म"))
    one = load_fonts(file)
    (tmp_path / "two.ttf").write_bytes(file.read_bytes())
    assert load_fonts(tmp_path / "two.ttf")[0].family == one[0].family
    assert load_fonts(saved(tmp_path, "three.ttf", built("म", side=400))) != one
    assert pickle.loads(pickle.dumps(one)) == one


def test_a_face_of_a_collection_is_chosen_by_name_or_number(tmp_path):
    file = collected(
        tmp_path, "all.ttc", built("म", family="One", side=300), built("म", family="Two", side=400)
    )
    assert widths(load_fonts(file)[0])["म"] == 300
    assert load_fonts(file)[0].faces == ("One", "Two")
    for face in ("#Two", "#two", "#2"):
        assert widths(load_fonts(f"{file}{face}")[0])["म"] == 400
    with pytest.raises(TextError, match=r"'all.ttc' has no face 'Three'; it has One, Two"):
        load_fonts(f"{file}#Three")


def test_a_name_with_a_number_sign_is_a_file_if_there_is_one(tmp_path):
    file = saved(tmp_path, "a#b.ttf", built("म"))
    assert widths(load_fonts(file)[0])["म"] == 500


def test_a_font_of_the_system_is_found_by_name_the_regular_one_first(tmp_path, monkeypatch):
    files = [
        saved(tmp_path, f"{weight}.ttf", built("म", family="My Font", weight=weight, side=weight))
        for weight in (900, 400, 100)
    ]
    files.append(tmp_path / "broken.ttf")
    files[-1].write_bytes(b"no font")
    monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", lambda: list(map(str, files)))
    for name in ("My Font", "myfont", "MY-FONT"):
        assert widths(load_fonts(name)[0])["म"] == 400
    with pytest.raises(TextError, match=r"no font 'My Fond'; did you mean My Font\?"):
        load_fonts("My Fond")


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda folder: folder, "is a folder, not a font"),
        (lambda folder: folder / "none.otf", "there is no font file"),
        (lambda folder: _text(folder), "is not a readable font"),
        (lambda folder: _cut_short(folder), "is not a readable font"),
        (lambda folder: _of_pictures(folder), "has pictures instead of outlines"),
    ],
)
def test_what_is_no_font_is_refused_in_one_line(make, expected, tmp_path):
    with pytest.raises(TextError, match=expected) as caught:
        load_fonts(make(tmp_path))
    assert "\n" not in str(caught.value)


def _text(folder):
    (folder / "a.ttf").write_text("no font")
    return folder / "a.ttf"


def _cut_short(folder):
    file = saved(folder, "a.ttf", built("म"))
    file.write_bytes(file.read_bytes()[:300])
    return file


def _of_pictures(folder):
    font = built("म")
    del font["glyf"], font["loca"]
    font["CBDT"] = font["CBLC"] = _raw()
    return saved(folder, "a.ttf", font)


def _raw():
    from fontTools.ttLib.tables.DefaultTable import DefaultTable

    table = DefaultTable("CBDT")
    table.data = b"\0" * 8
    return table


def test_a_variable_font_is_cut_to_its_regular_weight(tmp_path):
    (font,) = load_fonts(saved(tmp_path, "a.ttf", built("म", side=200, heavy=1000)))
    cut = TTFont(BytesIO(font.cut("म").content))
    assert "fvar" not in cut
    assert cut["glyf"][cut.getBestCmap()[ord("म")]].xMax == 200 + 800 * (400 - 100) // 800


def test_a_cut_font_keeps_what_shaping_takes_for_a_character(tmp_path):
    (font,) = load_fonts(saved(tmp_path, "a.ttf", built(THAI + "\u0e4d\u0e32\u25ccก")))
    assert set(widths(font.cut(THAI))) == set(THAI + "\u0e4d\u0e32\u25cc")
    assert font.cut(THAI).family != font.family


def test_what_no_font_has_is_lacking_with_the_fonts_in_use(tmp_path):
    fonts = load_fonts([saved(tmp_path, "a.ttf", built("म")), DEJAVU])
    assert lacking("aमसa") == "मस"
    with using_fonts(fonts):
        assert lacking("aमمस") == "स"
        with pytest.raises(TextError, match=r"in 'स', nor has a\.ttf and DejaVuSans\.ttf; give"):
            check_characters("स", "the text")
    assert lacking("م") == "م"


@pytest.mark.parametrize("sign", ["\u200c", "\u200d", "\u2068", "\ufe0f"])
def test_what_is_not_shown_needs_no_font(sign):
    assert not lacking(f"a{sign}b")


@pytest.mark.parametrize(
    ("character", "remedy"),
    [("म", "give a font that has it: --font FILE"), ("\0", "replace it in")],
)
def test_the_remedy_fits_the_character(character, remedy):
    with pytest.raises(TextError, match=f"; {remedy}"):
        check_characters(character, "the text")


def test_a_page_gets_the_fonts_in_use_for_what_they_set(tmp_path):
    fonts = load_fonts([saved(tmp_path, "a.ttf", built("مम")), DEJAVU])
    with using_fonts(fonts):
        ours, first, second = font_faces("aمमש").split("\n")
    assert "unicode-range" not in ours
    assert "unicode-range: U+645,U+92E;" in first
    assert "unicode-range: U+5E9;" in second
    assert all('font-family: "rnnviz Sans"' in rule for rule in (ours, first, second))


def test_nothing_given_is_no_font():
    assert read_fonts(None) == read_fonts(()) == ()

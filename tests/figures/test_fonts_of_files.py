"""The fonts in files of figures: TrueType in a PDF, never Type 3."""

import dataclasses
import io
import logging

import matplotlib as mpl
import matplotlib.pyplot as plt
import pypdf
import pytest
from fontTools.pens.areaPen import AreaPen
from fontTools.ttLib import TTFont
from own_fonts import collected, saved, with_cff

from rnnviz.figures import FIGURES, figure, save_figure, style
from rnnviz.figures.plots.states import states

AREA = 196_000
"""Of the round shapes, in units of the font: about that of a circle with the radius 250."""
FORMULAS = ("cmmi10", "cmr10", "cmsy10", "cmex10", "stixgeneral", "rnnvizsans")
WHOLE_FONT = 30_000
"""Bytes that the characters of one figure never need; rnnviz Sans itself has millions."""


ONE_LANGUAGE = [
    pytest.param(
        language,
        entry,
        id=f"{language}-{entry.name}",
        marks=() if place % 2 == turn else pytest.mark.slow,
    )
    for place, entry in enumerate(FIGURES.values())
    for turn, language in enumerate(("en", "zh"))
]
"""Every figure, in one language by turns; in the other one, it is slow."""


def read_fonts(file):
    """The fonts of all pages of a PDF, those of forms as well."""
    found = []

    def gather(resources):
        here = resources.get_object()
        for font in here.get("/Font", {}).values():
            found.append(font.get_object())
        for part in here.get("/XObject", {}).values():
            gather(part.get_object().get("/Resources", pypdf.generic.DictionaryObject()))

    for page in pypdf.PdfReader(file).pages:
        gather(page["/Resources"])
    return found


def program_of(font):
    """A font's own program, as it stands in the file."""
    (descendant,) = font["/DescendantFonts"]
    return descendant.get_object()["/FontDescriptor"]["/FontFile2"].get_data()


def check_fonts(file):
    found = read_fonts(file)
    assert found
    for font in found:
        assert (font["/Subtype"], "/ToUnicode" in font) == ("/Type0", True)
        assert font["/DescendantFonts"][0].get_object()["/Subtype"] == "/CIDFontType2"
        name = font["/BaseFont"].lower()
        assert name[7] == "+"  # the mark of a font that is cut to what is used
        assert name[8:].startswith(FORMULAS)
        assert len(program_of(font)) < WHOLE_FONT


@pytest.mark.parametrize(("language", "entry"), ONE_LANGUAGE)
def test_every_font_is_truetype_and_cut_to_what_is_used(entry, language, data_of, tmp_path):
    drawn = figure(entry.name, *data_of(entry), language=language, venue="icml")
    for text in (False, True):
        check_fonts(save_figure(drawn, tmp_path / f"{text}.pdf", text=text))


def test_what_is_drawn_can_be_searched_for(small, tmp_path):
    path = save_figure(figure("states", small, language="zh"), tmp_path / "a.pdf")
    assert "单元" in pypdf.PdfReader(path).pages[0].extract_text()


@pytest.mark.parametrize("way", ["figure", "function", "the user's own"])
def test_savefig_embeds_truetype_whatever_the_users_settings(way, small, tmp_path):
    with mpl.rc_context({"pdf.fonttype": 3, "pdf.use14corefonts": True}):
        file = io.BytesIO()
        if way == "figure":
            figure("tanh", small).savefig(file, format="pdf")
        elif way == "function":
            states(small).figure.savefig(file, format="pdf")
        else:
            drawn, axes = plt.subplots()
            states(small, ax=axes)
            file = save_figure(drawn, tmp_path / "a.pdf")
            plt.close(drawn)
        subtypes = {font["/Subtype"] for font in read_fonts(file)}
        assert subtypes == {"/Type0"}
        assert mpl.rcParams["pdf.fonttype"] == 3


def test_a_figure_is_written_as_it_was_drawn(small):
    def drawn():
        made = figure("gradient-by-lag", small)
        file = io.BytesIO()
        with mpl.rc_context({"mathtext.fontset": "stix", "savefig.facecolor": "red"}):
            made.savefig(file, format="pdf", metadata={"CreationDate": None})
        return file

    names = {font["/BaseFont"][8:] for font in read_fonts(drawn())}
    assert "Cmmi10" in names


@pytest.mark.parametrize("level", [logging.WARNING, logging.INFO])
def test_fonttools_logs_nothing(level, small, tmp_path, caplog):
    with caplog.at_level(level):
        save_figure(figure("gradient-by-lag", small), tmp_path / "a.pdf")
    assert caplog.messages == []


@pytest.mark.parametrize(("text", "letters"), [(False, 0), (True, 1)])
def test_an_svg_has_outlines_unless_text_is_asked_for(text, letters, small, tmp_path):
    path = save_figure(figure("states", small), tmp_path / "a.svg", text=text)
    assert ("<text" in path.read_text(encoding="utf-8")) == bool(letters)


TRACED = "语言模型"
"""East Asian words, which only a custom font has."""


@pytest.mark.parametrize("ending", ["otf", "ttc"])
@pytest.mark.parametrize("way", ["figure", "style"])
def test_cff_outlines_are_embedded_as_truetype(way, ending, trace, tmp_path):
    font = with_cff(TRACED)
    given = collected(tmp_path, "own.ttc", font) if ending == "ttc" else saved(
        tmp_path, "own.otf", font
    )  # fmt: skip
    assert "CFF " in TTFont(given, fontNumber=0)
    file = tmp_path / "figure.pdf"
    if way == "figure":
        words = tuple(
            tuple(TRACED[step % 4] for step in range(trace.steps)) for _ in range(trace.batch)
        )
        about = dataclasses.replace(trace.metadata, step_labels=words)
        named = dataclasses.replace(trace, metadata=about)
        save_figure(figure("states", named, font=given), file)
    else:
        with style(font=given):
            drawn, ax = plt.subplots()
            ax.set_title(TRACED)
            drawn.savefig(file)
            plt.close(drawn)
    (program,) = (program_of(each) for each in read_fonts(file) if "given" in each["/BaseFont"])
    held = TTFont(io.BytesIO(program))
    assert held.sfntVersion == "\0\1\0\0"
    assert {"glyf", "loca", "hmtx", "maxp"} <= set(held.keys())
    assert not {"CFF ", "CFF2"} & set(held.keys())
    assert held["maxp"].numGlyphs == len(held.getGlyphOrder())
    pen = AreaPen(held.getGlyphSet())
    shown = [name for name in held.getGlyphOrder() if name != ".notdef"]
    assert len(shown) >= min(len(TRACED), trace.steps)
    for name in shown:
        pen.value = 0
        held.getGlyphSet()[name].draw(pen)
        assert abs(pen.value) == pytest.approx(AREA, rel=0.01)
        assert held["hmtx"][name] == (600, 50)

"""Whoever takes a figure in finds its fonts whole: TrueType in a PDF, never Type 3."""

import io
import logging

import matplotlib as mpl
import matplotlib.pyplot as plt
import pypdf
import pytest

from rnnviz.figures import FIGURES, figure, save_figure
from rnnviz.figures.states import states

FORMULAS = ("cmmi10", "cmr10", "cmsy10", "cmex10", "stixgeneral", "rnnvizsans")
WHOLE_FONT = 30_000
"""Bytes that the characters of one figure never need; rnnviz Sans itself has millions."""


def fonts_of(file):
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
    found = fonts_of(file)
    assert found
    for font in found:
        assert (font["/Subtype"], "/ToUnicode" in font) == ("/Type0", True)
        assert font["/DescendantFonts"][0].get_object()["/Subtype"] == "/CIDFontType2"
        name = font["/BaseFont"].lower()
        assert name[7] == "+"  # the mark of a font that is cut to what is used
        assert name[8:].startswith(FORMULAS)
        assert len(program_of(font)) < WHOLE_FONT


@pytest.mark.parametrize("entry", FIGURES.values(), ids=FIGURES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_font_is_truetype_and_cut_to_what_is_used(entry, language, data_of, tmp_path):
    drawn = figure(entry.name, *data_of(entry), language=language, venue="icml")
    for text in (False, True):
        check_fonts(save_figure(drawn, tmp_path / f"{text}.pdf", text=text))


def test_what_is_drawn_can_be_searched_for(small, tmp_path):
    path = save_figure(figure("states", small, language="zh"), tmp_path / "a.pdf")
    assert "单元" in pypdf.PdfReader(path).pages[0].extract_text()


@pytest.mark.parametrize("way", ["figure", "function", "the user's own"])
def test_from_python_too_whatever_the_users_settings(way, small, tmp_path):
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
        subtypes = {font["/Subtype"] for font in fonts_of(file)}
        assert subtypes == {"/Type0"}
        assert mpl.rcParams["pdf.fonttype"] == 3


def test_a_figure_is_written_as_it_was_drawn(small):
    def drawn():
        made = figure("gradient-by-lag", small)
        file = io.BytesIO()
        with mpl.rc_context({"mathtext.fontset": "stix", "savefig.facecolor": "red"}):
            made.savefig(file, format="pdf", metadata={"CreationDate": None})
        return file

    names = {font["/BaseFont"][8:] for font in fonts_of(drawn())}
    assert "Cmmi10" in names


def test_nothing_is_said_of_the_dates_in_fonts(small, tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "fontTools"):
        save_figure(figure("gradient-by-lag", small), tmp_path / "a.pdf")
    assert caplog.messages == []


@pytest.mark.parametrize(("text", "letters"), [(False, 0), (True, 1)])
def test_an_svg_has_outlines_unless_text_is_asked_for(text, letters, small, tmp_path):
    path = save_figure(figure("states", small), tmp_path / "a.svg", text=text)
    assert ("<text" in path.read_text(encoding="utf-8")) == bool(letters)

"""What holds for every figure and every trace."""

import dataclasses
from functools import cache
from itertools import combinations, pairwise, product

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.textpath import TextPath
from models import Around, layer_of
from often import every, often
from own_fonts import DEJAVU, built, saved
from pypdf import PdfReader

from rnnviz.errors import FigureError, RnnvizError, TextError
from rnnviz.figures import FIGURES, figure, function_of, save_figure
from rnnviz.figures.catalogue import find
from rnnviz.figures.plots.states import states
from rnnviz.figures.styles import COLUMNS, STYLES
from rnnviz.recording import record

OF_TRACES = [name for name, entry in FIGURES.items() if entry.drawn_from == "trace"]


def made(steps=6, batch=2, cell="tanh", inputs=3, hidden=4, outputs=4, lengths=None, **options):
    torch.manual_seed(0)
    model = Around(layer_of(cell, inputs, hidden, **options), outputs).double()
    x = torch.randn(steps, batch, inputs, dtype=torch.float64)
    targets = torch.randint(outputs, (steps, batch))
    return record(model, x, targets, lengths=lengths)


def labelled(trace, word):
    words = tuple(f"{word}{step}" for step in range(trace.steps))
    metadata = dataclasses.replace(trace.metadata, step_labels=(words,) * trace.batch)
    return dataclasses.replace(trace, metadata=metadata)


TRACES = {
    "plain": lambda: made(),
    "one step": lambda: made(steps=1),
    "two steps": lambda: made(steps=2),
    "many steps": lambda: made(steps=200, batch=1),
    "one unit": lambda: made(hidden=1),
    "many units": lambda: made(hidden=200, batch=1),
    "gru": lambda: made(cell="gru"),
    "lstm": lambda: made(cell="lstm"),
    "relu": lambda: made(cell="relu"),
    "two layers": lambda: made(num_layers=2),
    "both directions": lambda: made(bidirectional=True),
    "lengths": lambda: made(lengths=[6, 4]),
    "dollars": lambda: labelled(made(), "$x_"),
    "long words": lambda: labelled(made(), "incomprehensibilities" * 3),
}
SHARED = ("plain", "one step")
"""Traces whose figures several tests look at."""
SLOW = ("two steps", "one unit", "gru", "relu", "two layers")
"""Traces that lie between those that are always drawn."""


def turns(kind, place):
    """The figures of a trace: all of them among the quick tests, or every second one, or none."""
    cases = [(name, kind) for name in OF_TRACES]
    if kind == "plain":
        return cases
    return often(cases, ()) if kind in SLOW else every(2, cases, place)


LACKS = {("tanh", "gru"), ("tanh", "lstm"), ("tanh", "relu"), ("trajectory", "one unit")}
LACKS |= {("trajectory", "one step"), ("trajectory", "two steps"), ("weight-shares", "one step")}


def check_page(drawn):
    """Check that everything lies on the page."""
    assert isinstance(drawn, Figure)
    width, height = drawn.get_size_inches()
    left, bottom, right, top = drawn.get_tightbbox().extents
    assert left >= -0.02, left
    assert bottom >= -0.02, bottom
    assert right <= width + 0.02, right
    assert top <= height + 0.02, top


HOSTILE = {
    "font.size": 31,
    "font.family": "serif",
    "lines.linewidth": 17,
    "text.usetex": True,
    "axes.grid": True,
    "axes.unicode_minus": False,
    "axes.xmargin": 0.4,
    "xtick.major.size": 20,
    "legend.loc": "center",
    "legend.frameon": False,
    "mathtext.fontset": "stix",
    "savefig.bbox": "tight",
    "savefig.transparent": True,
    "pdf.compression": 0,
    "path.simplify": False,
}


@pytest.fixture(scope="module")
def traces():
    return {name: make() for name, make in TRACES.items()}


@pytest.fixture(scope="module")
def drawn(traces):
    """(figure, trace) → the figure with default options; tests must not change it."""
    kept = cache(lambda name, kind: figure(name, traces[kind]))

    def draw(name, kind):
        return kept(name, kind) if kind in SHARED else figure(name, traces[kind])

    return draw


@pytest.fixture(scope="module")
def drawn_anew(traces):
    """(figure, hostile) → a figure drawn within the user's settings, and these before and after."""

    @cache
    def draw(name, hostile):
        with mpl.rc_context(HOSTILE if hostile else {}):
            before = dict(mpl.rcParams)
            made = figure(name, traces["plain"])
            return made, before, dict(mpl.rcParams)

    return draw


@pytest.mark.parametrize(
    ("name", "kind"),
    [case for place, kind in enumerate(TRACES) for case in turns(kind, place)],
)
def test_a_figure_draws_any_trace_or_refuses_it_with_a_reason(name, kind, drawn):
    if (name, kind) in LACKS:
        with pytest.raises(RnnvizError, match=";"):
            drawn(name, kind)
        return
    check_page(drawn(name, kind))


@pytest.mark.parametrize("name", every(2, OF_TRACES))
def test_nothing_leaves_the_page_in_another_language_and_theme(name, traces):
    check_page(figure(name, traces["plain"], language="zh", theme="dark"))


@pytest.mark.parametrize("name", every(2, OF_TRACES, first=1))
def test_the_users_settings_are_neither_used_nor_changed(name, drawn_anew):
    made, before, after = drawn_anew(name, hostile=True)
    assert after == before
    sizes = {text.get_fontsize() for text in made.findobj(mpl.text.Text) if text.get_text()}
    assert max(sizes, default=0) < 31
    assert max((line.get_linewidth() for line in made.findobj(mpl.lines.Line2D)), default=0) < 17


@pytest.mark.parametrize(("kind", "name"), every(4, product(["pdf", "svg", "png"], OF_TRACES)))
def test_the_same_trace_gives_the_same_bytes_whatever_the_users_settings(
    name, kind, traces, drawn_anew, tmp_path, monkeypatch
):
    identity = traces["plain"].identity
    wanted, *_ = drawn_anew(name, hostile=False)
    first = save_figure(wanted, tmp_path / f"1.{kind}", trace=identity)
    got, *_ = drawn_anew(name, hostile=True)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")  # another time, where a file tells of it
    with mpl.rc_context(HOSTILE):
        second = save_figure(got, tmp_path / f"2.{kind}", trace=identity)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("venue", COLUMNS)
@pytest.mark.parametrize("span", [1, 2])
def test_a_figure_is_as_wide_as_its_column(venue, span, traces):
    drawn = figure("states", traces["plain"], venue=venue, span=span)
    assert drawn.get_size_inches()[0] == pytest.approx(COLUMNS[venue][span - 1])


def test_styles_differ_in_type_and_size(traces):
    sizes = []
    for style in STYLES:
        drawn = figure("tanh", traces["plain"], style=style)
        sizes.append((drawn.axes[0].xaxis.label.get_fontsize(), drawn.get_size_inches()[0]))
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == len(STYLES)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"style": "napkin"}, "unknown style 'napkin'; choose paper, slides, poster"),
        ({"venue": "nature"}, "unknown venue 'nature'; choose neurips, icml, ieee, acl"),
        ({"span": 2}, "give a venue, or a width"),
        ({"width": 0.5}, r"does not fit into 0\.5 × 0\.31 inches; choose a larger"),
        ({"span": 3}, "span must be 1 or 2 columns, got 3"),
        ({"language": "xx"}, "unknown language 'xx'; choose en or zh"),
    ],
)
def test_a_wrong_option_is_named(wanted, message, traces):
    with pytest.raises(FigureError, match=message):
        figure("states", traces["plain"], **wanted)


def test_an_unknown_figure_names_the_near_ones():
    with pytest.raises(
        FigureError, match="unknown figure 'gradient-tabel'; did you mean gradient-table"
    ):
        find("gradient-tabel")


@pytest.mark.parametrize("name", FIGURES)
def test_every_entry_names_a_function(name):
    assert callable(function_of(name))


def words_of(drawn):
    axes = drawn.axes[0]
    return [text for text in axes.get_xticklabels() if text.get_text()]


def boxes_of(texts):
    return [text.get_window_extent() for text in texts]


@pytest.mark.parametrize("name", ["states", "saliency"])
def test_words_of_unequal_length_do_not_lie_over_each_other(name):
    trace = made(steps=20, batch=1)
    words = ("beginning", *"abcdefghijklmnopqr", "end")
    metadata = dataclasses.replace(trace.metadata, step_labels=(words,))
    drawn = figure(name, dataclasses.replace(trace, metadata=metadata))
    texts = words_of(drawn)
    if all(text.get_rotation() == 0 for text in texts):
        boxes = boxes_of(texts)
        assert all(left.x1 <= right.x0 for left, right in pairwise(boxes))
    assert len(texts) == 20


@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_every_panel_of_gates_has_room_for_its_numbers(kind):
    drawn = figure("gates", made(cell=kind, hidden=16))
    for axes in drawn.axes:
        boxes = boxes_of(text for text in axes.get_yticklabels() if text.get_text())
        assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))


@pytest.mark.parametrize(
    ("language", "name"),
    every(2, product(["en", "zh"], ["unrolled", "states", "gates", "gradient-table", "cliff"])),
)
def test_every_heat_map_has_a_labelled_colour_bar(name, language, traces):
    data = () if name == "cliff" else (traces["lstm"],)
    made = figure(name, *data, language=language)
    bars = [axes for axes in made.axes if axes.get_label() == "<colorbar>"]
    assert bars
    assert all(axes.get_ylabel() for axes in bars)


@pytest.mark.parametrize("name", ["gradient-by-lag", "products", "gradient-table"])
def test_a_logarithmic_scale_says_so(name, traces, drawn):
    said = [axes.get_ylabel() for axes in drawn(name, "plain").axes]
    assert any(label.endswith(", log scale") for label in said)
    said = [axes.get_ylabel() for axes in figure(name, traces["plain"], language="zh").axes]
    assert any(label.endswith("，对数刻度") for label in said)


@pytest.mark.parametrize("name", ["gradient-by-lag", "products"])
def test_a_single_step_is_drawn_as_a_marker_with_whole_number_ticks(name, drawn):
    axes = drawn(name, "one step").axes[0]
    assert any(line.get_marker() == "o" for line in axes.lines)
    low, high = axes.get_xlim()
    assert [place for place in axes.get_xticks() if low <= place <= high] == [0]


def test_steps_after_the_end_of_a_sequence_are_empty(traces):
    drawn = figure("states", traces["lengths"], sequence=1)
    values = np.ma.filled(drawn.axes[0].collections[0].get_array(), np.nan)
    assert np.isnan(values[:, 4:]).all()
    assert not np.isnan(values[:, :4]).any()


def test_a_figure_of_all_sequences_shows_words_only_if_they_share_them(traces):
    trace = labelled(traces["plain"], "word")
    assert words_of(figure("weight-shares", trace))[0].get_text() == "word0"
    other = (("other",) * trace.steps, trace.metadata.step_labels[0])
    metadata = dataclasses.replace(trace.metadata, step_labels=other)
    drawn = figure("weight-shares", dataclasses.replace(trace, metadata=metadata))
    assert all(text.get_text().isdigit() for text in words_of(drawn))
    assert drawn.axes[0].get_xlabel() == "step"


def test_words_along_a_path_do_not_lie_over_each_other():
    trace = labelled(made(steps=20, batch=1), "word")
    axes = figure("trajectory", trace).axes[0]
    boxes = boxes_of(text for text in axes.texts if text.get_text())
    assert len(boxes) > 2
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    marks = [
        tuple(place) for line in axes.lines for place in axes.transData.transform(line.get_xydata())
    ]
    assert not any(box.contains(*mark) for box in boxes for mark in marks)


@pytest.mark.parametrize("name", ["states", "unrolled", "trajectory"])
@pytest.mark.parametrize("character", ["\U0001f98a", "\u0645", "\x01"])
def test_a_character_that_no_font_has_is_named(name, character, traces):
    message = rf"no font .* \(U\+{ord(character):04X}\) in .*replace it in the data"
    with pytest.raises(TextError, match=message):
        figure(name, labelled(traces["plain"], character))


@pytest.mark.parametrize("name", ["states", "unrolled", "trajectory", "saliency"])
def test_words_are_drawn_with_a_custom_font(name, traces, tmp_path):
    drawn = figure(name, labelled(traces["plain"], "\u0633\u0644\u0645"), font=DEJAVU)
    for kind in ("pdf", "png"):  # a missing glyph would be a warning, an error here
        save_figure(drawn, tmp_path / f"a.{kind}")
    (page,) = PdfReader(tmp_path / "a.pdf").pages
    fonts = [each.get_object()["/BaseFont"] for each in page["/Resources"]["/Font"].values()]
    assert any("rnnvizgiven" in font for font in fonts)


def test_arabic_is_joined_in_a_figure(traces):
    word = "\u0633\u0644\u0645"
    drawn = figure("states", labelled(traces["plain"], word), font=DEJAVU)
    family = drawn.axes[0].get_xticklabels()[0].get_fontproperties()
    whole = TextPath((0, 0), word, prop=family).get_extents().width
    parts = sum(TextPath((0, 0), each, prop=family).get_extents().width for each in word)
    assert whole < 0.95 * parts


def test_hindi_is_shaped_in_a_figure(traces, tmp_path):
    word = "\u0915\u093f"  # the vowel sign is written after its consonant and stands before it
    font = built(word + "\u25cc", side=800, sides={"\u093f": 200})
    drawn = figure("states", labelled(traces["plain"], word), font=saved(tmp_path, "a.ttf", font))
    family = drawn.axes[0].get_xticklabels()[0].get_fontproperties()
    left, right = (
        np.ptp(part[:, 0])
        for part in sorted(TextPath((0, 0), word, prop=family).to_polygons(), key=np.min)
    )
    assert right == pytest.approx(4 * left, rel=0.01)


def test_a_variable_font_is_drawn_in_its_regular_weight(traces, tmp_path):
    trace = labelled(traces["plain"], "\u092e")
    widths = []
    for name, font in {
        "a.ttf": built("\u092e", side=200, heavy=1000),
        "b.ttf": built("\u092e", side=500),
    }.items():
        drawn = figure("states", trace, font=saved(tmp_path, name, font))
        family = drawn.axes[0].get_xticklabels()[0].get_fontproperties()
        widths.append(TextPath((0, 0), "\u092e", prop=family).get_extents().width)
    assert widths[0] == pytest.approx(widths[1], rel=0.01)


def test_a_long_word_is_cut_by_how_wide_it_is(traces):
    def shown(word):
        return words_of(figure("states", labelled(traces["plain"], word)))[0].get_text()

    assert shown("\u4e2d" * 7) == "\u4e2d" * 6 + "\u2026"
    assert shown("e\u0301" * 13) == "e\u0301" * 13 + "0"


def test_characters_are_not_checked_for_fonts_of_the_user(traces):
    drawn = states(labelled(traces["plain"], "\u0645")).figure
    assert words_of(drawn)[0].get_text() == "\u06450"


def test_a_word_stands_in_one_line(traces):
    drawn = figure("states", labelled(traces["plain"], "a\nb "))
    assert words_of(drawn)[0].get_text() == "a b 0"


@pytest.mark.parametrize("name", ["spectrum", "trajectory", "tanh"])
def test_marks_grow_with_the_type(name, traces, drawn):
    def least(style):
        made = (
            drawn(name, "plain") if style == "paper" else figure(name, traces["plain"], style=style)
        )
        found = made.axes[0].collections
        return min(size for each in found for size in each.get_sizes())

    assert least("paper") < least("slides") < least("poster")

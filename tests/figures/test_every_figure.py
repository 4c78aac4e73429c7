"""What holds for every figure that is drawn from a trace, whatever the trace."""

import dataclasses

import matplotlib as mpl
import pytest
import torch
from matplotlib.figure import Figure
from models import Around, layer_of

from rnnviz.errors import FigureError, RnnvizError, TextError
from rnnviz.figures import FIGURES, figure, function_of, save_figure
from rnnviz.figures.catalogue import find
from rnnviz.figures.style import COLUMNS, STYLES
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
LACKS = {("tanh", "gru"), ("tanh", "lstm"), ("tanh", "relu"), ("trajectory", "one unit")}
LACKS |= {("trajectory", "one step"), ("trajectory", "two steps"), ("weight-shares", "one step")}


def check_page(drawn):
    """All that is drawn lies on the page."""
    assert isinstance(drawn, Figure)
    width, height = drawn.get_size_inches()
    drawn.canvas.draw()
    left, bottom, right, top = drawn.get_tightbbox().extents
    assert left >= -0.02, left
    assert bottom >= -0.02, bottom
    assert right <= width + 0.02, right
    assert top <= height + 0.02, top


@pytest.fixture(scope="module")
def traces():
    return {name: make() for name, make in TRACES.items()}


@pytest.mark.parametrize("name", OF_TRACES)
@pytest.mark.parametrize("kind", TRACES)
def test_a_figure_is_drawn_of_any_trace_or_refused_with_a_reason(name, kind, traces):
    if (name, kind) in LACKS:
        with pytest.raises(RnnvizError, match=";"):
            figure(name, traces[kind])
        return
    check_page(figure(name, traces[kind]))


@pytest.mark.parametrize("name", OF_TRACES)
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_leaves_the_page_in_any_language_or_theme(name, language, theme, traces):
    check_page(figure(name, traces["plain"], language=language, theme=theme))


@pytest.mark.parametrize("name", OF_TRACES)
def test_the_users_settings_are_neither_used_nor_changed(name, traces):
    with mpl.rc_context({"font.size": 31, "lines.linewidth": 17, "font.family": "serif"}):
        before = dict(mpl.rcParams)
        drawn = figure(name, traces["plain"])
        assert dict(mpl.rcParams) == before
        sizes = {text.get_fontsize() for text in drawn.findobj(mpl.text.Text) if text.get_text()}
        assert max(sizes, default=0) < 31
        assert (
            max((line.get_linewidth() for line in drawn.findobj(mpl.lines.Line2D)), default=0) < 17
        )


@pytest.mark.parametrize("name", OF_TRACES)
@pytest.mark.parametrize("kind", ["pdf", "svg", "png"])
def test_the_same_trace_gives_the_same_bytes(name, kind, traces, tmp_path):
    trace = traces["plain"]
    first, second = (
        save_figure(figure(name, trace), tmp_path / f"{turn}.{kind}", trace=trace.identity)
        for turn in (1, 2)
    )
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
        ({"style": "napkin"}, "no style 'napkin'; choose paper, slides, poster"),
        ({"venue": "nature"}, "no venue 'nature'; choose neurips, icml, ieee, acl"),
        ({"span": 3}, "1 or 2 columns wide, not 3"),
        ({"theme": "blue"}, "no theme 'blue'; choose dark, light"),
        ({"language": "xx"}, "no language 'xx'; choose en or zh"),
    ],
)
def test_a_wrong_wish_is_named(wanted, message, traces):
    with pytest.raises(FigureError, match=message):
        figure("states", traces["plain"], **wanted)


def test_an_unknown_figure_names_the_near_ones():
    with pytest.raises(
        FigureError, match="no figure 'gradient-tabel'; did you mean gradient-table"
    ):
        find("gradient-tabel")


@pytest.mark.parametrize("name", FIGURES)
def test_every_entry_leads_to_a_function(name):
    assert callable(function_of(name))


def test_a_character_that_no_font_has_is_named(traces):
    with pytest.raises(TextError, match=r"no font .* '🦊' \(U\+1F98A\) in '🦊0'; replace it"):
        figure("states", labelled(traces["plain"], "🦊"))

"""Several traces in one figure, and the options label, color and palette."""

import dataclasses
import inspect
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from matplotlib.collections import QuadMesh
from matplotlib.colors import same_color
from matplotlib.figure import Figure
from models import Around, layer_of

import rnnviz
from rnnviz.errors import FigureError, TextError, TraceError
from rnnviz.figures import FIGURES, as_label, figure, function_of
from rnnviz.figures.axes import MOST_CELLS, time_axis
from rnnviz.figures.plots.gradient_by_lag import gradient_by_lag
from rnnviz.figures.plots.saliency import saliency
from rnnviz.figures.plots.states import states
from rnnviz.figures.saving import images_in
from rnnviz.recording import record
from rnnviz.text.palette import LIGHT

TOGETHER = [
    name for name, entry in FIGURES.items() if entry.no_overlay is None and name != "training"
]
ALONE = [name for name, entry in FIGURES.items() if entry.no_overlay is not None]
LABELS = ("first $x^2$", "second")


def made(cell="tanh", steps=6, seed=0, hidden=4, **options):
    torch.manual_seed(seed)
    model = Around(layer_of(cell, 3, hidden), 4).double()
    x = torch.randn(steps, 2, 3, dtype=torch.float64)
    return record(model, x, torch.randint(4, (steps, 2)), **options)


@pytest.fixture(scope="module")
def pair():
    return made(), made(steps=9, seed=1)


def legend_of(axes):
    drawn = axes.get_legend()
    texts = [text.get_text() for text in drawn.get_texts()]
    return dict(zip(texts, drawn.legend_handles, strict=True))


def color_of(handle):
    for read in ("get_color", "get_facecolor", "get_edgecolor"):
        if hasattr(handle, read):
            found = getattr(handle, read)()
            return found if isinstance(found, str) else np.ravel(found)[:3]
    raise AssertionError(handle)


@pytest.mark.parametrize("name", TOGETHER)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_legend_distinguishes_traces_drawn_together(name, language, pair):
    axes = figure(name, *pair, label=LABELS, language=language).axes[0]
    entries = legend_of(axes)
    for label in LABELS:
        assert [text for text in entries if text.startswith(label)]
    first, second = (
        next(handle for text, handle in entries.items() if text.startswith(label))
        for label in LABELS
    )
    assert not same_color(color_of(first), color_of(second))


@pytest.mark.parametrize("name", ["gradient-by-lag", "products"])
def test_lines_are_the_same_alone_and_together_and_the_axes_hold_both(name, pair):
    together = figure(name, *pair, label=LABELS).axes[0]
    low, high = together.get_xlim()
    drawn = {tuple(line.get_ydata()) for line in together.lines}
    for trace in (pair, pair[::-1]):
        for each in trace:
            alone = figure(name, each).axes[0]
            assert {tuple(line.get_ydata()) for line in alone.lines} <= drawn
    assert low < 0
    assert high > 8


@pytest.mark.parametrize("order", [1, -1])
def test_axes_are_widened_never_narrowed(order, pair):
    axes = Figure().subplots()
    for trace in pair[::order]:
        saliency(trace, label=str(trace.steps), ax=axes)
    assert axes.get_xlim() == (0.5, 9.5)


def test_the_legend_names_the_loss_if_traces_differ_in_it(pair):
    axes = figure("saliency", *pair, label=LABELS).axes[0]
    assert list(legend_of(axes)) == [r"first $x^2$, $L_{6}$", r"second, $L_{9}$"]
    assert "L_t" in axes.get_ylabel()


def test_words_stand_under_steps_only_if_all_traces_have_them(pair):
    def words_after(*words):
        axes = Figure().subplots()
        for each in words:
            metadata = dataclasses.replace(
                pair[0].metadata, step_labels=(each,) * 2 if each else ()
            )
            trace = dataclasses.replace(pair[0], metadata=metadata)
            time_axis(axes, trace, 0, str)
        return [text.get_text() for text in axes.get_xticklabels() if text.get_text()]

    one, other = tuple("abcdef"), tuple("abcdeg")
    assert words_after(one, one) == list(one)
    for differing in ((one, other), (one, ()), ((), one)):
        assert all(text.isdigit() for text in words_after(*differing))


@pytest.mark.parametrize("name", ALONE)
def test_a_figure_of_a_single_trace_says_why(name, pair):
    with pytest.raises(FigureError, match=FIGURES[name].no_overlay):
        figure(name, *pair, label=LABELS)


@pytest.mark.parametrize(
    ("labels", "message"),
    [((), "need 2 different labels"), (("a",), "need 2 diff"), (("a", "a"), "need 2 diff")],
)
def test_labels_must_differ(labels, message, pair):
    with pytest.raises(FigureError, match=message):
        figure("products", *pair, label=labels)


def test_too_many_traces_are_refused(pair):
    labels = [str(number) for number in range(16)]
    with pytest.raises(FigureError, match="at most 15 traces, got 16"):
        figure("products", *[pair[0]] * 16, label=labels)
    axes = figure("products", *[pair[0]] * 15, label=labels[:15], height=5).axes[0]
    looks = {(line.get_color(), line.get_linestyle()) for line in axes.lines[:-1]}
    assert len(looks) >= 15


@pytest.mark.parametrize("name", [name for name in FIGURES if name not in ("gates", "training")])
def test_a_function_on_axes_takes_a_label_a_colour_and_a_palette(name, data_of):
    draw = function_of(name)
    accepted = inspect.signature(draw).parameters
    options = {"label": "mine", "palette": LIGHT}
    if "color" in accepted:
        options["color"] = "#123456"
    axes = draw(*data_of(FIGURES[name]), **options)
    found = [axes.get_title(), *(legend_of(axes) if axes.get_legend() else ())]
    assert any(text.startswith("mine") for text in found)
    if "color" in accepted:
        colors = [color_of(handle) for handle in legend_of(axes).values()]
        assert any(same_color(color, "#123456") for color in colors)
    else:
        assert any(isinstance(each, QuadMesh) for each in axes.collections) or name in (
            "unrolled",
            "cliff",
        )


def test_an_option_that_a_figure_does_not_have_is_named(pair):
    with pytest.raises(FigureError, match="'states' has no option 'color'; choose direction, lab"):
        figure("states", pair[0], color="red")


@pytest.mark.parametrize("name", ["_hidden", "cost $5", "a$b$c", "50%", "x_1^2", "#1 {a}"])
def test_a_file_name_is_shown_as_it_is(name, pair):
    entries = legend_of(figure("products", *pair, label=(as_label(name), "b")).axes[0])
    shown = next(iter(entries)).replace(r"$\_$", "_").replace(r"\$", "$")
    assert len(entries) == 2
    assert shown.startswith(name)


def test_a_label_that_cannot_be_drawn_is_refused(pair):
    with pytest.raises(FigureError, match="has a formula that cannot be parsed"):
        figure("products", pair[0], label=r"$\nonesuch$")
    with pytest.raises(TextError, match="give another label"):
        figure("products", pair[0], label="\U0001f98a")


@pytest.mark.parametrize("name", ["states", "gates", "gradient-table", "unrolled"])
def test_cells_and_scales_are_shapes(name, pair):
    assert images_in(figure(name, pair[0])) == []


def test_more_cells_than_a_bound_are_an_image():
    steps = MOST_CELLS // 50
    for count, images in ((steps, []), (steps + 1, [(50, steps + 1)])):
        trace = made(steps=count, hidden=50, losses="last")
        assert images_in(figure("states", trace)) == images


def test_cells_on_given_axes_are_the_values_in_order(pair):
    axes = Figure().subplots()
    states(pair[0], ax=axes)
    (mesh,) = (each for each in axes.collections if isinstance(each, QuadMesh))
    corners = mesh.get_coordinates()
    np.testing.assert_array_equal(mesh.get_array(), pair[0].h[0, 0, :, 0].T)
    np.testing.assert_array_equal(corners[0, 0], [0.5, 0.5])
    np.testing.assert_array_equal(corners[-1, -1], [6.5, 4.5])
    assert axes.get_ylim() == (4.5, 0.5)  # unit 1 on top


def test_gradients_by_lag_over_that_at_lag_0():
    trace = made("lstm")
    plain, over = (gradient_by_lag(trace, normalize=each).lines[0] for each in (False, True))
    np.testing.assert_allclose(over.get_ydata(), plain.get_ydata() / plain.get_ydata()[0])
    assert "overline" in gradient_by_lag(trace, normalize=True).get_ylabel()


def test_an_lstm_says_whether_gradients_are_of_h_or_of_c():
    trace = made("lstm")
    for state in ("h", "c"):
        axes = gradient_by_lag(trace, state=state)
        assert rf"\partial {state}_k" in axes.get_ylabel()
        norms = rnnviz.measure.gradient_norms_by_lag(trace, state=state)
        np.testing.assert_allclose(axes.lines[0].get_ydata(), np.nanmean(norms, axis=(0, 2)))


@pytest.mark.parametrize(("cell", "kind"), [("tanh", "an RNN"), ("gru", "a GRU")])
def test_c_of_a_cell_without_it_is_refused(cell, kind):
    with pytest.raises(TraceError, match=f"{kind} has no cell state c; use state h"):
        gradient_by_lag(made(cell), state="c")


def test_what_is_zero_at_lag_0_cannot_be_divided_by(pair):
    given = pair[0].grad_h_by_loss.copy()
    for step in range(6):
        given[step, :, :, step] = 0
    with pytest.raises(TraceError, match="lag 0 are zero"):
        gradient_by_lag(dataclasses.replace(pair[0], grad_h_by_loss=given), normalize=True)


def test_the_training_of_two_networks_in_the_same_panels(data_of):
    (history,) = data_of(FIGURES["training"])
    drawn = figure("training", history, history, label=("a", "b"))
    assert len(drawn.axes) == 2
    assert list(legend_of(drawn.axes[0])) == ["a", "b"]
    assert list(legend_of(drawn.axes[1])) == ["a", "a, clipped", "b", "b, clipped"]


def test_a_training_of_one_epoch_has_a_marker():
    one = np.array([2.0])
    history = SimpleNamespace(epochs=1, loss=one, gradient_norm=one, clipped_norm=one / 2)
    for axes in figure("training", history).axes:
        assert all(line.get_marker() == "o" for line in axes.lines)

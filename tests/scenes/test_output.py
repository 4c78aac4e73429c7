"""output shows the recorded scores and probabilities, and the gradients are those of the losses."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from models import Around
from often import NETWORKS
from rnnviz.scenes.output.linear_output import MOST_OUTPUTS, states_read
from rnnviz.scenes.output.output_numbers import (
    OutputNumbers,
    digits_for_loss,
    power_text,
    step_to_explain,
)
from rnnviz.scenes.output.softmax_bars import SoftmaxBars
from tools_of import tool

from rnnviz.errors import SceneError
from rnnviz.experiments.default_recordings import record_task
from rnnviz.measure.outputs import cross_entropy_gradient, squared_on_softmax_gradient
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.theme import DARK
from rnnviz.recording import record
from rnnviz.scene.context import SceneContext
from rnnviz.scene.loading import load_scene
from rnnviz.scene.needs import check_needs

NAME = "output"


@pytest.fixture(scope="module", params=NETWORKS)
def trace(request, default_trace_of, changed_trace_of):
    return (default_trace_of if request.param == "as recorded" else changed_trace_of)(NAME)


@pytest.fixture(scope="module")
def performed(trace, perform):
    return perform(NAME, look, trace)


def softmax(o):
    powers = np.exp(o - o.max())
    return powers / powers.sum()


def autograd(o, target, loss):
    """∂L/∂o by PyTorch, in double precision."""
    scores = torch.tensor(o, dtype=torch.float64, requires_grad=True)
    y = torch.softmax(scores, dim=0)
    wanted = torch.nn.functional.one_hot(torch.tensor(target), len(o))
    value = -y[target].log() if loss == "cross-entropy" else 0.5 * (y - wanted).square().sum()
    value.backward()
    return scores.grad.numpy()


def signed_lengths(rows):
    """Bars read back as values, in units of the longest one."""
    return lengths_from(rows.zero.get_x(), rows.bars)


def lengths_from(zero, bars):
    """Bars read back as values, in Manim units from a zero line."""
    ends = np.array(
        [
            bar.get_right()[0] if abs(bar.get_left()[0] - zero) < 1e-6 else bar.get_left()[0]
            for bar in bars
        ]
    )
    return ends - zero


def texts(rows):
    return [ink.text for ink in rows.numbers]


def facts_of(trace):
    """The facts of a trace, without a performance."""
    scene = load_scene(NAME).scene(SceneContext(trace))
    scene.setup()
    return dict(scene.facts())


def look(scene):
    seen = {
        "facts": dict(scene.facts()),
        "names": [ink.text for ink in scene.sum.names],
        "o": [ink.text for ink in scene.sum.o.numbers],
        "filled": [cell.get_fill_opacity() for cell in scene.sum.o.cells],
    }
    if hasattr(scene, "bars"):
        for name in ("powers", "shares"):
            rows = getattr(scene.bars, name)
            seen[name] = texts(rows), signed_lengths(rows)
        seen["stack"] = [piece.width for piece in scene.bars.stack]
    if hasattr(scene, "curve"):
        plane = scene.curve.plane
        seen["dot"] = values_at(plane, [scene.curve.dot.get_center()])[0]
        seen["bar"] = scene.curve.bar.width / plane.frame.width
    if hasattr(scene, "gradient"):
        gradient = scene.gradient
        seen["first"] = [(texts(gradient.first), signed_lengths(gradient.first))]
        seen["again"] = [(texts(gradient.again), signed_lengths(gradient.again))]
        seen["wanted"] = [ink.text for ink in gradient.wanted]
        seen["ways"] = [np.sign((arrow.path[-1] - arrow.path[0])[1]) for arrow in gradient.arrows]
    if hasattr(scene, "slopes"):
        slopes = scene.slopes
        seen["slopes"] = [
            SimpleNamespace(
                curve=values_at(plane, curve.get_start_anchors()),
                dot=values_at(plane, [dot.get_center()])[0],
                tangent=values_at(plane, [tangent.get_start(), tangent.get_end()]),
                told=told.text,
            )
            for plane, curve, dot, tangent, told in zip(
                slopes.planes, slopes.curves, slopes.dots, slopes.tangents, slopes.slopes,
                strict=True,
            )
        ]  # fmt: skip
    return seen


def values_at(plane, places):
    """Places on a plane read back as pairs of values."""
    low, high = plane.frame.get_start()[:2], plane.frame.get_end()[:2]
    ranges = np.array([plane.x_bounds, plane.y_bounds])
    shares = (np.asarray(places)[:, :2] - low) / (high - low)
    return ranges[:, 0] + shares * (ranges[:, 1] - ranges[:, 0])


def test_scores_and_probabilities_are_the_recorded_ones(trace, performed):
    seen = performed["cost"]
    h = trace.h[0, 0, -1, 0]
    o = trace.parameters["fc.weight"] @ h + trace.parameters["fc.bias"]
    y = softmax(o)
    assert seen["names"] == list(trace.metadata.output_labels)
    assert set(seen["filled"]) == {0.0}  # the colours' scale ends before the scores
    assert seen["o"] == [f"{value:.2f}".replace("-", "−") for value in o]
    written, lengths = seen["shares"]
    assert written == [number(float(value)) for value in y]
    kept = y > 0.02
    np.testing.assert_allclose((lengths / lengths.max())[kept], (y / y.max())[kept], atol=1e-6)
    _, lengths = seen["powers"]
    np.testing.assert_allclose((lengths / lengths.max())[kept], (y / y.max())[kept], atol=1e-6)
    np.testing.assert_allclose(sum(seen["stack"]), seen["stack"][0] / y[0], rtol=1e-3)
    np.testing.assert_allclose(seen["stack"] / sum(seen["stack"]), y, atol=1e-4)
    target = int(trace.targets[-1, 0])
    np.testing.assert_allclose(seen["bar"], y[target], atol=1e-5)
    np.testing.assert_allclose(seen["dot"], [y[target], -np.log(y[target])], atol=1e-5)
    assert seen["facts"]["total"] == power_text(float(np.log(np.exp(o).sum())))
    assert f": {number(float(trace.loss[-1, 0]))}." in seen["facts"]["cost"]


def test_scores_swell_into_bars_of_their_own_lengths(trace):
    bars = SoftmaxBars(OutputNumbers.of(trace, trace, step_to_explain(trace)), DARK)
    o = trace.output[-1, 0]
    assert texts(bars.scores) == [f"{value:.2f}".replace("-", "−") for value in o]
    lengths = signed_lengths(bars.scores)
    long = np.abs(o) > 0.02 * np.abs(o).max()
    np.testing.assert_allclose(
        (lengths / np.abs(lengths).max())[long], (o / np.abs(o).max())[long], atol=1e-5
    )


def test_both_gradients_are_those_of_autograd(trace, performed):
    seen = performed
    o = trace.output[-1, 0].astype(float)
    target = int(trace.targets[-1, 0])
    names = list(trace.metadata.output_labels)
    other = names.index(seen["another_target"]["facts"]["other"])
    cases = [("against", "first", target), ("another_target", "again", other)]
    for beat, name, wanted in cases:
        expected = [autograd(o, wanted, "cross-entropy")]
        assert seen[beat]["wanted"] == ["1" if row == wanted else "0" for row in range(len(o))]
        reach = max(np.abs(lengths).max() for _, lengths in seen[beat][name])
        full = max(np.abs(each).max() for each in expected)
        for (written, lengths), gradient in zip(seen[beat][name], expected, strict=True):
            assert written == [number(float(value)) for value in gradient]
            long = np.abs(gradient) > 0.02 * full
            np.testing.assert_allclose((lengths / reach)[long], (gradient / full)[long], atol=1e-5)
            assert (np.sign(lengths) == np.sign(gradient)).all()
    against = -np.sign(autograd(o, target, "cross-entropy"))
    assert seen["against"]["ways"] == against.tolist()


def test_both_losses_are_drawn_over_the_score_of_another_answer(trace, performed):
    o = trace.output[-1, 0].astype(float)
    name = performed["squared_loss"]["facts"]["other"]
    other = list(trace.metadata.output_labels).index(name)
    drawn = performed["squared_loss"]["slopes"]
    for loss, seen in zip(("cross-entropy", "squared"), drawn, strict=True):
        for score, value in [*seen.curve[::20], seen.dot]:
            expected = loss_of(np.where(np.arange(len(o)) == other, score, o), other, loss)
            assert value == pytest.approx(expected, abs=1e-4)
        assert seen.dot[0] == pytest.approx(o[other], abs=1e-5)
        slope = autograd(o, other, loss)[other]
        (x0, y0), (x1, y1) = seen.tangent
        assert (y1 - y0) / (x1 - x0) == pytest.approx(slope, rel=1e-3, abs=1e-6)
        assert y0 + slope * (seen.dot[0] - x0) == pytest.approx(seen.dot[1], abs=1e-4)
        assert seen.told == f"slope {number(float(slope))}"


def loss_of(o, target, loss):
    """A loss of scores, by its definition."""
    y = softmax(o)
    return -np.log(y[target]) if loss == "cross-entropy" else 0.5 * (y_minus(y, target) ** 2).sum()


def test_the_loss_has_the_gradient_of_its_two_terms(trace):
    """L = ln Σ e^o − o*: the first term's gradient is y, the second's −y*."""
    o, target = trace.output[-1, 0].astype(float), int(trace.targets[-1, 0])
    scores = torch.tensor(o, dtype=torch.float64, requires_grad=True)
    first, second = scores.logsumexp(0), -scores[target]
    assert (first + second).item() == pytest.approx(float(trace.loss[-1, 0]), abs=1e-5)
    (share,) = torch.autograd.grad(first, scores, retain_graph=True)
    (minus,) = torch.autograd.grad(second, scores)
    np.testing.assert_allclose(share.numpy(), softmax(o), atol=1e-12)
    assert minus.tolist() == (-np.eye(len(o))[target]).tolist()


@pytest.mark.parametrize(("share", "digits"), [(0.98587, 4), (0.5, 3), (1 / 6, 3)])
def test_a_probability_is_written_so_that_its_logarithm_is_the_loss(share, digits):
    assert digits_for_loss(share) == digits
    written = float(number(share, digits))
    assert number(-float(np.log(written)), 3) == number(-float(np.log(share)), 3)


def y_minus(y, target):
    """y − y*."""
    return y - np.eye(len(y))[target]


@pytest.mark.parametrize("target", [0, 3])
def test_the_gradients_agree_with_autograd_and_with_finite_differences(target):
    o = np.random.default_rng(3).normal(scale=2.0, size=5)
    y, wanted = softmax(o), np.eye(5)[target]
    nudges = 1e-6 * np.eye(5)
    cases = {
        "cross-entropy": (cross_entropy_gradient, lambda y: -np.log(y[target])),
        "squared": (squared_on_softmax_gradient, lambda y: 0.5 * ((y - wanted) ** 2).sum()),
    }
    for name, (gradient, loss) in cases.items():
        found = gradient(y, target)
        np.testing.assert_allclose(found, autograd(o, target, name), atol=1e-12)
        slopes = [(loss(softmax(o + n)) - loss(softmax(o - n))) / 2e-6 for n in nudges]
        np.testing.assert_allclose(found, slopes, atol=1e-8)
        assert found.sum() == pytest.approx(0.0, abs=1e-12)
    assert np.abs(squared_on_softmax_gradient(y, target) - (y - wanted)).max() > 0.04


def test_cross_entropys_gradient_is_what_the_state_was_given(trace):
    numbers = OutputNumbers.of(trace, trace, step_to_explain(trace))
    back = numbers.V.T @ numbers.gradients(numbers.target)[0]
    np.testing.assert_allclose(back, trace.grad_direct[0, 0, numbers.step, 0], atol=1e-6)


def test_the_captions_claims_hold_on_the_default_recording(default_trace_of):
    trace = default_trace_of(NAME)
    facts = facts_of(trace)
    y = trace.y[-1, 0].astype(float)
    target = int(trace.targets[-1, 0])
    names = trace.metadata.output_labels
    assert facts["step"] == str(trace.steps)
    assert facts["wanted"] == names[target]
    assert facts["best"] == names[int(y.argmax())]
    assert facts["best_share"] == percent(float(y.max()))
    assert facts["share"] == number(float(y[target]), 3)
    assert facts["guess"] == number(-np.log(1 / len(y)))
    assert facts["other"] == names[int(y.argmin())]
    gradient = cross_entropy_gradient(y, target)
    assert (np.sign(gradient) == np.where(np.arange(len(y)) == target, -1, 1)).all()
    assert y.sum() == pytest.approx(1.0)
    assert (trace.output[-1, 0] < 0).any()


def test_the_squared_loss_hardly_learns_where_the_network_is_sure_and_wrong(default_trace_of):
    o = default_trace_of(NAME).output[-1, 0].astype(float)
    other = int(o.argmin())
    entropy, squared = (autograd(o, other, loss)[other] for loss in ("cross-entropy", "squared"))
    assert entropy < -0.99
    assert abs(squared) < 0.05 * abs(entropy)
    facts = facts_of(default_trace_of(NAME))
    assert facts["entropy"] == number(float(entropy))
    assert facts["squared"] == number(float(squared))
    assert facts["pull"] == "sure but wrong, the network barely learns."


def test_an_undecided_network_is_not_called_sure():
    trace = record_task("sentence", epochs=1, seed=1)
    facts = facts_of(trace)
    assert trace.y[-1, 0].max() < 0.9
    assert facts["pull"] == "a weaker pull."


def test_of_many_classes_the_most_probable_and_the_target_are_shown():
    trace = record_task("text", text="the quick brown fox jumps over the lazy dog. " * 3, epochs=1)
    step = step_to_explain(trace)
    numbers = OutputNumbers.of(trace, trace, step)
    y, target = trace.y[step, 0], int(trace.targets[step, 0])
    assert len(y) > MOST_OUTPUTS == len(numbers.shown)
    assert target == numbers.shown[numbers.target]
    best = set(np.argsort(-y)[: MOST_OUTPUTS - 1])
    assert best <= set(numbers.shown)
    assert numbers.total == pytest.approx(np.log(np.exp(trace.output[step, 0].astype(float)).sum()))
    losses = np.where(trace.has_loss[:, 0], trace.loss[:, 0], 0)
    assert losses[step] == losses.max()


def values(layer=None, outputs=3):
    torch.manual_seed(0)
    made = Around(layer or torch.nn.RNN(3, 5), outputs)
    return record(made, torch.randn(6, 2, 3), torch.randn(6, 2, outputs), loss="squared")


@pytest.mark.parametrize("outputs", [1, 3])
def test_an_output_of_values_is_compared_with_its_targets(outputs, perform):
    trace = values(outputs=outputs)

    def read(scene):
        table, curve = getattr(scene, "table", None), getattr(scene, "curve", None)
        columns = table and [[ink.text for ink in part[1:]]
                             for part in (table.y, table.wanted, table.error)]  # fmt: skip
        dots = curve and [dot.get_center()[:2] for dot in curve.dots]
        ends = curve and (curve.plane.frame.get_start(), curve.plane.frame.get_end())
        tangent = curve and curve.tangent.get_end() - curve.tangent.get_start()
        bounds = curve and (curve.plane.x_bounds, curve.plane.y_bounds)
        return columns, dots, ends, bounds, tangent, scene.facts()

    columns, dots, ends, bounds, tangent, facts = perform(NAME, read, trace)["against"]
    step = int(trace.loss[:, 0].argmax())
    y, wanted = trace.output[step, 0], trace.targets[step, 0]
    errors = y - wanted
    assert columns == [[number(float(v)) for v in each] for each in (y, wanted, errors)]
    assert f"is {number(float(trace.loss[step, 0]))}." in facts["loss"]
    low, high = (end[:2] for end in ends)
    ranges = np.array(bounds)
    unit = (ranges[:, 1] - ranges[:, 0]) / (high - low)
    places = ranges[:, 0] + (np.array(dots) - low) * unit
    np.testing.assert_allclose(places, np.stack([errors, 0.5 * errors**2], axis=1), atol=1e-5)
    slope = (tangent[1] * unit[1]) / (tangent[0] * unit[0])
    assert slope == pytest.approx(float(errors[np.abs(errors).argmax()]), rel=1e-4)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("both", [False, True])
def test_the_output_is_v_times_the_states_that_it_reads(whole, both):
    torch.manual_seed(0)
    model = Around(torch.nn.GRU(3, 5, num_layers=2, bidirectional=both), whole=whole)
    x, classes = torch.randn(6, 2, 3), torch.randint(4, (2,) if whole else (6, 2))
    trace = record(model, x, classes, dtype="float64")
    made = states_read(trace) @ trace.V.T + trace.output_bias
    np.testing.assert_allclose(made, trace.output[:, 0], atol=1e-12)


def test_an_output_that_is_not_one_linear_layer_is_refused_with_the_reason():
    model = Around(torch.nn.RNN(3, 5))
    model.fc = torch.nn.Sequential(model.fc, torch.nn.ReLU())
    trace = record(model, torch.randn(6, 1, 3), torch.randint(4, (6, 1)))
    with pytest.raises(SceneError, match="not one Linear of all its states"):
        check_needs(load_scene(NAME), trace)


@pytest.mark.parametrize(
    ("exponent", "text"),
    [(0.0, "1.00"), (5.77, "321"), (-3.51, "0.030"), (50.0, "5.2·10²¹"), (-50.0, "1.9·10⁻²²")],
)
def test_a_power_of_e_as_text(exponent, text):
    assert power_text(exponent) == text


def test_the_state_that_a_custom_cell_s_linear_reads_is_multiplied(perform):
    trace = tool("kinds_of_networks").recording_of("custom-two-states")
    assert trace.metadata.output_reads == ("h",)

    def shown(scene):
        return scene.numbers, scene.sum.h.title.text, scene.facts()["state"]

    numbers, title, told = perform(NAME, shown, trace)["scores"]
    step = numbers.step
    np.testing.assert_array_equal(numbers.h, trace.state("h")[step, 0])
    np.testing.assert_allclose(numbers.V @ numbers.h + numbers.c, numbers.o, atol=1e-12)
    np.testing.assert_array_equal(numbers.o, trace.output[step, 0])
    assert title == f"h_({step + 1})"
    assert told == f"$h_({step + 1})$"

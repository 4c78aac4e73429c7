"""output shows the recorded scores and probabilities, and the gradients are those of the losses."""

import numpy as np
import pytest
import torch
from rnnviz.scenes.output.output_numbers import (
    MOST_CLASSES,
    OutputNumbers,
    power_text,
    step_to_explain,
)

from rnnviz.errors import SceneError
from rnnviz.experiments.default_recordings import record_task
from rnnviz.measure.outputs import cross_entropy_gradient, squared_on_softmax_gradient
from rnnviz.mobjects.numbers import number, percent
from rnnviz.scene.context import SceneContext
from rnnviz.scene.loading import load_scene
from rnnviz.scene.needs import check_needs

NAME = "output"


@pytest.fixture(scope="module", params=["as recorded", "with another network"])
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
    zero = rows.zero.get_x()
    ends = np.array(
        [
            bar.get_right()[0] if abs(bar.get_left()[0] - zero) < 1e-6 else bar.get_left()[0]
            for bar in rows.bars
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
    walkthrough = scene.walkthrough
    seen = {
        "facts": dict(scene.facts()),
        "names": [ink.text for ink in walkthrough.names],
        "o": [ink.text for ink in walkthrough.o.numbers],
    }
    for name in ("powers", "shares", "first", "second"):
        if hasattr(walkthrough, name):
            rows = getattr(walkthrough, name)
            seen[name] = texts(rows), signed_lengths(rows)
    if hasattr(walkthrough, "dot"):
        plane = walkthrough.plane
        low, high = plane.frame.get_start(), plane.frame.get_end()
        share = (walkthrough.dot.get_center() - low)[:2] / (high - low)[:2]
        ranges = np.array([plane.x_bounds, plane.y_bounds])
        seen["dot"] = ranges[:, 0] + share * (ranges[:, 1] - ranges[:, 0])
    return seen


def test_scores_and_probabilities_are_the_recorded_ones(trace, performed):
    seen = performed["cost"]
    h = trace.h[0, 0, -1, 0]
    o = trace.parameters["fc.weight"] @ h + trace.parameters["fc.bias"]
    y = softmax(o)
    assert seen["names"] == list(trace.metadata.output_labels)
    assert seen["o"] == [f"{value:.2f}".replace("-", "−") for value in o]
    written, lengths = seen["shares"]
    assert written == [number(float(value)) for value in y]
    kept = y > 0.02
    np.testing.assert_allclose((lengths / lengths.max())[kept], (y / y.max())[kept], atol=1e-6)
    _, lengths = seen["powers"]
    np.testing.assert_allclose((lengths / lengths.max())[kept], (y / y.max())[kept], atol=1e-6)
    target = int(trace.targets[-1, 0])
    np.testing.assert_allclose(seen["dot"], [y[target], -np.log(y[target])], atol=1e-5)
    assert seen["facts"]["total"] == power_text(float(np.log(np.exp(o).sum())))
    assert seen["facts"]["loss"] == number(float(trace.loss[-1, 0]))


def test_both_gradients_are_those_of_autograd(trace, performed):
    seen = performed
    o = trace.output[-1, 0].astype(float)
    target = int(trace.targets[-1, 0])
    names = list(trace.metadata.output_labels)
    other = names.index(seen["squared"]["facts"]["other"])
    for beat, wanted in (("squared", target), ("another_target", other)):
        expected = [autograd(o, wanted, loss) for loss in ("cross-entropy", "squared")]
        full = max(np.abs(each).max() for each in expected)
        for name, gradient in zip(("first", "second"), expected, strict=True):
            written, lengths = seen[beat][name]
            assert written == [number(float(value)) for value in gradient]
            long = np.abs(gradient) > 0.02 * full
            np.testing.assert_allclose(lengths[long] / 1.1, (gradient / full)[long], atol=1e-5)
            assert (np.sign(lengths) == np.sign(gradient)).all()


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
    numbers = OutputNumbers.of(trace, step_to_explain(trace))
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
    assert facts["share"] == percent(float(y[target]))
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
    assert facts["pull"] == "so sure and wrong, that loss hardly helps."


def test_an_undecided_network_is_not_called_sure():
    trace = record_task("sentence", epochs=1, seed=1)
    facts = facts_of(trace)
    assert trace.y[-1, 0].max() < 0.9
    assert facts["pull"] == "a weaker pull."


def test_of_many_classes_the_most_probable_and_the_target_are_shown():
    trace = record_task("text", text="the quick brown fox jumps over the lazy dog. " * 3, epochs=1)
    step = step_to_explain(trace)
    numbers = OutputNumbers.of(trace, step)
    y, target = trace.y[step, 0], int(trace.targets[step, 0])
    assert len(y) > MOST_CLASSES == len(numbers.shown)
    assert target == numbers.shown[numbers.target]
    best = set(np.argsort(-y)[: MOST_CLASSES - 1])
    assert best <= set(numbers.shown)
    assert numbers.total == pytest.approx(np.log(np.exp(trace.output[step, 0].astype(float)).sum()))
    losses = np.where(trace.has_loss[:, 0], trace.loss[:, 0], 0)
    assert losses[step] == losses.max()


def test_a_linear_output_is_refused_with_the_reason():
    trace = record_task("prices", epochs=1, seed=1)
    with pytest.raises(SceneError, match="an output without a softmax"):
        check_needs(load_scene(NAME), trace)


@pytest.mark.parametrize(
    ("exponent", "text"),
    [(0.0, "1.00"), (5.77, "321"), (-3.51, "0.030"), (50.0, "5.2·10²¹"), (-50.0, "1.9·10⁻²²")],
)
def test_a_power_of_e_as_text(exponent, text):
    assert power_text(exponent) == text

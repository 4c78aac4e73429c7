"""The scenes of what lies far back play recordings of all kinds, and say what is true of each."""

from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest
import torch
from layouts import FOR_OTHER_RECORDINGS, check_layout
from models import Around
from often import often
from rnnviz.scenes.exploding_gradient.sizes_of_w import compared
from rnnviz.scenes.gates.followed_unit import FollowedUnit, lasting_step
from torch import nn

import rnnviz
from rnnviz import measure
from rnnviz.errors import SceneError, TraceError
from rnnviz.experiments.swapped_inputs import swapped_inputs
from rnnviz.mobjects.numbers import decimals, number
from rnnviz.mobjects.window import Window
from rnnviz.recording import record, rerun
from rnnviz.scene.loading import load_scene
from rnnviz.scene.needs import check_needs


def recorded(model, *, steps=6, batch=1, outputs=4, values=False, words=None, **options):
    """A trace of a network with 3 inputs that nobody trained."""
    rng = np.random.default_rng(0)
    x = torch.tensor(rng.normal(size=(steps, batch, 3)), dtype=torch.float32)
    targets = torch.tensor(rng.integers(0, outputs, size=(steps, batch)))
    if values:
        targets = torch.tensor(rng.normal(size=(steps, batch, outputs)), dtype=torch.float32)
    about = {}
    if words is not None:
        about = {
            "step_labels": tuple(
                tuple(f"{words}{at % 3}" for at in range(steps)) for _ in range(batch)
            ),
            "input_labels": tuple(f"{words}{at}" for at in range(3)),
            "output_labels": tuple(f"{words}{at}" for at in range(outputs)),
        }
    loss = "squared" if values else "cross-entropy"
    return record(model, x, targets, loss=loss, about=about, dtype="float64", **options)


def growing():
    """A gradient that is three times as long with every step back."""
    model = Around(nn.RNN(3, 5))
    with torch.no_grad():
        model.rnn.weight_hh_l0.copy_(3 * torch.eye(5))
        model.rnn.weight_ih_l0.mul_(1e-20)
        model.rnn.bias_ih_l0.zero_()
        model.rnn.bias_hh_l0.zero_()
    return recorded(model, steps=40)


class DeepHead(nn.Module):
    """What follows the recurrent layer is more than one Linear."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(3, 5)
        self.head = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 4))

    def forward(self, x):
        return self.head(self.rnn(x)[0])


class OwnCell(nn.Module):
    """A recurrence of the user's own code, with one state or two, and gates with names."""

    def __init__(self, states):
        super().__init__()
        self.states, self.step, self.out = states, nn.Linear(8, 15), nn.Linear(5, 4)

    def forward(self, xs):
        h = memory = xs.new_zeros(xs.shape[1], 5)
        outputs = []
        for x in xs:
            keep, new, q = self.step(torch.cat((x, h), 1)).chunk(3, 1)
            keep = rnnviz.gate(torch.sigmoid(keep), "keep")
            if self.states == 2:
                memory = rnnviz.state(keep * memory + (1 - keep) * torch.tanh(new), "m")
                h = rnnviz.state(torch.sigmoid(q) * torch.tanh(memory), "h")
            else:
                h = rnnviz.state(keep * h + (1 - keep) * torch.tanh(new), "h")
            outputs.append(self.out(h))
        return torch.stack(outputs)


class MeanOfAll(nn.Module):
    """One output that reads the states of all steps."""

    def __init__(self):
        super().__init__()
        self.rnn, self.fc = nn.GRU(3, 5), nn.Linear(5, 4)

    def forward(self, x):
        return self.fc(self.rnn(x)[0].mean(0))


def whole(model):
    return record(model, torch.randn(6, 1, 3), torch.zeros(1, dtype=torch.long))


KINDS = {
    "relu": lambda: recorded(Around(nn.RNN(3, 5, nonlinearity="relu"))),
    "GRU": lambda: recorded(Around(nn.GRU(3, 5))),
    "LSTM": lambda: recorded(Around(nn.LSTM(3, 5)), steps=12),
    "projected LSTM": lambda: recorded(Around(nn.LSTM(3, 5, proj_size=2))),
    "2 layers": lambda: recorded(Around(nn.LSTM(3, 5, num_layers=2))),
    "bidirectional": lambda: recorded(Around(nn.GRU(3, 5, bidirectional=True))),
    "different lengths": lambda: recorded(Around(nn.LSTM(3, 5)), batch=2, lengths=[3, 6]),
    "custom, one state": lambda: recorded(OwnCell(1)),
    "custom, two states": lambda: recorded(OwnCell(2)),
    "values": lambda: recorded(Around(nn.GRU(3, 5), 1), values=True, outputs=1),
    "one loss at the end": lambda: whole(Around(nn.LSTM(3, 5), whole=True)),
    "the last loss's gradients": lambda: recorded(Around(nn.GRU(3, 5)), losses="last"),
    "3 sequences": lambda: recorded(Around(nn.LSTM(3, 5)), batch=3),
    "own labels": lambda: recorded(Around(nn.LSTM(3, 5)), words="Wort"),
    "512 units": lambda: recorded(Around(nn.LSTM(3, 512)), steps=4),
    "own head": lambda: recorded(DeepHead()),
    "an output that reads all states": lambda: whole(MeanOfAll()),
    "growing": growing,
}
_NO_GATES = dict.fromkeys(
    ("relu", "own head", "growing"), "the cell has no gates, which are what the scene shows"
)
_NOT_RUN_AGAIN = dict.fromkeys(
    ("custom, one state", "custom, two states", "own head", "an output that reads all states"),
    "the network cannot be run again, on other inputs, from its recording alone",
)
NOT_PLAYED: dict[str, dict[str, str]] = {
    "vanishing-gradient": {},
    "gates": _NO_GATES,
    "long-dependency": _NOT_RUN_AGAIN,
    "exploding-gradient": {},
}
"""The kinds that a scene does not play, with the reason."""
OFTEN = {
    ("vanishing-gradient", "custom, two states"),
    ("gates", "LSTM"),
    ("long-dependency", "LSTM"),
    ("long-dependency", "custom, two states"),
    ("exploding-gradient", "LSTM"),
}


@cache
def kind(name):
    torch.manual_seed(2)
    return KINDS[name]()


@pytest.mark.parametrize(("scene", "name"), often(product(NOT_PLAYED, KINDS), OFTEN))
def test_a_scene_plays_each_kind_of_recording(scene, name, perform, layout_of):
    if name in NOT_PLAYED[scene]:
        with pytest.raises(SceneError, match="; record "):
            check_needs(load_scene(scene), kind(name))
        return
    seen = perform(scene, layout_of, kind(name))
    check_layout(seen, allowed=FOR_OTHER_RECORDINGS)


@pytest.mark.parametrize("name", ["LSTM", "custom, two states"])
def test_vanishing_gradient_shows_the_gradient_at_both_states(name, perform):
    trace = kind(name)

    def look(scene):
        bars = vars(scene).get("bars")
        return bars and (
            scene.window.steps,
            {state.state: [text.text for text in state.chart.numbers] for state in bars.states},
            {state.state: [text.text for text in state.marks] for state in bars.states},
            {
                flow: list(scene.fading.flows[at].norms)
                for at, flow in enumerate(scene.gradient.names)
            },
        )

    seen = perform("vanishing-gradient", look, trace)
    steps, lengths, ratios, widths = seen["what_is_left"]
    at = np.array(steps) - 1
    gradients = measure.gradients_by_state(trace)
    assert list(lengths) == list(gradients)
    for state, values in gradients.items():
        norms = np.linalg.norm(values[-1, at, 0], axis=-1)
        assert lengths[state] == [number(float(each)) for each in norms]
        assert ratios[state] == [f"×{number(float(each))}" for each in norms[:-1] / norms[1:]]
        np.testing.assert_allclose(widths[state], norms[::-1])


def test_vanishing_gradient_leaves_out_what_it_cannot_show(perform):
    beats = {
        name: list(perform("vanishing-gradient", lambda scene: None, kind(name)))
        for name in ("LSTM", "own head", "custom, two states")
    }
    assert beats["own head"] == [beat for beat in beats["LSTM"] if beat != "other_weights"]
    assert beats["custom, two states"] == beats["own head"][:-1]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("LSTM", "forget gate"),
        ("GRU", "Jacobian of the step"),
        ("relu", "slopes"),
        ("custom, one state", "Jacobian of the step"),
        ("custom, two states", "derivatives."),
        ("an output that reads all states", "what the loss reads"),
    ],
)
def test_vanishing_gradient_says_by_what_a_step_back_multiplies(name, words, facts_of):
    facts = facts_of("vanishing-gradient", kind(name))
    assert words in facts["each_step"]
    others = {"forget gate", "Jacobian", "slopes", "derivatives"} - {words.split()[0]}
    assert sum(other in facts["each_step"] for other in others) <= (words != "slopes")


def test_a_gradient_that_grows_is_not_said_to_vanish(facts_of):
    facts = facts_of("vanishing-gradient", kind("growing"))
    assert facts["ratios"] == "it never gets shorter."
    assert facts["left"] == "the gradient is 2200 times as long."
    assert facts["seen"] == "It has not shrunk."


@pytest.mark.parametrize("name", ["LSTM", "GRU", "projected LSTM", "2 layers"])
def test_the_unit_that_gates_follows_is_the_recorded_one(name, perform):
    trace = measure.one_layer(kind(name))

    def look(scene):
        grid = vars(scene).get("grid")
        return scene.unit, grid and (grid.shown, grid.cells.values)

    unit, (shown, values) = perform("gates", look, kind(name))["what_is_kept"]
    gates = measure.gates(trace)
    keep = gates["z" if name == "GRU" else "f"][:, 0]
    carried = (trace.h if name == "GRU" else trace.c)[0, 0, :, 0]
    at = unit.step, unit.unit
    assert unit.keep == keep[at]
    assert unit.keep * unit.before + unit.write * unit.new == pytest.approx(unit.now)
    assert unit.now == carried[at]
    np.testing.assert_allclose(unit.left[-1], keep[unit.step + 1 :, unit.unit].prod())
    np.testing.assert_array_equal(values, keep[:, list(shown)].T)


def test_gates_shows_the_gates_that_a_custom_cell_names(perform):
    trace = kind("custom, two states")

    def look(scene):
        (grid,) = scene.grids.grids
        return grid.shown, grid.cells.values, scene.facts()

    shown, values, facts = perform("gates", look, trace)["what_is_kept"]
    keep = trace.named_gates["keep"][:, 0]
    np.testing.assert_array_equal(values, keep[:, list(shown)].T)
    moves = np.ptp(keep, axis=0)
    assert facts["unit"] == str(moves.argmax() + 1)
    assert facts["low"] == decimals(float(keep[:, moves.argmax()].min()))


@pytest.mark.parametrize("name", ["GRU", "LSTM"])
def test_most_of_the_step_that_is_followed_is_left_at_the_end(name):
    trace = kind(name)
    window = Window.last(trace, 40)
    step = lasting_step(trace, window)
    half = range(trace.steps // 2)
    left = [
        abs(unit.write * unit.new * unit.left[-1])
        for unit in (FollowedUnit.of(trace, each) for each in half)
    ]
    assert step == int(np.argmax(left))


@pytest.mark.parametrize("name", ["LSTM", "bidirectional", "values", "one loss at the end"])
def test_an_input_is_swapped_for_others_of_its_sequence(name):
    trace = kind(name)
    swaps = swapped_inputs(trace)
    best = int(swaps.importance.argmax())
    there = [swaps.words.index(word) for word in swaps.others[best]]
    x = np.repeat(trace.x[:, :1], len(there) + 1, axis=1)
    for place, at in enumerate(there, start=1):
        x[best, place] = trace.x[at, 0]
    again = rerun(trace, {}, x=x, targets=np.repeat(trace.targets[:, :1], len(there) + 1, axis=1))
    chosen = 0 if trace.metadata.loss == "squared" else int(again.y[-1, 0].argmax())
    np.testing.assert_allclose(swaps.right, again.y[-1, 0, chosen])
    np.testing.assert_allclose(swaps.swapped[best], again.y[-1, 1:, chosen])
    changes = np.abs(swaps.swapped[best] - swaps.right)
    assert (np.diff(changes) <= 0).all()


def test_inputs_that_are_all_the_same_cannot_be_swapped():
    trace = record(Around(nn.GRU(3, 4)), torch.ones(5, 1, 3), torch.zeros(5, 1, dtype=torch.long))
    with pytest.raises(TraceError, match="all the same"):
        swapped_inputs(trace)


def test_the_bars_of_long_dependency_are_the_measures(perform):
    trace = kind("LSTM")
    swapped, felt = perform("long-dependency", look_at_bars, trace)["beside_the_gradient"]
    changes = swapped_inputs(trace).importance
    np.testing.assert_allclose(swapped, changes / changes.max())
    saliency = measure.input_saliency(trace)[-1, :, 0]
    np.testing.assert_allclose(felt, saliency / saliency.max())


def look_at_bars(scene):
    return [values.copy() for values in scene.bars.values] if "bars" in vars(scene) else None


@pytest.mark.parametrize("name", ["LSTM", "custom, two states"])
def test_exploding_gradient_compares_the_step_that_stretches_most(name):
    trace = kind(name)
    ((text, matrix),) = compared(trace, str).items()
    sizes = measure.jacobian_norms(trace)[:, 0]
    assert text.endswith(", Jacobian")
    np.testing.assert_allclose(measure.spectral_norm(matrix), sizes.max())


def test_exploding_gradient_compares_the_weights_of_a_plain_network():
    trace = kind("relu")
    assert compared(trace, str) == {"another network: relu": trace.W}
    bare = replace(kind("custom, one state"), step_jacobian=None)
    assert compared(bare, str) == {}

"""Traces that a scene cannot show are refused with a reason."""

import dataclasses
from functools import cache

import pytest
import torch
from models import Around, Loop
from torch import nn

import rnnviz
from rnnviz.errors import SceneError
from rnnviz.experiments.default_recordings import record_task
from rnnviz.measure import LAST
from rnnviz.recording import record
from rnnviz.scene.catalogue import SCENES
from rnnviz.scene.loading import LoadedScene
from rnnviz.scene.needs import NEEDS, TOGETHER, check_needs
from rnnviz.trace import NO_TARGET

X, TARGETS = torch.ones(6, 2, 3), torch.zeros(6, 2, dtype=torch.long)
VALUES = torch.ones(6, 2, 4)
GRADIENTS = [
    "loss_times",
    "grad_direct",
    "grad_h",
    "grad_h_by_loss",
    "grad_x_by_loss",
    "gradients",
]


class AnyScene:
    """The attributes of a scene that needs are checked with."""

    least_steps = 2
    shown_layer = LAST
    variants = ()


class DeepHead(nn.Module):
    """A model with more than one Linear after the recurrent layer."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(3, 4)
        self.head = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 4))

    def forward(self, x):
        return self.head(self.rnn(x)[0])


def of(layer=None, targets=TARGETS, **options):
    return record(Around(layer or nn.RNN(3, 4)), X, targets, **options)


def whole():
    return record(Around(nn.RNN(3, 4), whole=True), X, TARGETS[0])


def only_at(*steps):
    targets = torch.full_like(TARGETS, NO_TARGET)
    targets[list(steps)] = 0
    return targets


def told(trace, **metadata):
    return dataclasses.replace(trace, metadata=dataclasses.replace(trace.metadata, **metadata))


def own_loss():
    return of(loss=lambda outputs, targets: outputs.square().sum(dim=-1))


def next_steps_loss():
    """A loss of each step's own output and the next one's."""
    return of(loss=lambda outputs, _: (outputs - outputs.roll(-1, 0)).square().sum(dim=-1))


def standing_still(w=0.0):
    model = Around(nn.RNN(3, 4))
    with torch.no_grad():
        for parameter in model.rnn.parameters():
            parameter.zero_()
        model.rnn.weight_hh_l0.add_(w * torch.eye(4))
    return record(model, X, TARGETS)


class Handwritten(nn.Module):
    """A recurrence of the user's own code."""

    def __init__(self):
        super().__init__()
        self.step, self.out = nn.Linear(7, 4), nn.Linear(4, 4)

    def forward(self, xs):
        h, outputs = xs.new_zeros(xs.shape[1], 4), []
        for x in xs:
            h = rnnviz.state(torch.tanh(self.step(torch.cat((x, h), 1))), "h")
            outputs.append(self.out(h))
        return torch.stack(outputs)


def handwritten():
    return record(Handwritten(), X, TARGETS)


@cache
def sentence():
    return record_task("sentence", epochs=1, seed=1)


LACKING = [
    ("plain-rnn", lambda: of(nn.GRU(3, 4)), "of a GRU, but .* a tanh RNN"),
    ("plain-rnn", lambda: of(nn.LSTM(3, 4)), "of an LSTM, "),
    ("plain-rnn", lambda: of(nn.RNN(3, 4, nonlinearity="relu")), "of a relu RNN, "),
    ("plain-rnn", lambda: of(nn.RNN(3, 4, num_layers=2)), "of 2 layers, "),
    ("plain-rnn", lambda: of(nn.RNN(3, 4, bidirectional=True)), "of two directions, "),
    ("plain-rnn", lambda: of(lengths=[6, 4]), "of sequences of different lengths, "),
    ("plain-rnn", whole, "of a network with no output at each step, "),
    ("plain-rnn", lambda: record(DeepHead(), X, TARGETS), "output is not one Linear, "),
    ("one-layer", lambda: of(nn.LSTM(3, 4, num_layers=2)), "of 2 layers, but .* one layer"),
    ("one-layer", lambda: of(nn.GRU(3, 4, bidirectional=True)), "of two directions, "),
    ("one-layer", lambda: of(lengths=[6, 4]), "of sequences of different lengths, "),
    ("tanh-rnn", lambda: of(nn.GRU(3, 4)), "of a GRU, but .* slopes of tanh"),
    ("weights", handwritten, "of a custom cell, which is code of your own, "),
    ("linear-output", lambda: record(DeepHead(), X, TARGETS), "; record"),
    ("target", lambda: of(targets=only_at()), "; record"),
    ("summed-gradients", lambda: of(gradients=False), "; record"),
    ("one-loss", lambda: of(gradients=False), "has no gradients"),
    ("one-loss", lambda: of(targets=only_at(0)), "reaches no state before its own, "),
    ("later-loss", lambda: of(targets=only_at(0)), "only losses are at its first step, "),
    ("outputs", whole, "no output at each step, but .* an output at each step"),
    ("classes", lambda: of(targets=VALUES, loss="squared"), "an output without a softmax, "),
    ("classes", own_loss, "a loss of its own kind, "),
    ("classes", lambda: record(DeepHead(), X, TARGETS), "an output that is not one Linear layer, "),
    (
        "classes",
        lambda: record(Around(nn.RNN(3, 4), 1), X, TARGETS),
        "a single class, ",
    ),
    ("classes", lambda: of(targets=only_at()), "a first sequence without a target, "),
    ("biases", lambda: of(nn.RNN(3, 4, bias=False)), "a layer without biases, "),
    ("gradients", lambda: of(gradients=False), "has no gradients.* without --no-grad"),
    ("gradients", lambda: of(losses="last"), "gradients of 1 of 6 losses.* --losses all"),
    ("gradients", lambda: of(targets=only_at()), "has no target, .* with targets"),
    ("gradient-path", lambda: of(targets=only_at(0)), "no loss whose gradient reaches two states"),
    ("gradient-path", standing_still, "reaches two states .* or a network with other"),
    ("gradient-path", lambda: of(gradients=False), "has no gradients"),
    ("gates", of, "of a tanh RNN, which has no gates, "),
    ("sentence", of, "task is none that rnnviz trained, but .* about sentences"),
    ("sentence", lambda: told(sentence(), task="prices"), "task is 'prices', "),
    ("training", of, "does not tell how its network was trained, "),
    ("training", lambda: told(sentence(), epochs=None), "does not tell how its network"),
    ("training", lambda: told(sentence(), seed=None), "does not tell how its network"),
    ("run-again", own_loss, "of a loss of its own, "),
    ("run-again", lambda: record(DeepHead(), X, TARGETS), "output is not one Linear, "),
    ("run-again", lambda: told(of(), training=True), "of a network in training mode, "),
    ("plane-of-states", lambda: of(nn.RNN(3, 1)), "has 1 unit, "),
    ("plane-of-states", standing_still, "the states of the trace are all the same, "),
]


def check(need, trace):
    check_needs(LoadedScene("some-scene", "some-scene", AnyScene, "sentence", (need,)), trace)


@pytest.mark.parametrize(("need", "make", "reason"), LACKING, ids=[row[2] for row in LACKING])
def test_a_lack_is_reported_with_the_scene_and_a_remedy(need, make, reason):
    with pytest.raises(SceneError, match=reason) as refusal:
        check(need, make())
    said = str(refusal.value)
    assert said.startswith("the ")
    assert "'some-scene'" in said
    assert said.partition("; ")[2].strip()


@pytest.mark.parametrize("need", [need for need in NEEDS if need != "gates"])
def test_default_networks_meet_every_need(need):
    check(need, sentence())


def test_every_need_is_tested_and_known():
    assert {row[0] for row in LACKING} == set(NEEDS)
    known = {
        *NEEDS,
        *TOGETHER,
    }  # those of several traces are tested in tests/scenes/test_compare.py
    assert {need for entry in SCENES.values() for need in entry.needs} <= known


@pytest.mark.parametrize("cell", [nn.LSTM, nn.GRU])
def test_one_layer_of_any_cell_is_one_layer_with_outputs(cell):
    for need in ("one-layer", "outputs", "classes", "biases", "gradients", "run-again", "gates"):
        check(need, of(cell(3, 4)))


def test_a_handwritten_plain_network_meets_the_needs():
    for model in (Around(nn.RNN(3, 4)), Loop(nn.RNNCell(3, 4))):
        trace = record(model, X, TARGETS)
        for need in ("plain-rnn", "gradients", "gradient-path", "run-again"):
            check(need, trace)


def test_removed_gradients_are_reported():
    with pytest.raises(SceneError, match="has no gradients"):
        check("gradients", dataclasses.replace(of(), **dict.fromkeys(GRADIENTS)))


def test_a_too_short_sequence_is_reported():
    trace = record(Around(nn.RNN(3, 4)), X[:1], TARGETS[:1])
    with pytest.raises(
        SceneError, match=r"has 1 step, but 'some-scene' needs 2.*; record a longer"
    ):
        check("plain-rnn", trace)

"""A scene refuses a trace that it cannot show, and says why."""

import dataclasses

import pytest
import torch
from models import Around, Loop
from torch import nn

from rnnviz.errors import SceneError
from rnnviz.recording import record
from rnnviz.registry import SCENES
from rnnviz.rendering.loading import load_scene
from rnnviz.rendering.plan import check_needs

X, TARGETS = torch.ones(6, 2, 3), torch.zeros(6, 2, dtype=torch.long)


@pytest.mark.parametrize("name", list(SCENES))
@pytest.mark.parametrize(
    ("layer", "what"),
    [
        (nn.GRU(3, 4), "a GRU"),
        (nn.LSTM(3, 4), "a LSTM"),
        (nn.RNN(3, 4, nonlinearity="relu"), "a relu RNN"),
        (nn.RNN(3, 4, num_layers=2), "2 layers"),
        (nn.RNN(3, 4, bidirectional=True), "two directions"),
    ],
    ids=str,
)
def test_a_network_that_no_scene_shows_yet(name, layer, what):
    trace = record(Around(layer), X, TARGETS)
    with pytest.raises(SceneError, match=f"the trace is of {what}, but '{name}' shows a tanh RNN"):
        check_needs(load_scene(name), trace)


def test_sequences_of_different_lengths_and_a_single_output():
    loaded = load_scene("unrolling")
    model = Around(nn.RNN(3, 4))
    with pytest.raises(SceneError, match="of sequences of different lengths"):
        check_needs(loaded, record(model, X, TARGETS, lengths=[6, 4]))
    with pytest.raises(SceneError, match="of a network with no output at each step"):
        check_needs(loaded, record(Around(nn.RNN(3, 4), whole=True), X, TARGETS[0]))


def test_gradients_of_all_losses_are_needed_where_gradients_are():
    trace = record(Around(nn.RNN(3, 4)), X, TARGETS, losses="last")
    check_needs(load_scene("unrolling"), trace)
    with pytest.raises(SceneError, match=r"gradients of 1 of 6 losses.*--losses all"):
        check_needs(load_scene("vanishing-gradient"), trace)


def test_a_plain_network_is_shown_also_if_its_loop_was_written_by_hand():
    for model in (Around(nn.RNN(3, 4)), Loop(nn.RNNCell(3, 4))):
        trace = record(model, X, TARGETS)
        for name in SCENES:
            check_needs(load_scene(name), trace)
    without = dataclasses.replace(
        trace,
        **dict.fromkeys(
            ["loss_times", "grad_direct", "grad_h", "grad_h_by_loss", "grad_x_by_loss", "gradients"]
        ),
    )
    with pytest.raises(SceneError, match="has no gradients"):
        check_needs(load_scene("weight-sharing"), without)

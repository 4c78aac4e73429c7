"""What 'weight-sharing' shows of cells with gates, of which a part of the weights has room."""

import numpy as np
import pytest
import torch
from models import Around
from torch import nn

from rnnviz import measure
from rnnviz.recording import record, rerun_layer

NAME = "weight-sharing"


def recorded(layer, outputs=4):
    torch.manual_seed(0)
    x, classes = torch.randn(6, 2, 3), torch.randint(outputs, (6, 2))
    return record(Around(layer, outputs), x, classes, dtype="float64")


@pytest.fixture(scope="module")
def lstm():
    return recorded(nn.LSTM(3, 5, num_layers=2))


def read(scene):
    gradients = getattr(scene, "gradients", None)
    return {
        "part": scene.part,
        "again": scene.nudged,
        "terms": gradients and gradients.terms,
        "total": gradients and gradients.total,
        "told": dict(scene.facts()),
    }


def test_one_gate_of_an_lstm_is_shown_and_said(lstm, perform):
    seen = perform(NAME, read, lstm)["one_update"]
    part = seen["part"]
    recorded_gradient = lstm.gradients["rnn.weight_hh_l1"]
    sizes = np.linalg.norm(recorded_gradient.reshape(4, 5, 5), axis=(1, 2))
    gate = int(sizes.argmax())
    assert part.gate == "ifgo"[gate]
    assert part.rows.tolist() == list(range(5 * gate, 5 * gate + 5))
    np.testing.assert_allclose(seen["total"], recorded_gradient[part.rows], atol=0)
    np.testing.assert_allclose(seen["terms"].sum(axis=0), seen["total"], atol=1e-14)
    sizes = [recorded_gradient.size, 20 * 5, 20]  # W, U and b of a layer that reads 5 states
    assert seen["told"]["whole"] == f"The whole network is five arrays: {sum(sizes) + 24}"


def test_the_changed_weight_is_one_of_those_shown(lstm, perform):
    seen = perform(NAME, read, lstm)["one_update"]
    one = measure.one_layer(lstm)
    (entry,) = np.argwhere(seen["again"].W != one.W)
    assert entry[0] in seen["part"].rows
    assert entry[1] in seen["part"].columns


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.RNN(3, 5, nonlinearity="relu"),
        lambda: nn.GRU(3, 5, bidirectional=True),
        lambda: nn.LSTM(3, 6, proj_size=5, bias=False),
    ],
)
def test_a_layer_run_alone_does_what_torch_does(make):
    one = measure.one_layer(recorded(make()))
    np.testing.assert_allclose(rerun_layer(one, {}).h, one.h, atol=1e-14)
    again = rerun_layer(one, {"weight_hh": 2 * one.W})
    layer = make()
    names = dict(layer.named_parameters())
    with torch.no_grad():
        for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"):
            if one.weight(kind) is not None:
                names[f"{kind}_l0"].copy_(torch.tensor(one.weight(kind)))
        layer.weight_hh_l0.mul_(2)
    states = layer.double()(torch.tensor(one.x))[0].detach().numpy()[..., : one.hidden_size]
    np.testing.assert_allclose(again.h[0, 0], states, atol=1e-6)

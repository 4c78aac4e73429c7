"""The reference is what verify trusts, so it is held against numbers worked out by hand, and
against PyTorch's cells in explicit loops."""

import dataclasses
import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from by_hand import trace_by_hand
from hypothesis import given
from hypothesis import strategies as st
from models import layer_of
from torch import nn

from rnnviz.trace import NO_TARGET
from rnnviz.verification.reference import Affine, Reference, States, reference_of
from rnnviz.verification.reference.cells import Gru, Lstm, Relu, Tanh
from rnnviz.verification.reference.network import EACH_STEP, ENDS, LAST_STEP, LOSSES, Head

CELLS = ["tanh", "relu", "gru", "lstm", "projected"]


def affine(weight, bias):
    return Affine(np.array(weight, dtype=float), np.array(bias, dtype=float))


def one_layer(layer, x, **more):
    """A network of one layer and one sequence, from states of 0 unless they are given."""
    size = layer.state.weight.shape[1]
    return Reference(
        **{
            "layers": ((layer,),),
            "x": np.array(x, dtype=float)[:, None, None],
            "targets": np.zeros((len(x), 1, 1)),
            "h0": np.zeros((1, 1, 1, size)),
            "loss": "squared",
            **more,
        }
    )


def sigmoid(a):
    return 1 / (1 + math.exp(-a))


# --- one unit, by hand --------------------------------------------------------------------------


def one_unit(**more):
    """h_1 = tanh(2·1 + 0.5·0.2 + 0.1), o_t = 3 h_t − 1; x_2 = −1."""
    return one_layer(
        Tanh(affine([[2]], [0.1]), affine([[0.5]], [0])),
        [1, -1],
        **{
            "h0": np.full((1, 1, 1, 1), 0.2),
            "targets": np.array([[[0.5]], [[0.25]]]),
            "head": Head(affine([[3]], [-1])),
            **more,
        },
    )


def rows_of(network, states):
    """The immediate gradient of each loss in its own row, of a head at each step."""
    y = network.predictions(network.outputs(states.h))
    direct = network.immediate_gradients(network.loss_by_output(y))
    rows = np.zeros((network.steps, *direct.shape))
    for step in range(network.steps):
        rows[step, :, :, step] = direct[:, :, step]
    return rows


def test_one_unit_forward():
    network = one_unit()
    states = network.run()
    first = math.tanh(2.2)
    preact = states.preact[0, 0, :, 0, 0, 0]
    assert preact == pytest.approx([2.2, -2 + 0.5 * first + 0.1])
    np.testing.assert_array_equal(states.gates[..., 0, :], states.h)
    outputs = network.outputs(states.h)[:, 0, 0]
    assert outputs == pytest.approx([3 * first - 1, 3 * math.tanh(preact[1]) - 1])
    losses = network.losses(outputs[:, None, None])[:, 0]
    assert losses == pytest.approx([(outputs[0] - 0.5) ** 2 / 2, (outputs[1] - 0.25) ** 2 / 2])


def test_one_unit_back_through_time():
    network = one_unit()
    states = network.run()
    back = network.back_through_time(states, rows_of(network, states), keep=True)
    table = back.h[:, 0, 0, :, 0, 0]
    first, second = states.h[0, 0, :, 0, 0]
    o = network.outputs(states.h)[:, 0, 0]
    carried = 3 * (o[1] - 0.25) * (1 - second**2)
    assert table[0] == pytest.approx([3 * (o[0] - 0.5), 0])
    assert table[0, 1] == 0
    assert table[1] == pytest.approx([carried * 0.5, 3 * (o[1] - 0.25)])
    assert back.x[1, :, 0, 0] == pytest.approx([carried * 0.5 * (1 - first**2) * 2, carried * 2])
    at_preact = [(table[0, 0] + table[1, 0]) * (1 - first**2), carried]
    found = network.parameter_gradients(states, back)
    assert found["weight_hh", 0, 0] == pytest.approx(at_preact[0] * 0.2 + at_preact[1] * first)
    assert found["weight_ih", 0, 0] == pytest.approx(at_preact[0] - at_preact[1])
    assert found["bias_ih", 0, 0] == found["bias_hh", 0, 0] == pytest.approx(sum(at_preact))


def test_one_unit_in_reverse_runs_from_the_end_of_each_sequence():
    """Two sequences, of one step and of two, in a layer of two directions."""
    layer = Tanh(affine([[2]], [0.1]), affine([[0.5]], [0]))
    network = Reference(
        ((layer, layer),),
        x=np.array([[[1.0], [1.0]], [[0.0], [-1.0]]]),
        targets=np.zeros((2, 2, 1)),
        h0=np.full((1, 2, 2, 1), 0.2),
        lengths=np.array([1, 2]),
        loss="squared",
    )
    states = network.run()
    last = math.tanh(-2 + 0.5 * 0.2 + 0.1)
    assert states.h[0, 1, :, 0, 0] == pytest.approx([math.tanh(2.2), 0])
    assert states.h[0, 1, :, 1, 0] == pytest.approx([math.tanh(2 + 0.5 * last + 0.1), last])
    assert states.h[0, 0, 1, 0, 0] == 0
    before = network.before(states, 0, 1).h[:, :, 0]
    assert before == pytest.approx(np.array([[0.2, last], [0.2, 0.2]]))
    direct = np.zeros((1, 1, 2, 2, 2, 1))
    direct[0, 0, 1, 0] = 1.0
    back = network.back_through_time(states, direct).h[0, 0, 1, :, :, 0]
    assert back[0] == pytest.approx([1, 1])
    assert back[1] == pytest.approx([0, (1 - states.h[0, 1, 0, 1, 0] ** 2) * 0.5])
    assert back[1, 0] == 0


def test_one_relu_passes_everything_or_nothing():
    network = one_layer(Relu(affine([[2]], [0.1]), affine([[0.5]], [0])), [1, -1, 3])
    states = network.run()
    assert states.h[0, 0, :, 0, 0] == pytest.approx([2.1, 0, 6.1])
    direct = np.zeros((3, 1, 1, 3, 1, 1))
    direct[range(3), 0, 0, range(3)] = 1
    back = network.back_through_time(states, direct)
    expected = [[1, 0, 0], [0, 1, 0], [0, 0.5, 1]]
    np.testing.assert_array_equal(back.h[..., 0, 0][:, 0, 0], expected)
    np.testing.assert_array_equal(back.x[..., 0, 0], np.diag([2, 0, 2]))


def test_one_gated_unit_by_hand():
    """r scales W_n h + b_n, after the product; n sees the input whole."""
    layer = Gru(
        affine([[0.5], [-0.4], [0.9]], [0.1, 0.2, 0.3]),
        affine([[0.7], [0.6], [-0.8]], [-0.1, 0.3, 0.4]),
    )
    x, h = 0.6, 0.5
    network = one_layer(layer, [x], h0=np.full((1, 1, 1, 1), h))
    r = sigmoid(0.5 * x + 0.1 + 0.7 * h - 0.1)
    z = sigmoid(-0.4 * x + 0.2 + 0.6 * h + 0.3)
    inner = -0.8 * h + 0.4
    n = math.tanh(0.9 * x + 0.3 + r * inner)
    states = network.run()
    assert states.gates[0, 0, 0, 0, :, 0] == pytest.approx([r, z, n])
    assert states.preact[0, 0, 0, 0, 2, 0] == pytest.approx(0.9 * x + 0.3 + r * inner)
    assert states.h.item() == pytest.approx((1 - z) * n + z * h)

    through_n = (1 - z) * (1 - n**2)
    to_r = through_n * inner * r * (1 - r)
    to_z = (h - n) * z * (1 - z)
    back = network.back_through_time(states, np.ones((1, 1, 1, 1, 1, 1)), keep=True)
    assert back.x.item() == pytest.approx(to_r * 0.5 + to_z * -0.4 + through_n * 0.9)
    found = network.parameter_gradients(states, back)
    assert found["bias_ih", 0, 0] == pytest.approx([to_r, to_z, through_n])
    assert found["bias_hh", 0, 0] == pytest.approx([to_r, to_z, through_n * r])
    assert found["weight_hh", 0, 0][:, 0] == pytest.approx([to_r * h, to_z * h, through_n * r * h])

    two = one_layer(layer, [x, x])
    there = two.run()
    direct = np.zeros((1, 1, 1, 2, 1, 1))
    direct[..., 1, 0, 0] = 1
    h = there.h[0, 0, 0, 0, 0]
    r, z, n = there.gates[0, 0, 1, 0, :, 0]
    through_n = (1 - z) * (1 - n**2)
    step = z + through_n * r * -0.8
    step += through_n * (-0.8 * h + 0.4) * r * (1 - r) * 0.7 + (h - n) * z * (1 - z) * 0.6
    assert two.back_through_time(there, direct).h[..., 0, 0, 0].item() == pytest.approx(step)


def test_one_long_short_term_unit_by_hand():
    """The cell state is kept by f and reached both by the state and by the step after."""
    layer = Lstm(
        affine([[0.5], [-0.4], [0.9], [0.3]], [0.1, 0.2, 0.3, -0.2]),
        affine([[0.7], [0.6], [-0.8], [0.2]], [0, 0, 0, 0]),
    )
    start = {"h0": np.full((1, 1, 1, 1), 0.5), "c0": np.full((1, 1, 1, 1), -0.7)}
    network = one_layer(layer, [0.6, -0.3], **start)
    states = network.run()
    h, c, gates = 0.5, -0.7, []
    cells = []
    for x in (0.6, -0.3):
        i = sigmoid(0.5 * x + 0.1 + 0.7 * h)
        f = sigmoid(-0.4 * x + 0.2 + 0.6 * h)
        g = math.tanh(0.9 * x + 0.3 - 0.8 * h)
        o = sigmoid(0.3 * x - 0.2 + 0.2 * h)
        c = f * c + i * g
        h = o * math.tanh(c)
        gates.append([i, f, g, o])
        cells.append(c)
    np.testing.assert_allclose(states.gates[0, 0, :, 0, :, 0], gates)
    np.testing.assert_allclose(states.c[0, 0, :, 0, 0], cells)
    assert states.h[0, 0, 1, 0, 0] == pytest.approx(h)

    direct = np.zeros((1, 1, 1, 2, 1, 1))
    direct[..., 1, 0, 0] = 1
    back = network.back_through_time(states, direct, keep=True)
    i, f, g, o = gates[1]
    at_c = o * (1 - math.tanh(cells[1]) ** 2)
    at_i, at_f, at_g = at_c * g * i * (1 - i), at_c * cells[0] * f * (1 - f), at_c * i * (1 - g**2)
    at_o = math.tanh(cells[1]) * o * (1 - o)
    at_h = at_i * 0.7 + at_f * 0.6 - at_g * 0.8 + at_o * 0.2
    assert back.h[0, 0, 0, :, 0, 0] == pytest.approx([at_h, 1])
    first = gates[0][3] * (1 - math.tanh(cells[0]) ** 2)
    assert back.c[0, 0, 0, :, 0, 0] == pytest.approx([at_c * f + at_h * first, at_c])
    assert back.by_input[0, 0][0, 1, 0] == pytest.approx([at_i, at_f, at_g, at_o])

    held = network.back_through_time(states, np.zeros_like(direct), direct)
    assert held.c[0, 0, 0, 1, 0, 0] == 1
    assert held.h[0, 0, 0, 1, 0, 0] == 0


def test_a_projected_state_is_that_of_the_long_short_term_units():
    plain = Lstm(affine(np.ones((8, 1)), np.zeros(8)), affine(np.zeros((8, 1)), np.zeros(8)))
    projection = affine([[2.0, -3.0]], [0])
    network = one_layer(
        dataclasses.replace(plain, projection=projection),
        [0.4],
        c0=np.zeros((1, 1, 1, 2)),
    )
    made = sigmoid(0.4) * math.tanh(sigmoid(0.4) * math.tanh(0.4))
    states = network.run()
    assert states.h.item() == pytest.approx(-made)
    back = network.back_through_time(states, np.ones((1, 1, 1, 1, 1, 1)), keep=True)
    found = network.parameter_gradients(states, back)
    assert found["weight_hr", 0, 0] == pytest.approx(np.array([[made, made]]))


# --- losses and the head ------------------------------------------------------------------------


def three_classes(loss, targets, **more):
    """Outputs of 1, 2 and 5 eighths by softmax, whatever the states."""
    layer = Tanh(affine([[0]], [0]), affine([[0]], [0]))
    steps = more.pop("steps", len(targets))
    return one_layer(
        layer,
        [0] * steps,
        head=Head(affine(np.zeros((3, 1)), np.log([1, 2, 5])), more.pop("reads", EACH_STEP)),
        targets=np.array(targets)[:, None],
        loss=loss,
        **more,
    )


def test_gradients_at_the_output_of_three_classes():
    y = np.array([1.0, 2.0, 5.0]) / 8
    error = y - [0, 1, 0]
    network = three_classes("cross-entropy", [1])
    outputs = network.outputs(network.run().h)
    np.testing.assert_allclose(network.predictions(outputs)[0, 0], y)
    assert network.losses(outputs).item() == pytest.approx(-math.log(2 / 8))
    np.testing.assert_allclose(network.loss_by_output(y[None, None])[0, 0], error)
    network = three_classes("squared-on-softmax", [1])
    assert network.losses(outputs).item() == pytest.approx((error**2).sum() / 2)
    np.testing.assert_allclose(
        network.loss_by_output(y[None, None])[0, 0], (np.diag(y) - np.outer(y, y)) @ error
    )


@pytest.mark.parametrize("loss", ["cross-entropy", "squared-on-softmax"])
def test_no_target_is_no_loss(loss):
    network = three_classes(loss, [NO_TARGET, 1])
    outputs = network.outputs(network.run().h)
    losses = network.losses(outputs)[:, 0]
    at_output = network.loss_by_output(network.predictions(outputs))
    assert losses[0] == 0
    assert losses[1] > 0
    assert not at_output[0].any()
    assert at_output[1].any()
    np.testing.assert_array_equal(network.has_loss[:, 0], [False, True])


def test_a_value_that_is_not_wanted_is_no_loss():
    network = three_classes("squared", [[np.nan, 1.0, 0.5], [np.nan] * 3])
    outputs = np.array([[[9.0, 3.0, 1.0]], [[9.0, 3.0, 1.0]]])
    np.testing.assert_array_equal(network.losses(outputs)[:, 0], [2**2 / 2 + 0.5**2 / 2, 0])
    np.testing.assert_array_equal(network.loss_by_output(outputs)[:, 0], [[0, 2, 0.5], [0, 0, 0]])
    np.testing.assert_array_equal(network.has_loss[:, 0], [True, False])


def test_a_step_that_does_not_exist_has_no_output_and_no_loss():
    network = three_classes("cross-entropy", [1, 1], lengths=np.array([1]))
    outputs = network.outputs(network.run().h)
    assert not outputs[1].any()
    assert not network.predictions(outputs)[1].any()
    assert network.losses(outputs)[1, 0] == 0
    assert not network.loss_by_output(network.predictions(outputs))[1].any()


def test_the_loss_of_a_whole_sequence_stands_at_the_last_step():
    network = three_classes("cross-entropy", [1], steps=3, reads=ENDS, lengths=np.array([2]))
    outputs = network.outputs(network.run().h)
    assert outputs.shape == (1, 1, 3)
    assert network.losses(outputs)[:, 0] == pytest.approx([0, 0, -math.log(2 / 8)])


@pytest.mark.parametrize("gradients", [True, False])
@pytest.mark.parametrize(("reads", "expected"), [("ends", ENDS), ("last", LAST_STEP)])
def test_the_recording_shows_what_the_head_reads(reads, expected, gradients):
    """A reverse direction ends at the first step; both ends and the last step are usual."""
    torch.manual_seed(0)
    layer = layer_of("gru", 2, 3, bidirectional=True)
    fc = nn.Linear(6, 4).double()
    x, targets = torch.randn(5, 2, 2).double(), torch.randint(4, (1, 2))
    trace = trace_by_hand(layer, fc, x, targets, reads=reads, gradients=gradients)
    network = reference_of(trace)
    assert network.head.reads == expected
    np.testing.assert_allclose(network.outputs(trace.h), trace.output)
    places = network.read_by_head()
    assert places.sum() == 4
    assert places[0, 4].all()
    assert places[1, 0 if reads == "ends" else 4].all()


def test_where_both_readings_agree_the_immediate_gradient_decides():
    """All states are 0, so the output is the same wherever it was read."""
    torch.manual_seed(0)
    layer = layer_of("tanh", 2, 3, bidirectional=True, bias=False)
    fc = nn.Linear(6, 4).double()
    x, targets = torch.zeros(5, 1, 2).double(), torch.randint(4, (1, 1))
    for reads, expected in (("ends", ENDS), ("last", LAST_STEP)):
        trace = trace_by_hand(layer, fc, x, targets, reads=reads)
        assert reference_of(trace).head.reads == expected


def test_a_head_that_is_not_one_linear_of_the_states_is_none():
    torch.manual_seed(0)
    layer = layer_of("tanh", 2, 3)
    fc = nn.Linear(3, 4).double()
    x, targets = torch.randn(5, 1, 2).double(), torch.randint(4, (5, 1))
    trace = trace_by_hand(layer, fc, x, targets)
    assert reference_of(trace).head is not None
    for wrong in (None, "rnn", "fc2"):
        metadata = dataclasses.replace(trace.metadata, output_layer=wrong)
        assert reference_of(dataclasses.replace(trace, metadata=metadata)).head is None


# --- against PyTorch's cells --------------------------------------------------------------------


@given(
    cell=st.sampled_from(CELLS),
    layers=st.integers(1, 3),
    bidirectional=st.booleans(),
    hidden=st.integers(1, 4),
    lengths=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    bias=st.booleans(),
    dropped=st.booleans(),
    whole=st.booleans(),
    loss=st.sampled_from(LOSSES),
    seed=st.integers(0, 10_000),
)
def test_every_number_is_that_of_explicit_loops_and_autograd(
    cell, layers, bidirectional, hidden, lengths, bias, dropped, whole, loss, seed
):
    torch.manual_seed(seed)
    steps, batch, ways = max(lengths), len(lengths), 1 + bidirectional
    layer = layer_of(cell, 2, hidden, num_layers=layers, bidirectional=bidirectional, bias=bias)
    fc = nn.Linear(ways * hidden, 3, bias=bias).double()
    shape = (1 if whole else steps, batch)
    if loss == "squared":
        targets = torch.randn(*shape, 3).double()
        targets[0, 0, 1] = float("nan")
    else:
        targets = torch.randint(3, shape)
        targets[0, 0] = NO_TARGET
    dropout = None
    if dropped and layers > 1:
        dropout = (torch.rand(layers - 1, steps, batch, ways * hidden) > 0.3).double() / 0.7
    start = {"h0": torch.randn(layers, ways, batch, hidden).double()}
    if cell in ("lstm", "projected"):
        start["c0"] = torch.randn(layers, ways, batch, layer.hidden_size).double()
    trace = trace_by_hand(
        layer,
        fc,
        torch.randn(steps, batch, 2).double(),
        targets,
        loss=loss,
        reads="ends" if whole else "top",
        lengths=lengths if min(lengths) < steps else None,
        dropout=dropout,
        **start,
    )
    network, states = reference_of(trace), States.of(trace)
    for found in (network.run(), network.from_each(states)):
        for name in ("preact", "gates", "h", "c"):
            same(name, getattr(found, name), getattr(trace, name))
    outputs = network.outputs(states.h)
    y = network.predictions(outputs)
    same("output", outputs, trace.output)
    same("y", y, trace.y)
    same("loss", network.losses(outputs), trace.loss)
    at_output = network.loss_by_output(y)
    direct = network.immediate_gradients(at_output)
    same("grad_direct", direct, trace.grad_direct)

    back = network.back_through_time(states, direct[None], keep=True)
    same("grad_h", back.h[0], trace.grad_h)
    for place, gradient in network.parameter_gradients(states, back).items():
        name = trace.parameter_name(*place)
        if name in trace.gradients:
            same(name, gradient, trace.gradients[name])
    weight, bias_gradient = network.head_gradients(states, at_output)
    same("fc.weight", weight, trace.gradients["fc.weight"])
    same("fc.bias", bias_gradient, trace.gradients.get("fc.bias", bias_gradient))
    rows = direct[None] if whole else rows_of(network, states)
    by_loss = network.back_through_time(states, rows)
    same("grad_h_by_loss", by_loss.h, trace.grad_h_by_loss)
    same("grad_x_by_loss", by_loss.x, trace.grad_x_by_loss)


def same(name, got, expected):
    if expected is None:
        assert got is None, name
        return
    size = max(np.abs(expected).max(), 1e-3)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-12 * size, err_msg=name)
    np.testing.assert_array_equal(got == 0, expected == 0, err_msg=name)


@pytest.mark.parametrize("cell", CELLS)
def test_a_traces_jacobian_is_one_step_back_from_each_unit(cell):
    """Of an LSTM with c_prev held fixed; 0 at steps that do not exist."""
    torch.manual_seed(0)
    layer = layer_of(cell, 2, 3, bidirectional=True, num_layers=2)
    fc = nn.Linear(6, 3).double()
    x, targets = torch.randn(4, 2, 2).double(), torch.randint(3, (4, 2))
    trace = trace_by_hand(layer, fc, x, targets, lengths=(2, 4))
    network, states = reference_of(trace), States.of(trace)
    for place in np.ndindex(2, 2):
        one = network.layers[place[0]][place[1]]
        own, before = states.at(*place), network.before(states, *place)
        for unit in range(3):
            at_h = np.zeros_like(own.h)
            at_h[..., unit] = network.exists
            back = one.back(at_h, None if own.c is None else np.zeros_like(own.c), own, before)
            flat = back.by_state.reshape(*back.by_state.shape[:2], -1)
            row = back.h_before + one.state.back(flat)
            same("jacobian", trace.jacobian[place][..., unit, :], row)


def test_a_moved_state_moves_what_follows_it_and_nothing_before():
    torch.manual_seed(0)
    layer = layer_of("lstm", 2, 3, num_layers=2)
    fc = nn.Linear(3, 3).double()
    x, targets = torch.randn(4, 1, 2).double(), torch.randint(3, (4, 1))
    network = reference_of(trace_by_hand(layer, fc, x, targets))
    plain = network.run()
    moved = network.run({(0, 0, 1): np.full((1, 3), 0.1)})
    np.testing.assert_allclose(moved.h[0, 0, 1], plain.h[0, 0, 1] + 0.1)
    np.testing.assert_array_equal(moved.c[0, 0, 1], plain.c[0, 0, 1])
    np.testing.assert_array_equal(moved.h[:, 0, 0], plain.h[:, 0, 0])
    assert (moved.h[1, 0, 1:] != plain.h[1, 0, 1:]).all()


def test_many_networks_run_at_once_as_they_do_alone():
    torch.manual_seed(0)
    layer = layer_of("gru", 2, 3, bidirectional=True, num_layers=2)
    fc = nn.Linear(6, 3).double()
    x, targets = torch.randn(4, 2, 2).double(), torch.randint(3, (4, 2))
    network = reference_of(trace_by_hand(layer, fc, x, targets, lengths=(4, 2)))
    several = np.stack([network.x, 2 * network.x, -network.x])
    together = dataclasses.replace(network, x=several)
    states = together.run()
    losses = together.losses(together.outputs(states.h))
    for index, each in enumerate(several):
        alone = dataclasses.replace(network, x=each)
        own = alone.run()
        np.testing.assert_allclose(states.h[:, :, index], own.h, atol=1e-14)
        np.testing.assert_allclose(losses[index], alone.losses(alone.outputs(own.h)), atol=1e-14)


def test_proof_and_measures_do_without_torch():
    code = (
        "import sys, rnnviz.verification, rnnviz.measure, rnnviz.trace\n"
        "assert not {'torch', 'manim', 'matplotlib'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

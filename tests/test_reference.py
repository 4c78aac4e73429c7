"""The reference is what verify trusts, so it is held against numbers worked out by hand."""

import math
import subprocess
import sys

import numpy as np
import pytest

from rnnviz.reference import Reference
from rnnviz.trace import NO_TARGET


def one_unit(loss="squared", targets=((0.5, 0.25),)):
    """One unit: h_1 = tanh(2·1 + 0.5·0.2 + 0.1), o_t = 3 h_t − 1; x_2 = −1."""
    return Reference(
        x=np.array([[[1.0]], [[-1.0]]]),
        targets=np.array(targets).T[..., None],
        h0=np.array([[0.2]]),
        U=np.array([[2.0]]),
        W=np.array([[0.5]]),
        b=np.array([0.1]),
        V=np.array([[3.0]]),
        c=np.array([-1.0]),
        loss=loss,
    )


def test_one_unit_forward():
    network = one_unit()
    first = math.tanh(2.2)
    preact = network.preactivations()[:, 0, 0]
    assert preact == pytest.approx([2.2, -2 + 0.5 * first + 0.1])
    outputs = network.outputs(np.tanh(network.preactivations()))[:, 0, 0]
    assert outputs == pytest.approx([3 * first - 1, 3 * math.tanh(preact[1]) - 1])
    losses = network.losses(outputs[:, None, None])[:, 0]
    assert losses == pytest.approx([(outputs[0] - 0.5) ** 2 / 2, (outputs[1] - 0.25) ** 2 / 2])
    assert network.total_loss() == pytest.approx(losses.sum())


def test_one_unit_back_through_time():
    network = one_unit()
    states = np.tanh(network.preactivations())
    direct = network.loss_by_output(network.outputs(states)) @ network.V
    table = network.back_through_time(states, direct)[:, :, 0, 0]
    first, second = states[:, 0, 0]
    o = network.outputs(states)[:, 0, 0]
    assert table[0] == pytest.approx([3 * (o[0] - 0.5), 0])
    assert table[1, 1] == pytest.approx(3 * (o[1] - 0.25))
    assert table[1, 0] == pytest.approx(3 * (o[1] - 0.25) * (1 - second**2) * 0.5)
    assert first == pytest.approx(math.tanh(2.2))


def test_losses_from_a_changed_state_are_those_of_the_later_steps():
    network = one_unit()
    states = np.tanh(network.preactivations())
    whole = network.losses(network.outputs(states))
    np.testing.assert_allclose(network.losses_from(0, states[0]), whole)
    np.testing.assert_allclose(network.losses_from(1, states[1]), whole[1:])
    assert network.losses_from(0, states[0] + 0.1)[1, 0] != pytest.approx(whole[1, 0])


def three_classes(loss, target):
    return Reference(
        x=np.zeros((1, 1, 1)),
        targets=np.array([[target]]),
        h0=np.zeros((1, 1)),
        U=np.zeros((1, 1)),
        W=np.zeros((1, 1)),
        b=np.zeros(1),
        V=np.zeros((3, 1)),
        c=np.log([1.0, 2.0, 5.0]),
        loss=loss,
    )


def test_gradients_at_the_output_of_three_classes():
    y = np.array([1.0, 2.0, 5.0]) / 8
    error = y - [0, 1, 0]
    outputs = np.log([[[1.0, 2.0, 5.0]]])
    network = three_classes("cross-entropy", 1)
    assert network.total_loss() == pytest.approx(-math.log(2 / 8))
    np.testing.assert_allclose(network.loss_by_output(outputs)[0, 0], error)
    network = three_classes("squared-on-softmax", 1)
    assert network.total_loss() == pytest.approx((error**2).sum() / 2)
    np.testing.assert_allclose(
        network.loss_by_output(outputs)[0, 0], (np.diag(y) - np.outer(y, y)) @ error
    )


@pytest.mark.parametrize("loss", ["cross-entropy", "squared-on-softmax"])
def test_no_target_is_no_loss(loss):
    network = three_classes(loss, NO_TARGET)
    assert network.total_loss() == 0
    assert not network.loss_by_output(np.log([[[1.0, 2.0, 5.0]]])).any()


def test_proof_and_measures_do_without_torch():
    code = (
        "import sys, rnnviz.reference, rnnviz.verification, rnnviz.measure, rnnviz.trace\n"
        "assert not {'torch', 'manim', 'matplotlib'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

import math

import pytest
import torch

from rnnviz.errors import RecordingError
from rnnviz.losses import LOSSES, loss_by_step, prediction
from rnnviz.trace import NO_TARGET

# odds 1 : 2 : 5
OUTPUT = torch.tensor([[[0.0, math.log(2), math.log(5)]]], dtype=torch.float64)


def test_cross_entropy_is_minus_the_logarithm_of_the_targets_probability():
    for target, probability in enumerate((1 / 8, 2 / 8, 5 / 8)):
        loss = loss_by_step("cross-entropy", OUTPUT, torch.tensor([[target]]))
        assert loss.shape == (1, 1)
        assert loss.item() == pytest.approx(-math.log(probability))


def test_the_squared_loss_is_half_the_squared_distance():
    loss = loss_by_step("squared", OUTPUT, OUTPUT + torch.tensor([3.0, 0.0, -4.0]))
    assert loss.item() == pytest.approx(12.5)


def test_the_squared_loss_on_a_softmax_is_half_the_squared_distance_of_probabilities():
    loss = loss_by_step("squared-on-softmax", OUTPUT, torch.tensor([[2]]))
    assert loss.item() == pytest.approx(((1 / 8) ** 2 + (2 / 8) ** 2 + (3 / 8) ** 2) / 2)


@pytest.mark.parametrize("name", ["cross-entropy", "squared-on-softmax"])
def test_a_step_without_target_has_neither_loss_nor_gradient(name):
    output = torch.randn(3, 2, 4, requires_grad=True)
    targets = torch.tensor([[0, NO_TARGET], [NO_TARGET, 1], [2, NO_TARGET]])
    losses = loss_by_step(name, output, targets)
    losses.sum().backward()
    assert torch.equal(losses != 0, targets != NO_TARGET)
    assert torch.equal((output.grad != 0).any(-1), targets != NO_TARGET)


def test_predictions_are_probabilities_except_for_the_squared_loss():
    expected = torch.tensor([1.0, 2.0, 5.0], dtype=torch.float64) / 8
    for name in ("cross-entropy", "squared-on-softmax"):
        torch.testing.assert_close(prediction(name, OUTPUT)[0, 0], expected)
    assert prediction("squared", OUTPUT) is OUTPUT


def test_large_logits_do_not_overflow():
    output = torch.tensor([[[1e4, 0.0]]])
    for name in ("cross-entropy", "squared-on-softmax"):
        assert torch.isfinite(loss_by_step(name, output, torch.tensor([[1]]))).all()


@pytest.mark.parametrize("name", LOSSES)
def test_targets_that_do_not_fit_are_refused(name):
    with pytest.raises(RecordingError, match=rf"loss '{name}' .* needs \(1, 1"):
        loss_by_step(name, OUTPUT, torch.zeros(2, 1, dtype=torch.long))


@pytest.mark.parametrize("target", [3, -1, -99])
def test_a_class_that_is_not_there_is_refused(target):
    with pytest.raises(RecordingError, match=f"target {target} is not one of the 3 classes"):
        loss_by_step("cross-entropy", OUTPUT, torch.tensor([[target]]))


def test_an_unknown_loss_lists_those_there_are():
    with pytest.raises(RecordingError, match="no loss 'hinge'; choose one of cross-entropy, "):
        loss_by_step("hinge", OUTPUT, torch.tensor([[0]]))

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.errors import RecordingError
from rnnviz.recording.losses import LOSSES, loss_by_step, prediction
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


@given(
    rows=st.lists(
        st.lists(st.tuples(st.floats(-9, 9), st.none() | st.floats(-9, 9)), min_size=2, max_size=2),
        min_size=1,
        max_size=6,
    )
)
def test_an_entry_of_nan_is_no_target_of_the_squared_loss(rows):
    output = torch.tensor([[[o for o, _ in row]] for row in rows], dtype=torch.float64)
    targets = torch.tensor(
        [[[math.nan if t is None else t for _, t in row]] for row in rows], dtype=torch.float64
    )
    output.requires_grad_(True)
    losses = loss_by_step("squared", output, targets)
    losses.sum().backward()
    for step, row in enumerate(rows):
        distances = [0.0 if t is None else o - t for o, t in row]
        expected = sum(distance**2 for distance in distances) / 2
        assert losses[step, 0].item() == pytest.approx(expected)
        assert output.grad[step, 0].tolist() == distances


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_what_an_output_is_where_there_is_no_target_does_not_matter(value):
    output = torch.tensor([[[value, 1.0]], [[value, value]]], requires_grad=True)
    targets = torch.tensor([[[math.nan, 3.0]], [[math.nan, math.nan]]])
    losses = loss_by_step("squared", output, targets)
    losses.sum().backward()
    assert losses.tolist() == [[2.0], [0.0]]
    assert output.grad.tolist() == [[[0.0, -2.0]], [[0.0, 0.0]]]


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_an_output_that_is_no_number_is_not_hidden_where_there_is_a_target(value):
    output, targets = torch.tensor([[[value, 1.0]]]), torch.tensor([[[2.0, math.nan]]])
    assert not math.isfinite(loss_by_step("squared", output, targets).item())


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
    with pytest.raises(RecordingError, match="unknown loss 'hinge'; choose one of cross-entropy, "):
        loss_by_step("hinge", OUTPUT, torch.tensor([[0]]))

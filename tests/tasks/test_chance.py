"""The level of chance: the predictor that sees no input gets it, and `error` is what it says."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnnviz import tasks
from rnnviz.recording.losses import loss_by_step
from rnnviz.tasks import Batch
from rnnviz.trace import NO_TARGET

TEXT = "to be or not to be, that is the question"
ALL = (
    ("sentence", {}),
    ("sentence", {"gap": 2, "language": "zh"}),
    ("prices", {}),
    ("weather", {"steps": 7}),
    ("text", {"text": TEXT}),
    ("adding", {}),
    ("copying", {}),
    ("temporal-order", {}),
)


class EveryPlace:
    """Draws each integer of a range once: a batch of all windows."""

    def integers(self, low, high, size):
        return np.arange(low, high)


def test_all_tasks_are_here():
    assert {name for name, _ in ALL} == set(tasks.names()) - {"series"}


@pytest.mark.parametrize(
    ("name", "options", "chance"),
    [
        ("sentence", {}, math.log(6)),
        ("temporal-order", {}, math.log(4)),
        ("temporal-order", {"steps": 50}, math.log(4)),
        ("copying", {}, 10 * math.log(8) / 25),
        ("copying", {"delay": 1}, 10 * math.log(8) / 21),
        ("copying", {"delay": 100}, 10 * math.log(8) / 120),
    ],
)
def test_chance_is_the_closed_form_and_trivial_gets_it_on_every_batch(name, options, chance):
    task = tasks.make(name, **options)
    batch = task.sample(np.random.default_rng(1), 30)
    assert task.chance == pytest.approx(chance, rel=1e-14)
    assert task.error(task.trivial(batch), batch) == pytest.approx(chance, rel=1e-12)
    assert task.chance_exact
    assert task.chance_name == "cross-entropy, nats a target"


def test_chance_of_adding_is_a_sixth_by_gauss_legendre_quadrature():
    """Two nodes in each variable integrate (a + b − 1)² over the unit square exactly."""
    task = tasks.make("adding", steps=2)
    nodes = 0.5 + np.array([-0.5, 0.5]) / 3**0.5
    pairs = np.array(list(itertools.product(nodes, nodes)))
    targets = np.full((2, 4, 1), np.nan)
    targets[1, :, 0] = pairs.sum(axis=1)
    batch = Batch(np.ones((2, 4, 2)), targets, (), ())
    assert task.error(task.trivial(batch), batch) == pytest.approx(1 / 6, rel=1e-14)
    assert task.chance == 1 / 6
    assert task.chance_exact
    assert task.chance_name == "mean squared error"


def test_trivial_gets_a_sixth_on_random_sums():
    size, task = 40_000, tasks.make("adding", steps=10)
    batch = task.sample(np.random.default_rng(2), size)
    deviation = (1 / 15 - 1 / 36) ** 0.5  # of (a + b − 1)², whose square has the mean 1/15
    found = task.error(task.trivial(batch), batch)
    assert found == pytest.approx(1 / 6, abs=4 * deviation / size**0.5)
    for other in (0.95, 1.05):
        assert task.error(np.full(batch.targets.shape, other), batch) > found


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("prices", {"steps": 3}),
        ("prices", {"steps": 900}),
        ("weather", {}),
        ("text", {"text": TEXT}),
        ("text", {"text": TEXT, "steps": 35}),
        ("text", {"text": "abab", "steps": 3}),
        ("text", {"text": "zab", "steps": 2}),
    ],
)
def test_chance_of_data_is_the_trivial_error_over_all_windows(name, options):
    task = tasks.make(name, **options)
    batch = task.sample(EveryPlace(), 0)
    assert not task.chance_exact
    assert task.error(task.trivial(batch), batch) == pytest.approx(task.chance, rel=1e-6)


@pytest.mark.parametrize(("name", "options"), [("prices", {}), ("text", {"text": TEXT})])
def test_no_other_constant_does_better_on_data(name, options):
    task = tasks.make(name, **options)
    batch = task.sample(EveryPlace(), 0)
    rng = np.random.default_rng(3)
    for _ in range(5):
        moved = task.trivial(batch) + 0.1 * rng.normal(size=len(task.output_labels))
        assert task.error(moved, batch) > task.chance


@given(delay=st.integers(1, 60))
def test_the_memoryless_predictor_of_copying_is_sure_of_blanks_and_of_nothing_else(delay):
    task = tasks.make("copying", delay=delay)
    batch = task.example()
    y = torch.softmax(torch.tensor(task.trivial(batch)), dim=-1).numpy()
    assert (y[: delay + 10, :, 8] == 1).all()
    assert (y[: delay + 10, :, :8] == 0).all()
    np.testing.assert_allclose(y[delay + 10 :, :, :8], 1 / 8, rtol=1e-12)
    assert (y[delay + 10 :, :, 8] == 0).all()


@pytest.mark.parametrize(("name", "options"), ALL)
def test_trivial_sees_no_input_and_has_the_shape_of_outputs(name, options):
    task = tasks.make(name, **options)
    one, other = (task.sample(np.random.default_rng(seed), 9) for seed in (4, 5))
    assert task.trivial(one).shape == (*one.x.shape[:2], len(task.output_labels))
    np.testing.assert_array_equal(task.trivial(one), task.trivial(other))
    assert np.isfinite(task.trivial(one)).all()


@pytest.mark.parametrize(("name", "options"), ALL)
def test_error_is_the_loss_of_training_per_target(name, options):
    task = tasks.make(name, **options)
    batch = task.sample(np.random.default_rng(6), 12)
    output = np.random.default_rng(7).normal(size=(*batch.x.shape[:2], len(task.output_labels)))
    losses = loss_by_step(task.loss, torch.tensor(output), torch.tensor(batch.targets)).numpy()
    if task.loss == "squared":
        expected = 2 * losses.sum() / (~np.isnan(batch.targets)).sum()
    else:
        expected = losses.sum() / (batch.targets != NO_TARGET).sum()
    assert task.error(output, batch) == pytest.approx(expected, rel=1e-6)
    assert task.error(output.astype(np.float32), batch) == pytest.approx(expected, rel=1e-5)


def test_error_of_large_logits_does_not_overflow():
    task = tasks.make("temporal-order")
    batch = task.example()
    logits = np.zeros((20, 1, 4))
    logits[-1, 0, 2] = 1e6
    assert task.error(logits, batch) == pytest.approx(1e6)


def test_an_output_that_is_no_number_is_no_good_error():
    for name in ("adding", "temporal-order"):
        task = tasks.make(name)
        batch = task.example()
        assert math.isnan(task.error(np.full_like(task.trivial(batch), np.nan), batch))

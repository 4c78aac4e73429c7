"""The training that explodes: it does, and its numbers are those of training by hand."""

import numpy as np
import pytest
import torch

from rnnviz import tasks
from rnnviz.errors import DivergenceError
from rnnviz.experiments import explosion as module
from rnnviz.experiments.explosion import explosion
from rnnviz.training.network import seeded


@pytest.fixture(scope="module")
def found():
    return explosion(None)


def by_hand(clip, updates):
    """Losses and gradient norms of plain gradient descent, in float32 like the training."""
    task, settings = tasks.make(module.TASK, **module.OPTIONS), module.SETTINGS
    network = seeded(
        settings["seed"], 1, settings["hidden"], 1, nonlinearity="relu", initial="identity"
    )
    u, w, b_u, b_w, v, c = network.parameters()
    rng = np.random.default_rng(settings["seed"])
    losses, norms = [], []
    for _ in range(updates):
        batch = task.sample(rng, 32)
        state, total = torch.zeros(32, settings["hidden"]), 0.0
        for x, target in zip(batch.x, batch.targets, strict=True):
            state = (torch.tensor(x) @ u.T + b_u + state @ w.T + b_w).clamp_min(0)
            total = total + ((state @ v.T + c - torch.tensor(target)) ** 2).sum() / 2
        loss = total / batch.targets.size
        gradients = torch.autograd.grad(loss, [u, w, b_u, b_w, v, c])
        norm = float(torch.cat([each.flatten() for each in gradients]).norm())
        share = 1.0 if clip is None else min(1.0, clip / norm)
        losses.append(float(loss.detach()))
        norms.append(norm)
        with torch.no_grad():
            for value, gradient in zip((u, w, b_u, b_w, v, c), gradients, strict=True):
                value -= settings["learning_rate"] * share * gradient
    return losses, norms, w


@pytest.mark.parametrize("clip", [None, module.CLIP])
def test_losses_and_norms_are_those_of_gradient_descent_by_hand(clip, found):
    course = found.unclipped if clip is None else found.clipped
    losses, norms, w = by_hand(clip, 15)
    np.testing.assert_allclose(course.update_loss[:15], losses, rtol=1e-2)
    np.testing.assert_allclose(course.update_norm[:15], norms, rtol=1e-2)
    assert course.loss[0] == pytest.approx(np.mean(losses), rel=1e-2)
    assert course.norm[0] == pytest.approx(np.mean(norms), rel=1e-2)
    w = w.detach().double().numpy()
    assert course.sigma_1[0] == pytest.approx(np.linalg.norm(w, 2), rel=1e-2)
    assert course.rho[0] == pytest.approx(np.abs(np.linalg.eigvals(w)).max(), rel=1e-2)


def test_one_update_raises_the_loss_and_the_gradient_by_orders_of_magnitude(found):
    course, at = found.unclipped, found.unclipped.jump
    assert course.update_loss[at] > 1e4 * course.update_loss[at - 1]
    assert course.update_norm[at] > 1e4 * course.update_norm[at - 1]
    assert course.sigma_1[-1] > 1e4
    assert course.loss[-1] > 0.8 * found.chance_loss  # no better than the mean of all prices
    ratios = course.update_loss[1:] / course.update_loss[:-1]
    assert ratios.argmax() + 1 == at


def test_the_same_network_learns_with_clipping(found):
    clipped = found.clipped
    assert clipped.update_loss[0] == found.unclipped.update_loss[0]  # the same network and data
    assert clipped.update_norm[0] == found.unclipped.update_norm[0]
    assert clipped.update_norm.max() < 100
    assert clipped.loss[-1] < 0.1 * found.chance_loss
    assert clipped.sigma_1.max() < 1.1
    assert clipped.score < 0.1 * found.unclipped.score


def test_chance_is_the_loss_of_predicting_the_mean(found):
    task = tasks.make(module.TASK, **module.OPTIONS)
    batch = task.sample(np.random.default_rng(3), 4000)
    loss = ((batch.targets - task.trivial(batch)) ** 2).mean() / 2
    assert found.chance_loss == pytest.approx(loss, rel=0.02)


def test_everything_kept_is_finite_and_the_last_network_is_recorded(found):
    for course in (found.unclipped, found.clipped):
        assert course.diverged is None
        for values in (course.loss, course.norm, course.sigma_1, course.rho, course.update_loss):
            assert np.isfinite(values).all()
        assert all(np.isfinite(value).all() for value in course.last.arrays().values())
        assert np.linalg.norm(course.last.W, 2) == pytest.approx(course.sigma_1[-1], rel=1e-5)
        assert course.last.metadata.epochs == len(course.loss) == module.SETTINGS["epochs"]


def test_it_is_the_same_every_time(found):
    again = explosion(None)
    np.testing.assert_array_equal(again.unclipped.update_loss, found.unclipped.update_loss)
    np.testing.assert_array_equal(again.clipped.update_norm, found.clipped.update_norm)


def test_of_a_training_that_ends_in_nan_the_finite_epochs_are_kept(monkeypatch):
    from rnnviz.training import run

    monkeypatch.setattr(run, "BATCHES_PER_EPOCH", 1)
    settings = {**module.SETTINGS, "learning_rate": 0.5, "seed": 3}
    monkeypatch.setattr(module, "SETTINGS", settings)
    course = explosion(None).unclipped
    assert course.diverged is not None
    assert len(course.loss) == course.diverged - 1 >= 1
    assert np.isfinite(course.loss).all()
    assert all(np.isfinite(value).all() for value in course.last.arrays().values())


def test_a_training_that_ends_in_its_first_epoch_has_no_course(monkeypatch):
    monkeypatch.setattr(module, "SETTINGS", {**module.SETTINGS, "seed": 3})
    with pytest.raises(DivergenceError, match=r"after epoch 1; .* or clip the gradient"):
        explosion(None)

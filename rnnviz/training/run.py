"""The training loop: seeds, epochs, batches and updates."""

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from rnnviz import tasks
from rnnviz.cells.rnn import Rnn
from rnnviz.errors import DivergenceError, TrainingError
from rnnviz.recording.conditions import with_gradients
from rnnviz.recording.loss_times import Losses
from rnnviz.recording.losses import loss_by_step
from rnnviz.tasks import Batch, Task
from rnnviz.trace import CLASSES, NO_TARGET
from rnnviz.training.history import Log
from rnnviz.training.network import ForgetBias, Network
from rnnviz.training.settings import Settings
from rnnviz.training.trained import Trained

Progress = Callable[[int, int, float], None]
"""Called after each epoch with its number, the maximum number of epochs and the mean loss."""

DEFAULT_SEEDS: Final = (1, 2, 3)
BATCHES_PER_EPOCH: Final = 15
_BATCH_SIZE: Final = 32
_TEST_SIZE: Final = 512


def train(
    task: Task | str,
    *,
    cell: str = Rnn.name,
    nonlinearity: str = "tanh",
    layers: int = 1,
    bidirectional: bool = False,
    hidden: int | None = None,
    epochs: int | None = None,
    seed: int | None = None,
    learning_rate: float | None = None,
    optimizer: str = "adam",
    clip: float | None = 1.0,
    initial: str = "default",
    scale: float = 1.0,
    forget_bias: ForgetBias | None = None,
    record_every: int | None = None,
    record_losses: Losses = "all",
    progress: Progress | None = None,
    **options: Any,
) -> Trained:
    """Train a network on a task until it is learnt or the epochs are used up.

    ``task`` is a task, or the name of one with its ``options``: ``csv``, ``column``, ``text``, ….
    An epoch is 15 batches of 32 random sequences. ``cell`` is 'rnn', 'lstm' or 'gru', and
    ``nonlinearity`` 'tanh' or 'relu' for an 'rnn'. ``hidden``, ``epochs`` and ``learning_rate``
    default to the task's. ``optimizer`` is 'adam' or 'sgd', plain θ ← θ − α ∂L/∂θ with 20 times the
    task's α. A gradient whose norm exceeds ``clip`` is scaled down to it; None does not clip. Every
    gate's recurrent weight starts from ``initial`` ('default', 'identity', 'orthogonal') times
    ``scale``. ``forget_bias`` is the bias that an LSTM's forget gates start from: a number, or
    'chrono', which draws it for the length of the task's sequences. None leaves PyTorch's start
    near 0, where a gate keeps about half at each step: after 20 steps a part of 10⁻⁶ is left, too
    little to learn from. At 1 a gate keeps 0.73 a step, at 3 it keeps 0.95.

    The result depends on the seed only. Without a seed, up to three are tried until the task is
    learnt, and the best network is returned. The caller's random state is not changed. With
    ``record_every`` = n, the weights, and traces of the task's example, are kept before training,
    after every n-th epoch and after the last. ``record_losses`` is ``losses`` of ``rnnviz.record``,
    for long sequences.

    Raises: TrainingError for invalid settings; DivergenceError, which has the network and the
            history until then, if the loss, the score or the weights become infinite or NaN;
            RecordingError as ``rnnviz.record``
    Source: a positive start of the forget gate: Gers, Schmidhuber & Cummins 2000; 1 by default:
            Jozefowicz, Zaremba & Sutskever 2015; 'chrono': Tallec & Ollivier 2018
    Example: >>> train("adding", cell="lstm", record_every=50).history.traces[-1]
    """
    if isinstance(task, str):
        task = tasks.make(task, **options)
    elif options:
        raise TrainingError(
            f"unknown option {next(iter(options))!r}; options of a task are given with its name, "
            "as in train('series', csv='table.csv', column='price')"
        )
    settings = Settings(
        cell=cell,
        nonlinearity=nonlinearity,
        layers=layers,
        bidirectional=bidirectional,
        hidden=hidden,
        epochs=epochs,
        seed=seed,
        learning_rate=learning_rate,
        optimizer=optimizer,
        clip=clip,
        initial=initial,
        scale=scale,
        forget_bias=forget_bias,
        record_every=record_every,
    )
    tries = (
        _train_once(task, settings, each, progress)
        for each in (DEFAULT_SEEDS if seed is None else (seed,))
    )
    sign = 1 if task.higher_is_better else -1
    with _one_thread(), with_gradients(), torch.autocast("cpu", enabled=False):
        trained = next(tries)
        while not trained.learnt and task.can_be_learnt and (again := next(tries, None)):
            trained = max(trained, again, key=lambda one: sign * one.score)
        return trained.with_traces(record_losses)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Use one thread within a block: for networks this small, more threads only wait."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _train_once(task: Task, settings: Settings, seed: int, progress: Progress | None) -> Trained:
    most = settings.epochs or task.epochs
    rng = np.random.default_rng(seed)
    network = settings.network(task, seed)
    optimizer = settings.optimizer_of(network, task)
    log = Log(network, settings.record_every)
    finite, score = copy.deepcopy(network), math.nan
    for epoch in range(1, most + 1):
        updates = [
            _update(network, optimizer, task.sample(rng, _BATCH_SIZE), task.loss, settings.clip)
            for _ in range(BATCHES_PER_EPOCH)
        ]
        loss = float(np.mean([each for each, *_ in updates]))
        weights = torch.cat([parameter.detach().flatten() for parameter in network.parameters()])
        found = {"loss": loss, "largest weight": float(weights.abs().max())}
        if np.isfinite([*found.values()]).all():
            if progress is not None:
                progress(epoch, most, loss)
            found[task.score_name] = _score(network, task, rng)
        for what, value in found.items():
            if not np.isfinite(value):
                kept = log.history() if epoch > 1 else None
                raise DivergenceError(
                    f"the {what} is {value} after epoch {epoch}; choose a smaller learning rate"
                    + (", or clip the gradient" if settings.clip is None else ""),
                    epoch,
                    kept and Trained(task, finite, kept, score, seed, settings.forget_bias),
                )
        score = found[task.score_name]
        log.add(updates, score)
        finite.load_state_dict(network.state_dict())
        if task.learnt(score, loss):
            break
    score = _score(network, task, rng)
    return Trained(task, network, log.history(), score, seed, settings.forget_bias)


def _update(
    network: Network,
    optimizer: torch.optim.Optimizer,
    batch: Batch,
    loss: str,
    clip: float | None,
) -> tuple[float, float, float]:
    """Update the weights; return the loss per target, and the gradient norms before/after clip."""
    optimizer.zero_grad()
    output, _ = network(torch.from_numpy(batch.x))
    targets = torch.from_numpy(batch.targets)
    total = loss_by_step(loss, output, targets).sum() / _count(loss, targets)
    total.backward()
    gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
    before = after = get_total_norm(gradients)
    if clip is not None:
        clip_grads_with_norm_(network.parameters(), clip, before)
        after = get_total_norm(gradients)
    optimizer.step()
    return float(total.detach()), float(before), float(after)


def _count(loss: str, targets: Tensor) -> int:
    """Count the steps with a target, over all sequences."""
    wanted = targets != NO_TARGET if loss in CLASSES else ~targets.isnan().all(dim=-1)
    return int(wanted.sum())


def _score(network: Network, task: Task, rng: np.random.Generator) -> float:
    batch = task.sample(rng, _TEST_SIZE)
    with torch.no_grad():
        output, _ = network(torch.from_numpy(batch.x))
    return task.score(output.numpy(), batch)

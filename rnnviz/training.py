"""Training the textbook's network on a task, until it works."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch

from rnnviz import tasks
from rnnviz.errors import RecordingError, TrainingError
from rnnviz.losses import loss_by_step
from rnnviz.network import Network, seeded
from rnnviz.recording import record
from rnnviz.tasks import Batch, Task
from rnnviz.trace import NO_TARGET, Trace

Progress = Callable[[int, int, float], None]
"""Called after each epoch with its number, how many there are at most, and the mean loss."""

DEFAULT_SEEDS: Final = (1, 2, 3)
BATCHES_PER_EPOCH: Final = 15
_BATCH_SIZE: Final = 32
_TEST_SIZE: Final = 512
_CLIP: Final = 1.0
_LARGEST_SEED: Final = 2**63 - 1
_DTYPES: Final = {"float32": torch.float32, "float64": torch.float64}


@dataclass(frozen=True)
class Trained:
    """A trained network, with how it was trained and how well it does on newly drawn sequences.

    Units:  losses are per target, the mean over each epoch
    """

    task: Task
    network: Network
    losses: tuple[float, ...]
    score: float
    seed: int

    @property
    def learnt(self) -> bool:
        """Whether training reached the task's aim."""
        return self.task.learnt(self.score, self.losses[-1])

    def record(self, *, dtype: str = "float64", gradients: bool = True) -> Trace:
        """Record a copy of the network on the task's example.

        Raises: RecordingError for a dtype that is not recorded
        """
        if dtype not in _DTYPES:
            raise RecordingError(f"there is no dtype {dtype!r}; choose {' or '.join(_DTYPES)}")
        example = self.task.example()
        wanted = example.target_labels
        return record(
            copy.deepcopy(self.network).to(_DTYPES[dtype]),
            torch.from_numpy(example.x),
            torch.from_numpy(example.targets),
            loss=self.task.loss,
            gradients=gradients,
            about={
                "task": self.task.name,
                "task_options": self.task.options,
                "language": self.task.language,
                "seed": self.seed,
                "epochs": len(self.losses),
                "accuracy": self.score,
                "accuracy_name": self.task.score_name,
                "source": self.task.source,
                "step_labels": example.step_labels,
                "target_labels": wanted,
                "input_labels": self.task.input_labels,
                "output_labels": self.task.output_labels,
            },
        )


def train(
    task: Task | str,
    *,
    hidden: int | None = None,
    epochs: int | None = None,
    seed: int | None = None,
    learning_rate: float | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Train with Adam, gradients clipped at norm 1, until the task is learnt or epochs run out.

    An epoch is 15 batches of 32 random sequences. The seed alone determines the result; without
    one, the first of three seeds with which a task of classes is learnt. The caller's random
    state is left as it is.

    Raises: TrainingError for settings that train nothing, or if the loss stops being a number
    """
    task = tasks.make(task) if isinstance(task, str) else task
    if hidden is not None and hidden < 1:
        raise TrainingError(f"a hidden layer of {hidden} units cannot be trained; choose 1 or more")
    if epochs is not None and epochs < 1:
        raise TrainingError(f"{epochs} epochs train nothing; choose 1 or more")
    if seed is not None and not 0 <= seed <= _LARGEST_SEED:
        raise TrainingError(f"the seed is {seed}; choose one from 0 to {_LARGEST_SEED}")
    if learning_rate is not None and not 0 < learning_rate < float("inf"):
        raise TrainingError(
            f"a learning rate of {learning_rate} trains nothing; choose one greater than 0"
        )
    tries = (
        _train_once(task, hidden, epochs, each, learning_rate, progress)
        for each in (DEFAULT_SEEDS if seed is None else (seed,))
    )
    with _one_thread():
        trained = next(tries)
        while not trained.learnt and task.can_be_learnt and (again := next(tries, None)):
            trained = max(trained, again, key=lambda one: one.score)
    return trained


@contextmanager
def _one_thread() -> Iterator[None]:
    """These networks are so small that threads mostly wait, for seconds on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _train_once(
    task: Task,
    hidden: int | None,
    epochs: int | None,
    seed: int,
    learning_rate: float | None,
    progress: Progress | None,
) -> Trained:
    most = epochs or task.epochs
    rng = np.random.default_rng(seed)
    network = seeded(
        seed, len(task.input_labels), hidden or task.hidden_size, len(task.output_labels)
    )
    rate = task.learning_rate if learning_rate is None else learning_rate
    optimizer = torch.optim.Adam(network.parameters(), lr=rate)
    losses: list[float] = []
    for epoch in range(1, most + 1):
        batches = [
            _update(network, optimizer, task.sample(rng, _BATCH_SIZE), task.loss)
            for _ in range(BATCHES_PER_EPOCH)
        ]
        losses.append(float(np.mean(batches)))
        if not np.isfinite(losses[-1]):
            raise TrainingError(
                f"the loss is {losses[-1]} after epoch {epoch}; choose a smaller learning rate"
            )
        if progress is not None:
            progress(epoch, most, losses[-1])
        if task.learnt(_score(network, task, rng), losses[-1]):
            break
    return Trained(task, network, tuple(losses), _score(network, task, rng), seed)


def _update(network: Network, optimizer: torch.optim.Optimizer, batch: Batch, loss: str) -> float:
    optimizer.zero_grad()
    output, _ = network(torch.from_numpy(batch.x))
    targets = torch.from_numpy(batch.targets)
    counted = int((targets != NO_TARGET).sum()) if loss != "squared" else targets[..., 0].numel()
    total = loss_by_step(loss, output, targets).sum() / counted
    total.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), _CLIP)
    optimizer.step()
    return float(total.detach())


def _score(network: Network, task: Task, rng: np.random.Generator) -> float:
    batch = task.sample(rng, _TEST_SIZE)
    with torch.no_grad():
        output, _ = network(torch.from_numpy(batch.x))
    return task.score(output.numpy(), batch)

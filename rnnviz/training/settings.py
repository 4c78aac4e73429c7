"""The settings of training, checked before training starts."""

from dataclasses import dataclass
from typing import Final

import torch

from rnnviz.cells.rnn import Rnn
from rnnviz.errors import TrainingError
from rnnviz.tasks import Task
from rnnviz.training.network import CHRONO, ForgetBias, Network, seeded

OPTIMIZERS: Final = ("adam", "sgd")
_SGD_OVER_ADAM: Final = 20
_LARGEST_SEED: Final = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A network and how to train it. None means the task's own value; ``clip`` None, no clipping.

    Raises: TrainingError for a setting out of range
    """

    cell: str = Rnn.name
    nonlinearity: str = "tanh"
    layers: int = 1
    bidirectional: bool = False
    hidden: int | None = None
    epochs: int | None = None
    seed: int | None = None
    learning_rate: float | None = None
    optimizer: str = "adam"
    clip: float | None = 1.0
    initial: str = "default"
    scale: float = 1.0
    forget_bias: ForgetBias | None = None
    record_every: int | None = None

    def __post_init__(self) -> None:
        if self.hidden is not None and self.hidden < 1:
            raise TrainingError(f"hidden must be a positive number of units, got {self.hidden}")
        if self.epochs is not None and self.epochs < 1:
            raise TrainingError(f"epochs must be a positive integer, got {self.epochs}")
        if self.seed is not None and not 0 <= self.seed <= _LARGEST_SEED:
            raise TrainingError(f"the seed must be from 0 to {_LARGEST_SEED}, got {self.seed}")
        if self.learning_rate is not None and not 0 < self.learning_rate < float("inf"):
            raise TrainingError(
                f"the learning rate must be finite and positive, got {self.learning_rate}"
            )
        if self.optimizer not in OPTIMIZERS:
            raise TrainingError(
                f"unknown optimizer {self.optimizer!r}; choose one of {', '.join(OPTIMIZERS)}"
            )
        if self.clip is not None and not 0 < self.clip < float("inf"):
            raise TrainingError(
                f"clip must be a finite, positive norm, or None for no clipping, got {self.clip}"
            )
        bias = self.forget_bias
        if bias is not None and bias != CHRONO and not _is_finite(bias):
            raise TrainingError(
                f"forget_bias must be a finite number, {CHRONO!r}, or None for PyTorch's start, "
                f"got {bias!r}"
            )
        if self.record_every is not None and self.record_every < 1:
            raise TrainingError(
                f"record_every must be a positive number of epochs, got {self.record_every}"
            )

    def network(self, task: Task, seed: int) -> Network:
        """Return a new network for a task. Raises: TrainingError as ``Network``."""
        return seeded(
            seed,
            len(task.input_labels),
            self.hidden or task.hidden_size,
            len(task.output_labels),
            initial=self.initial,
            scale=self.scale,
            forget_bias=self.forget_bias,
            steps=len(task.example().x),
            cell=self.cell,
            nonlinearity=self.nonlinearity,
            layers=self.layers,
            bidirectional=self.bidirectional,
        )

    def optimizer_of(self, network: Network, task: Task) -> torch.optim.Optimizer:
        """Return the optimizer of a network's parameters."""
        if self.optimizer == "adam":
            return torch.optim.Adam(
                network.parameters(), lr=self.learning_rate or task.learning_rate
            )
        rate = self.learning_rate or _SGD_OVER_ADAM * task.learning_rate
        return torch.optim.SGD(network.parameters(), lr=rate)


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and abs(value) < float("inf")

"""The settings of training, checked before anything is trained."""

from dataclasses import dataclass
from typing import Final

import torch

from rnnviz.cells.rnn import Rnn
from rnnviz.errors import TrainingError
from rnnviz.tasks import Task
from rnnviz.training.network import Network, seeded

OPTIMIZERS: Final = ("adam", "sgd")
_SGD_OVER_ADAM: Final = 20
_LARGEST_SEED: Final = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A network and how it is trained; None is what the task has, ``clip`` None is no clipping.

    Raises: TrainingError for settings that train nothing
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
    record_every: int | None = None

    def __post_init__(self) -> None:
        if self.hidden is not None and self.hidden < 1:
            raise TrainingError(
                f"a hidden layer of {self.hidden} units cannot be trained; choose 1 or more"
            )
        if self.epochs is not None and self.epochs < 1:
            raise TrainingError(f"{self.epochs} epochs train nothing; choose 1 or more")
        if self.seed is not None and not 0 <= self.seed <= _LARGEST_SEED:
            raise TrainingError(f"the seed is {self.seed}; choose one from 0 to {_LARGEST_SEED}")
        if self.learning_rate is not None and not 0 < self.learning_rate < float("inf"):
            raise TrainingError(
                f"a learning rate of {self.learning_rate} trains nothing; choose one greater than 0"
            )
        if self.optimizer not in OPTIMIZERS:
            raise TrainingError(
                f"there is no optimizer {self.optimizer!r}; choose one of {', '.join(OPTIMIZERS)}"
            )
        if self.clip is not None and not 0 < self.clip < float("inf"):
            raise TrainingError(
                f"gradients clipped at norm {self.clip} train nothing; choose a norm greater than "
                "0, or None for no clipping"
            )
        if self.record_every is not None and self.record_every < 1:
            raise TrainingError(
                f"recording every {self.record_every} epochs records nothing; choose 1 or more"
            )

    def network(self, task: Task, seed: int) -> Network:
        """A fresh network for a task. Raises: TrainingError for one that there is not."""
        return seeded(
            seed,
            len(task.input_labels),
            self.hidden or task.hidden_size,
            len(task.output_labels),
            initial=self.initial,
            scale=self.scale,
            cell=self.cell,
            nonlinearity=self.nonlinearity,
            layers=self.layers,
            bidirectional=self.bidirectional,
        )

    def optimizer_of(self, network: Network, task: Task) -> torch.optim.Optimizer:
        """What updates a network's parameters."""
        if self.optimizer == "adam":
            return torch.optim.Adam(
                network.parameters(), lr=self.learning_rate or task.learning_rate
            )
        rate = self.learning_rate or _SGD_OVER_ADAM * task.learning_rate
        return torch.optim.SGD(network.parameters(), lr=rate)

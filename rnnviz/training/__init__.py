"""Train the textbook network on a task until it is learnt."""

from rnnviz.training.history import History
from rnnviz.training.network import ForgetBias
from rnnviz.training.run import BATCHES_PER_EPOCH, DEFAULT_SEEDS, Progress, train
from rnnviz.training.settings import OPTIMIZERS, Settings
from rnnviz.training.trained import Trained

__all__ = [
    "BATCHES_PER_EPOCH",
    "DEFAULT_SEEDS",
    "OPTIMIZERS",
    "ForgetBias",
    "History",
    "Progress",
    "Settings",
    "Trained",
    "train",
]

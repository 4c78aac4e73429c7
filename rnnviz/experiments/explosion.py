"""A training of a plain network whose gradient really explodes, and the same with clipping.

A relu RNN that starts from the identity (Le, Jaitly & Hinton 2015) learns 40 days of prices by
plain gradient descent. Its states and gradients have no bound: one early update raises the loss and
the norm of the gradient by several orders of magnitude, and the network never recovers. With the
gradient's norm clipped to 1 and nothing else changed, it learns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import Trace

TASK: Final = "prices"
OPTIONS: Final[Mapping[str, Any]] = {"steps": 40}
SETTINGS: Final[Mapping[str, Any]] = {
    "nonlinearity": "relu",
    "initial": "identity",
    "hidden": 8,
    "optimizer": "sgd",
    "learning_rate": 0.02,
    "epochs": 12,
    "seed": 2,
}
CLIP: Final = 1.0


@dataclass(frozen=True, eq=False, repr=False)
class Course(ShortRepr):
    """A training, epoch by epoch and update by update, with all values finite.

    ``loss``, ``norm`` (of ∂L/∂θ before clipping), ``sigma_1`` and ``rho`` (of W after the epoch)
    are those of ``rnnviz.train``'s history; ``update_loss`` and ``update_norm`` those of its
    updates. ``diverged`` is the epoch, from 1, in which a value became infinite or NaN and training
    stopped, or None. ``last`` is the task's example recorded, without gradients, with the network
    after the last epoch here; ``score`` is the task's score of that network on new sequences.

    Shapes: loss, norm, sigma_1, rho (epoch,); update_loss, update_norm (update,)
    Units:  loss in half squared units a target; norm in loss per unit of weight
    """

    loss: np.ndarray
    norm: np.ndarray
    sigma_1: np.ndarray
    rho: np.ndarray
    update_loss: np.ndarray
    update_norm: np.ndarray
    score: float
    score_name: str
    diverged: int | None
    last: Trace

    @property
    def jump(self) -> int:
        """The update, from 0, whose loss is greatest as a multiple of the one before."""
        return 1 + int(np.diff(np.log(self.update_loss)).argmax())


@dataclass(frozen=True, eq=False, repr=False)
class Explosion(ShortRepr):
    """The same training without clipping and with it.

    ``start`` is the W from which both start; ``chance_loss`` is the mean loss of predicting the
    mean, whatever the input.

    Shapes: start (unit, unit)
    """

    start: np.ndarray

    unclipped: Course
    clipped: Course
    clip: float
    chance_loss: float


def explosion(_: Trace) -> Explosion:
    """Train both networks, which takes about two seconds.

    Raises: TrainingError if a network diverges in its first epoch
    Source: Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural
            networks", sec. 3.2: clipping the norm; the network: Le, Jaitly & Hinton 2015
    """
    from rnnviz import tasks, training  # loads torch

    task = tasks.make(TASK, **OPTIONS)
    network = training.Settings(**SETTINGS).network(task, SETTINGS["seed"])
    return Explosion(
        network.state_dict()["rnn.weight_hh_l0"].numpy(),
        _course(task, None),
        _course(task, CLIP),
        CLIP,
        chance_loss=float(task.chance) / 2,
    )


def _course(task: Any, clip: float | None) -> Course:
    from rnnviz import training
    from rnnviz.errors import DivergenceError

    diverged = None
    try:
        trained = training.train(task, clip=clip, **SETTINGS)
    except DivergenceError as error:
        if error.trained is None:
            raise
        trained, diverged = error.trained, error.epoch
    history = trained.history
    return Course(
        loss=history.loss,
        norm=history.gradient_norm,
        sigma_1=history.sigma_1[:, 0],
        rho=history.rho[:, 0],
        update_loss=history.update_loss.ravel(),
        update_norm=history.update_norm.ravel(),
        score=trained.score,
        score_name=task.score_name,
        diverged=diverged,
        last=trained.record(gradients=False),
    )

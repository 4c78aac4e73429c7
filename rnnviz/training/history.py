"""The course of training, epoch by epoch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import Trace
from rnnviz.training.network import Network


@dataclass(frozen=True, eq=False, repr=False)
class History(ShortRepr):
    """Losses, scores, gradients and weights of each epoch, from 1 on, in read-only arrays.

    ``loss`` is the mean loss per target over the epoch's updates, ``accuracy`` the task's score on
    sequences drawn after the epoch. ``gradient_norm`` and ``clipped_norm`` are the 2-norm of ∂L/∂θ
    over all parameters before and after clipping, averaged over the epoch's updates, where L is an
    update's loss per target; ``update_loss`` and ``update_norm`` are the loss and the norm before
    clipping of each update. ``sigma_1`` and ``rho`` are the largest singular value and the
    spectral radius of the first layer's forward recurrent weights after the epoch, for each gate.

    ``weights`` (by PyTorch's parameter name) and ``traces`` are those at ``recorded_epochs``, where
    0 is before training. They are empty unless training was run with ``record_every``.

    Shapes: loss, accuracy, gradient_norm, clipped_norm (epoch,); update_loss, update_norm (epoch,
            update); sigma_1, rho (epoch, gate); recorded_epochs (record,); weights (record, …)
    Units:  loss as the task's, nats or half squared units a target; the norms, loss per unit of
            weight
    """

    loss: np.ndarray
    accuracy: np.ndarray
    gradient_norm: np.ndarray
    clipped_norm: np.ndarray
    update_loss: np.ndarray
    update_norm: np.ndarray
    sigma_1: np.ndarray
    rho: np.ndarray
    recorded_epochs: np.ndarray
    weights: Mapping[str, np.ndarray]
    traces: tuple[Trace, ...] = ()

    @property
    def epochs(self) -> int:
        """The number of epochs."""
        return len(self.loss)


@dataclass
class Log:
    """Collects the history of a network during training; weights ``every`` n epochs."""

    network: Network
    every: int | None
    _updates: list[np.ndarray] = field(default_factory=list, init=False)
    _accuracies: list[float] = field(default_factory=list, init=False)
    _radii: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list, init=False)
    _kept: dict[int, dict[str, np.ndarray]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        if self.every is not None:
            self._keep(0)

    def add(self, updates: Sequence[tuple[float, float, float]], accuracy: float) -> None:
        """Add an epoch: the loss and the norms before and after clipping of each of its updates."""
        self._updates.append(np.array(updates).T)
        self._accuracies.append(accuracy)
        self._radii.append(_radii(self.network))
        if self.every is not None and len(self._updates) % self.every == 0:
            self._keep(len(self._updates))

    def history(self) -> History:
        """Return all epochs so far, with the weights of the last."""
        if self.every is not None:
            self._keep(len(self._updates))
        losses, before, after = map(_frozen, zip(*self._updates, strict=True))
        sigma_1, rho = map(_frozen, zip(*self._radii, strict=True))
        weights = {
            name: _frozen([kept[name] for kept in self._kept.values()])
            for name, _ in self.network.named_parameters()
            if self._kept
        }
        return History(
            _frozen(losses.mean(axis=1)),
            _frozen(self._accuracies),
            _frozen(before.mean(axis=1)),
            _frozen(after.mean(axis=1)),
            losses,
            before,
            sigma_1,
            rho,
            _frozen(np.array(list(self._kept), dtype=np.int64)),
            MappingProxyType(weights),
        )

    def _keep(self, epoch: int) -> None:
        self._kept[epoch] = {
            name: value.detach().numpy().copy() for name, value in self.network.named_parameters()
        }


def _radii(network: Network) -> tuple[np.ndarray, np.ndarray]:
    """Return σ₁(W) and ρ(W) of each gate of the first layer: (gate,) each."""
    stacked = dict(network.rnn.named_parameters())["weight_hh_l0"].detach().double().numpy()
    gates = stacked.reshape(-1, network.rnn.hidden_size, network.rnn.hidden_size)
    singular = np.linalg.svd(gates, compute_uv=False)
    return singular[:, 0], np.abs(np.linalg.eigvals(gates)).max(axis=-1)


def _frozen(values: Sequence[Any] | np.ndarray) -> np.ndarray:
    array = np.array(values)
    array.flags.writeable = False
    return array

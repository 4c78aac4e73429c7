"""The gradient of the last loss, in numbers: its lengths at the states shown, its terms of W."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from rnnviz import measure
from rnnviz.measure import GradientPath
from rnnviz.mobjects.window import Window
from rnnviz.trace import Trace

MOST_STATES: Final = 2
MOST_STEPS: Final = 8
MOST_OF_TWO_STATES: Final = 6
"""The steps shown of one state, and of two."""
MOST_OF_ALL: Final = 85
"""The percentage of all terms that the last ones hold."""

Norms = Mapping[str, np.ndarray]
"""The lengths of a gradient at each state, by its name: (steps,), in the order of time."""


@dataclass(frozen=True, eq=False)
class LastGradient:
    """The gradient of a trace's last loss at the states and steps that are shown."""

    trace: Trace
    path: GradientPath
    names: tuple[str, ...]
    window: Window

    @classmethod
    def of(cls, trace: Trace) -> "LastGradient":
        """Choose the states with the longest gradients, and the last steps."""
        path = measure.last_gradient_path(trace)
        longest = sorted(path.norms, key=lambda name: -path.norms[name].max())[:MOST_STATES]
        names = tuple(name for name in path.norms if name in longest)
        most = MOST_STEPS if len(names) == 1 else MOST_OF_TWO_STATES
        last = path.last + 1
        steps = tuple(range(max(1, last - most + 1), last + 1))
        return cls(trace, path, names, Window(steps, trace.steps))

    @property
    def loss(self) -> int:
        """The step of the loss, from 1."""
        return self.path.loss + 1

    @property
    def main(self) -> str:
        """The name of the state that is followed."""
        return self.names[-1]

    @cached_property
    def norms(self) -> Norms:
        """The lengths at the steps shown."""
        return self.norms_in(self.trace)

    def norms_in(self, run: Trace) -> Norms:
        """Return the lengths in another run of the network, at the same states and steps."""
        every = measure.gradients_by_state(run)
        return {
            name: np.linalg.norm(every[name][self.path.row, self.window.indices, 0], axis=-1)
            for name in self.names
        }

    def with_norms_in(self, runs: Iterable[Trace]) -> np.ndarray:
        """Return the lengths in this and in other runs, at all states, as one array."""
        every = (self.norms, *map(self.norms_in, runs))
        return np.concatenate([each for norms in every for each in norms.values()])

    @cached_property
    def shares(self) -> np.ndarray:
        """The share of each use of W in the lengths of all terms: (steps up to the loss,)."""
        return shares_of_terms(self.trace, self.path)

    @property
    def near(self) -> int:
        """How many of the last terms of W hold most of all."""
        percents = whole_percents(self.shares)
        return next(n for n in range(1, len(percents) + 1) if sum(percents[-n:]) >= MOST_OF_ALL)


def shares_of_terms(trace: Trace, path: GradientPath) -> np.ndarray:
    """Return the share of each use of W in the lengths of all terms of a loss: (steps,)."""
    terms = measure.weight_gradient_norms(trace)[path.row, : path.last + 1, 0]
    with np.errstate(invalid="ignore"):
        return np.asarray(terms / terms.sum())


def whole_percents(shares: np.ndarray) -> list[int]:
    """Round shares that add up to 1 to percents that add up to 100: the largest remainders up."""
    exact = 100.0 * np.asarray(shares, dtype=float)
    whole = np.floor(exact + 1e-9).astype(int)
    rest = round(float(exact.sum())) - int(whole.sum())
    for place in np.argsort(whole - exact, kind="stable")[:rest]:
        whole[place] += 1
    return [int(each) for each in whole]


def rate_per_step_back(norms: np.ndarray) -> float:
    """Return the factor of a gradient for every step back, or 0 if it vanishes after one."""
    return 1 / measure.log_line(norms)[0] if (norms > 0).sum() > 1 else 0.0

"""What is compared: two recordings of one sequence, up to a loss that both have."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from rnnviz.scenes.compare.places import MOST_STEPS

from rnnviz import measure
from rnnviz.mobjects.accuracy_by_gap import color_of
from rnnviz.mobjects.shown_states import ShownStates
from rnnviz.mobjects.theme import Role
from rnnviz.mobjects.window import Window
from rnnviz.mobjects.wording import Say
from rnnviz.trace import Trace


@dataclass(frozen=True, eq=False)
class Side:
    """One of the networks: its recording, and what it is called and drawn with.

    ``place`` is 0 for the first network and 1 for the second, which is told by dashes and squares.
    """

    trace: Trace
    name: str
    place: int
    window: Window

    @classmethod
    def both(cls, traces: Sequence[Trace], say: Say) -> tuple[Self, Self]:
        """Return the two networks, with the last steps up to the last loss that both have.

        They are called by their cells, and A and B if these are the same.
        """
        last = measure.common_losses(traces)[-1] + 1
        steps = range(max(1, last - MOST_STEPS + 1), last + 1)
        window = Window(tuple(steps), traces[0].steps)
        names = [say(trace.cell.title) for trace in traces]
        if names[0] == names[1]:
            names = [f"{name} {letter}" for name, letter in zip(names, "AB", strict=True)]
        first, second = (
            cls(trace, name, place, window)
            for place, (trace, name) in enumerate(zip(traces, names, strict=True))
        )
        return first, second

    @property
    def role(self) -> Role:
        """The colour of the network's cell."""
        return color_of(self.trace.metadata.cell)

    @cached_property
    def states(self) -> ShownStates:
        """The units that are drawn of the states."""
        return ShownStates(self.trace, self.window)

    @property
    def loss_step(self) -> int:
        """The step, from 1, of the loss whose gradient is compared."""
        return self.window.steps[-1]

    @cached_property
    def shares(self) -> np.ndarray:
        """The gradient at each step shown, as a share of that at the loss's own step."""
        return measure.carried_shares(self.trace, self.loss_step - 1)[self.window.indices]

    @property
    def rate(self) -> float:
        """By what a step back multiplies the gradient on average (geometric) in the steps shown."""
        back = len(self.shares) - 1
        return float(self.shares[0] / self.shares[-1]) ** (1 / back) if self.shares[-1] else 0.0

    def at_loss(self, values: np.ndarray) -> np.ndarray:
        """Return the first sequence's output or target at the loss's step."""
        return np.asarray(values[min(self.loss_step, len(values)) - 1, 0])

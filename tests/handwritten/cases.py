"""Recurrences as people write them: each is a model, what it is called with, and its states.

A function that makes one is marked with ``@case``. The models are small, in float64, and return an
output (time, batch, 3) for the squared loss unless a case says otherwise.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

STEPS, BATCH, INPUT, HIDDEN, OUTPUT = 6, 2, 4, 3, 3


@dataclass
class Case:
    """A model with its inputs, and the arguments of ``record``.

    ``returned`` picks the states out of what a module of ``states`` returns, for the reference.
    """

    model: nn.Module
    inputs: Any = None
    targets: Tensor | None = None
    states: Any = None
    returned: Callable[[Any], Any] = lambda result: result
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.inputs is None:
            self.inputs = sequence()
        if self.targets is None:
            self.targets = torch.randn(STEPS, BATCH, OUTPUT)


CASES: dict[str, Callable[[], Case]] = {}


def case(make: Callable[[], Any]) -> Callable[[], Case]:
    """Add a model to the table, by the name of its function."""

    def made() -> Case:
        kept = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)
        try:
            with torch.random.fork_rng():
                torch.manual_seed(len(make.__name__))
                found = make()
                return found if isinstance(found, Case) else Case(found)
        finally:
            torch.set_default_dtype(kept)

    CASES[make.__name__] = made
    return made


def sequence(steps: int = STEPS, batch: int = BATCH, size: int = INPUT) -> Tensor:
    """Return inputs (time, batch, input)."""
    return torch.randn(steps, batch, size)


def weight(*shape: int) -> nn.Parameter:
    """Return a weight whose products with rows keep their size."""
    return nn.Parameter(torch.randn(*shape) / shape[0] ** 0.5)


def zeros(*sizes: int, batch: int = BATCH) -> Tensor:
    """Return a first state."""
    return torch.zeros(batch, *(sizes or (HIDDEN,)))


class Loop(nn.Module):
    """Calls a cell once a step and reads each state: what most models around a cell do."""

    def __init__(self, cell: nn.Module, start: Callable[[], Any] = zeros, size: int = HIDDEN):
        super().__init__()
        self.cell, self.start, self.out = cell, start, nn.Linear(size, OUTPUT)

    def forward(self, xs: Tensor) -> Tensor:
        state, outputs = self.start(), []
        for x in xs:
            state = self.cell(x, state)
            outputs.append(self.out(state[0] if isinstance(state, tuple) else state))
        return torch.stack(outputs)


def pair() -> tuple[Tensor, Tensor]:
    """Return a first state of two tensors, h and c."""
    return zeros(), zeros()


def looped(cell: nn.Module, start: Callable[[], Any] = zeros, size: int = HIDDEN) -> Case:
    """Return the case of a cell in a plain loop, found by its path."""
    return Case(Loop(cell, start, size), states="cell")

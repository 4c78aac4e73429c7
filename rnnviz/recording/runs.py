"""What is known of any run: its steps and its sequences."""

from typing import Protocol

from torch import Tensor


class Run(Protocol):
    """The steps of a recurrent layer, or of a cell that someone wrote.

    Shapes: lengths (batch), mask (time, batch, 1), both None if all sequences have all steps
    """

    @property
    def time(self) -> int: ...
    @property
    def batch(self) -> int: ...
    @property
    def lengths(self) -> Tensor | None: ...
    @property
    def mask(self) -> Tensor | None: ...

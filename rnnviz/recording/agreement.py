"""How closely two computations of the same numbers must agree."""

from typing import Final

import torch
from torch import Tensor

from rnnviz.errors import RecordingError

AGREEMENT: Final = {
    torch.float64: 1e-12,
    torch.float32: 1e-5,
    torch.float16: 1e-2,
    torch.bfloat16: 5e-2,
}
"""By how much two computations of the same states may differ, relative to their size."""


def check_agreement(what: str, got: Tensor, expected: Tensor) -> None:
    """Check that two computations of the same numbers agree; ``what`` says which differ.

    Raises: RecordingError with the largest difference if they do not
    """
    if not got.numel():
        return
    scale = max(float(expected.detach().abs().max()), 1.0)
    error = float((got.detach() - expected.detach()).abs().max()) / scale
    if not error <= AGREEMENT[expected.dtype]:
        raise RecordingError(
            f"{what} by {error:.1e} of its size; this model cannot be recorded exactly"
        )

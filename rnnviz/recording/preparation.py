"""What every recording begins with: a copy of the model, its twin, and how both are called."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from rnnviz.errors import RecordingError
from rnnviz.recording.agreement import AGREEMENT
from rnnviz.recording.model_call import ModelCall, duplicate, placed


@dataclass(frozen=True)
class Preparation:
    """The twin of a copy that is about to run, its call, its targets, and its precision.

    ``own`` is the precision in which the model runs, and ``wide`` that in which sums are kept.
    """

    twin: nn.Module
    call: ModelCall
    targets: Any
    own: torch.dtype
    wide: torch.dtype
    device: torch.device

    @classmethod
    def of(
        cls,
        copy: nn.Module,
        example: Tensor,
        what: str,
        *,
        inputs: Any,
        targets: Any,
        state: Any,
        output: Callable[[Any], Any] | None,
        dtype: str | None,
        rounds: bool = False,
    ) -> "Preparation":
        """Prepare a copy that has not run, of the precision and on the device of ``example``.

        Raises: RecordingError for a precision of ``what`` that cannot be recorded
        """
        own, device = example.dtype, example.device
        if own not in AGREEMENT:
            raise RecordingError(f"{what} is {own}, which cannot be recorded; give dtype='float64'")
        wide = torch.float64 if own == torch.float64 else torch.float32
        twin = duplicate(copy)
        call = replace(
            ModelCall.of(copy, inputs, state, output, own, device),
            converted=dtype is not None,
            rounds=rounds,
        )
        placed_targets = placed(targets, own, device)
        if isinstance(placed_targets, PackedSequence):
            placed_targets = placed_targets.data
        return cls(twin, call, placed_targets, own, wide, device)

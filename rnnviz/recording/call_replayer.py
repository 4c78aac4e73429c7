"""A stand-in for a recurrent layer that returns its recorded states as leaves.

Autograd stops at the leaves, so gradients of a loss with respect to them are immediate gradients.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import parametrize

from rnnviz.errors import RecordingError
from rnnviz.recording.agreement import check_agreement
from rnnviz.recording.call_format import ByLayer, Call, CallFormat
from rnnviz.recording.dropout import draw_dropout
from rnnviz.recording.failures import SteppedError
from rnnviz.recording.layers import Layer


class CallReplayer:
    """Returns the recorded states as leaves, call by call."""

    def __init__(self, layer: Layer, calls: list[Call], h: ByLayer, c: ByLayer | None):
        self.layer, self.calls, self.h, self.c = layer, calls, h, c
        self.at = 0
        self.time = 0
        self.entering: list[Tensor] = []

    def __call__(self, input: Any, hx: Any = None) -> Any:
        if self.at == len(self.calls):
            raise RecordingError(
                f"the model calls its recurrent layer more than {len(self.calls)} times when it "
                "runs again; record a model that does the same each time"
            )
        call = self.calls[self.at]
        with parametrize.cached():
            self.layer.weights()  # makes the random draws that the layer would make
        call_format = CallFormat.of(self.layer, input)
        x = call_format.steps(input)
        check_agreement("the layer's input differs between two runs of the model", x, call.x)
        draw_dropout(call_format.layer, x)
        if self.at:
            self._check_attached(hx)
            self.entering.append(x)
        end = self.time + len(x)
        h = [[part[self.time : end] for part in ways] for ways in self.h]
        c = self.c and [[part[self.time : end] for part in ways] for ways in self.c]
        self.at, self.time = self.at + 1, end
        return call_format.result(h, c)

    def check_inputs(self) -> None:
        """Refuse a loop that feeds the layer its own output.

        Raises: RecordingError if the input of a later call depends on an earlier state
        """
        leaves = [part for one in (self.h, self.c or []) for parts in one for part in parts]
        live = [x for x in self.entering if x.requires_grad]
        if not live:
            return
        total = torch.stack([x.sum() for x in live]).sum()
        found = torch.autograd.grad(total, leaves, retain_graph=True, allow_unused=True)
        if any(one is not None and bool(one.any()) for one in found):
            raise SteppedError(
                "the layer's input depends on its own earlier output, a path that the backward "
                "pass through its states would miss; feed it recorded inputs (teacher forcing)"
            )

    def _check_attached(self, hx: Any) -> None:
        parts = hx if isinstance(hx, tuple) else (hx,)
        if not all(isinstance(part, Tensor) and part.requires_grad for part in parts):
            raise SteppedError(
                "the state is detached between calls of the recurrent layer, so that no gradient "
                "flows through time there; pass it on as it is"
            )

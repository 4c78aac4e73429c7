"""A stand-in for a recurrent layer that records every call while the layer runs unchanged."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import parametrize

from rnnviz.errors import RecordingError
from rnnviz.recording.agreement import check_agreement
from rnnviz.recording.call_format import ByLayer, Call, CallFormat, run_layer_by_layer
from rnnviz.recording.conditions import check_precision
from rnnviz.recording.dropout import draw_dropout
from rnnviz.recording.effective_weights import EffectiveWeights
from rnnviz.recording.failures import SteppedError
from rnnviz.recording.layers import KINDS, Layer, WeightsByLayer


class CallRecorder:
    """Runs the layer, and records input, states and effective weights of each call."""

    def __init__(self, layer: Layer, used: EffectiveWeights):
        self.layer = layer
        self.fused = layer.module.forward
        self.used = used
        self.calls: list[Call] = []
        self.weights: WeightsByLayer = []

    def __call__(self, input: Any, hx: Any = None) -> Any:
        with parametrize.cached():  # the recorded weights are those that the layer uses
            weights = self.layer.weights()
            for index, ways in enumerate(weights):
                for way, one in enumerate(ways):
                    named = {self.layer.name_of(kind, index, way): kind for kind in KINDS}
                    held = {name: getattr(one, kind) for name, kind in named.items()}
                    self.used.note(self.layer.name, held)
            self.weights = self.weights or weights
            return self._recorded(input, hx)

    def _recorded(self, input: Any, hx: Any) -> Any:
        layer = self.layer
        call_format = CallFormat.of(layer, input)
        x = call_format.steps(input)
        check_precision(x.device, x.dtype)
        if not x.isfinite().all():
            step = sum(len(call.x) for call in self.calls) + int(torch.nonzero(~x.isfinite())[0, 0])
            raise RecordingError(
                f"the input of the recurrent layer is not finite at step {step + 1}; correct the "
                "data, or what comes before the layer"
            )
        h0, c0 = call_format.state(hx, x)
        if self.calls:
            self._check_chain(call_format, x, h0, c0)
        dropout = draw_dropout(layer, x)
        h: ByLayer
        c: ByLayer | None
        if layer.stepwise:
            result = self.fused(input, hx)
            ends = result if isinstance(result, tuple) else (result,)
            h, *cells = [[[end.reshape(1, x.shape[1], -1)]] for end in ends]
            c = cells[0] if cells else None
        elif layer.layers == 1:
            result = self.fused(input, hx)
            h = [list(call_format.steps(result[0]).detach().split(layer.hidden_size, dim=-1))]
            c = None if c0 is None else [list(result[1][1].reshape(c0.shape)[0].unsqueeze(1))]
        else:
            h, c = run_layer_by_layer(call_format, x, h0, c0, dropout, self.weights)
            result = call_format.result(h, c)
            self._check_layer_by_layer(
                call_format, input, hx, x, h0, c0, h if not dropout else None
            )
        h = [[part.detach().clone() for part in ways] for ways in h]
        self._check_finite(h)
        self.calls.append(Call(call_format, x, h0, c0, h, c, dropout))
        return result

    def _check_finite(self, h: ByLayer) -> None:
        for part in (part for ways in h for part in ways):
            if not part.isfinite().all():
                step = int(torch.nonzero(~part.isfinite())[0, 0])
                before = sum(len(call.x) for call in self.calls)
                raise RecordingError(
                    f"the state of the recurrent layer is not finite at step {before + step + 1}; "
                    "its weights or inputs are too large"
                )

    def _check_chain(
        self, call_format: CallFormat, x: Tensor, h0: Tensor, c0: Tensor | None
    ) -> None:
        """Check that a later call starts from the state in which the one before it ended."""
        before = self.calls[-1]
        if call_format.packed is not None or call_format.layer.directions == 2:
            raise SteppedError(
                "the recurrent layer is called more than once in one forward, with packed "
                "sequences or in two directions; record a model that calls it once"
            )
        starts = [one for one in (h0, c0) if one is not None]
        same = x.shape[1:] == before.x.shape[1:] and all(
            torch.equal(start, end) for start, end in zip(starts, before.ends, strict=True)
        )
        if not same:
            raise SteppedError(
                f"call {len(self.calls) + 1} of the recurrent layer does not continue from the "
                f"state in which call {len(self.calls)} ended; record one sequence at a time, and "
                "pass its state on unchanged"
            )

    def _check_layer_by_layer(
        self,
        call_format: CallFormat,
        input: Any,
        hx: Any,
        x: Tensor,
        h0: Tensor,
        c0: Tensor | None,
        h: ByLayer | None,
    ) -> None:
        module = self.layer.module
        training = module.training
        with torch.no_grad():
            try:
                module.eval()
                fused, _ = self.fused(input, hx)
            finally:
                module.train(training)
            states = h or run_layer_by_layer(call_format, x, h0, c0, [], self.weights)[0]
            top = torch.cat(states[-1], dim=-1)
            check_agreement(
                "the stack run layer by layer differs from the fused one",
                top,
                call_format.steps(fused),
            )

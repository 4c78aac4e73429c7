"""Two ways to stand in for a recurrent layer while its model runs.

The tap lets the layer work and notes what went in and came out. The replay gives the noted states
back as leaves, so that autograd stops there and gives the direct part of a gradient.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import torch
from torch import Tensor
from torch.nn.utils import parametrize

from rnnviz.errors import RecordingError
from rnnviz.recording.calls import ByLayer, Call, Form, run_opened
from rnnviz.recording.conditions import check_precision
from rnnviz.recording.layers import KINDS, Layer, WeightsByLayer
from rnnviz.recording.used import Used

AGREEMENT: Final = {
    torch.float64: 1e-12,
    torch.float32: 1e-5,
    torch.float16: 1e-2,
    torch.bfloat16: 5e-2,
}
"""How far two computations of the same states may lie apart, by dtype, relative to their size."""


def check_agreement(what: str, got: Tensor, expected: Tensor) -> None:
    """Stop unless two computations of the same numbers agree.

    Raises: RecordingError with the largest difference
    """
    if not got.numel():
        return
    scale = max(float(expected.detach().abs().max()), 1.0)
    error = float((got.detach() - expected.detach()).abs().max()) / scale
    if not error <= AGREEMENT[expected.dtype]:
        raise RecordingError(
            f"{what} differs from the fused one by {error:.1e} of its size; "
            "this model cannot be recorded exactly"
        )


class CallRecorder:
    """The layer at work, each of its calls noted."""

    def __init__(self, layer: Layer, used: Used):
        self.layer = layer
        self.fused = layer.module.forward
        self.used = used
        self.calls: list[Call] = []
        self.weights: WeightsByLayer = []

    def __call__(self, input: Any, hx: Any = None) -> Any:
        with parametrize.cached():  # so that what is noted is what the layer works with
            weights = self.layer.weights()
            for index, ways in enumerate(weights):
                for way, one in enumerate(ways):
                    named = {self.layer.name_of(kind, index, way): kind for kind in KINDS}
                    held = {name: getattr(one, kind) for name, kind in named.items()}
                    self.used.note(self.layer.name, held)
            self.weights = self.weights or weights
            return self._noted(input, hx)

    def _noted(self, input: Any, hx: Any) -> Any:
        layer = self.layer
        form = Form.of(layer, input)
        x = form.steps(input)
        check_precision(x.device, x.dtype)
        if not x.isfinite().all():
            step = sum(len(call.x) for call in self.calls) + int(torch.nonzero(~x.isfinite())[0, 0])
            raise RecordingError(
                f"the input of the recurrent layer is not finite at step {step + 1}; correct the "
                "data, or what comes before the layer"
            )
        h0, c0 = form.state(hx, x)
        if self.calls:
            self._check_chain(form, x, h0, c0)
        dropout = drawn_dropout(layer, x)
        h: ByLayer
        c: ByLayer | None
        if layer.stepwise:
            result = self.fused(input, hx)
            ends = result if isinstance(result, tuple) else (result,)
            h, *cells = [[[end.reshape(1, x.shape[1], -1)]] for end in ends]
            c = cells[0] if cells else None
        elif layer.layers == 1:
            result = self.fused(input, hx)
            h = [list(form.steps(result[0]).detach().split(layer.hidden_size, dim=-1))]
            c = None if c0 is None else [list(result[1][1].reshape(c0.shape)[0].unsqueeze(1))]
        else:
            h, c = run_opened(form, x, h0, c0, dropout, self.weights)
            result = form.result(h, c)
            self._check_opened(form, input, hx, x, h0, c0, h if not dropout else None)
        h = [[part.detach().clone() for part in ways] for ways in h]
        self._check_finite(h)
        self.calls.append(Call(form, x, h0, c0, h, c, dropout))
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

    def _check_chain(self, form: Form, x: Tensor, h0: Tensor, c0: Tensor | None) -> None:
        """A later call has to go on where the one before it ended."""
        before = self.calls[-1]
        if form.packed is not None or form.layer.directions == 2:
            raise RecordingError(
                "the recurrent layer is called more than once in one forward, with packed "
                "sequences or in two directions; record a model that calls it once"
            )
        starts = [one for one in (h0, c0) if one is not None]
        same = x.shape[1:] == before.x.shape[1:] and all(
            torch.equal(start, end) for start, end in zip(starts, before.ends, strict=True)
        )
        if not same:
            raise RecordingError(
                f"call {len(self.calls) + 1} of the recurrent layer does not go on from the state "
                f"in which call {len(self.calls)} ended; record one sequence at a time, and pass "
                "its state on as it is"
            )

    def _check_opened(
        self,
        form: Form,
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
            opened = h or run_opened(form, x, h0, c0, [], self.weights)[0]
            check_agreement("the layer opened up", torch.cat(opened[-1], dim=-1), form.steps(fused))


class Replay:
    """The noted states, given back as leaves, call by call."""

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
            self.layer.weights()  # draws what the layer would draw
        form = Form.of(self.layer, input)
        x = form.steps(input)
        check_agreement("the layer's input, when the model runs again,", x, call.x)
        drawn_dropout(form.layer, x)
        if self.at:
            self._check_attached(hx)
            self.entering.append(x)
        end = self.time + len(x)
        h = [[part[self.time : end] for part in ways] for ways in self.h]
        c = self.c and [[part[self.time : end] for part in ways] for ways in self.c]
        self.at, self.time = self.at + 1, end
        return form.result(h, c)

    def check_inputs(self) -> None:
        """Refuse a loop that feeds the layer with what came out of it.

        Raises: RecordingError if the input of a later call depends on an earlier state
        """
        leaves = [part for one in (self.h, self.c or []) for parts in one for part in parts]
        live = [x for x in self.entering if x.requires_grad]
        if not live:
            return
        total = torch.stack([x.sum() for x in live]).sum()
        found = torch.autograd.grad(total, leaves, retain_graph=True, allow_unused=True)
        if any(one is not None and bool(one.any()) for one in found):
            raise RecordingError(
                "the layer's input depends on its own earlier output, which the sweep through its "
                "states alone would miss; feed it recorded inputs (teacher forcing)"
            )

    def _check_attached(self, hx: Any) -> None:
        parts = hx if isinstance(hx, tuple) else (hx,)
        if not all(isinstance(part, Tensor) and part.requires_grad for part in parts):
            raise RecordingError(
                "the state is detached between calls of the recurrent layer, so that no gradient "
                "flows through time there; pass it on as it is"
            )


def drawn_dropout(layer: Layer, x: Tensor) -> list[Tensor]:
    """The factors, 0 or 1/(1 − p), for what goes from each layer to the next, drawn now."""
    if not layer.dropout:
        return []
    kept = 1.0 - layer.dropout
    shape = (*x.shape[:2], layer.directions * layer.hidden_size)
    return [
        torch.bernoulli(x.new_full(shape, kept)) / (kept or 1.0) for _ in range(layer.layers - 1)
    ]


@contextmanager
def standing_in(layer: Layer, other: CallRecorder | Replay) -> Iterator[None]:
    """For the time of a run, another in the place of a layer's forward."""
    layer.module.forward = other
    try:
        yield
    finally:
        del layer.module.forward

"""Rerun the network of a trace with other weights or on other data."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from rnnviz.errors import RecordingError
from rnnviz.recording.failures import as_recording_errors
from rnnviz.recording.layers import KINDS
from rnnviz.recording.layouts import TIME_FIRST
from rnnviz.recording.losses import LOSSES
from rnnviz.recording.modules import layer_module, step_module
from rnnviz.recording.recorder import record
from rnnviz.trace import Trace

Labels = tuple[tuple[str, ...], ...]
_OF_ANOTHER_NETWORK: Final = {"accuracy": None, "accuracy_name": "", "epochs": None}


@as_recording_errors
def rerun(
    trace: Trace,
    parameters: Mapping[str, np.ndarray],
    *,
    x: np.ndarray | None = None,
    targets: np.ndarray | None = None,
    step_labels: Labels = (),
    target_labels: Labels = (),
) -> Trace:
    """Rerun the network of a trace, with changed parameters or on other data.

    ``parameters`` holds those that change, by name. Other data are ``x`` (time, batch, input), of
    any number of steps and sequences, and ``targets`` for them, with labels; the first state is
    then zero.

    Raises: TraceError if the recurrent layer is not followed by one Linear,
            RecordingError for a parameter that is unknown, of another shape, or not of the
            recurrent layer and its Linear, and for a trace with a custom loss or in training mode
    """
    if trace.is_custom:
        raise RecordingError(
            "the cell is code of your own, which a trace does not hold; record the model again"
        )
    _check_parameters(trace, parameters)
    if trace.metadata.loss not in LOSSES or trace.metadata.training:
        raise RecordingError(
            f"a trace with loss {trace.metadata.loss!r}"
            f"{' in training mode' if trace.metadata.training else ''} cannot be rerun; record "
            "the model again"
        )
    if (x is None) != (targets is None):
        raise RecordingError("x and targets must be given together")
    assert trace.output is not None
    whole = len(trace.output) < trace.steps
    about = {**asdict(trace.metadata), **(_OF_ANOTHER_NETWORK if parameters else {})}
    times = "all" if trace.loss_times is None else trace.loss_times.tolist()
    if x is not None:
        given: Any = torch.tensor(np.asarray(x, dtype=trace.x.dtype))
        about |= {"step_labels": step_labels, "target_labels": target_labels}
        times = "all"
    elif trace.lengths is None:
        given = torch.tensor(trace.x)
    else:
        given = pack_padded_sequence(
            torch.tensor(trace.x), torch.tensor(trace.lengths), enforce_sorted=False
        )
    wanted = trace.targets if targets is None else np.asarray(targets, dtype=trace.targets.dtype)
    return record(
        _Rebuilt(trace, {**trace.parameters, **parameters}, from_start=x is None),
        given,
        torch.tensor(wanted[0] if whole else wanted),
        loss=trace.metadata.loss,
        losses=times,
        per=TIME_FIRST,
        gradients=trace.has_gradients,
        about=about,
    )


@as_recording_errors
def rerun_layer(trace: Trace, parameters: Mapping[str, np.ndarray]) -> Trace:
    """Run a layer alone on what it read, with changed parameters, from its first state.

    It needs no output layer and no loss; the result has no gradients. ``parameters`` holds those
    that change, by their kinds, such as weight_hh. Where a layer drops nothing, its states with no
    change are those of the trace.

    Raises: RecordingError if the trace is of a custom cell, or of several layers or directions
    Example: >>> rerun_layer(trace, {"weight_hh": 2 * trace.W})
    """
    if trace.is_custom or trace.layers > 1 or trace.directions > 1:
        raise RecordingError(
            "only one layer of PyTorch's in one direction is run alone; take measure.one_layer "
            "of a trace"
        )
    settings: dict[str, Any] = {"bias": trace.weight("bias_ih") is not None}
    if trace.hidden_size != trace.cell_size:
        settings["proj_size"] = trace.hidden_size
    dtype = torch.tensor(trace.h).dtype
    layer = layer_module(trace.cell, trace.input_size, trace.cell_size, **settings).to(dtype)
    held = {kind: parameters.get(kind, trace.weight(kind)) for kind in KINDS}
    layer.load_state_dict(
        {f"{kind}_l0": torch.tensor(each) for kind, each in held.items() if each is not None}
    )
    assert trace.h0 is not None
    start: Any = torch.tensor(trace.h0[0])
    if trace.c0 is not None:
        start = start, torch.tensor(trace.c0[0])
    nothing = torch.full((trace.steps, trace.batch, trace.hidden_size), torch.nan, dtype=dtype)
    given = torch.tensor(trace.x)
    return record(
        layer, given, nothing, loss="squared", state=start, per=TIME_FIRST, gradients=False
    )


def _check_parameters(trace: Trace, parameters: Any) -> None:
    if not isinstance(parameters, Mapping):
        raise RecordingError(
            f"parameters must be a mapping of names to arrays, got {type(parameters).__name__}"
        )
    rebuilt = _names(trace)
    for key, value in parameters.items():
        if key not in trace.parameters:
            raise RecordingError(
                f"the trace has no parameter {key!r}; it has {', '.join(trace.parameters)}"
            )
        if key not in rebuilt:
            raise RecordingError(
                f"parameter {key!r} is not of the recurrent layer or the Linear after it, which "
                f"alone are rerun, with {', '.join(rebuilt)}; record the model again"
            )
        try:
            found = np.asarray(value, dtype=np.float64).shape
        except (TypeError, ValueError) as error:
            raise RecordingError(
                f"parameter {key!r} must be an array of numbers ({error})"
            ) from error
        if found != trace.parameters[key].shape:
            raise RecordingError(
                f"parameter {key!r} has shape {found}, but the network's has "
                f"{trace.parameters[key].shape}"
            )


def _names(trace: Trace) -> tuple[str, ...]:
    """The parameters of the recurrent layer and of the Linear after it."""
    assert trace.V.ndim
    recurrent = [
        trace.parameter_name(kind, layer, direction)
        for layer in range(trace.layers)
        for direction in range(trace.directions)
        for kind in KINDS
    ]
    about = trace.metadata
    linear = [about.output_parameter(kind) for kind in ("weight", "bias")]
    own = [name for name in (*recurrent, *linear) if not about.shares(name)]
    return tuple(name for name in own if name in trace.parameters)


class _Rebuilt(nn.Module):
    """The recurrent layer and the Linear of a trace, under their own names, from its first state.

    These two are registered as modules without being attributes, so that their names may be any.
    """

    def __init__(self, trace: Trace, parameters: Mapping[str, np.ndarray], *, from_start: bool):
        super().__init__()
        self.trace = trace
        self.from_start = from_start
        linear = str(trace.metadata.output_layer)
        dtype = torch.tensor(trace.h).dtype
        rows, columns = trace.V.shape
        shared = trace.metadata.shared
        bias = trace.metadata.output_parameter("bias") in parameters
        _put(self, trace.metadata.layer, _recurrent(trace).to(dtype))
        _put(self, linear, nn.Linear(columns, rows, bias=bias).to(dtype))
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                held = parameters[shared.get(name, name)]
                parameter.copy_(torch.tensor(np.asarray(held)))

    def forward(self, x: Any) -> Tensor:
        """Run all steps and return the output of each step, or of the last states."""
        trace = self.trace
        assert trace.h0 is not None
        start = self._first(trace.h0, x)
        parts = dict(self.named_modules())
        layer, linear = parts[trace.metadata.layer], parts[str(trace.metadata.output_layer)]
        if isinstance(layer, nn.RNNCellBase):
            cells = None if trace.c0 is None else self._first(trace.c0, x)[0]
            return _after(trace, linear, *_looped(layer, x, start[0], cells))
        if trace.c0 is not None:
            given: Any = (start, self._first(trace.c0, x))
        else:
            given = start
        states, last = layer(x, given)
        if isinstance(states, PackedSequence):
            states = pad_packed_sequence(states)[0]
        ends = last[0] if isinstance(last, tuple) else last
        return _after(trace, linear, states, ends)

    def _first(self, state: np.ndarray, x: Any) -> Tensor:
        """The state before the first step, (layer · direction, batch, hidden)."""
        recorded = torch.tensor(state.reshape(-1, *state.shape[2:]))
        return (
            recorded
            if self.from_start
            else recorded.new_zeros(len(recorded), x.shape[1], recorded.shape[2])
        )


def _after(trace: Trace, linear: nn.Module, states: Tensor, ends: Tensor) -> Tensor:
    assert trace.output is not None
    if len(trace.output) == trace.steps:
        return linear(states)
    made = linear(torch.cat(list(ends[-trace.directions :]), dim=-1))
    of_trace = torch.tensor(trace.output[0])
    own = torch.tensor(np.concatenate(list(trace.h[-1, :, -1]), axis=-1))
    reads_last_step = trace.lengths is None and torch.allclose(linear(own), of_trace)
    return linear(states[-1]) if reads_last_step else made


def _looped(
    cell: nn.RNNCellBase, x: Tensor, start: Tensor, cells: Tensor | None
) -> tuple[Tensor, Tensor]:
    state: Any = start
    if cells is not None:
        state = (start, cells)
    states = []
    for step in x:
        state = cell(step, state)
        states.append(state[0] if isinstance(state, tuple) else state)
    return torch.stack(states), states[-1][None]


def _recurrent(trace: Trace) -> nn.Module:
    """Return an untrained recurrent module of a trace's cell and sizes."""
    bias = trace.weight("bias_ih") is not None
    with torch.random.fork_rng(devices=[]):
        if trace.metadata.module.endswith("Cell"):
            return step_module(trace.cell, trace.input_size, trace.cell_size, bias=bias)
        settings: dict[str, Any] = {"num_layers": trace.layers, "bias": bias}
        settings["bidirectional"] = trace.directions == 2
        if trace.hidden_size != trace.cell_size:
            settings["proj_size"] = trace.hidden_size
        made: nn.Module = layer_module(trace.cell, trace.input_size, trace.cell_size, **settings)
        return made


def _put(root: nn.Module, path: str, module: nn.Module) -> None:
    """Register a module at a path, with empty modules on the way."""
    *way, name = path.split(".")
    for step in way:
        below = root._modules.setdefault(step, nn.Module())
        assert below is not None
        root = below
    root._modules[name] = module

"""Recording a recurrent network: every state and every gradient of one run.

A hook on a fused layer sees only the immediate gradient ∂⁺L/∂h_t. So the model runs twice: once as
it is, which gives the states and autograd's gradients of the parameters; and once with its
recurrent layer replaced by those states as leaves, which gives the immediate gradients of every
loss. All gates follow from the states in one batched product, and must agree with the fused layer.
The gradients of all losses then go back through time together. Autograd's gradients of the weights
are used to check that this backward pass missed no path from the weights to the loss.
"""

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from functools import cache
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from rnnviz.errors import RecordingError
from rnnviz.recording.agreement import AGREEMENT, check_agreement
from rnnviz.recording.alignment import Alignment
from rnnviz.recording.call_format import ByLayer
from rnnviz.recording.call_recorder import CallRecorder
from rnnviz.recording.call_replayer import CallReplayer
from rnnviz.recording.conditions import check_precision, draws_kept, with_gradients
from rnnviz.recording.effective_weights import EffectiveWeights
from rnnviz.recording.failures import as_recording_errors
from rnnviz.recording.gradient_checks import check_sums, check_uses_copy, parameter_gradients
from rnnviz.recording.gradient_tables import check_memory, gradient_tables
from rnnviz.recording.immediate_gradients import immediate_gradients
from rnnviz.recording.layer_run import LayerRun
from rnnviz.recording.layers import choose_layer, replaced_forward
from rnnviz.recording.layouts import AxisOrder, axes_of
from rnnviz.recording.loss_times import Losses, loss_times
from rnnviz.recording.model_call import ModelCall, copied, duplicate, placed
from rnnviz.recording.objective import Loss, Objective
from rnnviz.recording.output_layer import find_output_layer
from rnnviz.recording.trace_arrays import (
    forward_arrays,
    gradient_arrays,
    output_arrays,
    to_numpy,
    to_numpy_exactly,
)
from rnnviz.system.versions import version
from rnnviz.trace import NO_TARGET, Trace, hash_arrays
from rnnviz.trace.labels import LABELS, check_counts, labels_of, without_padding
from rnnviz.trace.metadata import Metadata

_INPUTS: Final[tuple[str, ...]] = ("x", "targets", "h0", "c0", "lengths")


@as_recording_errors
@with_gradients()
def record(
    model: nn.Module,
    inputs: Any,
    targets: Any,
    *,
    loss: Loss = "cross-entropy",
    ignore_index: int = NO_TARGET,
    per: AxisOrder = None,
    layer: str | None = None,
    output: Callable[[Any], Any] | None = None,
    state: Any = None,
    lengths: Sequence[int] | Tensor | np.ndarray | None = None,
    losses: Losses = "all",
    gradients: bool = True,
    training: bool = False,
    dtype: str | None = None,
    about: Mapping[str, Any] | None = None,
) -> Trace:
    """Record one run of a model and return the trace of its recurrent layer.

    The run happens on a copy: the model and the random state are left as they were. The model is
    called with ``inputs``: a tensor, an array or a packed sequence, a tuple of several, or a
    mapping of keyword arguments; then with ``state``, if given. A forward that takes one more
    argument gets None for it, the usual initial state. The output is the first part of what the
    model returns, unless ``output``, a function of that, picks another. Outputs may be (time,
    batch, ·) or (batch, time, ·), flat, packed, or one for the whole sequence; targets have the
    same order of axes.

    ``loss`` is 'cross-entropy', 'squared' (½‖o − target‖², where NaN is no target),
    'squared-on-softmax', or a callable (output, targets) → losses: one for each step, for each
    sequence, for each step and sequence, or for the whole batch. ``per`` resolves what sizes and
    gradients leave open: 'step' or 'sequence' where there are as many sequences as steps, and
    ('step', 'sequence') or ('sequence', 'step') for the order of axes of outputs, targets and
    losses.

    ``losses`` chooses the losses that get a row in the tables by loss: 'all', 'last', a number n
    for every n-th counted back from the last, or a list of steps from 0. ``lengths`` (batch) are
    the steps of each sequence of a padded batch; a packed sequence needs none. Outputs, targets and
    labels may be padded to more steps than the longest sequence has. With ``training`` the model
    runs in training mode, and dropout is drawn once. ``dtype`` ('float32' or 'float64') records a
    copy in that precision; tensors that its forward creates without a dtype have it too. A weight
    that is parametrized, normalised, pruned or dropped is recorded as the layer used it, with the
    gradient with respect to that; ``metadata.effective`` names it.

    ``about`` holds metadata that only the caller knows: task, seed, accuracy, …, and labels:
    ``step_labels`` and ``target_labels`` for each step of each sequence, ``input_labels`` and
    ``output_labels`` for the entries of x_t and y_t. Labels are lists or arrays of strings.

    Shapes: step_labels, target_labels (batch, time), or (time,) for a single sequence, whatever
            the order of the model's axes; input_labels (input,), output_labels (output,)
    Units:  gradients of the loss summed over time and batch, or as a callable reduces it
    Raises: RecordingError if the model cannot be recorded exactly
    Example: >>> trace = record(nn.LSTM(3, 5), x, targets, loss="squared")
    """
    about = _checked_metadata({} if about is None else about)
    axes = axes_of(per)
    if isinstance(ignore_index, bool) or not isinstance(ignore_index, int):
        raise RecordingError(f"ignore_index must be a whole number, got {ignore_index!r}")
    copy = copied(model, training, dtype)
    chosen = choose_layer(copy, layer)
    example = chosen.example(copy)
    own, device = example.dtype, example.device
    if own not in AGREEMENT:
        raise RecordingError(f"the layer is {own}, which cannot be recorded; give dtype='float64'")
    check_precision(device, own)
    wide = torch.float64 if own == torch.float64 else torch.float32
    twin = duplicate(copy)  # before the copy runs
    call = ModelCall.of(copy, inputs, state, output, own, device)
    given_targets = placed(targets, own, device)
    if isinstance(given_targets, PackedSequence):
        given_targets = given_targets.data

    with draws_kept(device):
        used = EffectiveWeights.of(copy)
        recorder = CallRecorder(chosen, used)
        with replaced_forward(chosen, recorder), used.of_linears(copy):
            given = call.run("the model's forward failed")
        run = LayerRun.of(recorder, lengths, wide)
        alignment = Alignment(run.call_format, run.time, run.batch, run.mask, axes)
        objective = Objective(loss, given_targets, ignore_index, alignment)
        h, c = _leaves(run.states, own), _leaves(run.cell_states, own)
        assert h is not None
        layer_of_twin = choose_layer(twin, chosen.name)
        replayer = CallReplayer(layer_of_twin, recorder.calls, h, c)
        with replaced_forward(layer_of_twin, replayer):
            replayed = replace(call, model=twin).run("the model's forward fails when replayed")
        check_agreement(
            "the model's output differs between the recorded run and its replay", replayed, given
        )
        objective = objective.padded_as(replayed, h[-1])
        about = without_padding(about, run.time, objective.alignment.extra)
        check_counts(about, batch=run.batch, steps=run.time, inputs=run.x.shape[-1])
        layout = objective.layout_of(replayed, h[-1])
        found = objective.losses(replayed, layout)
        times = loss_times(losses, len(found) == 1, run.time)
        shared = EffectiveWeights.shared(copy)
        output_layer = find_output_layer(used, shared, run, h[-1], given, replayed, layout)
        immediate = of_parameters = None
        if gradients:
            check_memory(run, len(times), wide)
            total = objective.losses(given, layout).sum()
            check_uses_copy(model, copy, total)
            of_parameters = parameter_gradients(used, total)
            replayer.check_inputs()
            immediate = immediate_gradients(found, h, c, times, run.mask, wide)

    with torch.inference_mode():
        arrays = forward_arrays(run) | output_arrays(run, objective, layout, replayed, found, wide)
        if immediate is not None and of_parameters is not None:
            tables = gradient_tables(run, immediate, times, len(found) == 1, wide)
            check_sums(run, tables, of_parameters)
            arrays |= gradient_arrays(immediate, times, tables)
        parameters = {
            name: to_numpy_exactly(name, value, wide)
            for name, value in (
                *used.parameters.items(),
                *((name, tensors[0]) for name, tensors in used.effective.items()),
            )
        }
        hashed = {name: arrays[name] for name in _INPUTS if name in arrays}
        metadata = {
            "task": "",
            **about,
            "cell": chosen.cell.name,
            "nonlinearity": chosen.cell.nonlinearity,
            "loss": objective.name,
            "layer": chosen.name,
            "output_layer": output_layer,
            "effective": tuple(used.effective),
            "shared": shared,
            "dtype": str(own).removeprefix("torch."),
            "parameters_hash": hash_arrays(parameters),
            "inputs_hash": hash_arrays(hashed),
            "module": chosen.module_name,
            "reduction": "batch" if found.shape[1] < run.batch else "sum",
            "training": training,
            "device": device.type,
            "versions": _versions(),
        }
        return Trace(
            **arrays,
            parameters=parameters,
            gradients=None
            if of_parameters is None
            else {name: to_numpy(value, wide) for name, value in of_parameters.items()},
            metadata=Metadata(**metadata),
        )


def _leaves(states: ByLayer | None, dtype: torch.dtype) -> ByLayer | None:
    return states and [
        [state.detach().to(dtype).requires_grad_() for state in ways] for ways in states
    ]


def _checked_metadata(about: Any) -> dict[str, Any]:
    """Return the caller's metadata with its labels as a trace holds them.

    Raises: RecordingError for a name that metadata do not have
    """
    if not isinstance(about, Mapping):
        raise RecordingError(f"about must be a mapping of metadata, got {type(about).__name__}")
    known = {item.name for item in fields(Metadata)}
    unknown = [name for name in about if name not in known]
    if unknown:
        raise RecordingError(
            f"unknown metadata {unknown[0]!r}; choose from {', '.join(sorted(known))}"
        )
    return {**about, **{name: labels_of(name, about[name]) for name in LABELS if name in about}}


@cache
def _versions() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in ("rnnviz", "torch", "numpy")},
    }

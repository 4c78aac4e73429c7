"""Recording a recurrent network: every state and every gradient of one run.

A hook on a fused layer sees only the immediate gradient ∂⁺L/∂h_t. So the model runs twice: once as
it is, which gives the states and autograd's gradients of the parameters; and once with its
recurrent layer replaced by those states as leaves, which gives the immediate gradients of every
loss. All gates follow from the states in one batched product, and must agree with the fused layer.
The gradients of all losses then go back through time together. Autograd's gradients of the weights
are used to check that this backward pass missed no path from the weights to the loss.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rnnviz.errors import RecordingError
from rnnviz.recording.agreement import check_agreement
from rnnviz.recording.alignment import Alignment
from rnnviz.recording.call_format import ByLayer
from rnnviz.recording.call_recorder import CallRecorder
from rnnviz.recording.call_replayer import CallReplayer
from rnnviz.recording.conditions import check_precision, draws_kept, with_gradients
from rnnviz.recording.custom.naming import Names, named_by
from rnnviz.recording.custom.recording import example_of, record_states
from rnnviz.recording.described import checked_metadata, versions
from rnnviz.recording.effective_weights import EffectiveWeights
from rnnviz.recording.failures import SteppedError, as_recording_errors
from rnnviz.recording.gradient_checks import check_sums, check_uses_copy, parameter_gradients
from rnnviz.recording.gradient_tables import check_memory, gradient_tables
from rnnviz.recording.immediate_gradients import immediate_gradients
from rnnviz.recording.layer_run import LayerRun
from rnnviz.recording.layers import (
    choose_layer,
    other_form,
    recurrent_layers,
    replaced_forward,
)
from rnnviz.recording.layouts import AxisOrder, axes_of
from rnnviz.recording.loss_times import Losses, loss_times
from rnnviz.recording.model_call import ModelCall, copied
from rnnviz.recording.objective import Loss, Objective
from rnnviz.recording.output_layer import find_output_layer
from rnnviz.recording.preparation import Preparation
from rnnviz.recording.trace_arrays import (
    forward_arrays,
    gradient_arrays,
    output_arrays,
    to_numpy,
    to_numpy_exactly,
)
from rnnviz.trace import NO_TARGET, Trace, hash_arrays
from rnnviz.trace.labels import check_counts, without_padding
from rnnviz.trace.metadata import Metadata
from rnnviz.trace.trace import GIVEN


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
    states: Any = None,
    lengths: Sequence[int] | Tensor | np.ndarray | None = None,
    losses: Losses = "all",
    gradients: bool = True,
    jacobians: bool | None = None,
    call: int | None = None,
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

    ``layer`` names the recurrent layer, if there are several; 'all' gives a mapping of every layer
    to its trace, as ``record_layers``. A recurrence of the user's own has ``states``: the path or
    the class of the module that makes a step, a mapping of such a path to the names of its states
    or to a function that picks them, or a list of some of the names that the code gives with
    ``rnnviz.state``; where it names them all, ``states`` is left out. A layer whose calls are no
    single chain is recorded like that as well, step by step; ``call`` picks one of its calls, from
    0. ``jacobians`` keeps the Jacobians of such steps or leaves them out, by default above 256 MB.

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
    about = checked_metadata({} if about is None else about)
    axes = axes_of(per)
    if isinstance(ignore_index, bool) or not isinstance(ignore_index, int):
        raise RecordingError(f"ignore_index must be a whole number, got {ignore_index!r}")
    settings: dict[str, Any] = {
        "loss": loss,
        "ignore_index": ignore_index,
        "axes": axes,
        "output": output,
        "state": state,
        "lengths": lengths,
        "losses": losses,
        "gradients": gradients,
        "training": training,
        "dtype": dtype,
        "about": about,
    }
    custom = partial(record_states, model, inputs, targets, jacobians=jacobians, **settings)
    if layer == "all":
        every: Any = record_layers(
            model,
            inputs,
            targets,
            about=about,
            per=per,
            **{name: value for name, value in settings.items() if name not in ("axes", "about")},
        )
        return every
    if states is not None:
        return custom(states=states)
    if layer is None and _has_no_layer(model):
        return custom(states=None)
    names = Names()
    if call is not None:
        return custom(states=_layer_name(model, layer), call=call)
    try:
        trace = _record_layer(model, inputs, targets, layer=layer, names=names, **settings)
    except RecordingError as error:
        if layer is None and _names_states(model, inputs, names, state, training, dtype):
            return custom(states=None)
        if isinstance(error, SteppedError):
            return _stepped(custom, _layer_name(model, layer), error)
        raise
    return custom(states=None) if layer is None and names.found else trace


def record_layers(model: nn.Module, inputs: Any, targets: Any, **settings: Any) -> dict[str, Trace]:
    """Record every recurrent layer of a model, by its module path; settings are ``record``'s.

    Example: >>> stack = nn.ModuleDict({"rnn": nn.RNN(3, 5)})
             >>> list(recurrent_layers(stack))  # the keys of its traces
             ['rnn']
    """
    layers = recurrent_layers(model)
    if not layers:
        raise RecordingError(f"{type(model).__name__} has no recurrent layer")
    return {name: record(model, inputs, targets, layer=name, **settings) for name in layers}


def _layer_name(model: nn.Module, layer: str | None) -> str:
    """The path of the layer that is meant: that of a name, or the only one."""
    found = recurrent_layers(model)
    if layer is None and len(found) == 1:
        return next(iter(found))
    if layer is None or layer not in found:
        return choose_layer(model, layer).name
    return layer


def _stepped(custom: Callable[..., Trace], layer: str, why: RecordingError) -> Trace:
    """Record a layer step by step, by its states; say why if that is not possible either."""
    try:
        return custom(states=layer)
    except RecordingError as error:
        raise RecordingError(f"{why}; nor can it be recorded step by step: {error}") from error


def _has_no_layer(model: Any) -> bool:
    """Whether a model has none of PyTorch's recurrent layers, nor is one's converted form."""
    if not isinstance(model, nn.Module):
        return False
    return not recurrent_layers(model) and not other_form(model)


def _names_states(
    model: Any, inputs: Any, names: Names, state: Any, training: bool, dtype: str | None
) -> bool:
    """Whether the model's own code names states, in a run of its own if there was none."""
    if not names.found and isinstance(model, nn.Module) and not other_form(model):
        with suppress(RecordingError), named_by(names):
            copy = copied(model, training, dtype)
            example = example_of(copy, inputs)
            with draws_kept(example.device):
                call = ModelCall.of(copy, inputs, state, None, example.dtype, example.device)
                call.run("the model's forward failed")
    return bool(names.found)


def _record_layer(
    model: nn.Module,
    inputs: Any,
    targets: Any,
    *,
    layer: str | None,
    names: Names,
    loss: Loss,
    ignore_index: int,
    axes: tuple[str, ...],
    output: Callable[[Any], Any] | None,
    state: Any,
    lengths: Any,
    losses: Losses,
    gradients: bool,
    training: bool,
    dtype: str | None,
    about: Mapping[str, Any],
) -> Trace:
    """Record one run of one of PyTorch's recurrent layers.

    What the model's own code names is noted in ``names``.
    """
    copy = copied(model, training, dtype)
    chosen = choose_layer(copy, layer)
    ready = Preparation.of(
        copy,
        chosen.example(copy),
        "the layer",
        inputs=inputs,
        targets=targets,
        state=state,
        output=output,
        dtype=dtype,
    )
    twin, call, own, wide, device = ready.twin, ready.call, ready.own, ready.wide, ready.device
    check_precision(device, own)

    with draws_kept(device):
        used = EffectiveWeights.of(copy)
        recorder = CallRecorder(chosen, used)
        with replaced_forward(chosen, recorder), used.of_linears(copy), named_by(names):
            given = call.run("the model's forward failed")
        run = LayerRun.of(recorder, lengths, wide)
        called = run.call_format
        alignment = Alignment(
            run.time, run.batch, run.mask, called.layer.batch_first, called.packed, axes
        )
        objective = Objective(loss, ready.targets, ignore_index, alignment)
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
        given, replayed = objective.classes_last(given), objective.classes_last(replayed)
        about = without_padding(about, run.time, objective.alignment.extra)
        check_counts(about, batch=run.batch, steps=run.time, inputs=run.x.shape[-1])
        layout = objective.layout_of(replayed, h[-1])
        found = objective.losses(replayed, layout)
        times = loss_times(losses, len(found) == 1, run.time)
        shared = EffectiveWeights.shared(copy)
        output_layer = find_output_layer(used, shared, run, h[-1], given, replayed, layout)
        immediate = of_parameters = None
        if gradients:
            states = layer_of_twin.layers * layer_of_twin.directions * layer_of_twin.hidden_size
            entries = states + run.x.shape[-1]
            check_memory(len(times), run.time, run.batch, entries, wide, device)
            total = objective.losses(given, layout).sum()
            check_uses_copy(model, copy, total)
            of_parameters = parameter_gradients(used, total)
            replayer.check_inputs()
            immediate = immediate_gradients(found, h, c, times, run.mask, wide)

    with torch.inference_mode():
        arrays: dict[str, Any] = forward_arrays(run) | output_arrays(
            run, objective, layout, replayed, found, wide
        )
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
        hashed = {name: arrays[name] for name in GIVEN if name in arrays}
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
            "versions": versions(),
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

"""Recording a recurrent network: every state and every gradient of one run.

A hook on a fused layer sees only the direct part of ∂L/∂h_t. Here the model runs twice: once as it
is, which gives the states and autograd's gradients of the parameters; and once with its recurrent
layer replaced by those states as leaves, which gives the direct part of every loss. All gates
follow in one batched product, which must agree with the fused layer, and the gradients of all
losses are swept back through time together. That the sweep missed no way from the weights to the
loss is checked against autograd.
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
from rnnviz.recording.alignment import Layout, Per, Place, axes_of
from rnnviz.recording.bptt import Tables, bptt
from rnnviz.recording.call_recorder import (
    AGREEMENT,
    CallRecorder,
    Replay,
    check_agreement,
    standing_in,
)
from rnnviz.recording.calls import ByLayer, last_of
from rnnviz.recording.conditions import check_precision, draws_kept, with_gradients
from rnnviz.recording.failures import all_ours
from rnnviz.recording.immediate import (
    Direct,
    Losses,
    direct_parts,
    loss_times,
    parts_of,
)
from rnnviz.recording.layers import choose
from rnnviz.recording.model_call import ModelCall, copied, duplicate, placed
from rnnviz.recording.objective import Loss, Objective
from rnnviz.recording.run import Run
from rnnviz.recording.used import Used
from rnnviz.system.memory import free_memory
from rnnviz.system.versions import version
from rnnviz.trace import NO_TARGET, Trace, hash_arrays
from rnnviz.trace.labels import LABELS, check_counts, labels_of, without_padding
from rnnviz.trace.metadata import Metadata

_INPUTS: Final[tuple[str, ...]] = ("x", "targets", "h0", "c0", "lengths")
_STRUCTURE: Final = {
    torch.float64: 1e-8,
    torch.float32: 1e-3,
    torch.float16: 1e-1,
    torch.bfloat16: 3e-1,
}
"""How far the sums of the sweep may lie from autograd's gradients, relative to their terms."""

_ROUNDED: Final = {
    torch.float64: 1e-12,
    torch.float32: 1e-5,
    torch.float16: 4 * 2.0**-10,
    torch.bfloat16: 4 * 2.0**-7,
}
"""How far a Linear's output may lie from the same, computed again, relative to its largest."""


@all_ours
@with_gradients()
def record(
    model: nn.Module,
    inputs: Any,
    targets: Any,
    *,
    loss: Loss = "cross-entropy",
    ignore_index: int = NO_TARGET,
    per: Per = None,
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
    """Record one run of a model around its recurrent layer, of whatever kind.

    The model works on a copy of itself and is left as it was, and so is the random state. It is
    called with ``inputs``: a tensor, an array or a packed sequence, a tuple of several, or a
    mapping of keyword arguments; then with ``state`` if that is given. A forward that wants one
    argument more gets None for it, the usual initial state. Of what it returns, the first part is
    the output, unless ``output`` picks another. Outputs may be (time, batch, ·) or (batch, time,
    ·), flat, packed, or one for the whole sequence; targets have the same order of axes.

    ``loss`` is 'cross-entropy', 'squared' (½‖o − target‖², an entry of NaN is no target),
    'squared-on-softmax', or a callable (output, targets) → losses: one a step, one a sequence, one
    for each step and sequence, or one for the whole. Where there are as many sequences as steps,
    ``per`` says which is meant: 'step' or 'sequence'; and of axes that nothing tells apart their
    order in outputs, targets and losses: ('step', 'sequence') or ('sequence', 'step').

    ``losses`` chooses those that get a row in the tables by loss: 'all', 'last', every n-th counted
    back from the last, or a list of steps from 0. ``lengths`` (batch) says how many steps of a
    padded batch there are; a packed sequence says it itself, and outputs, targets and labels may be
    padded to more steps than the longest has. With ``training`` the model runs in
    its training mode, its dropout drawn once. ``dtype`` ('float32' or 'float64') records a copy of
    that precision instead of the model's own; tensors that its forward makes without a dtype are
    of that precision too. A weight that is parametrized, normalised, pruned or dropped is recorded
    as the layer used it, with the gradient with respect to that, and ``metadata.effective`` names
    it.

    ``about`` gives what only the caller knows of the metadata: task, seed, accuracy, …, and names
    for what is shown: ``step_labels`` and ``target_labels`` for each step of each sequence,
    ``input_labels`` and ``output_labels`` for the entries of x_t and y_t. They are lists or arrays
    of strings.

    Shapes: step_labels, target_labels (batch, time), or (time,) for a single sequence, whatever
            the order of the model's axes; input_labels (input,), output_labels (output,)
    Units:  gradients of the loss summed over time and batch, or as a callable reduces it
    Raises: RecordingError if the model cannot be recorded exactly
    Example: >>> trace = record(nn.LSTM(3, 5), x, targets, loss="squared")
    """
    about = _checked({} if about is None else about)
    axes = axes_of(per)
    if isinstance(ignore_index, bool) or not isinstance(ignore_index, int):
        raise RecordingError(f"ignore_index is {ignore_index!r}; give a whole number")
    copy = copied(model, training, dtype)
    chosen = choose(copy, layer)
    example = chosen.example(copy)
    own, device = example.dtype, example.device
    if own not in AGREEMENT:
        raise RecordingError(f"the layer is {own}, which is not recorded; give dtype='float64'")
    check_precision(device, own)
    wide = torch.float64 if own == torch.float64 else torch.float32
    twin = duplicate(copy)  # which still is as the copy was before it ran
    subject = ModelCall.of(copy, inputs, state, output, own, device)
    wanted = placed(targets, own, device)
    if isinstance(wanted, PackedSequence):
        wanted = wanted.data

    with draws_kept(device):
        used = Used.of(copy)
        tap = CallRecorder(chosen, used)
        with standing_in(chosen, tap), used.of_linears(copy):
            given = subject.run("the model's forward failed")
        run = Run.of(tap, lengths, wide)
        place = Place(run.form, run.time, run.batch, run.mask, axes)
        objective = Objective(loss, wanted, ignore_index, place)
        h, c = _leaves(run.states, own), _leaves(_cell_states(run), own)
        assert h is not None
        again = choose(twin, chosen.name)
        replay = Replay(again, tap.calls, h, c)
        with standing_in(again, replay):
            replayed = replace(subject, model=twin).run("the model's forward breaks under replay")
        check_agreement("the model's output, replayed,", replayed, given)
        objective = objective.padded_as(replayed, h[-1])
        about = without_padding(about, run.time, objective.place.extra)
        check_counts(about, batch=run.batch, steps=run.time, inputs=run.x.shape[-1])
        layout = objective.layout_of(replayed, h[-1])
        found = objective.losses(replayed, layout)
        times = loss_times(losses, len(found) == 1, run.time)
        shared = Used.shared(copy)
        output_layer = _linear_after(used, shared, run, h[-1], given, replayed, layout)
        direct = parameter_gradients = None
        if gradients:
            _check_room(run, len(times), wide)
            total = objective.losses(given, layout).sum()
            _check_own(model, copy, total)
            parameter_gradients = _parameter_gradients(used, total)
            replay.check_inputs()
            direct = direct_parts(found, h, c, times, run.mask, wide)

    with torch.inference_mode():
        values = _of_run(run) | _of_outputs(run, objective, layout, replayed, found, wide)
        if direct is not None and parameter_gradients is not None:
            tables = _swept(run, direct, times, len(found) == 1, wide)
            _check_structure(run, tables, parameter_gradients)
            values |= _of_gradients(direct, times, tables)
        parameters = {
            name: _exactly(name, value, wide)
            for name, value in (
                *used.parameters.items(),
                *((name, tensors[0]) for name, tensors in used.effective.items()),
            )
        }
        hashed = {name: values[name] for name in _INPUTS if name in values}
        details = {
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
            "module": chosen.kind,
            "reduction": "batch" if found.shape[1] < run.batch else "sum",
            "training": training,
            "device": device.type,
            "versions": _versions(),
        }
        return Trace(
            **values,
            parameters=parameters,
            gradients=None
            if parameter_gradients is None
            else {name: _numpy(value, wide) for name, value in parameter_gradients.items()},
            metadata=Metadata(**details),
        )


def _leaves(states: ByLayer | None, dtype: torch.dtype) -> ByLayer | None:
    return states and [
        [state.detach().to(dtype).requires_grad_() for state in ways] for ways in states
    ]


def _cell_states(run: Run) -> ByLayer | None:
    if run.c0 is None:
        return None
    return [[one.c for one in ways if one.c is not None] for ways in run.steps]


def _of_run(run: Run) -> dict[str, np.ndarray]:
    """What ran forward, by the names of the trace's fields."""
    values = {
        "x": _numpy(run.x.clone()),
        "h0": _numpy(run.h0.clone()),
        "h": _numpy(run.of_each("h")),
        "preact": _numpy(run.of_each("preact")),
        "gates": _numpy(run.of_each("gates")),
    }
    if run.c0 is not None:
        values |= {"c0": _numpy(run.c0.clone()), "c": _numpy(run.of_each("c"))}
    if run.lengths is not None:
        values["lengths"] = _numpy(run.lengths.clone())
    if run.dropout:
        values["dropout"] = _numpy(torch.stack(run.dropout))
    return values


def _of_outputs(
    run: Run,
    objective: Objective,
    layout: Layout | None,
    output: Tensor,
    losses: Tensor,
    dtype: torch.dtype,
) -> dict[str, np.ndarray]:
    """Outputs, targets and losses, by the names of the trace's fields."""
    placed_losses = losses
    if len(losses) == 1:
        placed_losses = losses.new_zeros(run.time, losses.shape[1])
        placed_losses[-1] = losses[0]
    targets = objective.wanted(output, layout)
    wide = dtype if targets.is_floating_point() else None
    values = {"targets": _numpy(targets.clone(), wide), "loss": _numpy(placed_losses, dtype)}
    if layout is not None:
        made = layout.output(output.detach()).to(dtype)
        if run.mask is not None and not layout.whole:
            made = made * run.mask
        predicted = objective.predictions(made)
        if run.mask is not None and not layout.whole:
            predicted = predicted * run.mask
        values |= {"output": _numpy(made.clone()), "y": _numpy(predicted.clone())}
    return values


def _of_gradients(direct: Direct, times: np.ndarray, tables: Tables) -> dict[str, np.ndarray]:
    """Direct parts and gradients of the losses, by the names of the trace's fields."""
    values = {
        "loss_times": times,
        "grad_direct": _numpy(direct.h),
        "grad_h": _numpy(tables.h[-1].clone()),
        "grad_h_by_loss": _numpy(tables.h[:-1]),
        "grad_x_by_loss": _numpy(tables.x[:-1]),
    }
    for name, part in (
        ("grad_direct_c", direct.c),
        ("grad_direct_by_loss", direct.h_by_loss),
        ("grad_direct_c_by_loss", direct.c_by_loss),
    ):
        if part is not None:
            values[name] = _numpy(part)
    return values


def _swept(run: Run, direct: Direct, times: np.ndarray, whole: bool, dtype: torch.dtype) -> Tables:
    """∂L_t/∂h_k and ∂L_t/∂x_k of the chosen losses, and in the last row of their tables of L."""
    device, rows = run.x.device, len(times) + 1
    tables = Tables(
        _zeros((rows, *direct.h.shape), dtype, device),
        _zeros((rows, *run.x.shape), dtype, device),
    )
    parts, reach = parts_of(direct, times, whole, run.time)
    bptt(run.steps, tables, parts, reach, run.dropout)
    return tables


def _zeros(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Zeros; on a CPU from NumPy, whose pages take memory only when they are written."""
    if device.type != "cpu":
        return torch.zeros(shape, dtype=dtype, device=device)
    return torch.from_numpy(np.zeros(shape, str(dtype).removeprefix("torch.")))


def _check_room(run: Run, rows: int, dtype: torch.dtype) -> None:
    """Refuse tables that the memory cannot hold, before they are made."""
    layer, size = run.layer, torch.finfo(dtype).bits // 8
    states = layer.layers * layer.directions * layer.hidden_size
    needed = rows * run.time * run.batch * (states + run.x.shape[-1]) * size
    free = free_memory()
    if run.x.device.type == "cuda":
        free = min(free, torch.cuda.mem_get_info(run.x.device)[0])
    if needed > free:
        raise RecordingError(
            f"the gradients of {rows} losses at {run.time} steps take {needed / 1e9:.3g} GB, but "
            f"{free / 1e9:.3g} GB are free; choose fewer with losses='last', a number n for every "
            "n-th, or a list of steps"
        )


def _parameter_gradients(used: Used, total: Tensor) -> dict[str, Tensor]:
    """∂L of every parameter, and of what was made of them and used in the place of one."""
    if not total.requires_grad:
        raise RecordingError("the loss does not depend on the model's parameters")
    named: dict[str, list[Tensor]] = {name: [each] for name, each in used.parameters.items()}
    named |= used.effective
    wanted = [each for tensors in named.values() for each in tensors if each.requires_grad]
    found = iter(torch.autograd.grad(total, wanted, allow_unused=True))
    gradients = {}
    for name, tensors in named.items():
        parts = [next(found) for each in tensors if each.requires_grad]
        dense = [part.to_dense() for part in parts if part is not None]
        gradient = (
            sum(dense[1:], dense[0]) if dense else torch.zeros_like(tensors[0], dtype=total.dtype)
        )
        if not gradient.isfinite().all():
            raise RecordingError(
                f"the gradient of {name!r} is not finite: it explodes over time; record fewer "
                "steps, or a network with smaller weights"
            )
        gradients[name] = gradient
    return gradients


def _check_structure(run: Run, tables: Tables, gradients: Mapping[str, Tensor]) -> None:
    """Whether the terms of all steps add up to autograd's gradients of the layer's weights.

    A gradient that is zero but for rounding has no size of its own; what counts then is that of
    the greatest gradient in the model, from which its parts cancel.
    """
    layer = run.layer
    greatest = max(float(gradient.abs().max()) for gradient in gradients.values())
    prefix = f"{layer.name}." if layer.name else ""
    for (index, way), at_gates in tables.last_at_gates.items():
        steps = run.steps[index][way]
        weights = run.weights[index][way]
        for kind, weight, back, entered in (
            ("weight_ih", weights.weight_ih, at_gates[0], steps.x),
            ("weight_hh", weights.weight_hh, at_gates[1], steps.before),
        ):
            name = prefix + layer.name_of(kind, index, way)
            left, right = back.flatten(0, 1), entered.flatten(0, 1)
            apart = (left.T @ right - gradients[name]).abs().max()
            rounding = 64 * torch.finfo(weight.dtype).eps * greatest
            size = float((left.abs().T @ right.abs()).max()) + rounding / _STRUCTURE[weight.dtype]
            error = float(apart) / size if size > 0 else float(apart)
            if not error <= _STRUCTURE[weight.dtype]:
                raise RecordingError(
                    f"the gradients of all steps do not add up to autograd's gradient of {name!r}: "
                    f"they differ by {error:.1e} of its size; the layer reaches the loss in a way "
                    "that is not recorded"
                )


def _linear_after(
    used: Used,
    shared: Mapping[str, str],
    run: Run,
    top: Sequence[Tensor],
    given: Tensor,
    output: Tensor,
    layout: Layout | None,
) -> str | None:
    """The module path of the Linear that alone makes the output of the top layer's states.

    With the weights that are recorded it makes the same numbers, and the same gradients of them:
    what hooks change, or a forward of its own, is no part of it. ``given`` is the output of the
    model as it is, ``output`` that of the replay, of which the states ``top`` are leaves.
    """
    if layout is None or not output.requires_grad:
        return None
    made, of_model = layout.output(output), layout.output(given)
    drawn = torch.rand(made.shape, generator=torch.Generator().manual_seed(0)) + 0.5
    wanted = drawn.to(made.device, made.dtype)
    if run.mask is not None and not layout.whole:
        wanted = wanted * run.mask
    every = torch.cat(list(top), dim=-1)
    read = [every]
    if layout.whole:
        ends = [last_of(state, run.lengths, way)[None] for way, state in enumerate(top)]
        read = [torch.cat(ends, dim=-1), every[-1:]]
    twice = {*shared, *shared.values()}
    for name, part in used.linears.items():
        names = [f"{name}.{kind}" if name else kind for kind in ("weight", "bias")]
        held = [used.first(shared.get(each, each)) for each in names]
        weight, bias = (None if one is None else one.detach() for one in held)
        if (
            weight is None
            or weight.shape[1] != every.shape[-1]
            or (bias is None) != (part.bias is None)
        ):
            continue
        own = [
            one
            for each, one in zip(names, held, strict=True)
            if one is not None and each not in twice
        ]
        for states in read:
            entered = states.to(weight.dtype)
            again = nn.functional.linear(entered, weight, bias)
            if again.shape != made.shape or not _same(again.detach(), made.detach()):
                continue
            back = wanted.to(weight.dtype).flatten(0, -2)
            expected = [
                *_gradients((wanted * again).sum(), top),
                *(
                    back.sum(0) if one is held[1] else back.T @ entered.detach().flatten(0, -2)
                    for one in own
                ),
            ]
            found = [
                *_gradients((wanted * made).sum(), top),
                *_gradients((wanted * of_model).sum(), own),
            ]
            if all(map(_alike, found, expected)):
                return name
    return None


def _gradients(total: Tensor, of: Sequence[Tensor]) -> list[Tensor]:
    """The gradients of a total that is needed again; zero of what it does not depend on."""
    if not of or not total.requires_grad:
        return [torch.zeros_like(each) for each in of]
    found = torch.autograd.grad(total, of, retain_graph=True, allow_unused=True)
    return [
        torch.zeros_like(each) if one is None else one.to_dense()
        for each, one in zip(of, found, strict=True)
    ]


def _alike(got: Tensor, expected: Tensor) -> bool:
    """Whether two sums of the same gradients agree but for rounding."""
    bound = _STRUCTURE.get(got.dtype, 0.0) * float(expected.abs().max())
    return float((got - expected.to(got.dtype)).abs().max()) <= bound


def _check_own(model: nn.Module, copy: nn.Module, total: Tensor) -> None:
    """Refuse a forward that works with parameters of the model itself, not of its copy."""
    copied_too = {id(each) for each in copy.parameters()}
    named = {
        name: each
        for name, each in model.named_parameters()
        if each.requires_grad and id(each) not in copied_too
    }
    if not named or not total.requires_grad:
        return
    reached = torch.autograd.grad(total, [*named.values()], retain_graph=True, allow_unused=True)
    for name, one in zip(named, reached, strict=True):
        if one is not None:
            raise RecordingError(
                f"the forward reaches {name!r} by something that is not copied with the model, "
                "such as a closure, a weak reference or a global; reach it through self, as a "
                "recording works on a copy"
            )


def _same(got: Tensor, expected: Tensor) -> bool:
    """Whether two computations of the same numbers agree but for rounding."""
    scale, bound = float(expected.abs().max()), _ROUNDED.get(got.dtype, 0.0)
    return float((got - expected.to(got.dtype)).abs().max()) <= bound * scale


def _checked(about: Any) -> dict[str, Any]:
    """What the caller knows of the metadata, its labels as a trace holds them."""
    if not isinstance(about, Mapping):
        raise RecordingError(f"about is {type(about).__name__}; give a mapping of metadata")
    known = {item.name for item in fields(Metadata)}
    unknown = [name for name in about if name not in known]
    if unknown:
        raise RecordingError(f"metadata has no {unknown[0]!r}; it has {', '.join(sorted(known))}")
    return {**about, **{name: labels_of(name, about[name]) for name in LABELS if name in about}}


def _numpy(values: Tensor, dtype: torch.dtype | None = None) -> np.ndarray:
    """A read-only array of a tensor that nobody else holds."""
    array = values.detach().to(dtype or values.dtype).cpu().contiguous().numpy()
    array.flags.writeable = False
    return array


def _exactly(name: str, parameter: Tensor, dtype: torch.dtype) -> np.ndarray:
    """A parameter in a dtype that holds it.

    Raises: RecordingError if it does not
    """
    made = parameter.detach().to(dtype, copy=True)
    if not torch.equal(made.to(parameter.dtype), parameter):
        remedy = "record with dtype='float64'" if dtype != torch.float64 else "make it a buffer"
        raise RecordingError(
            f"parameter {name!r} is {parameter.dtype}, and would be rounded in a recording of "
            f"{dtype}; {remedy}"
        )
    return _numpy(made)


@cache
def _versions() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in ("rnnviz", "torch", "numpy")},
    }

"""Recording a model by the states that are named in it.

The model runs twice: once as it is, which gives the states and autograd's gradients of the
parameters, and once with each state cut. In the second run's graph every step stands alone, which
gives the Jacobians of all steps, and the immediate gradients of every loss. The gradients of all
losses then go back through the steps together. At the end, the parameters' gradients of all steps
must add up to autograd's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from rnnviz.cells import CUSTOM
from rnnviz.errors import RecordingError
from rnnviz.recording.agreement import check_agreement
from rnnviz.recording.alignment import Alignment
from rnnviz.recording.bptt import Tables
from rnnviz.recording.conditions import draws_kept, plain_graphs
from rnnviz.recording.custom.bypasses import check_no_bypass
from rnnviz.recording.custom.cutting import Cut
from rnnviz.recording.custom.jacobians import jacobians_of, parts_of
from rnnviz.recording.custom.modules import Stepping, likely_step, stepping_of
from rnnviz.recording.custom.products import product
from rnnviz.recording.custom.step_jacobians import StepJacobians
from rnnviz.recording.custom.sweep import by_graphs, by_jacobians, inputs_by_graphs, read_steps
from rnnviz.recording.custom.watching import NoNamesError, Seen, Watch
from rnnviz.recording.described import versions
from rnnviz.recording.effective_weights import EffectiveWeights
from rnnviz.recording.gradient_checks import (
    check_uses_copy,
    difference,
    parameter_gradients,
)
from rnnviz.recording.gradient_tables import check_memory, empty_tables
from rnnviz.recording.immediate_gradients import (
    ImmediateGradients,
    immediate_gradients,
    rows_of_losses,
)
from rnnviz.recording.layer_run import given_lengths
from rnnviz.recording.loss_times import Losses, loss_times
from rnnviz.recording.model_call import ModelCall, copied
from rnnviz.recording.objective import Loss, Objective
from rnnviz.recording.output_layer import find_output_layer
from rnnviz.recording.preparation import Preparation
from rnnviz.recording.trace_arrays import (
    gradient_arrays,
    output_arrays,
    to_numpy,
    to_numpy_exactly,
)
from rnnviz.trace import Trace, hash_arrays
from rnnviz.trace.labels import check_counts, without_padding
from rnnviz.trace.metadata import SCHEMA, Metadata, NamedState
from rnnviz.trace.trace import GIVEN

_MOST_JACOBIANS: Final = 1 << 28
"""The bytes that the Jacobians of all steps may take unless they are asked for."""


@dataclass(frozen=True)
class StateRun:
    """The steps and sequences of a run whose states are named.

    Shapes: lengths (batch), mask (time, batch, 1)
    """

    time: int
    batch: int
    lengths: Tensor | None
    mask: Tensor | None

    @classmethod
    def of(cls, seen: Seen, lengths: Any) -> "StateRun":
        """Return it, with the lengths that the user gives."""
        known = None if lengths is None else given_lengths(lengths, seen.time, seen.batch)
        if known is None or bool((known == seen.time).all()):
            return cls(seen.time, seen.batch, None, None)
        mask = (torch.arange(seen.time)[:, None] < known).unsqueeze(-1).to(seen.rows.device)
        return cls(seen.time, seen.batch, known, mask)

    def masked(self, values: Tensor) -> Tensor:
        """Return values (time, batch, …), zero at steps that do not exist."""
        if self.mask is None:
            return values
        return values * self.mask.reshape(*self.mask.shape[:2], *[1] * (values.dim() - 2))


def record_states(
    model: nn.Module,
    inputs: Any,
    targets: Any,
    *,
    states: Any,
    loss: Loss,
    ignore_index: int,
    axes: tuple[str, ...],
    output: Callable[[Any], Any] | None,
    state: Any,
    lengths: Any,
    losses: Losses,
    gradients: bool,
    jacobians: bool | None,
    training: bool,
    dtype: str | None,
    about: Mapping[str, Any],
    call: int | None = None,
) -> Trace:
    """Record one run of a model by its named states; the arguments are those of ``record``.

    Raises: RecordingError if no state is named, or something passes from step to step beside them
    """
    copy = copied(model, training, dtype)
    ready = Preparation.of(
        copy,
        example_of(copy, inputs),
        "the model",
        inputs=inputs,
        targets=targets,
        state=state,
        output=output,
        dtype=dtype,
        rounds=True,
    )
    twin, called, own, wide, device = ready.twin, ready.call, ready.own, ready.wide, ready.device
    names = _chosen_names(copy, states)
    stepping = None if states is None or names else stepping_of(copy, states, call)

    with draws_kept(device), plain_graphs():
        used = EffectiveWeights.of(copy)
        watch = Watch(stepping, names)
        with watch.watching(copy), used.of_linears(copy):
            given = called.run("the model's forward failed")
        try:
            seen = watch.seen(type(model).__name__)
        except NoNamesError as error:
            again = replace(called, model=twin)
            path = likely_step(twin, lambda: again.run("the model's forward failed"))
            raise RecordingError(f"{error}{f'; try states={path!r}' * bool(path)}") from error
        run = StateRun.of(seen, lengths)
        if torch.finfo(seen.rows.dtype).bits < torch.finfo(own).bits:  # by autocast
            own = seen.rows.dtype

        def cut_run(of: nn.Module) -> tuple[Cut, Tensor]:
            cut = Cut.of(seen)
            again = replace(called, model=of)
            weights = EffectiveWeights.of(of)
            with cut.cutting(of, stepping), weights.of_linears(of):
                made = again.run("the model's forward fails when it runs again")
            return cut, made

        cut, replayed = cut_run(twin)
        check_agreement(
            "the model's output differs between two runs, one with its states cut", replayed, given
        )
        alignment = Alignment(
            run.time, run.batch, run.mask, _is_batch_first(called, seen), None, axes
        )
        objective = Objective(loss, ready.targets, ignore_index, alignment)
        objective = objective.padded_as(replayed, [cut.leaf])
        given, replayed = objective.classes_last(given), objective.classes_last(replayed)
        about = without_padding(about, run.time, objective.alignment.extra)
        x = _inputs_of(seen)
        check_counts(about, batch=run.batch, steps=run.time, inputs=x.shape[-1])
        layout = objective.layout_of(replayed, [cut.leaf])
        found = objective.losses(replayed, layout)
        times = loss_times(losses, len(found) == 1, run.time)
        shared = EffectiveWeights.shared(copy)
        found_layer = partial(
            find_output_layer, used, shared, run, [cut.leaf], given, replayed, layout
        )
        output_layer, output_reads = _output_layer(found_layer, seen.named)
        steps = None
        if _fit(seen, wide) if jacobians is None else jacobians:
            steps = jacobians_of(cut, _step_module(twin, stepping))
            if jacobians and steps is None:
                raise RecordingError(
                    "jacobians=True, but a step reads more than the state before it, or one "
                    "sequence another's, so that no Jacobians of steps say how gradients pass; "
                    "leave it out"
                )
        immediate = of_parameters = tables = None
        if gradients:
            entries = seen.rows.shape[-1] + x.shape[-1]
            check_memory(len(times), run.time, run.batch, entries, wide, device)
            total = objective.losses(given, layout).sum()
            check_uses_copy(model, copy, total)
            of_parameters = parameter_gradients(used, total)
            immediate = immediate_gradients(found, [[cut.leaf]], None, times, run.mask, wide)
            tables, passed = _tables(cut, steps, immediate, times, len(found) == 1, x.to(wide))
            sums = _Sums(cut, twin, found.sum(), passed)
            check_no_bypass(
                cut, lambda: cut_run(copied(model, training, dtype))[0], sums, of_parameters
            )
            _check_sums(sums(), of_parameters, own)

    with torch.inference_mode():
        arrays = _state_arrays(seen, run, x, steps, wide)
        arrays |= output_arrays(run, objective, layout, replayed, found, wide)
        if immediate is not None and tables is not None:
            arrays |= gradient_arrays(immediate, times, tables)
        parameters = {
            name: to_numpy_exactly(name, value, wide)
            for name, value in (
                *used.parameters.items(),
                *((name, tensors[0]) for name, tensors in used.effective.items()),
            )
        }
        return Trace(
            **arrays,
            named_gates=_named_gates(seen, run, wide),
            arguments=_arguments(called),
            parameters=parameters,
            gradients=None
            if of_parameters is None
            else {name: to_numpy(value, wide) for name, value in of_parameters.items()},
            metadata=Metadata(
                **{
                    "task": "",
                    **about,
                    "cell": CUSTOM,
                    "nonlinearity": "",
                    "loss": objective.name,
                    "layer": "" if stepping is None else stepping.paths[0],
                    "output_layer": output_layer,
                    "output_reads": output_reads,
                    "effective": tuple(used.effective),
                    "shared": shared,
                    "dtype": str(own).removeprefix("torch."),
                    "parameters_hash": hash_arrays(parameters),
                    "inputs_hash": hash_arrays(
                        {name: arrays[name] for name in GIVEN if name in arrays}
                    ),
                    "module": _module_name(copy, stepping),
                    "reduction": "batch" if found.shape[1] < run.batch else "sum",
                    "training": training,
                    "device": device.type,
                    "states": seen.named,
                    "cuts": _cuts(cut, steps),
                    "step_input": seen.inputs.what,
                    "versions": versions(),
                    "schema": SCHEMA,
                }
            ),
        )


def _output_layer(
    find: Callable[..., str | None], states: tuple[NamedState, ...]
) -> tuple[str | None, tuple[str, ...]]:
    """Return the Linear that alone makes the output, and which state it reads, none if all."""
    parts: dict[tuple[str, ...], slice] = {(): slice(None)}
    if len(states) > 1:
        parts |= {(state.name,): state.place for state in states}
    for names, entries in parts.items():
        path = find(entries=entries)
        if path is not None:
            return path, names
    return None, ()


def _chosen_names(model: nn.Module, states: Any) -> tuple[str, ...]:
    """Return names of states that the code names, if ``states`` lists such names."""
    if isinstance(states, tuple | list) and all(isinstance(each, str) for each in states):
        return tuple(states)
    return ()


def example_of(model: nn.Module, inputs: Any) -> Tensor:
    """Return a floating-point tensor of the model, or of its inputs."""
    parts = inputs if isinstance(inputs, tuple) else (inputs,)
    values = inputs.values() if isinstance(inputs, Mapping) else parts
    for each in (*model.parameters(), *model.buffers(), *values):
        if isinstance(each, np.ndarray):
            each = torch.from_numpy(each[:0].copy())
        if isinstance(each, Tensor) and each.is_floating_point():
            return each
    return torch.empty(0)


def _is_batch_first(call: ModelCall, seen: Seen) -> bool:
    """Whether the model's first sequence has its batch before its time."""
    for each in (*call.arguments, *call.keywords.values()):
        if isinstance(each, Tensor) and each.dim() >= 2:
            if each.shape[:2] == (seen.time, seen.batch):
                return False
            if each.shape[:2] == (seen.batch, seen.time):
                return True
    return False


def _inputs_of(seen: Seen) -> Tensor:
    """Return x_t (time, batch, input); a step without an input has a zero."""
    rows = seen.inputs.rows
    return seen.rows.new_zeros(seen.time, seen.batch, 1) if rows is None else rows


def _fit(seen: Seen, dtype: torch.dtype) -> bool:
    """Whether the Jacobians of all steps are small enough to be kept."""
    size = seen.rows.numel() * seen.rows.shape[-1] * torch.finfo(dtype).bits // 8
    return size <= _MOST_JACOBIANS


def _tables(
    cut: Cut,
    steps: StepJacobians | None,
    immediate: ImmediateGradients,
    times: np.ndarray,
    whole: bool,
    x: Tensor,
) -> tuple[Tables, Tensor]:
    """Return ∂L_t/∂h_k and ∂L_t/∂x_k of the chosen losses, those of their sum L in the last row.

    And what each state passes on of the sum: (time, batch, entry).
    """
    tables = empty_tables(len(times) + 1, immediate.h.shape, x.shape, x)
    source, (reach, _) = rows_of_losses(immediate, times, whole, len(x))
    if steps is None:
        passed = by_graphs(cut, tables, source, reach)
        inputs_by_graphs(cut, tables, passed)
        return tables, passed[-1]
    wide = steps.to(x.dtype)
    by_jacobians(wide, tables, source, reach)
    table = tables.h[:, 0, 0]
    if wide.of_input is None:
        passed = table if wide.apart is None else torch.einsum("ltbi,tbij->ltbj", table, wide.apart)
        inputs_by_graphs(cut, tables, passed)
    if wide.apart is None:
        return tables, table[-1]
    return tables, (table[-1].unsqueeze(-2) @ wide.apart).squeeze(-2)


@dataclass(frozen=True)
class _Sums:
    """The parameters' gradients, added up over all steps and the losses' direct parts."""

    cut: Cut
    model: nn.Module
    total: Tensor
    passed: Tensor

    def __call__(self) -> dict[str, Tensor]:
        named = {name: each for name, each in self.model.named_parameters() if each.requires_grad}
        at_states = self.passed.to(self.cut.leaf.dtype)
        outputs = [each.rows for each in self.cut.made]
        vectors = parts_of(at_states, self.cut, self.cut.made)
        one = torch.ones_like(self.total)
        found = product([*outputs, self.total], [*named.values()], [*vectors, one])
        return {
            name: torch.zeros_like(each) if gradient is None else gradient.to_dense()
            for (name, each), gradient in zip(named.items(), found, strict=True)
        }


def _check_sums(
    sums: Mapping[str, Tensor], gradients: Mapping[str, Tensor], dtype: torch.dtype
) -> None:
    """Check that the gradients of all steps add up to autograd's.

    Raises: RecordingError if they do not
    """
    for name, error in difference(sums, gradients, dtype).items():
        raise RecordingError(
            f"the gradients of all steps do not add up to autograd's gradient of {name!r}: they "
            f"differ by {error:.1e} of its size; a step reaches the loss along a path that is not "
            "recorded"
        )


def _state_arrays(
    seen: Seen, run: StateRun, x: Tensor, steps: StepJacobians | None, dtype: torch.dtype
) -> dict[str, Any]:
    values: dict[str, Any] = {
        "x": to_numpy(run.masked(x).clone(), dtype),
        "h": to_numpy(run.masked(seen.rows).clone()[None, None], dtype),
    }
    if seen.before is not None:
        values["h0"] = to_numpy(seen.before.clone()[None, None], dtype)
    if run.lengths is not None:
        values["lengths"] = to_numpy(run.lengths.clone())
    if steps is not None:
        values["step_jacobian"] = to_numpy(run.masked(steps.composed())[None, None], dtype)
        if steps.within is not None:
            values["within_step"] = to_numpy(run.masked(steps.within)[None, None], dtype)
    return values


def _named_gates(seen: Seen, run: StateRun, dtype: torch.dtype) -> dict[str, np.ndarray] | None:
    return {
        name: to_numpy(run.masked(values.to(dtype)).clone()) for name, values in seen.gates.items()
    } or None


def _arguments(call: ModelCall) -> dict[str, np.ndarray] | None:
    """Return what the model was called with by place or name, None if not all of it is arrays."""
    given: dict[str, Any] = {str(at): each for at, each in enumerate(call.arguments)}
    given |= call.keywords
    if not all(_is_array(each) for each in given.values()):
        return None
    return {name: to_numpy(each.clone()) for name, each in given.items() if each is not None}


def _is_array(value: Any) -> bool:
    if value is None:
        return True
    narrow = (torch.bool, torch.float16, torch.bfloat16)
    return isinstance(value, Tensor) and value.dtype not in narrow and not value.is_complex()


def _module_name(model: nn.Module, stepping: Stepping | None) -> str:
    part = model if stepping is None else model.get_submodule(stepping.paths[0])
    return type(part).__name__


def _step_module(model: nn.Module, stepping: Stepping | None) -> nn.Module | None:
    """Return the one module that makes a step, if it is the user's own."""
    if stepping is None or len(stepping.paths) > 1:
        return None
    part = model.get_submodule(stepping.paths[0])
    return None if isinstance(part, nn.RNNBase | torch.jit.ScriptModule) else part


def _cuts(cut: Cut, steps: StepJacobians | None) -> tuple[int, ...]:
    """Return the steps, from 0, that pass no gradient to those before.

    A Jacobian that is zero at all steps may be that of a network whose weights are.
    """
    if steps is not None and bool(steps.direct.any()):
        zero = ~steps.direct[1:].flatten(1).any(dim=1)
        return tuple(step + 1 for step in torch.nonzero(zero).flatten().tolist())
    reads = read_steps(cut)
    steps_read = [
        [at for name in cut.places for at in reads[name, k]] for k in range(cut.seen.time)
    ]
    return tuple(k for k, read in enumerate(steps_read) if k and not any(at < k for at in read))

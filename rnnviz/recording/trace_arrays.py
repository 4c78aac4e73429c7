"""What was recorded, as arrays by the names of the trace's fields."""

import numpy as np
import torch
from torch import Tensor

from rnnviz.errors import RecordingError
from rnnviz.recording.bptt import Tables
from rnnviz.recording.immediate_gradients import ImmediateGradients
from rnnviz.recording.layer_run import LayerRun
from rnnviz.recording.layouts import Layout
from rnnviz.recording.objective import Objective
from rnnviz.recording.runs import Run


def forward_arrays(run: LayerRun) -> dict[str, np.ndarray]:
    """Return inputs, states and gates."""
    values = {
        "x": to_numpy(run.x.clone()),
        "h0": to_numpy(run.h0.clone()),
        "h": to_numpy(run.stacked("h")),
        "preact": to_numpy(run.stacked("preact")),
        "gates": to_numpy(run.stacked("gates")),
    }
    if run.c0 is not None:
        values["c0"] = to_numpy(run.c0.clone())
        values["c"] = to_numpy(run.stacked("c"))
    if run.lengths is not None:
        values["lengths"] = to_numpy(run.lengths.clone())
    if run.dropout:
        values["dropout"] = to_numpy(torch.stack(run.dropout))
    return values


def output_arrays(
    run: Run,
    objective: Objective,
    layout: Layout | None,
    output: Tensor,
    losses: Tensor,
    dtype: torch.dtype,
) -> dict[str, np.ndarray]:
    """Return outputs, targets and losses; a loss of the whole sequence is put at the last step."""
    placed_losses = losses
    if len(losses) == 1:
        placed_losses = losses.new_zeros(run.time, losses.shape[1])
        placed_losses[-1] = losses[0]
    targets = objective.placed_targets(output, layout)
    wide = dtype if targets.is_floating_point() else None
    values = {"targets": to_numpy(targets.clone(), wide), "loss": to_numpy(placed_losses, dtype)}
    if layout is not None:
        made = layout.output(output.detach()).to(dtype)
        if run.mask is not None and not layout.whole:
            made = made * run.mask
        predicted = objective.predictions(made)
        if run.mask is not None and not layout.whole:
            predicted = predicted * run.mask
        values |= {"output": to_numpy(made.clone()), "y": to_numpy(predicted.clone())}
    return values


def gradient_arrays(
    immediate: ImmediateGradients, times: np.ndarray, tables: Tables
) -> dict[str, np.ndarray]:
    """Return immediate gradients, and gradients of the losses by all paths."""
    values = {
        "loss_times": times,
        "grad_direct": to_numpy(immediate.h),
        "grad_h": to_numpy(tables.h[-1].clone()),
        "grad_h_by_loss": to_numpy(tables.h[:-1]),
        "grad_x_by_loss": to_numpy(tables.x[:-1]),
    }
    for name, part in (
        ("grad_direct_c", immediate.c),
        ("grad_direct_by_loss", immediate.h_by_loss),
        ("grad_direct_c_by_loss", immediate.c_by_loss),
    ):
        if part is not None:
            values[name] = to_numpy(part)
    return values


def to_numpy(values: Tensor, dtype: torch.dtype | None = None) -> np.ndarray:
    """Return a read-only array that shares the memory of a tensor with no other owner."""
    array = values.detach().to(dtype or values.dtype).cpu().contiguous().numpy()
    array.flags.writeable = False
    return array


def to_numpy_exactly(name: str, parameter: Tensor, dtype: torch.dtype) -> np.ndarray:
    """Return a parameter in a dtype that holds it.

    Raises: RecordingError if it would be rounded
    """
    made = parameter.detach().to(dtype, copy=True)
    if not torch.equal(made.to(parameter.dtype), parameter):
        remedy = "record with dtype='float64'" if dtype != torch.float64 else "make it a buffer"
        raise RecordingError(
            f"parameter {name!r} is {parameter.dtype}, and would be rounded in a recording of "
            f"{dtype}; {remedy}"
        )
    return to_numpy(made)

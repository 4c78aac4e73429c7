"""The tables of gradients by loss: their memory, and how they are filled."""

import numpy as np
import torch
from torch import Tensor

from rnnviz.errors import RecordingError
from rnnviz.recording.bptt import Tables, bptt
from rnnviz.recording.immediate_gradients import ImmediateGradients, rows_of_losses
from rnnviz.recording.layer_run import LayerRun
from rnnviz.system.memory import free_memory


def gradient_tables(
    run: LayerRun,
    immediate: ImmediateGradients,
    times: np.ndarray,
    whole: bool,
    dtype: torch.dtype,
) -> Tables:
    """Return ∂L_t/∂h_k and ∂L_t/∂x_k of the chosen losses, and those of the sum L in the last row.

    ``whole`` says that there is one loss, of the whole sequence.
    """
    device, rows = run.x.device, len(times) + 1
    tables = Tables(
        _zeros((rows, *immediate.h.shape), dtype, device),
        _zeros((rows, *run.x.shape), dtype, device),
    )
    source, reach = rows_of_losses(immediate, times, whole, run.time)
    bptt(run.steps, tables, source, reach, run.dropout)
    return tables


def check_memory(run: LayerRun, rows: int, dtype: torch.dtype) -> None:
    """Refuse tables that do not fit in memory, before they are allocated."""
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


def _zeros(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Zeros; on a CPU from NumPy, whose pages take memory only once written to."""
    if device.type != "cpu":
        return torch.zeros(shape, dtype=dtype, device=device)
    return torch.from_numpy(np.zeros(shape, str(dtype).removeprefix("torch.")))

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
    tables = empty_tables(len(times) + 1, immediate.h.shape, run.x.shape, run.x.to(dtype))
    source, reach = rows_of_losses(immediate, times, whole, run.time)
    bptt(run.steps, tables, source, reach, run.dropout)
    return tables


def check_memory(
    rows: int, time: int, sequences: int, entries: int, dtype: torch.dtype, device: torch.device
) -> None:
    """Refuse tables that do not fit in memory, before they are allocated.

    ``entries`` are those of all states and of the input, at one step of one sequence.
    """
    needed = rows * time * sequences * entries * torch.finfo(dtype).bits // 8
    free = free_memory()
    if device.type == "cuda":
        free = min(free, torch.cuda.mem_get_info(device)[0])
    if needed > free:
        raise RecordingError(
            f"the gradients of {rows} losses at {time} steps take {needed / 1e9:.3g} GB, but "
            f"{free / 1e9:.3g} GB are free; choose fewer with losses='last', a number n for every "
            "n-th, or a list of steps"
        )


def empty_tables(
    rows: int, states: tuple[int, ...], inputs: tuple[int, ...], like: Tensor
) -> Tables:
    """Return tables of zeros, with an axis of losses in front of those of states and inputs."""
    return Tables(
        _zeros((rows, *states), like.dtype, like.device),
        _zeros((rows, *inputs), like.dtype, like.device),
    )


def _zeros(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Zeros; on a CPU from NumPy, whose pages take memory only once written to."""
    if device.type != "cpu":
        return torch.zeros(shape, dtype=dtype, device=device)
    return torch.from_numpy(np.zeros(shape, str(dtype).removeprefix("torch.")))

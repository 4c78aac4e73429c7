"""How long recording takes beside what a user would write, and as time and states grow.

The contenders take turns in one run, so that a busy machine slows all of them alike; what they
compute is compared before it is timed. Memory, and what grows, is measured in fresh processes.
usage: python benchmarks/recording.py [--runs N] [--json FILE]
"""

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from copy import deepcopy
from importlib import import_module
from multiprocessing import get_context
from statistics import median
from threading import Event, Thread
from typing import Any, Final

import numpy as np
import psutil
import torch
from report import arguments, publish_all
from torch import Tensor, nn
from torch.nn import functional

from rnnviz import Trace, record
from rnnviz.recording.loss_times import Losses

INPUT: Final = 8
OUTPUT: Final = 4
TIME: Final = 256
SIZES: Final = (32, 128)
LONG: Final = (2048, 64)
BY_TIME: Final = tuple((steps, 32) for steps in (64, 128, 256, 512, 1024))
BY_SIZE: Final = tuple((TIME, hidden) for hidden in (16, 32, 64, 128, 256))
BY_TIME_LAST: Final = tuple((steps, 32) for steps in (1000, 5000, 20_000))
CELLS: Final = {"RNN": nn.RNNCell, "GRU": nn.GRUCell, "LSTM": nn.LSTMCell}
FASTER_THAN_LOOP: Final = {"RNN": 20, "GRU": 40, "LSTM": 40}
FASTER_THAN_TORCHLENS: Final = 10
MOST_FUSED_PASSES: Final = 5
MOST_FILLS: Final = 3
MOST_MEMORY: Final = 1.3
NOT_INSTALLED: Final = "torchlens is not installed: pip install torchlens"

Work = Callable[[], object]


class Network(nn.Module):
    """A recurrent layer of a kind with a Linear after it; the same weights each time."""

    def __init__(self, kind: str, hidden: int):
        super().__init__()
        torch.manual_seed(0)
        self.rnn = getattr(nn, kind)(INPUT, hidden)
        self.fc = nn.Linear(hidden, OUTPUT)

    def forward(self, x: Tensor) -> Tensor:
        """Outputs (time, batch, output) of x (time, batch, input)."""
        states, _ = self.rnn(x)
        return self.fc(states)


def data(steps: int) -> tuple[Tensor, Tensor]:
    """Inputs (time, 1, input) and classes (time, 1), the same each time."""
    torch.manual_seed(0)
    return torch.randn(steps, 1, INPUT), torch.randint(OUTPUT, (steps, 1))


def loop(kind: str, model: Network, x: Tensor, targets: Tensor) -> Tensor:
    """∂L_t/∂h_k (loss, time, batch, hidden) by a loop over cells and one autograd.grad a loss."""
    cell = CELLS[kind](INPUT, model.rnn.hidden_size)
    weights = model.rnn.state_dict().items()
    cell.load_state_dict({name.removesuffix("_l0"): weight for name, weight in weights})
    state: Any = None
    states: list[Tensor] = []
    losses: list[Tensor] = []
    for entering, target in zip(x, targets, strict=True):
        state = cell(entering, state)
        states.append(state[0] if isinstance(state, tuple) else state)
        losses.append(functional.cross_entropy(model.fc(states[-1]), target))
    table = torch.zeros(len(x), len(x), *states[0].shape)
    for t, loss in enumerate(losses):
        found = torch.autograd.grad(loss, states[: t + 1], retain_graph=True)
        table[t, : t + 1] = torch.stack(found)
    return table


def fused(layer: nn.RNN, x: Tensor) -> tuple[Tensor, ...]:
    """The gradients of a layer's parameters by one fused pass forward and one back."""
    states, _ = layer(x)
    return torch.autograd.grad(states, list(layer.parameters()), torch.ones_like(states))


def seconds_of(work: Work) -> float:
    """How long some work takes, without freeing what it made."""
    started = time.perf_counter()
    made = work()
    seconds = time.perf_counter() - started
    del made
    return seconds


def by_turns(runs: int, *contenders: Work) -> list[list[float]]:
    """The seconds of each contender, turn by turn, once all are warm."""
    for work in contenders:
        seconds_of(work)
    turns = [[seconds_of(work) for work in contenders] for _ in range(runs)]
    return [list(seconds) for seconds in zip(*turns, strict=True)]


def milliseconds(seconds: list[float], of: str) -> dict[str, float]:
    """The median and the least time of one contender, as columns of a table."""
    return {
        f"{of}: median ms": round(median(seconds) * 1e3, 2),
        f"{of}: least ms": round(min(seconds) * 1e3, 2),
    }


def compared(
    what: str, beside: str, times: list[list[float]], *, faster: float = 0, most: float = 0
) -> dict[str, Any]:
    """A row of two contenders, ours first, with how many times faster it is, or how many times
    the other's time it takes, by the medians.
    """
    ours, theirs = times
    ratio = median(theirs) / median(ours) if faster else median(ours) / median(theirs)
    return {
        "recorded": what,
        "beside": beside,
        **milliseconds(ours, "record"),
        **milliseconds(theirs, "beside"),
        "ratio": round(ratio, 2),
        "aim": f"≥ {faster}" if faster else f"≤ {most}",
        "reached": ratio >= faster if faster else ratio <= most,
    }


def agree(what: str, got: np.ndarray, expected: Tensor) -> None:
    """Stop unless two contenders computed the same.

    Raises: ValueError if they did not
    """
    if not np.allclose(got, expected.numpy(), rtol=1e-3, atol=1e-6):
        raise ValueError(f"{what} of rnnviz.record and of the other contender are not the same")


def beside_loop(kind: str, hidden: int, runs: int) -> dict[str, Any]:
    """The whole table against a loop over cells."""
    model, (x, targets) = Network(kind, hidden), data(TIME)
    table = record(model, x, targets).grad_h_by_loss
    assert table is not None
    agree("∂L_t/∂h_k", table[:, 0, 0], loop(kind, model, x, targets))
    times = by_turns(runs, lambda: record(model, x, targets), lambda: loop(kind, model, x, targets))
    what = f"nn.{kind}, T = {TIME}, H = {hidden}"
    return compared(what, f"loop over nn.{kind}Cell", times, faster=FASTER_THAN_LOOP[kind])


def beside_fused(hidden: int, runs: int) -> dict[str, Any]:
    """The whole table against one fused pass forward and back."""
    model, (x, targets) = Network("RNN", hidden), data(TIME)
    times = by_turns(runs, lambda: record(model, x, targets), lambda: fused(model.rnn, x))
    what = f"nn.RNN, T = {TIME}, H = {hidden}"
    return compared(what, "fused forward and backward", times, most=MOST_FUSED_PASSES)


def beside_torchlens(runs: int) -> dict[str, Any]:
    """States and gradients against TorchLens, whose wrapping of torch is on in its turn alone."""
    what = "nn.LSTM(5, 10) on (7, 4, 5)"
    try:
        lens, options, wrapping = (
            import_module(name)
            for name in ("torchlens", "torchlens.options", "torchlens.backends.torch.wrappers")
        )
    except ImportError:
        return {"recorded": what, "beside": NOT_INSTALLED}
    torch.manual_seed(0)
    model, x, targets = nn.LSTM(5, 10), torch.randn(7, 4, 5), torch.randn(7, 4, 10)
    traced_model = deepcopy(model)
    capture = options.CaptureOptions(save_grads=True, backward_ready=True)

    def ours() -> Trace:
        return record(model, x, targets, loss="squared")

    def theirs() -> Any:
        traced = lens.trace(traced_model, x, capture=capture)
        traced.log_backward(0.5 * (traced["output_1"].out - targets).square().sum())
        return traced

    turns = []
    for _ in range(runs + 1):
        of_ours = seconds_of(ours)
        with wrapping.wrapped():
            turns.append((of_ours, seconds_of(theirs)))
    trace = ours()
    with wrapping.wrapped():
        traced = theirs()["output_1"]
    assert trace.grad_direct is not None
    agree("states", trace.h[0, 0], traced.out.detach())
    agree("direct gradients", trace.grad_direct[0, 0], traced.grad)
    times = [list(seconds) for seconds in zip(*turns[1:], strict=True)]
    return compared(what, "TorchLens's trace", times, faster=FASTER_THAN_TORCHLENS)


def with_peak(work: Callable[[], Trace]) -> tuple[Trace, int]:
    """What some work makes, and by how many bytes resident memory grew at most, sampled."""
    process, done = psutil.Process(), Event()
    before = process.memory_info().rss
    seen = [before]

    def watch() -> None:
        while not done.wait(0.001):
            seen.append(process.memory_info().rss)

    watcher = Thread(target=watch)
    watcher.start()
    made = work()
    seen.append(process.memory_info().rss)
    done.set()
    watcher.join()
    return made, max(seen) - before


def grown(steps: int, hidden: int, losses: Losses, runs: int) -> dict[str, Any]:
    """Time and memory of one size, beside NumPy filling an array of the trace's size."""
    model = Network("RNN", hidden)
    record(model, *data(8))
    x, targets = data(steps)
    trace, peak = with_peak(lambda: record(model, x, targets, losses=losses))
    size = sum(array.nbytes for array in trace.arrays().values())
    del trace
    ours, fill = by_turns(
        runs,
        lambda: record(model, x, targets, losses=losses),
        lambda: np.full(size // 4, 1.0, np.float32),
    )
    return {
        "T": steps,
        "H": hidden,
        "losses": losses,
        **milliseconds(ours, "record"),
        **milliseconds(fill, "np.full"),
        "ratio": round(median(ours) / median(fill), 2),
        "result MB": round(size / 1e6, 2),
        "peak MB": round(peak / 1e6, 2),
        "peak / result": round(peak / size, 2),
    }


def main() -> None:
    """Measure and report."""
    runs = (chosen := arguments(runs=7)).runs
    comparisons = [beside_loop(kind, hidden, runs) for kind in CELLS for hidden in SIZES]
    comparisons += [beside_fused(hidden, runs) for hidden in SIZES]
    comparisons.append(beside_torchlens(runs))
    sizes = [(*size, "all") for size in (LONG, *BY_TIME, *BY_SIZE)]
    sizes += [(*size, "last") for size in BY_TIME_LAST]
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as fresh:
        growth = [fresh.submit(grown, *size, runs).result() for size in sizes]
    for row in growth:
        long = (row["T"], row["H"]) == LONG
        reached = row["ratio"] <= MOST_FILLS and row["peak / result"] <= MOST_MEMORY
        row["aim"] = f"ratio ≤ {MOST_FILLS}, peak ≤ {MOST_MEMORY} results" if long else ""
        row["reached"] = reached if long else ""
    turns = f"{runs} turns on {torch.get_num_threads()} threads"
    publish_all(
        {
            f"recording, every loss at every step, {turns}": comparisons,
            f"recording a tanh RNN as it grows, each in a fresh process, {turns}": growth,
        },
        chosen.json,
    )


if __name__ == "__main__":
    main()

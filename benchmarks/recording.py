"""Compare the time of recording with alternatives, and measure how it grows with size.

The alternatives take turns, so that load on the machine affects all of them, and their results are
compared before they are timed. Growth and memory are measured in new processes.
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
from rnnviz.recording.immediate import Losses

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
    """A recurrent layer followed by a Linear, with fixed weights."""

    def __init__(self, kind: str, hidden: int):
        super().__init__()
        torch.manual_seed(0)
        self.rnn = getattr(nn, kind)(INPUT, hidden)
        self.fc = nn.Linear(hidden, OUTPUT)

    def forward(self, x: Tensor) -> Tensor:
        """Return outputs (time, batch, output) of x (time, batch, input)."""
        states, _ = self.rnn(x)
        return self.fc(states)


def data(steps: int) -> tuple[Tensor, Tensor]:
    """Return fixed inputs (time, 1, input) and classes (time, 1)."""
    torch.manual_seed(0)
    return torch.randn(steps, 1, INPUT), torch.randint(OUTPUT, (steps, 1))


def loop(kind: str, model: Network, x: Tensor, targets: Tensor) -> Tensor:
    """Return ∂L_t/∂h_k (loss, time, batch, hidden) from a loop over cells and autograd per loss."""
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
    """Return the parameter gradients of a layer from one fused forward and backward pass."""
    states, _ = layer(x)
    return torch.autograd.grad(states, list(layer.parameters()), torch.ones_like(states))


def seconds_of(work: Work) -> float:
    """Call a function and return the seconds taken, excluding the freeing of its result."""
    started = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - started
    del result
    return seconds


def by_turns(runs: int, *functions: Work) -> list[list[float]]:
    """Return the seconds of each function at each turn, after a warm-up."""
    for work in functions:
        seconds_of(work)
    turns = [[seconds_of(work) for work in functions] for _ in range(runs)]
    return [list(seconds) for seconds in zip(*turns, strict=True)]


def milliseconds(seconds: list[float], of: str) -> dict[str, float]:
    """Return the median and minimum time as columns of a table."""
    return {
        f"{of}: median ms": round(median(seconds) * 1e3, 2),
        f"{of}: minimum ms": round(min(seconds) * 1e3, 2),
    }


def compared(
    what: str, beside: str, times: list[list[float]], *, faster: float = 0, most: float = 0
) -> dict[str, Any]:
    """Return a row that compares the median times of two functions, ours first.

    The ratio is the speed-up if ``faster`` is given, else our time relative to the other.
    """
    ours, theirs = times
    ratio = median(theirs) / median(ours) if faster else median(ours) / median(theirs)
    return {
        "recorded": what,
        "compared with": beside,
        **milliseconds(ours, "record"),
        **milliseconds(theirs, "other"),
        "ratio": round(ratio, 2),
        "target": f"≥ {faster}" if faster else f"≤ {most}",
        "reached": ratio >= faster if faster else ratio <= most,
    }


def agree(what: str, got: np.ndarray, expected: Tensor) -> None:
    """Check that two results agree.

    Raises: ValueError if they do not
    """
    if not np.allclose(got, expected.numpy(), rtol=1e-3, atol=1e-6):
        raise ValueError(f"{what} of rnnviz.record differ from those of the alternative")


def beside_loop(kind: str, hidden: int, runs: int) -> dict[str, Any]:
    """Compare the whole table with a loop over cells."""
    model, (x, targets) = Network(kind, hidden), data(TIME)
    table = record(model, x, targets).grad_h_by_loss
    assert table is not None
    agree("∂L_t/∂h_k", table[:, 0, 0], loop(kind, model, x, targets))
    times = by_turns(runs, lambda: record(model, x, targets), lambda: loop(kind, model, x, targets))
    what = f"nn.{kind}, T = {TIME}, H = {hidden}"
    return compared(what, f"loop over nn.{kind}Cell", times, faster=FASTER_THAN_LOOP[kind])


def beside_fused(hidden: int, runs: int) -> dict[str, Any]:
    """Compare the whole table with one fused forward and backward pass."""
    model, (x, targets) = Network("RNN", hidden), data(TIME)
    times = by_turns(runs, lambda: record(model, x, targets), lambda: fused(model.rnn, x))
    what = f"nn.RNN, T = {TIME}, H = {hidden}"
    return compared(what, "fused forward and backward", times, most=MOST_FUSED_PASSES)


def beside_torchlens(runs: int) -> dict[str, Any]:
    """Compare states and gradients with TorchLens, which wraps torch only in its own turns."""
    what = "nn.LSTM(5, 10) on (7, 4, 5)"
    try:
        lens, options, wrapping = (
            import_module(name)
            for name in ("torchlens", "torchlens.options", "torchlens.backends.torch.wrappers")
        )
    except ImportError:
        return {"recorded": what, "compared with": NOT_INSTALLED}
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
    agree("immediate gradients", trace.grad_direct[0, 0], traced.grad)
    times = [list(seconds) for seconds in zip(*turns[1:], strict=True)]
    return compared(what, "TorchLens's trace", times, faster=FASTER_THAN_TORCHLENS)


def with_peak(work: Callable[[], Trace]) -> tuple[Trace, int]:
    """Call a function; return its result and the peak growth of resident memory, in bytes."""
    process, done = psutil.Process(), Event()
    before = process.memory_info().rss
    samples = [before]

    def watch() -> None:
        while not done.wait(0.001):
            samples.append(process.memory_info().rss)

    watcher = Thread(target=watch)
    watcher.start()
    result = work()
    samples.append(process.memory_info().rss)
    done.set()
    watcher.join()
    return result, max(samples) - before


def grown(steps: int, hidden: int, losses: Losses, runs: int) -> dict[str, Any]:
    """Measure one size, compared with NumPy filling an array of the size of the trace."""
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
        row["target"] = f"ratio ≤ {MOST_FILLS}, peak ≤ {MOST_MEMORY} results" if long else ""
        row["reached"] = reached if long else ""
    turns = f"{runs} turns on {torch.get_num_threads()} threads"
    publish_all(
        {
            f"recording, every loss at every step, {turns}": comparisons,
            f"recording a tanh RNN as it grows, each in a new process, {turns}": growth,
        },
        chosen.json,
    )


if __name__ == "__main__":
    main()

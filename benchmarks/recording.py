"""Compare the time of recording with alternatives, and measure how it grows with size.

The alternatives take turns, so that load on the machine affects all of them, and their results are
compared before they are timed. Growth and memory are measured in new processes.
usage: python benchmarks/recording.py [--runs N] [--json FILE]
"""

import time
from collections.abc import Callable, Sequence
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
FASTER_THAN_CAREFUL_LOOP: Final = 10
OWN_SIZE: Final = (256, 32)
OWN_LONG: Final = (500, 1000, 2000)
REALISTIC: Final = (
    "language model: LSTM, 200 units, 35 steps, batch 20, 10,000 words",
    "LSTM, 512 units, 400 steps, every loss",
)
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


class OwnCell(nn.Module):
    """A handwritten tanh cell: one Linear on (x, h)."""

    def __init__(self, hidden: int):
        super().__init__()
        self.i2h = nn.Linear(INPUT + hidden, hidden)

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        """Return the next state."""
        return torch.tanh(self.i2h(torch.cat((x, h), 1)))


class Peephole(nn.Module):
    """A handwritten LSTM whose gates see its cell state."""

    def __init__(self, hidden: int):
        super().__init__()
        self.gates = nn.Linear(INPUT + hidden, 4 * hidden)
        self.peep = nn.Parameter(0.1 * torch.randn(3, hidden))

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the next h and c."""
        h, c = state
        i, f, g, o = self.gates(torch.cat((x, h), 1)).chunk(4, 1)
        i, f = torch.sigmoid(i + self.peep[0] * c), torch.sigmoid(f + self.peep[1] * c)
        c = f * c + i * torch.tanh(g)
        return torch.sigmoid(o + self.peep[2] * c) * torch.tanh(c), c


class OwnNetwork(nn.Module):
    """A loop over a handwritten cell, followed by a Linear, with fixed weights."""

    def __init__(self, kind: str, hidden: int):
        super().__init__()
        torch.manual_seed(0)
        self.cell: nn.Module = {"tanh": OwnCell, "peephole LSTM": Peephole}[kind](hidden)
        self.fc, self.hidden, self.pair = nn.Linear(hidden, OUTPUT), hidden, kind != "tanh"

    def states(self, x: Sequence[Tensor] | Tensor) -> list[Any]:
        """Return the state of each step: h, or h and c."""
        start = x[0].new_zeros(len(x[0]), self.hidden)
        state: Any = (start, start) if self.pair else start
        found = []
        for entering in x:
            state = self.cell(entering, state)
            found.append(state)
        return found

    def forward(self, x: Tensor) -> Tensor:
        """Return outputs (time, batch, output) of x (time, batch, input)."""
        return self.fc(torch.stack([s[0] if self.pair else s for s in self.states(x)]))


class LanguageModel(nn.Module):
    """Words in, scores of words out, through an LSTM."""

    def __init__(self, words: int, hidden: int):
        super().__init__()
        torch.manual_seed(0)
        self.words = nn.Embedding(words, hidden)
        self.rnn, self.fc = nn.LSTM(hidden, hidden), nn.Linear(hidden, words)

    def forward(self, words: Tensor) -> Tensor:
        """Return scores (time, batch, word)."""
        return self.fc(self.rnn(self.words(words))[0])


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


def careful_loop(model: OwnNetwork, x: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return ∂L_t/∂state_k and ∂L_t/∂x_k from one autograd.grad for each loss, as record gives.

    Shapes: → (loss, time, batch, entry), (loss, time, batch, input)
    """
    entering = [each.requires_grad_() for each in x.clone().unbind(0)]
    states = model.states(entering)
    flat = [each for state in states for each in (state if model.pair else (state,))]
    parts = 2 if model.pair else 1
    on_states = torch.zeros(len(x), len(x), x.shape[1], parts * model.hidden)
    on_inputs = torch.zeros(len(x), *x.shape)
    for t, (state, target) in enumerate(zip(states, targets, strict=True)):
        read = state[0] if model.pair else state
        loss = functional.cross_entropy(model.fc(read), target)
        reached = [*flat[: (t + 1) * parts], *entering[: t + 1]]
        found = torch.autograd.grad(loss, reached, retain_graph=True, materialize_grads=True)
        of_states = torch.stack(found[: (t + 1) * parts]).unflatten(0, (t + 1, parts))
        on_states[t, : t + 1] = of_states.movedim(1, -2).flatten(-2)
        on_inputs[t, : t + 1] = torch.stack(found[(t + 1) * parts :])
    return on_states, on_inputs


def beside_careful_loop(kind: str, runs: int) -> dict[str, Any]:
    """Compare the whole table of a handwritten cell with a loop over its losses."""
    steps, hidden = OWN_SIZE
    model, (x, targets) = OwnNetwork(kind, hidden), data(steps)
    trace = record(model, x, targets, states="cell")
    assert trace.grad_h_by_loss is not None
    assert trace.grad_x_by_loss is not None
    on_states, on_inputs = careful_loop(model, x, targets)
    agree("∂L_t/∂h_k", trace.grad_h_by_loss[:, 0, 0], on_states)
    agree("∂L_t/∂x_k", trace.grad_x_by_loss, on_inputs)
    times = by_turns(
        runs,
        lambda: record(model, x, targets, states="cell"),
        lambda: careful_loop(model, x, targets),
    )
    what = f"handwritten {kind}, T = {steps}, H = {hidden}"
    return compared(what, "autograd.grad for each loss", times, faster=FASTER_THAN_CAREFUL_LOOP)


def own_grown(steps: int, runs: int) -> dict[str, Any]:
    """Measure a handwritten cell with the last loss only, as it grows with the steps."""
    model = OwnNetwork("tanh", OWN_SIZE[1])
    record(model, *data(8), states="cell")
    x, targets = data(steps)
    trace, peak = with_peak(lambda: record(model, x, targets, states="cell", losses="last"))
    size = sum(array.nbytes for array in trace.arrays().values())
    (ours,) = by_turns(runs, lambda: record(model, x, targets, states="cell", losses="last"))
    return {
        "T": steps,
        "H": OWN_SIZE[1],
        "losses": "last",
        **milliseconds(ours, "record"),
        "result MB": round(size / 1e6, 2),
        "peak MB": round(peak / 1e6, 2),
        "peak KB / step": round(peak / 1e3 / steps, 1),
    }


def large(name: str) -> dict[str, Any]:
    """Measure a network of a realistic size, once."""
    torch.manual_seed(0)
    model: nn.Module
    if name.startswith("language"):
        model, x = LanguageModel(10_000, 200), torch.randint(10_000, (35, 20))
        targets = torch.randint(10_000, (35, 20))
    else:
        model, x = nn.LSTM(64, 512), torch.randn(400, 1, 64)
        targets = torch.randn(400, 1, 512)
    loss = "cross-entropy" if name.startswith("language") else "squared"
    seconds = []

    def recorded() -> Trace:
        started = time.perf_counter()
        trace = record(model, x, targets, loss=loss)
        seconds.append(time.perf_counter() - started)
        return trace

    trace, peak = with_peak(recorded)
    size = sum(array.nbytes for array in trace.arrays().values())
    return {
        "network": name,
        "record, s": round(seconds[0], 2),
        "result MB": round(size / 1e6, 1),
        "peak MB": round(peak / 1e6, 1),
    }


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
    comparisons += [beside_careful_loop(kind, runs) for kind in ("tanh", "peephole LSTM")]
    comparisons.append(beside_torchlens(runs))
    sizes = [(*size, "all") for size in (LONG, *BY_TIME, *BY_SIZE)]
    sizes += [(*size, "last") for size in BY_TIME_LAST]
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as fresh:
        growth = [fresh.submit(grown, *size, runs).result() for size in sizes]
        own = [fresh.submit(own_grown, steps, runs).result() for steps in OWN_LONG]
        realistic = [fresh.submit(large, name).result() for name in REALISTIC]
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
            f"recording a handwritten cell as it grows, each in a new process, {turns}": own,
            "recording networks of realistic sizes, each once in a new process": realistic,
        },
        chosen.json,
    )


if __name__ == "__main__":
    main()

"""Compare the time of verifying a recording with making it, and time figures of large layers.

Each case runs in a new process with one thread, in which recording and verifying take turns.
usage: python benchmarks/proof.py [--runs N] [--json FILE]
"""

import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any, Final

import torch
from report import arguments, publish_all
from torch import Tensor, nn

import rnnviz

CELLS: Final = {"RNN": nn.RNN, "GRU": nn.GRU, "LSTM": nn.LSTM}
VERIFIED: Final = (("RNN", 100, 32), ("GRU", 200, 64), ("LSTM", 200, 128))
LONG: Final = ("LSTM", 2000, 64)
DRAWN: Final = (("RNN", 400, 512), ("LSTM", 400, 512))
FIGURES: Final = ("products", "spectrum")
INPUT: Final = 8
OUTPUT: Final = 10
MOST_RECORDINGS: Final = 10
MOST_SECONDS: Final = 30
MOST_MEMORY: Final = 2000


class Tagger(nn.Module):
    """A recurrent layer with a Linear at each step."""

    def __init__(self, cell: str, hidden: int):
        super().__init__()
        self.rnn, self.out = CELLS[cell](INPUT, hidden), nn.Linear(hidden, OUTPUT)

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores at each step."""
        scores: Tensor = self.out(self.rnn(x)[0])
        return scores


class LanguageModel(nn.Module):
    """A language model of 10,000 words with an LSTM of two layers of 200 units."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.rnn = nn.Embedding(10_000, 200), nn.LSTM(200, 200, 2)
        self.out = nn.Linear(200, 10_000)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the scores of all words at each step."""
        scores: Tensor = self.out(self.rnn(self.words(tokens))[0])
        return scores


def recording(case: tuple[str, int, int] | None) -> Callable[[], Any]:
    """Return a function that records a case, or the language model."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    if case is None:
        tokens = torch.randint(10_000, (35, 20))
        return partial(rnnviz.record, LanguageModel(), tokens, tokens)
    cell, steps, hidden = case
    x, targets = torch.randn(steps, 1, INPUT), torch.randint(OUTPUT, (steps, 1))
    losses = "last" if case == LONG else "all"
    return partial(rnnviz.record, Tagger(cell, hidden), x, targets, losses=losses)


def verified(case: tuple[str, int, int] | None, runs: int) -> dict[str, Any]:
    """Time recording and verifying in turns, in CPU seconds of this process."""
    record_case = recording(case)
    seconds: dict[str, list[float]] = {"record": [], "verify": []}
    for _ in range(runs):
        started = time.process_time()
        trace = record_case()
        recorded = time.process_time()
        assert rnnviz.verify(trace).ok
        seconds["record"].append(recorded - started)
        seconds["verify"].append(time.process_time() - recorded)
    record, verify = (median(seconds[name]) for name in ("record", "verify"))
    return {
        "case": "language model" if case is None else described(case),
        "record, s": round(record, 2),
        "verify, s": round(verify, 2),
        "verify / record": round(verify / record, 1),
        "target": f"≤ {MOST_RECORDINGS}",
        "peak, MB": peak(),
    }


def drawn(case: tuple[str, int, int], name: str) -> dict[str, Any]:
    """Time drawing a figure, in CPU seconds of this process."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    cell, steps, hidden = case
    x, targets = torch.randn(steps, 1, INPUT), torch.randn(steps, 1, hidden)
    layer = CELLS[cell](INPUT, hidden)
    trace = rnnviz.record(layer, x, targets, loss="squared", gradients=False)
    started = time.process_time()
    figure = rnnviz.figure(name, trace)
    with tempfile.TemporaryDirectory() as folder:
        rnnviz.save_figure(figure, Path(folder) / "figure.pdf")
    return {
        "figure": f"{name}, {described(case)}",
        "seconds": round(time.process_time() - started, 1),
        "peak, MB": peak(),
        "target": f"≤ {MOST_SECONDS} s, ≤ {MOST_MEMORY} MB",
    }


def described(case: tuple[str, int, int]) -> str:
    """Describe a case in words."""
    cell, steps, hidden = case
    return f"{cell}, {steps} steps, {hidden} units"


def peak() -> int:
    """Return the peak memory of this process, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000


def in_new_process(function: Callable[..., Any], *given: Any) -> Any:
    """Call a function in a new process and return its result."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *given).result()


def main() -> None:
    """Measure and report."""
    chosen = arguments(runs=3)
    verifications = [
        in_new_process(verified, case, chosen.runs) for case in (*VERIFIED, LONG, None)
    ]
    figures = [in_new_process(drawn, case, name) for case in DRAWN for name in FIGURES]
    publish_all(
        {f"verification, median of {chosen.runs}": verifications, "figures": figures}, chosen.json
    )


if __name__ == "__main__":
    main()

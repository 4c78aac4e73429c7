"""Shared fixtures: small traces of untrained networks, permissions and a Dask cluster."""

import ctypes
import gc
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Final

import numpy as np
import psutil
import pytest
import torch
from hypothesis import settings
from torch import Tensor, nn

from rnnviz.experiments.default_recordings import FOLDER_VARIABLE
from rnnviz.recording import record
from rnnviz.trace import NO_TARGET, Trace

settings.register_profile(
    "bounded", max_examples=25, deadline=None, derandomize=True, database=None
)
settings.register_profile("deep", max_examples=500, deadline=None, print_blob=True)
settings.load_profile("bounded")

_RUN: Final = pytest.StashKey[Path]()
_DEADLINE: Final = "RNNVIZ_TESTS_END"
_NO_TIME: Final = "no time left in this run"
_GARBAGE: Final = 100_000_000
_C: Final = ctypes.CDLL(None) if os.name == "posix" else None
_held = 0


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("rnnviz")
    group.addoption(
        "--order", metavar="TEXT", help="shuffle the tests in an order determined by TEXT"
    )
    group.addoption("--minutes", type=float, help="skip tests that have not started after MINUTES")


def pytest_configure(config: pytest.Config) -> None:
    """Use one cache folder for the run and all its processes, never the user's."""
    if hasattr(config, "workerinput"):
        return
    config.stash[_RUN] = Path(tempfile.mkdtemp(prefix="rnnviz-tests-"))
    os.environ[FOLDER_VARIABLE] = str(config.stash[_RUN] / "cache")
    minutes = config.getoption("minutes")
    if minutes is not None:
        os.environ[_DEADLINE] = str(time.time() + 60 * minutes)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _RUN in config.stash:
        shutil.rmtree(config.stash[_RUN], ignore_errors=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    order = config.getoption("order")
    if order is not None:
        items.sort(key=lambda item: hashlib.sha256(f"{order} {item.nodeid}".encode()).digest())


def pytest_collection_finish(session: pytest.Session) -> None:
    """Exclude the objects of collection from garbage collection."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Collect garbage once memory has grown, since Python counts objects rather than bytes."""
    global _held
    if _memory() > _held + _GARBAGE:
        gc.collect()
        _return_freed_memory()
        _held = _memory()


def _memory() -> int:
    return psutil.Process().memory_info().rss


def _return_freed_memory() -> None:
    """Give back to the system what glibc holds of freed arrays; elsewhere, do nothing."""
    if sys.platform == "linux" and hasattr(_C, "malloc_trim"):
        _C.malloc_trim(0)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if time.time() > float(os.environ.get(_DEADLINE, "inf")):
        pytest.skip(_NO_TIME)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    minutes = terminalreporter.config.getoption("minutes")
    if minutes is None:
        return
    skipped = terminalreporter.stats.get("skipped", [])
    left = sum(_NO_TIME in str(report.longrepr) for report in skipped)
    done = sum(map(len, (terminalreporter.stats.get(kind, []) for kind in ("passed", "failed"))))
    terminalreporter.write_line(f"{done} tests in {minutes:g} minutes; no time for {left}")


class SmallNetwork(nn.Module):
    """An nn.RNN with an optional bias and initial state, and a Linear."""

    def __init__(
        self, inputs: int, hidden: int, outputs: int, *, bias: bool = True, h0: Tensor | None = None
    ):
        super().__init__()
        self.rnn = nn.RNN(inputs, hidden, bias=bias)
        self.fc = nn.Linear(hidden, outputs, bias=bias)
        self.register_buffer("h0", h0)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.rnn(x, self.h0)[0])


@cache
def small_case(
    loss: str = "cross-entropy",
    dtype: str = "float64",
    *,
    steps: int = 6,
    batch: int = 2,
    inputs: int = 3,
    hidden: int = 5,
    outputs: int = 4,
    bias: bool = True,
    given_h0: bool = False,
    last_only: bool = False,
    seed: int = 0,
) -> tuple[SmallNetwork, Tensor, Tensor]:
    """Return a model, inputs and targets, determined by the arguments."""
    rng = np.random.default_rng(seed)
    kind = getattr(torch, dtype)

    def draw(*shape: int) -> Tensor:
        return torch.tensor(rng.normal(size=shape), dtype=kind)

    model = SmallNetwork(
        inputs, hidden, outputs, bias=bias, h0=0.5 * draw(1, batch, hidden) if given_h0 else None
    ).to(kind)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(draw(*parameter.shape) / parameter.shape[-1] ** 0.5)
    x = draw(steps, batch, inputs)
    if loss == "squared":
        return model, x, draw(steps, batch, outputs)
    targets = torch.tensor(rng.integers(0, outputs, size=(steps, batch)))
    if last_only:
        targets[:-1] = NO_TARGET
    return model, x, targets


@lru_cache(maxsize=64)
def _small_trace(loss: str, dtype: str, gradients: bool, options: tuple) -> Trace:
    model, x, targets = small_case(loss, dtype, **dict(options))
    return record(model, x, targets, loss=loss, gradients=gradients)


@pytest.fixture(scope="session")
def make_case() -> Callable[..., tuple[SmallNetwork, Tensor, Tensor]]:
    return small_case


@pytest.fixture(scope="session")
def make_trace() -> Callable[..., Trace]:
    """(loss, dtype, gradients=…, and the options of a small case) → its trace."""

    def make(
        loss: str = "cross-entropy",
        dtype: str = "float64",
        *,
        gradients: bool = True,
        **options: int | bool,
    ) -> Trace:
        return _small_trace(loss, dtype, gradients, tuple(sorted(options.items())))

    return make


@pytest.fixture
def trace(make_trace: Callable[..., Trace]) -> Trace:
    return make_trace()


_OVERRIDES = ~0b110  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, bits 1 and 2
_VERSION = 0x20080522


@pytest.fixture
def powerless(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Enforce file permissions for this process, even as root."""
    if not hasattr(os, "getuid"):
        pytest.skip("no POSIX permissions")
    if os.getuid():
        yield
        return
    if sys.platform != "linux":
        pytest.skip("root ignores permissions here")
    header = (ctypes.c_uint32 * 2)(_VERSION, 0)
    held = (ctypes.c_uint32 * 6)()
    assert _C.capget(header, held) == 0
    less = (ctypes.c_uint32 * 6)(held[0] & _OVERRIDES, *held[1:])
    assert _C.capset(header, less) == 0
    monkeypatch.setattr(os, "access", partial(os.access, effective_ids=True))
    yield
    assert _C.capset(header, held) == 0


@pytest.fixture
def closed(powerless: None) -> Iterator[Callable[..., None]]:
    """(path, mode) → restrict the permissions of a file or folder until the end of the test."""
    modes: dict[Path, int] = {}

    def close(path: Path, mode: int = 0) -> None:
        modes.setdefault(path, path.stat().st_mode)
        path.chmod(mode)

    yield close
    for path, mode in reversed(modes.items()):
        path.chmod(mode)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Dask scheduler with two workers, each a process."""
    import distributed  # slow to import, and rarely needed

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(tmp_path_factory.mktemp("workers")))
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as cluster:
            patch.undo()
            yield cluster.scheduler_address

"""Networks without a loop on the sentence of a trace, beside networks that have one."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from rnnviz.cells.gru import Gru
from rnnviz.errors import RnnvizError, TraceError
from rnnviz.experiments.default_recordings import cache_folder, code_of_recordings
from rnnviz.experiments.other_inputs import another_input
from rnnviz.experiments.studies import LECTURE, run_of
from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import Trace, storage

WINDOWS: Final = (5, 15)
_EPOCHS: Final = 40
_SCORE: Final = "score"
_OPTIONS: Final = ("language", "story")


@dataclass(frozen=True, repr=False)
class WithoutLoop(ShortRepr):
    """The shares of right answers on new sentences with the loop and without it.

    Without it the network sees the last word alone: it was trained on that, with as many units and
    the same seed. ``with_loop`` is None if the trace does not say it.
    """

    with_loop: float | None
    without: float
    chance: float


@dataclass(frozen=True, eq=False, repr=False)
class WindowsByGap(ShortRepr):
    """The shares of right answers at each gap, of networks with a window and of one with memory.

    ``windows`` are, by the number of words that are seen at once, feed-forward networks with one
    hidden layer of as many units as the recurrent networks, GRUs, of ``memory``. ``sees`` tells
    whether the word that decides is within the window.

    Shapes: windows, memory, sees (gap,)
    """

    gaps: tuple[int, ...]
    windows: Mapping[int, np.ndarray]
    memory: np.ndarray
    sees: Mapping[int, np.ndarray]
    chance: float


def without_loop(trace: Trace) -> WithoutLoop:
    """Train a network without the loop on the task of a trace, and compare their answers.

    Raises: TraceError if the trace's task is not 'sentence'
    """
    about = trace.metadata
    gap = int(_options(trace)["gap"])
    without = _accuracy(trace, 1, gap, trace.hidden_size, about.seed or 1)
    return WithoutLoop(about.accuracy, without, 1 / trace.output_size)


def loop_compared(trace: Trace) -> WithoutLoop | None:
    """Return ``without_loop`` of a trace, or None if its task is not 'sentence'."""
    return without_loop(trace) if trace.metadata.task == "sentence" else None


def cut_off(trace: Trace) -> Trace:
    """Run the sequences of ``another_input`` through a network without a loop.

    On the task 'sentence' it was trained without it, on the last word alone; on other tasks it is
    the network of the trace with W = 0.
    """
    from rnnviz.recording import rerun  # loads torch

    pair = another_input(trace)
    recurrent = trace.parameter_name("weight_hh")
    parameters: dict[str, np.ndarray] = {}
    if trace.metadata.task == "sentence":
        gap, seed = int(trace.metadata.task_options["gap"]), trace.metadata.seed or 1
        trained = _trained(trace, 1, gap, trace.hidden_size, seed)
        own = {name: value.shape for name, value in trace.parameters.items()}
        if own == {name: value.shape for name, value in trained.items() if name != _SCORE}:
            parameters = {name: trained[name] for name in own}
    return rerun(pair, {**parameters, recurrent: np.zeros_like(trace.W)})


def windows_by_gap(trace: Trace) -> WindowsByGap:
    """Train networks with windows, and one with memory, on the sentence of a trace at each gap.

    The gaps, sizes and the first seed are those of the lecture's study, whose GRUs these are.

    Raises: TraceError if the trace's task is not 'sentence'
    """
    from rnnviz.tasks.sentence import STORIES  # loads torch

    options, seed = _options(trace), LECTURE.seeds[0]
    story = STORIES[options["story"], options["language"]]
    memory = [_accuracy_of(network) for network in memory_by_gap(trace)]
    windows = {
        window: np.array(
            [_accuracy(trace, window, gap, LECTURE.hidden, seed) for gap in LECTURE.gaps]
        )
        for window in WINDOWS
    }
    sees = {
        window: np.array([window > gap + len(story.after) for gap in LECTURE.gaps])
        for window in WINDOWS
    }
    return WindowsByGap(LECTURE.gaps, windows, np.array(memory), sees, 1 / trace.output_size)


def memory_by_gap(trace: Trace) -> tuple[Trace, ...]:
    """Return the network with memory of ``windows_by_gap`` at each gap, a GRU.

    Raises: TraceError if the trace's task is not 'sentence'
    """
    options, sizes = _options(trace), LECTURE.training(Gru.name)
    own = {name: options[name] for name in _OPTIONS}
    return tuple(
        run_of("sentence", Gru.name, gap, LECTURE.seeds[0], **own, gap=gap, **sizes).trace
        for gap in LECTURE.gaps
    )


def _accuracy_of(trace: Trace) -> float:
    accuracy = trace.metadata.accuracy
    assert accuracy is not None
    return accuracy


def _options(trace: Trace) -> Mapping[str, Any]:
    if trace.metadata.task != "sentence":
        raise TraceError(
            f"the trace's task is {trace.metadata.task!r}, which has no words to see through a "
            "window; record one with 'rnnviz record --task sentence'"
        )
    return trace.metadata.task_options


def _accuracy(trace: Trace, window: int, gap: int, hidden: int, seed: int) -> float:
    return float(_trained(trace, window, gap, hidden, seed)[_SCORE])


def _trained(
    trace: Trace, window: int, gap: int, hidden: int, seed: int
) -> Mapping[str, np.ndarray]:
    """Train a feed-forward network on windows of sentences, or take it from the cache.

    Returns its parameters, and its share of right answers.
    """
    from rnnviz.tasks.windowed import WindowedSentence  # loads torch
    from rnnviz.training import train

    own = {name: str(trace.metadata.task_options[name]) for name in _OPTIONS}
    which = json.dumps([own, window, gap, hidden, _EPOCHS, seed, code_of_recordings()])
    name = f"window-{hashlib.sha256(which.encode()).hexdigest()[:16]}.safetensors"
    with suppress(TraceError):
        return storage.read(cache_folder() / name)[1]
    task = WindowedSentence(window=window, gap=gap, **own)
    trained = train(task, hidden=hidden, epochs=_EPOCHS, seed=seed)
    kept = {name: value.detach().numpy() for name, value in trained.network.named_parameters()}
    kept[_SCORE] = np.array(trained.score)
    with suppress(RnnvizError):
        storage.write(cache_folder() / name, kept, "{}")
    return kept

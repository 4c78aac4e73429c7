"""Networks trained to be compared: every cell on sentences of every gap, with several seeds.

Each network is a recording like any other, kept in the user's cache folder, so that a study is
trained once on a machine and goes on where it was left.
"""

import os
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from rnnviz import measure
from rnnviz.cells.gru import Gru
from rnnviz.cells.lstm import Lstm
from rnnviz.cells.rnn import Rnn
from rnnviz.experiments.default_recordings import default_trace
from rnnviz.system.progress import current_report
from rnnviz.system.short_repr import ShortRepr
from rnnviz.text.translation import N_
from rnnviz.trace import Trace

LEARNT: Final = 0.95
_NEARLY_CHANCE: Final = 1.5
_TASK: Final = "sentence"
_OPTIONS: Final = ("language", "story")


@dataclass(frozen=True, kw_only=True)
class StudySettings:
    """What is trained; all else is as ``rnnviz.train`` has it.

    ``epochs`` is the most that a network gets; training stops earlier when the task is learnt.
    """

    cells: tuple[str, ...] = (Rnn.name, Lstm.name, Gru.name)
    gaps: tuple[int, ...] = (0, 5, 10, 20)
    seeds: tuple[int, ...] = (1, 2, 3)
    hidden: int = 16
    epochs: int = 28


LECTURE: Final = StudySettings()


@dataclass(frozen=True, repr=False)
class Run(ShortRepr):
    """One network of a study: what it is, and its recording after training."""

    cell: str
    gap: int
    seed: int
    trace: Trace

    @property
    def accuracy(self) -> float:
        """The share of right answers on sentences drawn after training."""
        accuracy = self.trace.metadata.accuracy
        assert accuracy is not None
        return accuracy

    @property
    def learnt(self) -> bool:
        """Whether nearly all answers are right."""
        return self.accuracy >= LEARNT

    @cached_property
    def untrained(self) -> Trace:
        """The same network on the same sentence, as it was before training."""
        from rnnviz.recording import rerun
        from rnnviz.training.network import seeded  # loads torch

        trace = self.trace
        network = seeded(
            self.seed, trace.input_size, trace.hidden_size, trace.output_size, cell=self.cell
        )
        start = {name: value.detach().numpy() for name, value in network.named_parameters()}
        return rerun(trace, start)


@dataclass(frozen=True)
class Kept:
    """What a unit keeps of itself from one step, from 0, to the last: a part of 1."""

    unit: int
    step: int
    part: float


@dataclass(frozen=True)
class Study:
    """All networks of a study, and what their sentences have in common.

    ``clue`` is the place, from 0, of the word that decides the answer; ``chance`` the share of
    answers that a guess gets right.
    """

    settings: StudySettings
    runs: tuple[Run, ...]
    clue: int
    chance: float

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells that are compared."""
        return self.settings.cells

    @property
    def axis(self) -> str:
        """What the gaps are, in English."""
        return N_("words in between")

    @property
    def shares(self) -> bool:
        """Whether ``accuracies`` are shares of right answers."""
        return True

    @property
    def guessing(self) -> float:
        """The share of right answers below which a network may as well guess."""
        return _NEARLY_CHANCE * self.chance

    def of(self, cell: str, gap: int | None = None) -> tuple[Run, ...]:
        """The networks of one cell, at one gap or at all, by gap and seed."""
        return tuple(run for run in self.runs if run.cell == cell and gap in (None, run.gap))

    def accuracies(self, cell: str) -> np.ndarray:
        """The share of right answers of each network of a cell: (gap, seed)."""
        return self._table(cell, lambda run: run.accuracy)

    def signal_before(self, cell: str) -> np.ndarray:
        """The first of ``carried_shares`` of each network before training: (gap, seed)."""
        return self._table(cell, lambda run: carried_shares(run.untrained)[0])

    def signal_after(self, cell: str) -> np.ndarray:
        """The first of ``carried_shares`` of each network after training: (gap, seed)."""
        return self._table(cell, lambda run: carried_shares(run.trace)[0])

    def signals(self) -> np.ndarray:
        """All of both, of every cell."""
        both = (self.signal_before, self.signal_after)
        return np.array([table(cell) for table in both for cell in self.cells])

    def learnt(self, cell: str) -> np.ndarray:
        """Whether each network of a cell has learnt its task: (gap, seed)."""
        return self._table(cell, lambda run: run.learnt)

    def growth(self) -> Mapping[str, int]:
        """How many networks learnt and failed, and in how many of either the first of
        ``carried_shares`` grew.
        """
        grown = {
            learnt: [
                carried_shares(run.trace)[0] > carried_shares(run.untrained)[0]
                for run in self.runs
                if run.learnt == learnt
            ]
            for learnt in (True, False)
        }
        return {
            "learnt": len(grown[True]),
            "grown": sum(grown[True]),
            "failed": len(grown[False]),
            "grown_too": sum(grown[False]),
        }

    def best(self, cell: str, gap: int) -> Run:
        """The network with the most right answers; of several, that with the fewest epochs."""
        return max(self.of(cell, gap), key=lambda run: (run.accuracy, -_epochs(run)))

    @property
    def learnt_by_all(self) -> int:
        """The greatest gap that some network of every cell has learnt, or else the smallest."""
        gaps = [
            gap
            for gap in self.settings.gaps
            if all(self.best(cell, gap).learnt for cell in self.settings.cells)
        ]
        return max(gaps, default=min(self.settings.gaps))

    def _table(self, cell: str, value: Callable[[Run], float]) -> np.ndarray:
        return np.array([[value(run) for run in self.of(cell, gap)] for gap in self.settings.gaps])


def study_of(trace: Trace, settings: StudySettings = LECTURE) -> Study:
    """The study of the story and in the language of a trace of a sentence.

    Raises: TaskError if the trace's task has no such story
    """
    options = _options(trace)
    wanted = [
        (cell, gap, seed)
        for cell in settings.cells
        for gap in settings.gaps
        for seed in settings.seeds
    ]
    made: dict[tuple[str, int, int], Run] = {}
    report = current_report()
    # in another order in each process: those that make the same study at once share the work
    for done, (cell, gap, seed) in enumerate(_shuffled(wanted), start=1):
        sizes = {"hidden": settings.hidden, "epochs": settings.epochs}
        made[cell, gap, seed] = run_of(_TASK, cell, gap, seed, **options, gap=gap, **sizes)
        if report is not None:
            which = f"{cell.upper()}, gap {gap}, seed {seed}"
            report(done, len(wanted), f"network {done} of {len(wanted)}, kept for later: {which}")
    runs = tuple(made[each] for each in wanted)
    return Study(settings, runs, clue_of(trace), 1 / runs[0].trace.output_size)


def run_of(task: str, cell: str, gap: int, seed: int, /, **options: Any) -> Run:
    """One network, trained and recorded with its last loss, now or before.

    ``options`` are those of ``rnnviz.train`` and of the task.

    Raises: TaskError, TrainingError, RecordingError
    """
    trace = default_trace(task, **options, cell=cell, seed=seed, losses="last")
    return Run(cell, gap, seed, trace)


def are_trained_apart(recipes: Iterable[Any]) -> bool:
    """Whether a scene's experiments are networks trained with gaps and seeds of their own."""
    return any(recipe in (study_of, other_stories) for recipe in recipes)


def other_stories(trace: Trace) -> tuple[Trace, ...]:
    """Networks that learnt the other stories told in the language of a trace, without a gap."""
    from rnnviz.tasks.sentence import STORIES  # loads torch

    own = _options(trace)
    return tuple(
        default_trace(
            _TASK,
            language=language,
            story=story,
            hidden=LECTURE.hidden,
            epochs=LECTURE.epochs,
            seed=LECTURE.seeds[0],
        )
        for story, language in STORIES
        if language == own["language"] and story != own["story"]
    )


def clue_of(trace: Trace) -> int:
    """The place, from 0, of the word that decides a sentence's answer."""
    from rnnviz.tasks.sentence import STORIES  # loads torch

    options = _options(trace)
    return len(STORIES[options["story"], options["language"]].before)


def carried_gradients(trace: Trace) -> np.ndarray:
    """‖∂L_t/∂s_k‖ of a trace's last loss and first sequence, for the state s the cell carries.

    s is h, but c for an LSTM, whose c reaches later steps by more paths than h does. One layer, one
    direction.

    Shapes: → (time,)
    Units:  loss per unit of state
    Raises: TraceError if the trace has no gradients
    """
    return measure.gradient_norms(trace, state=trace.cell.carried)[-1, :, 0]


def carried_shares(trace: Trace) -> np.ndarray:
    """``carried_gradients`` over that at the last step: (time,)."""
    norms = carried_gradients(trace)
    return norms / norms[-1]


def kept_longest(trace: Trace, step: int, *, most: int) -> Kept:
    """The one of the first ``most`` units that keeps most of itself, by its gate alone.

    The gate is f of an LSTM, z of a GRU.
    """
    parts = measure.cell_path(trace, trace.steps - 1)[step, 0, :most]
    unit = int(parts.argmax())
    return Kept(unit, step, float(parts[unit]))


def _options(trace: Trace) -> Mapping[str, Any]:
    return {name: trace.metadata.task_options[name] for name in _OPTIONS}


def _shuffled(items: Sequence[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    return random.Random(os.getpid()).sample(items, len(items))


def _epochs(run: Run) -> int:
    return run.trace.metadata.epochs or 0

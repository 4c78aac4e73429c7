"""A study: networks of every cell, trained on sentences of every gap with several seeds.

Each network is a cached recording, so that a study is trained once on a machine and resumes where
it stopped.
"""

import os
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np

from rnnviz import measure
from rnnviz.cells import known_cells
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
    """The networks to train; all other settings are the defaults of ``rnnviz.train``.

    ``epochs`` is the maximum; training stops earlier when the task is learnt. ``forget_bias`` is
    the bias from which the forget gates of the cells that have them start, None for PyTorch's. At 4
    a gate keeps σ(4) = 0.98 of its cell at each step: 0.65 over the 24 steps from the word to the
    answer at a gap of 20.

    Source: that an LSTM needs such a start to remember for long: Gers, Schmidhuber & Cummins 2000;
            Jozefowicz, Zaremba & Sutskever 2015
    """

    cells: tuple[str, ...] = (Rnn.name, Lstm.name, Gru.name)
    gaps: tuple[int, ...] = (0, 10, 20)
    seeds: tuple[int, ...] = (1, 2, 3, 4, 5)
    hidden: int = 16
    epochs: int = 80
    forget_bias: float | str | None = 4.0

    def training(self, cell: str) -> Mapping[str, Any]:
        """The settings of ``rnnviz.train`` for a cell."""
        start = self.forget_bias is not None and known_cells()[cell]().has_forget_gate
        return {
            "hidden": self.hidden,
            "epochs": self.epochs,
            **({"forget_bias": self.forget_bias} if start else {}),
        }


LECTURE: Final = StudySettings()


@dataclass(frozen=True, repr=False)
class Run(ShortRepr):
    """One network of a study, and its recording after training."""

    cell: str
    gap: int
    seed: int
    trace: Trace

    @property
    def accuracy(self) -> float:
        """The share of right answers on new sentences."""
        accuracy = self.trace.metadata.accuracy
        assert accuracy is not None
        return accuracy

    @property
    def learnt(self) -> bool:
        """Whether nearly all answers are right."""
        return self.accuracy >= LEARNT

    @cached_property
    def untrained(self) -> Trace:
        """The same network on the same sentence before training."""
        from rnnviz.recording import rerun
        from rnnviz.training.network import seeded  # loads torch

        trace = self.trace
        network = seeded(
            self.seed,
            trace.input_size,
            trace.hidden_size,
            trace.output_size,
            cell=self.cell,
            forget_bias=trace.metadata.forget_bias,
            steps=trace.steps,
        )
        start = {name: value.detach().numpy() for name, value in network.named_parameters()}
        return rerun(trace, start)


@dataclass(frozen=True)
class Study:
    """All networks of a study.

    ``clue`` is the position, from 0, of the word that decides the answer in each sentence;
    ``chance`` is the share of right answers of a guess.
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
        """The name of the gaps' axis, in English."""
        return N_("words in between")

    @property
    def shares(self) -> bool:
        """Whether ``accuracies`` are shares of right answers."""
        return True

    @property
    def near_chance(self) -> float:
        """The share of right answers below which a network is no better than a guess."""
        return _NEARLY_CHANCE * self.chance

    def of(self, cell: str, gap: int | None = None) -> tuple[Run, ...]:
        """Return the networks of one cell, at one gap or at all, by gap and seed."""
        return tuple(run for run in self.runs if run.cell == cell and gap in (None, run.gap))

    def best(self, cell: str, gap: int) -> Run:
        """Return the first of the networks of one cell and gap that have most answers right."""
        return max(self.of(cell, gap), key=lambda run: run.accuracy)

    def accuracies(self, cell: str) -> np.ndarray:
        """Return the share of right answers of each network of a cell: (gap, seed)."""
        return self._table(cell, lambda run: run.accuracy)

    def signal_before(self, cell: str) -> np.ndarray:
        """Return the first of ``carried_shares`` of each network before training: (gap, seed)."""
        return self._table(cell, lambda run: carried_shares(run.untrained)[0])

    def signal_after(self, cell: str) -> np.ndarray:
        """Return the first of ``carried_shares`` of each network after training: (gap, seed)."""
        return self._table(cell, lambda run: carried_shares(run.trace)[0])

    def signals(self) -> np.ndarray:
        """Return ``signal_before`` and ``signal_after`` of every cell."""
        both = (self.signal_before, self.signal_after)
        return np.array([table(cell) for table in both for cell in self.cells])

    def learnt(self, cell: str) -> np.ndarray:
        """Return whether each network of a cell has learnt its task: (gap, seed)."""
        return self._table(cell, lambda run: run.learnt)

    def growth(self) -> Mapping[str, int]:
        """Count the networks that learnt and failed, and those whose signal grew in training."""
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

    def _table(self, cell: str, value: Callable[[Run], float]) -> np.ndarray:
        return np.array([[value(run) for run in self.of(cell, gap)] for gap in self.settings.gaps])


@dataclass(frozen=True)
class Starts:
    """LSTMs at one gap that differ only in the bias from which their forget gates start.

    ``studies`` are by that bias, None for PyTorch's start, which comes first.
    """

    gap: int
    studies: Mapping[float | str | None, Study]

    def runs(self, bias: float | str | None) -> tuple[Run, ...]:
        """Return the networks that started from a bias, by seed."""
        return self.studies[bias].runs

    def accuracies(self, bias: float | str | None) -> np.ndarray:
        """Return the share of right answers of each network: (seed,)."""
        return self.studies[bias].accuracies(Lstm.name)[0]

    def learnt(self, bias: float | str | None) -> np.ndarray:
        """Return whether each network has learnt its task: (seed,)."""
        return self.studies[bias].learnt(Lstm.name)[0]

    def forget_gates(self, bias: float | str | None) -> np.ndarray:
        """Return the mean of all forget gates of each network before training: (seed,)."""
        return np.array([measure.gates(run.untrained)["f"].mean() for run in self.runs(bias)])

    def parts_left(self, bias: float | str | None) -> np.ndarray:
        """Return the part of the cell at the clue that is left at the end, before training.

        It is the product of the forget gates after the clue.

        Shapes: → (seed, unit)
        """
        study = self.studies[bias]
        paths = [measure.cell_path(run.untrained, run.trace.steps - 1) for run in study.runs]
        return np.array([path[study.clue, 0] for path in paths])


def study_of(trace: Trace, settings: StudySettings = LECTURE) -> Study:
    """Return the study with the story and language of a trace of a sentence.

    Raises: TaskError if the trace's task has no such story
    """
    options = _options(trace)
    wanted = [
        (cell, gap, seed)
        for cell in settings.cells
        for gap in settings.gaps
        for seed in settings.seeds
    ]
    trained: dict[tuple[str, int, int], Run] = {}
    report = current_report()
    # shuffled, so that processes that train the same study at once share the work
    shuffled = random.Random(os.getpid()).sample(wanted, len(wanted))
    for done, (cell, gap, seed) in enumerate(shuffled, start=1):
        trained[cell, gap, seed] = run_of(
            _TASK, cell, gap, seed, **options, gap=gap, **settings.training(cell)
        )
        if report is not None:
            which = f"{cell.upper()}, gap {gap}, seed {seed}"
            report(done, len(wanted), f"network {done} of {len(wanted)}, cached: {which}")
    runs = tuple(trained[each] for each in wanted)
    return Study(settings, runs, clue_of(trace), 1 / runs[0].trace.output_size)


def compared_pair(trace: Trace, *cells: str) -> tuple[Trace, ...]:
    """Return the lecture's first network of each of some cells at its greatest gap.

    They were trained with the story and language of a trace, and recorded on the same sentence.

    Raises: TaskError if the trace's task has no such story
    """
    gap, seed = LECTURE.gaps[-1], LECTURE.seeds[0]
    options = {**_options(trace), "gap": gap}
    return tuple(
        run_of(_TASK, cell, gap, seed, **options, **LECTURE.training(cell)).trace for cell in cells
    )


def starts_of(trace: Trace) -> Starts:
    """Return LSTMs at the lecture's greatest gap, with PyTorch's start and with the lecture's.

    Raises: TaskError if the trace's task has no such story
    """
    far = replace(LECTURE, cells=(Lstm.name,), gaps=LECTURE.gaps[-1:])
    starts = None, far.forget_bias
    studies = {bias: study_of(trace, replace(far, forget_bias=bias)) for bias in starts}
    return Starts(far.gaps[-1], studies)


def with_gap(study: Study) -> Trace:
    """Return a study's best plain network at its first gap that has words in between."""
    return study.best(Rnn.name, next(gap for gap in study.settings.gaps if gap)).trace


def run_of(task: str, cell: str, gap: int, seed: int, /, **options: Any) -> Run:
    """Return one network, trained and recorded with its last loss, from the cache if it is there.

    ``options`` are those of ``rnnviz.train`` and of the task.

    Raises: TaskError, TrainingError, RecordingError
    """
    trace = default_trace(task, **options, cell=cell, seed=seed, losses="last")
    return Run(cell, gap, seed, trace)


def train_networks(experiments: Iterable[Any]) -> bool:
    """Whether some of a scene's experiments train networks with gaps and seeds of their own."""
    return any(each in (study_of, starts_of, other_stories) for each in experiments)


def other_stories(trace: Trace) -> tuple[Trace, ...]:
    """Return networks that learnt the other stories in the language of a trace, without a gap."""
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
    """Return the position, from 0, of the word that decides a sentence's answer."""
    from rnnviz.tasks.sentence import STORIES  # loads torch

    options = _options(trace)
    return len(STORIES[options["story"], options["language"]].before)


def carried_gradients(trace: Trace) -> np.ndarray:
    """Return ‖∂L_t/∂s_k‖ of the last loss and first sequence, for the state s the cell carries.

    s is h, but c for an LSTM, whose c reaches later steps by more paths than h. One layer, one
    direction.

    Shapes: → (time,)
    Units:  loss per unit of state
    Raises: TraceError if the trace has no gradients
    """
    return measure.gradient_norms(trace, state=trace.cell.carried)[-1, :, 0]


def carried_shares(trace: Trace) -> np.ndarray:
    """Return ``carried_gradients`` relative to the last step: (time,)."""
    norms = carried_gradients(trace)
    return norms / norms[-1]


def _options(trace: Trace) -> Mapping[str, Any]:
    return {name: trace.metadata.task_options[name] for name in _OPTIONS}

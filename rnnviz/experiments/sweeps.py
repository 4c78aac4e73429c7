"""A sweep: networks of every cell, length and seed, their scores, and how far gradients reach.

The finished networks are stored in one JSON file, which is replaced after each of them. A sweep
therefore resumes where it stopped, and takes in more lengths, cells and seeds.
"""

import json
import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
from msgspec import Meta, Struct, structs, to_builtins

from rnnviz import tasks
from rnnviz.cells import known_cells, names
from rnnviz.errors import ClusterError, SweepError, TrainingError
from rnnviz.experiments.default_recordings import code_of_recordings
from rnnviz.experiments.studies import carried_gradients, run_of
from rnnviz.system.files import atomic_write, check_name
from rnnviz.system.progress import Report
from rnnviz.system.validation import Count, Finite, InvalidJson, PositiveCount, Text, validated
from rnnviz.system.workers import ONE_AT_A_TIME, WorkerPool, failure
from rnnviz.tasks.base import LANGUAGES
from rnnviz.text.translation import N_
from rnnviz.trace import Trace
from rnnviz.training import Settings

_LOADED: Final = code_of_recordings()
"""The digest of the code that makes recordings, as this process loaded it."""
_SMALL_ERROR: Final = 0.01
"""A mean squared error below it is a success, as in Hochreiter & Schmidhuber's experiment 4."""


@dataclass(frozen=True)
class _Scale:
    """The option of a task that a sweep varies, and its name on an axis.

    ``shares`` is whether the task's score is a share of right answers, not a squared error.
    """

    option: str
    axis: str
    shares: bool = True


_SCALES: Final[Mapping[str, _Scale]] = {
    "temporal-order": _Scale("steps", N_("steps of a sequence")),
    "adding": _Scale("steps", N_("steps of a sequence"), shares=False),
    "copying": _Scale("delay", N_("steps of delay")),
    "sentence": _Scale("gap", N_("words in between")),
}
TASKS: Final = tuple(_SCALES)

_GROWING: Final = ("lengths", "cells", "seeds")
"""The settings that may be extended later; with any other changed, networks are not comparable."""

Place = tuple[str, int, int]
"""The cell, length and seed of a network."""

_Score = Annotated[float, Meta(ge=0, le=sys.float_info.max)]
_Norms = Annotated[tuple[Annotated[float, Meta(ge=0)], ...], Meta(min_length=1)]
"""Norms of gradients, which may overflow to infinity."""


class SweepSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The networks to train; all other settings are the defaults of ``rnnviz.train``.

    ``lengths`` are the steps of a sequence, the delay of 'copying', or the gap of 'sentence'.
    ``hidden`` and ``epochs`` default to the task's. ``forget_bias`` is given to the cells that have
    a forget gate.

    Raises: SweepError for a task without a length, an unknown cell or language, lengths, cells or
            seeds that are empty or repeated, or a forget_bias that no cell can have
    """

    task: str
    lengths: tuple[Count, ...]
    cells: tuple[str, ...] = names()
    seeds: tuple[Count, ...] = (1, 2, 3)
    hidden: PositiveCount | None = None
    epochs: PositiveCount | None = None
    language: str = "en"
    forget_bias: Finite | Text | None = None

    def __post_init__(self) -> None:
        if self.task not in _SCALES:
            raise SweepError(
                f"task {self.task!r} has no length to sweep over; choose {', '.join(TASKS)}"
            )
        for name in _GROWING:
            values = getattr(self, name)
            if not values or len(set(values)) < len(values):
                raise SweepError(f"{name} must be one or more, each once, got {list(values)}")
        named = [("cell", cell, names()) for cell in self.cells]
        for kind, name, known in (*named, ("language", self.language, LANGUAGES)):
            if name not in known:
                raise SweepError(f"unknown {kind} {name!r}; choose {', '.join(known)}")
        try:
            Settings(forget_bias=self.forget_bias)
        except TrainingError as error:
            raise SweepError(str(error)) from error
        if self.forget_bias is not None and not any(map(_has_forget_gate, self.cells)):
            raise SweepError(
                f"no cell of {', '.join(self.cells)} has a forget gate whose bias could be "
                f"{self.forget_bias}; leave forget_bias out, or add cell 'lstm'"
            )

    def options(self, length: int) -> Mapping[str, Any]:
        """The task's options at a length."""
        return {_SCALES[self.task].option: length, "language": self.language}

    def start(self, cell: str) -> Mapping[str, Any]:
        """The settings of training with which a cell's networks start."""
        if self.forget_bias is None or not _has_forget_gate(cell):
            return {}
        return {"forget_bias": self.forget_bias}

    def task_at(self, length: int) -> Any:
        """The task at a length."""
        return tasks.make(self.task, **self.options(length))

    @property
    def gaps(self) -> tuple[int, ...]:
        """The lengths in ascending order."""
        return tuple(sorted(self.lengths))

    @property
    def places(self) -> tuple[Place, ...]:
        """All networks, the longest sequences, which take most time, first."""
        return tuple(
            (cell, length, seed)
            for length in reversed(self.gaps)
            for cell in self.cells
            for seed in self.seeds
        )

    def joined(self, other: "SweepSettings") -> "SweepSettings":
        """These settings with the lengths, cells and seeds of others added."""
        both: dict[str, Any] = {
            name: tuple(dict.fromkeys(getattr(self, name) + getattr(other, name)))
            for name in _GROWING
        }
        return structs.replace(self, **both)


class Network(Struct, frozen=True, forbid_unknown_fields=True):
    """One trained network of a sweep.

    ``gradients`` are ``carried_gradients`` of the last loss by lag, from 0, ``gradients_before``
    those before training. ``score`` is the task's, on sequences drawn after training.

    Shapes: gradients, gradients_before (lag,)
    """

    cell: str
    length: Count
    seed: Count
    hidden: PositiveCount
    score: _Score
    success: bool
    epochs: Count
    gradients: _Norms
    gradients_before: _Norms


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    """The content of a sweep's file."""

    settings: SweepSettings
    made_by: Text
    score: Text
    chance: _Score
    networks: tuple[Network, ...]


@dataclass
class Sweep:
    """The networks of a sweep that are trained so far, as ``figure('accuracy-by-gap')`` takes it.

    ``chance`` is the score of a guess, ``made_by`` a digest of the code that trained the networks.
    """

    settings: SweepSettings
    chance: float
    networks: dict[Place, Network] = field(default_factory=dict)
    made_by: str = _LOADED

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells that are compared."""
        return self.settings.cells

    @property
    def axis(self) -> str:
        """The name of the lengths' axis, in English."""
        return _SCALES[self.settings.task].axis

    @property
    def shares(self) -> bool:
        """Whether a score is a share of right answers, not a mean squared error."""
        return _SCALES[self.settings.task].shares

    @property
    def missing(self) -> tuple[Place, ...]:
        """The networks that are not trained yet."""
        return tuple(place for place in self.settings.places if place not in self.networks)

    def left_out(self) -> Sequence[tuple[str, int]]:
        """Return the cells and lengths that cannot be drawn, since a network is not trained yet.

        Raises: SweepError if no cell and length can be drawn
        """
        lacking = sorted({(cell, length) for cell, length, _ in self.missing})
        if len(lacking) == len(self.cells) * len(self.settings.lengths):
            raise SweepError(
                f"{len(self.missing)} of {len(self.settings.places)} networks of the sweep are "
                "not trained yet, some of every cell and length; run its command again"
            )
        return lacking

    def accuracies(self, cell: str) -> np.ndarray:
        """The score of each network of a cell, NaN if it is not trained yet: (length, seed).

        Raises: SweepError if no cell has all networks of a length
        """
        self.left_out()
        return self._table(cell, lambda network: network.score, math.nan)

    def successes(self, cell: str) -> np.ndarray:
        """How many trained networks of a cell succeeded at each length: (length,)."""
        return self._table(cell, lambda network: network.success, False).sum(axis=1)

    def _table(self, cell: str, value: Callable[[Network], Any], missing: Any) -> np.ndarray:
        rows = [
            [self.networks.get((cell, length, seed)) for seed in self.settings.seeds]
            for length in self.settings.gaps
        ]
        return np.array([[missing if one is None else value(one) for one in row] for row in rows])


def sweep(settings: SweepSettings, file: Path, pool: WorkerPool, report: Report) -> Sweep:
    """Train the networks that a file lacks; call ``report`` at the start and after each network.

    A file with other lengths, cells or seeds keeps them, and what is missing of their networks is
    trained as well.

    Raises: SweepError if the file holds another sweep or cannot be written, or, once all others
            are stored, for networks that could not be trained; TaskError for a length that the
            task does not have
    """
    check_name(file, SweepError)
    file = Path(os.path.realpath(file))  # also of a path through a missing folder: new/../a.json
    for length in settings.lengths:
        settings.task_at(length)
    held = _begun(settings, file)
    places, missing = held.settings.places, held.missing
    if missing:
        report(len(held.networks), len(places), f"training {_name(missing[0])}")
    running = {pool.submit(train_one, held.settings, each, _LOADED): each for each in missing}
    failed: list[str] = []
    while running:
        try:
            done = pool.wait(running)
        except ClusterError as error:
            failed += [f"{_name(place)}: {error}" for place in running.values()]
            break
        for future in done:
            place = running.pop(future)
            reason = failure(future)
            if reason is None:
                held.networks[place] = future.result()
                _save(_joined(held, file), file)
                report(len(held.networks), len(places), f"{_name(place)} is done")
            else:
                failed.append(f"{_name(place)}: {reason}")
    if failed:
        raise SweepError(
            f"{len(failed)} of {len(places)} networks were not trained ({failed[0]}); the others "
            f"are stored in {str(file)!r}; run the same command to resume"
        )
    return held


def train_one(settings: SweepSettings, place: Place, code: str) -> Network:
    """Train and measure one network of a sweep.

    Raises: TrainingError, RecordingError; SweepError if this machine runs other code
    """
    if code_of_recordings() != _LOADED:
        raise SweepError("rnnviz has changed since the workers started; restart them")
    if code != _LOADED:
        raise SweepError(
            "a worker has another version of rnnviz or of a library than this machine; install "
            "the same"
        )
    cell, length, seed = place
    with ONE_AT_A_TIME:
        run = run_of(
            settings.task,
            cell,
            length,
            seed,
            hidden=settings.hidden,
            epochs=settings.epochs,
            **settings.options(length),
            **settings.start(cell),
        )
        shares = _SCALES[settings.task].shares
        return Network(
            cell,
            length,
            seed,
            run.trace.hidden_size,
            run.accuracy,
            run.learnt if shares else run.accuracy < _SMALL_ERROR,
            run.trace.metadata.epochs or 0,
            _by_lag(run.trace),
            _by_lag(run.untrained),
        )


def load_sweep(file: Path) -> Sweep:
    """Read the sweep that a file holds.

    Raises: SweepError if it cannot be read, or holds no sweep
    """
    check_name(file, SweepError, "read")
    try:
        return _sweep_of(validated(json.loads(file.read_text(encoding="utf-8")), _File))
    except OSError as error:
        raise SweepError(
            f"cannot read {str(file)!r} ({error.strerror}); give a file of 'rnnviz sweep'"
        ) from error
    except (InvalidJson, SweepError) as error:
        raise SweepError(
            f"{str(file)!r} is not a file of 'rnnviz sweep' ({error}); correct it, or give another"
        ) from error
    except (ValueError, RecursionError) as error:
        raise SweepError(
            f"{str(file)!r} is not a file of 'rnnviz sweep' (it is not JSON); give another"
        ) from error


def _sweep_of(held: _File) -> Sweep:
    """Return the sweep of a file. Raises: InvalidJson for scores or networks it cannot have"""
    shares = _SCALES[held.settings.task].shares
    missing = set(held.settings.places)
    networks: dict[Place, Network] = {}
    for number, network in enumerate(held.networks):
        if shares and network.score > 1:
            raise InvalidJson(
                f"networks[{number}].score: expected a number <= 1, got {network.score}"
            )
        place = (network.cell, network.length, network.seed)
        if place not in missing:
            raise InvalidJson(
                f"networks[{number}]: {_name(place)} is repeated or not in the settings"
            )
        missing.remove(place)
        networks[place] = network
    return Sweep(held.settings, held.chance, networks, held.made_by)


def _begun(settings: SweepSettings, file: Path) -> Sweep:
    """Return a sweep with what its file holds; write a new file, to see that it can be written."""
    held = _joined(Sweep(settings, _chance(settings.task_at(settings.lengths[0]))), file)
    if not file.exists():
        _save(held, file)
    return held


def _joined(held: Sweep, file: Path) -> Sweep:
    """Return a sweep with what else its file holds, which another command may have written.

    Raises: SweepError if they cannot be stored in one file
    """
    if not file.exists():
        return held
    there = load_sweep(file)
    begun, wanted = structs.asdict(there.settings), structs.asdict(held.settings)
    for name in wanted:
        if name not in _GROWING and wanted[name] != begun[name]:
            raise SweepError(
                f"{str(file)!r} was begun with {name} {_shown(begun[name])}, not "
                f"{_shown(wanted[name])}; give the same, or another file"
            )
    if there.made_by != held.made_by:
        raise SweepError(
            f"{str(file)!r} was begun with another version of rnnviz or torch; resume with that "
            "version, or give another file"
        )
    settings = there.settings.joined(held.settings)
    return replace(there, settings=settings, networks={**there.networks, **held.networks})


def _save(held: Sweep, file: Path) -> None:
    order = {place: number for number, place in enumerate(held.settings.places)}
    content = _File(
        held.settings,
        held.made_by,
        "right answers" if held.shares else "mean squared error",
        held.chance,
        tuple(held.networks[place] for place in sorted(held.networks, key=order.__getitem__)),
    )
    with atomic_write(file, SweepError) as temporary:
        temporary.write_text(json.dumps(to_builtins(content)) + "\n", encoding="utf-8")


def _chance(task: Any) -> float:
    """Return the score of a guess without input: a share of right answers, or a squared error."""
    if not task.higher_is_better:
        return float(task.chance)
    weights = np.exp(task.trivial(task.example())[-1, 0])
    return float(weights.max() / weights.sum())


def _by_lag(trace: Trace) -> tuple[float, ...]:
    return tuple(carried_gradients(trace)[::-1].tolist())


def _name(place: Place) -> str:
    cell, length, seed = place
    return f"{cell.upper()}, length {length}, seed {seed}"


def _has_forget_gate(cell: str) -> bool:
    return known_cells()[cell]().has_forget_gate


def _shown(value: Any) -> str:
    return "the default" if value is None else str(value)

"""Many networks, each trained at one length of a task: how well it does, how far gradients reach.

What is finished stands in a file, which is replaced by a whole one after every network, so that a
sweep goes on where it was left, and takes in more lengths, cells and seeds.
"""

import json
import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from rnnviz import tasks
from rnnviz.cells import names
from rnnviz.errors import ClusterError, SweepError
from rnnviz.experiments.default_recordings import code_of_recordings
from rnnviz.experiments.studies import carried_gradients, run_of
from rnnviz.system import json_fields as fields
from rnnviz.system.files import atomic_write, check_name
from rnnviz.system.json_fields import Kind, Unfit, checked
from rnnviz.system.progress import Report
from rnnviz.system.workers import ONE_AT_A_TIME, WorkerPool, failure
from rnnviz.tasks.base import LANGUAGES
from rnnviz.text.translation import N_
from rnnviz.trace import Trace

_LOADED: Final = code_of_recordings()
"""What makes recordings, as it was when this process loaded it."""
_LITTLE_ERROR: Final = 0.01
"""A mean squared error below it is a success, as in Hochreiter & Schmidhuber's experiment 4."""


@dataclass(frozen=True)
class _Scale:
    """What grows in a task: the name of its option, and what an axis calls it.

    ``shares`` says whether the task's score is a share of right answers, or else a squared error.
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

_LENGTH: Final = fields.whole(0)
_SEED: Final = fields.whole(0)
_COUNT: Final = fields.whole(1)
_FIELDS: Final[Mapping[str, Kind]] = {
    "settings": fields.OBJECT,
    "made_by": fields.TEXT,
    "score": fields.TEXT,
    "chance": fields.number(),
    "networks": fields.OBJECTS,
}
_FIELDS_OF_SETTINGS: Final[Mapping[str, Kind]] = {
    "task": fields.one_of(*TASKS),
    "lengths": fields.several(_LENGTH, different=True),
    "cells": fields.several(fields.one_of(*names()), different=True),
    "seeds": fields.several(_SEED, different=True),
    "hidden": fields.or_null(_COUNT),
    "epochs": fields.or_null(_COUNT),
    "language": fields.one_of(*LANGUAGES),
}
_FIELDS_OF_NETWORK: Final[Mapping[str, Kind]] = {
    "cell": fields.one_of(*names()),
    "length": _LENGTH,
    "seed": _SEED,
    "hidden": _COUNT,
    "success": fields.TRUTH,
    "epochs": fields.whole(0),
    "gradients": fields.several(fields.number(math.inf)),
    "gradients_before": fields.several(fields.number(math.inf)),
}
"""What stands in a file, each score aside; gradients may have grown beyond all numbers."""
_GROWING: Final = ("lengths", "cells", "seeds")
"""The settings that a sweep may take in more of; by any other its networks cannot be compared."""

Place = tuple[str, int, int]
"""A network of a sweep: its cell, length and seed."""


@dataclass(frozen=True, kw_only=True)
class SweepSettings:
    """What is trained; all else is as ``rnnviz.train`` has it.

    ``lengths`` are the steps of a sequence, the delay of 'copying', or the gap of 'sentence'.
    ``hidden`` and ``epochs`` are the task's unless given.

    Raises: SweepError for settings that make no sweep
    """

    task: str
    lengths: tuple[int, ...]
    cells: tuple[str, ...] = names()
    seeds: tuple[int, ...] = (1, 2, 3)
    hidden: int | None = None
    epochs: int | None = None
    language: str = "en"

    def __post_init__(self) -> None:
        if self.task not in _SCALES:
            raise SweepError(f"no length of {self.task!r} can grow; choose {', '.join(TASKS)}")
        for what in _GROWING:
            values = getattr(self, what)
            if not values or len(set(values)) < len(values):
                raise SweepError(f"the {what} are {list(values)}; name one or more, each once")

    def options(self, length: int) -> Mapping[str, Any]:
        """The task's options at a length."""
        return {_SCALES[self.task].option: length, "language": self.language}

    def made(self, length: int) -> Any:
        """The task at a length."""
        return tasks.make(self.task, **self.options(length))

    @property
    def gaps(self) -> tuple[int, ...]:
        """The lengths, in their order on an axis."""
        return tuple(sorted(self.lengths))

    @property
    def places(self) -> tuple[Place, ...]:
        """All networks, those that take longest first."""
        return tuple(
            (cell, length, seed)
            for length in reversed(self.gaps)
            for cell in self.cells
            for seed in self.seeds
        )

    def joined(self, other: "SweepSettings") -> "SweepSettings":
        """These, with the lengths, cells and seeds of others that are not among them."""
        both: dict[str, Any] = {
            name: tuple(dict.fromkeys(getattr(self, name) + getattr(other, name)))
            for name in _GROWING
        }
        return replace(self, **both)


@dataclass(frozen=True)
class Network:
    """One trained network of a sweep.

    ``gradients`` are ``carried_gradients`` of the last loss by lag, from 0, ``gradients_before``
    those before training. ``score`` is the task's, on sequences drawn after training.

    Shapes: gradients, gradients_before (lag,)
    """

    cell: str
    length: int
    seed: int
    hidden: int
    score: float
    success: bool
    epochs: int
    gradients: tuple[float, ...]
    gradients_before: tuple[float, ...]


@dataclass
class Sweep:
    """The networks of a sweep that are trained so far, as ``figure('accuracy-by-gap')`` takes it.

    ``chance`` is the score of a guess, ``made_by`` the code that trains the networks.
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
        """What the lengths are, in English."""
        return _SCALES[self.settings.task].axis

    @property
    def shares(self) -> bool:
        """Whether a score is a share of right answers, or else a mean squared error."""
        return _SCALES[self.settings.task].shares

    @property
    def missing(self) -> tuple[Place, ...]:
        """The networks that are not trained yet."""
        return tuple(place for place in self.settings.places if place not in self.networks)

    def left_out(self) -> Sequence[tuple[str, int]]:
        """The cells and lengths that are not drawn, since some network is not trained yet.

        Raises: SweepError if those are all
        """
        lacking = sorted({(cell, length) for cell, length, _ in self.missing})
        if len(lacking) == len(self.cells) * len(self.settings.lengths):
            raise SweepError(
                f"{len(self.missing)} of {len(self.settings.places)} networks of the sweep are "
                "not trained yet, some of every cell and length; run the command that began it "
                "once more"
            )
        return lacking

    def accuracies(self, cell: str) -> np.ndarray:
        """The score of each network of a cell, NaN of one not trained yet: (length, seed).

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
    """Train what a file does not hold yet; ``report`` is called at first, and after each network.

    A file that holds other lengths, cells or seeds keeps them, and those that are missing in it are
    trained as well.

    Raises: SweepError if the file holds another sweep or cannot be written, or for networks that
            could not be trained, once the others are kept; TaskError for a length that makes no
            task
    """
    check_name(file, SweepError)
    file = Path(os.path.realpath(file))  # a folder that is missing may be left again: new/../a.json
    for length in settings.lengths:
        settings.made(length)
    held = _begun(settings, file)
    places, missing = held.settings.places, held.missing
    if missing:
        report(len(held.networks), len(places), f"training {_told(missing[0])}")
    running = {pool.submit(train_one, held.settings, each, _LOADED): each for each in missing}
    failed: list[str] = []
    while running:
        try:
            done = pool.wait(running)
        except ClusterError as error:
            failed += [f"{_told(place)}: {error}" for place in running.values()]
            break
        for future in done:
            place = running.pop(future)
            reason = failure(future)
            if reason is None:
                held.networks[place] = future.result()
                _save(_joined(held, file), file)
                report(len(held.networks), len(places), f"{_told(place)} is done")
            else:
                failed.append(f"{_told(place)}: {reason}")
    if failed:
        raise SweepError(
            f"{len(failed)} of {len(places)} networks were not trained ({failed[0]}); the others "
            f"are in {str(file)!r}, and the same command goes on"
        )
    return held


def train_one(settings: SweepSettings, place: Place, code: str) -> Network:
    """Train and measure one network of a sweep.

    Raises: TrainingError, RecordingError; SweepError if this machine would train it otherwise
    """
    if code_of_recordings() != _LOADED:
        raise SweepError("rnnviz has changed since the workers started; restart them")
    if code != _LOADED:
        raise SweepError(
            "a worker has another rnnviz or library than this machine; give it the same"
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
        )
        shares = _SCALES[settings.task].shares
        return Network(
            cell,
            length,
            seed,
            run.trace.hidden_size,
            run.accuracy,
            run.learnt if shares else run.accuracy < _LITTLE_ERROR,
            run.trace.metadata.epochs or 0,
            _by_lag(run.trace),
            _by_lag(run.untrained),
        )


def load_sweep(file: Path) -> Sweep:
    """The sweep that a file holds.

    Raises: SweepError if it cannot be read, or holds no sweep
    """
    check_name(file, SweepError, "read")
    try:
        return _sweep_of(json.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise SweepError(f"cannot read {str(file)!r} ({error.strerror}); name a sweep") from error
    except Unfit as error:
        raise SweepError(
            f"{str(file)!r} is no file of 'rnnviz sweep': {error}; mend that, or name another"
        ) from error
    except (ValueError, RecursionError) as error:
        raise SweepError(
            f"{str(file)!r} is no file of 'rnnviz sweep', since it is not JSON; name another"
        ) from error


def _sweep_of(read: Any) -> Sweep:
    """The sweep that is written in JSON. Raises: Unfit for what is none"""
    if not isinstance(read, dict):
        raise Unfit("it holds no object")
    held = checked(read, _FIELDS)
    settings = SweepSettings(**checked(held["settings"], _FIELDS_OF_SETTINGS, "settings."))
    score = fields.number(1 if _SCALES[settings.task].shares else sys.float_info.max)
    missing = set(settings.places)
    networks: dict[Place, Network] = {}
    for number, each in enumerate(held["networks"]):
        within = f"networks[{number}]"
        one = Network(**checked(each, {**_FIELDS_OF_NETWORK, "score": score}, f"{within}."))
        place = (one.cell, one.length, one.seed)
        if place not in missing:
            raise Unfit(f"{within} is {_told(place)}, which is there already or not of the sweep")
        missing.remove(place)
        networks[place] = one
    return Sweep(settings, held["chance"], networks, held["made_by"])


def _begun(settings: SweepSettings, file: Path) -> Sweep:
    """A sweep with what a file holds of it; a new file is written, to see that it can be."""
    held = _joined(Sweep(settings, _chance(settings.made(settings.lengths[0]))), file)
    if not file.exists():
        _save(held, file)
    return held


def _joined(held: Sweep, file: Path) -> Sweep:
    """A sweep and what else its file holds, which another command may have begun or written.

    Raises: SweepError if they cannot stand in one file
    """
    if not file.exists():
        return held
    there = load_sweep(file)
    begun, wanted = asdict(there.settings), asdict(held.settings)
    for name in wanted:
        if name not in _GROWING and wanted[name] != begun[name]:
            raise SweepError(
                f"{str(file)!r} was begun with {name} {_shown(begun[name])}, not "
                f"{_shown(wanted[name])}; give the same, or name another file"
            )
    if there.made_by != held.made_by:
        raise SweepError(
            f"{str(file)!r} was begun with another rnnviz or torch; go on with that, or name "
            "another file"
        )
    settings = there.settings.joined(held.settings)
    return replace(there, settings=settings, networks={**there.networks, **held.networks})


def _save(held: Sweep, file: Path) -> None:
    order = {place: number for number, place in enumerate(held.settings.places)}
    networks = sorted(held.networks, key=order.__getitem__)
    text = json.dumps(
        {
            "settings": asdict(held.settings),
            "made_by": held.made_by,
            "score": "right answers" if held.shares else "mean squared error",
            "chance": held.chance,
            "networks": [asdict(held.networks[place]) for place in networks],
        }
    )
    with atomic_write(file, SweepError) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def _chance(task: Any) -> float:
    """The score of a guess that sees no input: a share of right answers, or a squared error."""
    if not task.higher_is_better:
        return float(task.chance)
    weights = np.exp(task.trivial(task.example())[-1, 0])
    return float(weights.max() / weights.sum())


def _by_lag(trace: Trace) -> tuple[float, ...]:
    return tuple(carried_gradients(trace)[::-1].tolist())


def _told(place: Place) -> str:
    cell, length, seed = place
    return f"{cell.upper()}, length {length}, seed {seed}"


def _shown(value: Any) -> str:
    return "the task's" if value is None else str(value)

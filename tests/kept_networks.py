"""Networks that tests use without testing how they are trained.

Their weights stand in ``tests/networks/``, where ``tools/train_test_networks.py`` puts them;
``tests/test_kept_networks.py`` checks that they are what training gives. ``use_in`` records all of
them into a cache folder, so that whoever asks there for a default recording trains nothing.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from filelock import FileLock
from safetensors import safe_open
from safetensors.numpy import save_file

from rnnviz import tasks, training
from rnnviz.experiments.default_recordings import FOLDER_VARIABLE, default_trace
from rnnviz.experiments.studies import other_stories, study_of
from rnnviz.training.settings import Settings
from rnnviz.training.trained import Trained

FOLDER = Path(__file__).with_name("networks")
LANGUAGES = ("en", "zh")
_WORKED_OUT = ("mean", "spread")
_SEEN = 64
"""Sequences on which a kept network must give the outputs that it gave when it was kept."""

Train = Callable[..., Trained]


@dataclass(frozen=True)
class Kept:
    """A trained network: its weights, and what its recording says of its training."""

    about: Mapping[str, Any]
    weights: Mapping[str, np.ndarray]

    @cached_property
    def trained(self) -> Trained:
        """The network as ``rnnviz.train`` gave it, without the course of its training."""
        task = tasks.make(self.about["task"], **self.about["options"])
        settings = Settings(**self.about["settings"])
        network = settings.network(task, self.about["seed"])
        network.load_state_dict({name: torch.tensor(value) for name, value in self.weights.items()})
        history = mock.Mock(epochs=self.about["epochs"], spec_set=["epochs"])
        return Trained(task, network, history, self.about["score"], self.about["seed"])

    def outputs(self) -> np.ndarray:
        """Mean absolute output at every step on sequences that the task draws from one seed."""
        batch = self.trained.task.sample(np.random.default_rng(0), _SEEN)
        with torch.no_grad():
            output, _ = self.trained.network(torch.from_numpy(batch.x))
        return output.abs().mean(dim=(1, 2)).double().numpy()


def wanted(language: str) -> None:
    """Ask for every default recording of a language that scenes and figures are tested with."""
    default_trace("prices", language=language)
    sentence = default_trace("sentence", language=language)
    study_of(sentence)
    other_stories(sentence)


def options_of(task: tasks.Task) -> dict[str, Any]:
    """What makes a task again; a series works out its own scale."""
    given = {name: value for name, value in task.options.items() if name not in _WORKED_OUT}
    return {**given, "language": task.language}


def key_of(task: tasks.Task, settings: Mapping[str, Any]) -> str:
    """What decides a trained network, as text."""
    return json.dumps([task.name, options_of(task), settings], sort_keys=True)


def train(keep: Callable[[str, Kept], None]) -> Train:
    """``rnnviz.train``, which hands on every network that it has trained."""
    original = training.train

    def trained_by(task: tasks.Task, *, progress: Any = None, **settings: Any) -> Trained:
        made = original(task, **settings)
        weights = {
            name: value.detach().numpy().copy() for name, value in made.network.named_parameters()
        }
        about = {
            "task": task.name,
            "options": options_of(task),
            "settings": settings,
            "epochs": made.history.epochs,
            "score": made.score,
            "seed": made.seed,
        }
        kept = Kept(about, weights)
        outputs = {"outputs": kept.outputs().tolist()}
        keep(key_of(task, settings), Kept({**about, **outputs}, weights))
        return made

    return trained_by


def write(language: str, networks: Mapping[str, Kept]) -> None:
    """Keep the networks of a language."""
    arrays = {
        f"{place}/{name}": value
        for place, kept in enumerate(networks.values())
        for name, value in kept.weights.items()
    }
    about = {key: dict(kept.about) for key, kept in networks.items()}
    save_file(arrays, FOLDER / f"{language}.safetensors", {"networks": json.dumps(about)})


def read(language: str) -> dict[str, Kept]:
    """The networks of a language, by what decides them."""
    with safe_open(FOLDER / f"{language}.safetensors", "numpy") as file:
        about = json.loads(file.metadata()["networks"])
        weights: dict[int, dict[str, np.ndarray]] = {}
        for name in file.keys():  # noqa: SIM118  # no mapping
            place, _, parameter = name.partition("/")
            weights.setdefault(int(place), {})[parameter] = file.get_tensor(name)
    return {key: Kept(each, weights[place]) for place, (key, each) in enumerate(about.items())}


@contextmanager
def instead_of_training(networks: Mapping[str, Kept]) -> Iterator[None]:
    """A time in which kept networks are taken where networks are trained."""

    def take(task: tasks.Task, *, progress: Any = None, **settings: Any) -> Trained:
        key = key_of(task, settings)
        assert key in networks, f"{key} is not kept; run tools/train_test_networks.py"
        return networks[key].trained

    with mock.patch.object(training, "train", take):
        yield


def use_in(folder: Path) -> None:
    """Record all kept networks into a cache folder, once for all processes that use it."""
    done = folder / "networks"
    with FileLock(f"{folder}.lock"):
        if done.exists():
            return
        with mock.patch.dict("os.environ", {FOLDER_VARIABLE: str(folder)}):
            for language in LANGUAGES:
                with instead_of_training(read(language)):
                    wanted(language)
        done.mkdir()

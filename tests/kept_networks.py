"""Trained networks that tests use without training them.

Their weights are in ``tests/networks/``, written by ``tools/train_test_networks.py``;
``tests/test_kept_networks.py`` checks that training still gives them. ``use_in`` records all of
them into a cache folder, so that default recordings are found there.
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
from rnnviz.experiments.many_sequences import many_sequences
from rnnviz.experiments.studies import other_stories, starts_of, study_of
from rnnviz.training.settings import Settings
from rnnviz.training.trained import Trained

FOLDER = Path(__file__).with_name("networks")
LANGUAGES = ("en", "zh")
_COMPUTED = ("mean", "spread")
_SEEN = 64
"""Number of sequences on which to compare the outputs of a network with the saved ones."""

Train = Callable[..., Trained]


@dataclass(frozen=True)
class Kept:
    """A trained network: its weights and the metadata of its training."""

    about: Mapping[str, Any]
    weights: Mapping[str, np.ndarray]

    @cached_property
    def trained(self) -> Trained:
        """The network as returned by ``rnnviz.train``, without the history of its training."""
        task = tasks.make(self.about["task"], **self.about["options"])
        settings = Settings(**self.about["settings"])
        network = settings.network(task, self.about["seed"])
        network.load_state_dict({name: torch.tensor(value) for name, value in self.weights.items()})
        history = mock.Mock(epochs=self.about["epochs"], spec_set=["epochs"])
        score, seed = self.about["score"], self.about["seed"]
        return Trained(task, network, history, score, seed, settings.forget_bias)

    def outputs(self) -> np.ndarray:
        """Return the mean absolute output at every step on fixed sequences of the task."""
        batch = self.trained.task.sample(np.random.default_rng(0), _SEEN)
        with torch.no_grad():
            output, _ = self.trained.network(torch.from_numpy(batch.x))
        return output.abs().mean(dim=(1, 2)).double().numpy()


def wanted(language: str) -> None:
    """Request every default recording of a language that tests use."""
    default_trace("prices", language=language)
    sentence = default_trace("sentence", language=language)
    study_of(sentence)
    starts_of(sentence)
    many_sequences(sentence)
    other_stories(sentence)


def options_of(task: tasks.Task) -> dict[str, Any]:
    """Return the options that recreate a task, without those that it computes itself."""
    given = {name: value for name, value in task.options.items() if name not in _COMPUTED}
    return {**given, "language": task.language}


def key_of(task: tasks.Task, settings: Mapping[str, Any]) -> str:
    """Return a key for everything that determines a trained network."""
    return json.dumps([task.name, options_of(task), settings], sort_keys=True)


def train(keep: Callable[[str, Kept], None]) -> Train:
    """Return ``rnnviz.train``, wrapped to pass every trained network to ``keep``."""
    original = training.train

    def trained_by(task: tasks.Task, *, progress: Any = None, **settings: Any) -> Trained:
        result = original(task, **settings)
        weights = {
            name: value.detach().numpy().copy() for name, value in result.network.named_parameters()
        }
        about = {
            "task": task.name,
            "options": options_of(task),
            "settings": settings,
            "epochs": result.history.epochs,
            "score": result.score,
            "seed": result.seed,
        }
        kept = Kept(about, weights)
        outputs = {"outputs": kept.outputs().tolist()}
        keep(key_of(task, settings), Kept({**about, **outputs}, weights))
        return result

    return trained_by


def write(language: str, networks: Mapping[str, Kept]) -> None:
    """Save the networks of a language."""
    arrays = {
        f"{place}/{name}": value
        for place, kept in enumerate(networks.values())
        for name, value in kept.weights.items()
    }
    about = {key: dict(kept.about) for key, kept in networks.items()}
    save_file(arrays, FOLDER / f"{language}.safetensors", {"networks": json.dumps(about)})


def read(language: str) -> dict[str, Kept]:
    """Load the networks of a language, by key."""
    with safe_open(FOLDER / f"{language}.safetensors", "numpy") as file:
        about = json.loads(file.metadata()["networks"])
        weights: dict[int, dict[str, np.ndarray]] = {}
        for name in file.keys():  # noqa: SIM118  # no mapping
            place, _, parameter = name.partition("/")
            weights.setdefault(int(place), {})[parameter] = file.get_tensor(name)
    return {key: Kept(each, weights[place]) for place, (key, each) in enumerate(about.items())}


@contextmanager
def instead_of_training(networks: Mapping[str, Kept]) -> Iterator[None]:
    """Replace training by saved networks within the context."""

    def load(task: tasks.Task, *, progress: Any = None, **settings: Any) -> Trained:
        key = key_of(task, settings)
        assert key in networks, f"{key} is not saved; run tools/train_test_networks.py"
        return networks[key].trained

    with mock.patch.object(training, "train", load):
        yield


def use_in(folder: Path) -> None:
    """Record all saved networks into a cache folder, once for all processes."""
    done = folder / "networks"
    with FileLock(f"{folder}.lock"):
        if done.exists():
            return
        with mock.patch.dict("os.environ", {FOLDER_VARIABLE: str(folder)}):
            for language in LANGUAGES:
                with instead_of_training(read(language)):
                    wanted(language)
        done.mkdir()

"""Default recordings: train a network, record it, and cache the result in the user's folder.

The key of a cached recording is everything that determines it: the task and its options, the
content of a file that they name, the settings of training, the versions of the libraries, and the
source of the modules that compute it.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from platformdirs import user_cache_path

from rnnviz.errors import RnnvizError, TraceError
from rnnviz.system.versions import version

if TYPE_CHECKING:
    from rnnviz.trace import Trace

Progress = Callable[[int, int, float], None]
Losses = str | int | Sequence[int]

FOLDER_VARIABLE: Final = "RNNVIZ_CACHE_DIR"
_LIBRARIES: Final = ("rnnviz", "torch", "numpy", "matplotlib", "pandas", "vega_datasets", "wcwidth")
_SEGMENTER: Final = "rjieba"
_DATA_LANGUAGES: Final = ("en", "zh")
_FILE_OPTIONS: Final = ("csv", "text_file")
_MODULES: Final = (
    "cells",
    "recording",
    "tables",
    "tasks",
    "text/decoding.py",
    "text/tokens.py",
    "trace",
    "training",
)
_SETTINGS: Final = (
    "cell",
    "nonlinearity",
    "layers",
    "bidirectional",
    "hidden",
    "epochs",
    "seed",
    "learning_rate",
    "optimizer",
    "clip",
    "initial",
    "scale",
    "forget_bias",
)


def data_language(language: str) -> str:
    """Return the language of a task's data for a language of captions."""
    return language if language in _DATA_LANGUAGES else _DATA_LANGUAGES[0]


def cache_folder() -> Path:
    """Return the folder of cached recordings: ``RNNVIZ_CACHE_DIR``, or the user's cache folder."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    return Path(chosen) if chosen else user_cache_path("rnnviz")


def default_trace(
    task: str = "sentence", *, progress: Progress | None = None, **options: Any
) -> "Trace":
    """Return the recording of a task with default training, from the cache or computed now.

    A cache that cannot be read or written is no error.

    Raises: TaskError, TrainingError
    """
    return CachedRecording(task, options).trace(progress)


@dataclass(frozen=True)
class CachedRecording:
    """The recording of a task with some options, in the cache or not yet."""

    task: str
    options: Mapping[str, Any]

    @cached_property
    def file(self) -> Path:
        """The file in the cache."""
        return cache_folder() / f"{self.task}-{_key(self.task, self.options)}.safetensors"

    def trace(self, progress: Progress | None = None) -> "Trace":
        """Return the recording, as ``default_trace``."""
        from rnnviz.trace import load  # loads NumPy

        try:
            return load(self.file)
        except TraceError:
            trace = record_task(self.task, progress=progress, **self.options)
        with suppress(RnnvizError):
            trace.save(self.file)
        return trace


def record_task(
    task: str,
    *,
    dtype: str = "float64",
    gradients: bool = True,
    losses: Losses = "all",
    progress: Progress | None = None,
    **options: Any,
) -> "Trace":
    """Train a network on a task, and record it on the task's example.

    ``options`` are the settings of ``rnnviz.train`` and those of the task; ``losses`` is as in
    ``rnnviz.record``.

    Raises: TaskError, TrainingError, RecordingError
    """
    from rnnviz import tasks, training  # loads torch

    settings = {name: options.pop(name) for name in _SETTINGS if name in options}
    trained = training.train(tasks.make(task, **options), progress=progress, **settings)
    return trained.record(dtype=dtype, gradients=gradients, losses=losses)


def code_of_recordings() -> str:
    """Return a digest of what decides all recordings: libraries and own source."""
    return hashlib.sha256(b"".join(_key_parts())).hexdigest()


def _key(task: str, options: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps([task, dict(options)], sort_keys=True, default=str).encode())
    for option in _FILE_OPTIONS:
        if option in options:
            # the task reports a file that cannot be read
            with suppress(OSError, ValueError), open(options[option], "rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    for part in _key_parts():
        digest.update(part)
    return digest.hexdigest()[:16]


def _key_parts() -> Iterator[bytes]:
    for library in _LIBRARIES:
        yield f"{library} {version(library)}".encode()
    with suppress(PackageNotFoundError):
        yield f"{_SEGMENTER} {version(_SEGMENTER)}".encode()
    for module in _MODULES:
        for path in _sources(files("rnnviz") / module):
            yield path.read_bytes()


def _sources(path: Traversable) -> Iterator[Traversable]:
    if path.is_dir():
        for inside in sorted(path.iterdir(), key=lambda entry: entry.name):
            yield from _sources(inside)
    elif path.name.endswith(".py"):
        yield path

"""The recording that a command shows: a given file, a user's model, or one of the cache."""

import os
from contextlib import chdir
from typing import TYPE_CHECKING, Any

from rnnviz.cli.commands import note
from rnnviz.cli.network_options import Source
from rnnviz.cli.output import progress_bar

if TYPE_CHECKING:
    from rnnviz.trace import Trace


def trace_for(scene: str, source: Source, **settings: Any) -> Any:
    """Return the trace files given, a recording of a user's model, or that of a task in the cache.

    A network that the cache lacks is trained.
    """
    from rnnviz.experiments.default_recordings import CachedRecording, cache_folder, data_language
    from rnnviz.rendering.request import request_of
    from rnnviz.system.cache import usable

    request = request_of(scene, **settings)
    if source.trace_files:
        return source.trace_files
    if source.records_model:
        _check_count(_load(request))
        return source.trace_of_model
    extra: dict[str, Any] = {"language": data_language(request.language), **source.training}
    _note_separate_training(request, source)
    name, options = source.task or (
        request.default_task(request.code(), usable(cache_folder())),
        {},
    )
    cached = None if name is None else CachedRecording(name, {**options, **extra})
    if cached is not None and os.path.isfile(cached.file):
        return cached
    loaded = _load(request)
    if not source.is_usual:
        _check_count(loaded)
    cached = cached or CachedRecording(loaded.task, extra)
    if not os.path.isfile(cached.file):
        with progress_bar(f"Training on {cached.task}") as report:
            trace = cached.trace(lambda epoch, most, loss: report(epoch, most, f"loss {loss:z.3g}"))
        if not os.path.isfile(cached.file):
            return trace
    return cached


def trace_of(
    source: Source, task: str, language: str, progress: Any = None, **training: Any
) -> "Trace":
    """Return the recording of a source for one picture or page.

    If nothing else is given, it is of ``task``, with ``training``.
    """
    from rnnviz.experiments.default_recordings import data_language, default_trace
    from rnnviz.trace import load

    if source.trace_files:
        return load(source.trace_files[0])
    if source.records_model:
        return source.trace_of_model
    name, options = source.task or (task, {})
    options = {"language": data_language(language), **training, **options, **source.training}
    return default_trace(name, progress=progress, **options)


def _note_separate_training(request: Any, source: Source) -> None:
    """Report options that do not affect the networks which a scene compares."""
    given = [
        *source.training,
        *(name for name in ("gap",) if source.task and name in source.task[1]),
    ]
    if not given:
        return
    from rnnviz.experiments.studies import LECTURE, train_networks

    loaded = _load(request)
    if train_networks(loaded.scene.experiments.values()):
        flags = " and ".join(f"--{name.replace('_', '-')}" for name in given)
        seeds, gaps = (", ".join(map(str, each)) for each in (LECTURE.seeds, LECTURE.gaps))
        note(
            f"{flags} set the recording that scene {loaded.name!r} shows, not the "
            f"networks that it compares, which have seeds {seeds} and gaps {gaps}"
        )


def _check_count(loaded: Any) -> None:
    from rnnviz.scene.needs import check_count  # before a network is trained

    check_count(loaded, 1)


def _load(request: Any) -> Any:
    from rnnviz.rendering.plan import check_scene  # loads Manim

    with chdir("."):  # a scene's code may change it
        return check_scene(request)

"""The trace that a scene shows: a given file, or a recording from the cache, made if missing."""

import os
from contextlib import chdir
from typing import Any

from rnnviz.cli.commands import note
from rnnviz.cli.output import progress_bar
from rnnviz.cli.task_options import TaskChoice


def trace_for(
    scene: str, trace_file: str | None, task: TaskChoice | None, seed: int | None, **settings: Any
) -> Any:
    """Return the trace file given, or the cached recording of a task, training it if necessary."""
    from rnnviz.experiments.default_recordings import CachedRecording, cache_folder, data_language
    from rnnviz.rendering.request import request_of
    from rnnviz.system.cache import usable

    request = request_of(scene, **settings)
    if trace_file is not None:
        return trace_file
    extra: dict[str, Any] = {"language": data_language(request.language)}
    if seed is not None:
        extra["seed"] = seed
    _note_separate_training(request, seed, task)
    name, options = task or (request.default_task(request.code(), usable(cache_folder())), {})
    cached = None if name is None else CachedRecording(name, {**options, **extra})
    if cached is not None and os.path.isfile(cached.file):
        return cached
    loaded = _load(request)
    cached = cached or CachedRecording(loaded.task, extra)
    if not os.path.isfile(cached.file):
        with progress_bar(f"Training on {cached.task}") as report:
            trace = cached.trace(lambda epoch, most, loss: report(epoch, most, f"loss {loss:z.3g}"))
        if not os.path.isfile(cached.file):
            return trace
    return cached


def _note_separate_training(request: Any, seed: int | None, task: TaskChoice | None) -> None:
    """Report options that do not affect the networks which a scene compares."""
    given = [
        *(["--seed"] if seed is not None else []),
        *(["--gap"] if task and "gap" in task[1] else []),
    ]
    if not given:
        return
    from rnnviz.experiments.studies import LECTURE, train_networks

    loaded = _load(request)
    if train_networks(loaded.scene.experiments.values()):
        seeds, gaps = (", ".join(map(str, each)) for each in (LECTURE.seeds, LECTURE.gaps))
        note(
            f"{' and '.join(given)} set the recording that scene {loaded.name!r} shows, not the "
            f"networks that it compares, which have seeds {seeds} and gaps {gaps}"
        )


def _load(request: Any) -> Any:
    from rnnviz.rendering.plan import check_scene  # loads Manim

    with chdir("."):  # a scene's code may change it
        return check_scene(request)

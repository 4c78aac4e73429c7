"""Starts renders, and finishes them: several may be pending while an executor draws their beats."""

import time
from collections.abc import Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from rnnviz.experiments.default_recordings import CachedRecording, cache_folder
from rnnviz.rendering.execution.fork import Executor
from rnnviz.rendering.request import Progress, Recording, Request, request_of
from rnnviz.rendering.video.assembling import assemble
from rnnviz.rendering.video.kept_videos import note_render, reuse_render
from rnnviz.scene.loading import name_of
from rnnviz.system.cache import Cache, checksum, usable


@dataclass(frozen=True)
class Rendered:
    """A finished render; ``notes`` tell its user what may not be expected."""

    scene: str
    paths: tuple[Path, ...]
    beats: tuple[str, ...]
    seconds: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PendingRender:
    """A pending render, or one already up to date."""

    request: Request
    started: float
    name: str
    done: tuple[tuple[Path, ...], tuple[str, ...], tuple[str, ...]] | None = None
    pending: Any = None
    cache: Cache | None = None
    key: str | None = None

    def finish(self) -> Rendered:
        """Wait for the beats, and put the video in place.

        Raises: RenderError that names a beat that failed, once the others are kept
        """
        if self.done is None:
            assert self.cache is not None
            output = self.request.output
            manifest = self.pending.manifest()
            profile, source = self.request.profile, self.request.source
            files = assemble(manifest, self.pending.folder, profile, output, source)
            if self.key is not None and self.pending.certain:
                note_render(self.cache, self.key, manifest, output, files)
            self.cache.trim()
            return Rendered(
                self.name, (self.request.named,), manifest.beats, self._seconds(), manifest.notes
            )
        paths, beats, notes = self.done
        return Rendered(self.name, paths, beats, self._seconds(), notes)

    def _seconds(self) -> float:
        return time.perf_counter() - self.started


def begin(
    scene: str | Path,
    trace: Recording | Sequence[Recording] | None,
    executor: Executor,
    *,
    progress: Progress | None = None,
    **settings: Any,
) -> PendingRender:
    """Start a render and return while its beats are drawn; ``settings`` are those of ``render``.

    Raises: as ``render``
    """
    started = time.perf_counter()
    request = request_of(scene, **settings)
    given = _several(trace)
    for each in given:
        if isinstance(each, str | Path):
            request.check_spares(Path(each))
    cache = usable(cache_folder())
    code = request.code()
    task = request.task or request.default_task(code, cache)
    if not given and task is not None:
        given = [request.recording_of(task)]
    digest = _digest(given)
    key = request.key(code, digest)
    manifest = (
        None
        if key is None
        else reuse_render(cache, key, request.profile, request.output, request.source)
    )
    if manifest is not None:
        done = ((request.named,), manifest.beats, manifest.notes)
        return PendingRender(request, started, name_of(request.scene), done)

    from rnnviz.rendering.plan import make_plan  # loads Manim

    if request.file is not None:
        executor.enter(chdir("."))  # its code may change the folder, until the executor ends
    plan = make_plan(request, given, progress or _ignore)
    request.note_task(code, cache, plan.loaded.task, plan.recorder.reads)
    given = given or [request.recording_of(plan.loaded.task)]
    if request.profile.file_format == "png":
        names = tuple(beat.name for beat in plan.beats)
        made, notes = plan.draw_stills(request.output)
        paths = tuple(request.named / still for still in made)
        return PendingRender(request, started, plan.name, (paths, names, (*plan.notes, *notes)))
    key = request.key(code, _digest(given))
    if request.code() != code or digest not in (None, _digest(given)):
        key = None  # changed while it was read
    return PendingRender(request, started, plan.name, None, plan.start(cache, executor), cache, key)


def _several(trace: Recording | Sequence[Recording] | None) -> list[Recording]:
    if trace is None:
        return []
    if isinstance(trace, list | tuple):
        return list(trace)
    return [cast(Recording, trace)]


def _digest(given: Sequence[Recording]) -> str | None:
    """Return a digest of traces, or of their files; None if there are none, or one has none."""
    digests = [_digest_of(each) for each in given]
    known = [each for each in digests if each is not None]
    return " ".join(known) if known and len(known) == len(digests) else None


def _digest_of(trace: Recording) -> str | None:
    if isinstance(trace, CachedRecording):
        return checksum(trace.file)
    return checksum(Path(trace)) if isinstance(trace, str | Path) else f"trace {trace.digest}"


def _ignore(beat: str, done: int, total: int) -> None:
    pass

"""From a scene and a trace to a video or stills."""

import html
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnviz.errors import RenderError
from rnnviz.experiments.default_recordings import CachedRecording, cache_folder
from rnnviz.rendering.execution.dask import open_executor
from rnnviz.rendering.execution.fork import Executor
from rnnviz.rendering.request import Progress, Request, request_of
from rnnviz.rendering.video.assembling import again, assemble, remember
from rnnviz.scene.catalogue import SCENES
from rnnviz.system.cache import Cache, checksum, usable

if TYPE_CHECKING:
    from rnnviz.text.font_files import FontSource
    from rnnviz.trace import Trace


@dataclass(frozen=True)
class Rendered:
    """What a render made; ``notes`` tell what is not in it, or not as may be expected."""

    scene: str
    paths: tuple[Path, ...]
    beats: tuple[str, ...]
    seconds: float
    notes: tuple[str, ...] = ()


def render(
    scene: str | Path,
    trace: "Trace | str | Path | None" = None,
    *,
    task: str | None = None,
    language: str = "en",
    theme: str = "dark",
    quality: str = "h",
    format: str = "mp4",
    transparent: bool = False,
    output: str | Path | None = None,
    beats: Sequence[int] | None = None,
    font: "FontSource | Iterable[FontSource] | None" = None,
    jobs: int | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> Rendered:
    """Render a scene, from a trace or its file, or from the default recording of a task.

    ``scene`` is a registered name, ``FILE.py`` or ``FILE.py:CLASS``. ``quality`` is Manim's
    letter (l m h p k), ``format`` one of mp4, webm, mov, gif, or png for one still a beat (then
    ``output`` is a folder); webm, mov and png may be ``transparent``. ``beats`` (numbers from 1)
    renders those alone. ``font`` sets what rnnviz Sans does not, other scripts above all: a file,
    FILE#FACE, the name of a font of the system, or several, in the order in which they are tried.
    Beats are drawn by ``jobs`` processes side by side (None: one a core), or
    by the workers of the Dask ``scheduler`` at an address, and kept: what did not change since is
    not drawn again. WorkerPool find a scene file of your own at the same path as it has here. Where
    systems do not fork, a script calls this under ``if __name__ == "__main__"``.

    Raises: SceneError for an unknown scene or beat, or a trace that lacks what the scene needs;
            RenderError for an output that cannot be written, or a storyboard that fails;
            TextError for what is no font, or a character that no font has; ClusterError for a
            scheduler that is not there
    """
    with open_executor(jobs, scheduler) as executor:
        return begin(
            scene,
            trace,
            executor,
            task=task,
            language=language,
            theme=theme,
            quality=quality,
            format=format,
            transparent=transparent,
            output=output,
            beats=beats,
            font=font,
            progress=progress,
        ).finish()


@dataclass(frozen=True)
class PendingRender:
    """A render that a crew works on, or that there was nothing to do for."""

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
                remember(self.cache, self.key, manifest, output, files)
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
    trace: "Trace | str | Path | CachedRecording | None",
    executor: Executor,
    *,
    progress: Progress | None = None,
    **settings: Any,
) -> PendingRender:
    """Set a crew to work on a render, and go on meanwhile; ``settings`` are those of ``render``.

    Raises: as ``render``
    """
    started = time.perf_counter()
    request = request_of(scene, **settings)
    if isinstance(trace, str | Path):
        request.check_spares(Path(trace))
    cache = usable(cache_folder())
    code = request.code()
    task = request.task or request.default_task(code, cache)
    if trace is None and task is not None:
        trace = request.recording_of(task)
    digest = _digest(trace)
    key = request.key(code, digest)
    manifest = (
        None if key is None else again(cache, key, request.profile, request.output, request.source)
    )
    if manifest is not None:
        done = ((request.named,), manifest.beats, manifest.notes)
        return PendingRender(request, started, request.scene, done)

    from rnnviz.rendering.plan import make_plan  # loads Manim

    if request.scene not in SCENES:
        executor.enter(chdir("."))  # its code may change the folder, until the crew ends
    plan = make_plan(request, trace, progress or _silent)
    request.note_task(code, cache, plan.loaded.task)
    if trace is None:
        trace = request.recording_of(plan.loaded.task)
    if request.profile.file_format == "png":
        names = tuple(beat.name for beat in plan.beats)
        made, notes = plan.stills(request.output)
        paths = tuple(request.named / still for still in made)
        return PendingRender(request, started, plan.name, (paths, names, (*plan.notes, *notes)))
    key = request.key(code, _digest(trace))
    if request.code() != code or digest not in (None, _digest(trace)):
        key = None  # changed while it was read
    return PendingRender(request, started, plan.name, None, plan.film(cache, executor), cache, key)


def _digest(trace: "Trace | str | Path | CachedRecording | None") -> str | None:
    """What stands for a trace or for the file that holds it, or None if there is neither."""
    if trace is None:
        return None
    if isinstance(trace, CachedRecording):
        return checksum(trace.file)
    return checksum(Path(trace)) if isinstance(trace, str | Path) else f"trace {trace.digest}"


def _silent(beat: str, done: int, total: int) -> None:
    pass


def show(scene: str | Path, trace: "Trace | None" = None, **settings: Any) -> Any:
    """Render a scene and show the video here, in a notebook.

    ``settings`` are those of ``render``; the quality is 720p unless given.

    Raises: RenderError outside IPython, and as ``render``
    """
    try:
        from IPython.display import Video
    except ImportError as error:
        raise RenderError(
            "a video is shown in a notebook, which needs IPython; install jupyter"
        ) from error
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "scene.mp4"
        done = render(scene, trace, **{"quality": "m", **settings, "output": output})
        return Video(
            data=done.paths[0].read_bytes(),
            mimetype="video/mp4",
            embed=True,
            width=960,
            html_attributes=f'controls aria-label="{html.escape(done.scene, quote=True)}"',
        )


__all__ = ["Progress", "Rendered", "begin", "render", "show"]

"""From a scene and a trace to a video or stills."""

import html
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnviz.errors import RenderError
from rnnviz.trace import Trace

Progress = Callable[[str, int, int], None]
"""Called with the name of a beat that is done, its place among the beats, and their number."""


@dataclass(frozen=True)
class Rendered:
    """What a render made."""

    scene: str
    paths: tuple[Path, ...]
    beats: tuple[str, ...]
    seconds: float


def render(
    scene: str | Path,
    trace: Trace | None = None,
    *,
    task: str | None = None,
    language: str = "en",
    theme: str = "dark",
    quality: str = "h",
    format: str = "mp4",
    output: str | Path | None = None,
    beats: tuple[int, ...] | None = None,
    progress: Progress | None = None,
) -> Rendered:
    """Render a scene, from a trace or from the default recording of a task.

    ``scene`` is a registered name, ``FILE.py`` or ``FILE.py:CLASS``. ``quality`` is Manim's
    letter (l m h p k), ``format`` one of mp4, webm, mov, gif, or png for one still a beat (then
    ``output`` is a folder). ``beats`` (numbers from 1) renders those alone.

    Raises: SceneError for an unknown scene or beat, or a trace that lacks what the scene needs;
            RenderError for an output that cannot be written; TextError for a missing character
    """
    from rnnviz.rendering.plan import make_plan  # loads Manim

    started = time.perf_counter()
    plan = make_plan(
        str(scene),
        trace,
        task=task,
        language=language,
        theme=theme,
        quality=quality,
        file_format=format,
        output=None if output is None else Path(output),
        beats=beats,
        progress=progress,
    )
    paths = plan.carry_out()
    return Rendered(plan.name, paths, plan.beat_names, time.perf_counter() - started)


def show(scene: str | Path, trace: Trace | None = None, **settings: Any) -> Any:
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


__all__ = ["Progress", "Rendered", "render", "show"]

"""Renders one scene: to files, or to a notebook."""

import html
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnviz.errors import RenderError
from rnnviz.rendering.execution.dask import open_executor
from rnnviz.rendering.pending import Rendered, begin
from rnnviz.rendering.request import Progress

if TYPE_CHECKING:
    from rnnviz.text.font_files import FontSource
    from rnnviz.trace import Trace


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
    letter (l m h p k), ``format`` one of mp4, webm, mov, gif, or png for one still per beat (then
    ``output`` is a folder); webm, mov and png may be ``transparent``. ``beats`` (numbers from 1)
    renders only those. ``font`` is for characters that rnnviz Sans lacks, such as other scripts: a
    file, FILE#FACE, the name of an installed font, or several in order of preference.
    Beats are drawn by ``jobs`` processes side by side (None: one per core), or by the workers of
    the Dask ``scheduler`` at an address, and kept: only what changed is drawn again. Workers must
    find your own scene file at the same path as here. Where systems cannot fork, call this under
    ``if __name__ == "__main__"`` in a script.

    Raises: SceneError for an unknown scene or beat, or a trace that lacks what the scene needs;
            RenderError for an output that cannot be written, or a storyboard that fails;
            TextError for an invalid font, or a character that no font has; ClusterError for a
            scheduler that cannot be reached
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


def show(scene: str | Path, trace: "Trace | None" = None, **settings: Any) -> Any:
    """Render a scene and show the video in a notebook.

    ``settings`` are those of ``render``; the default quality is 720p.

    Raises: RenderError outside IPython, and as ``render``
    """
    try:
        from IPython.display import Video
    except ImportError as error:
        raise RenderError(
            "showing a video needs a notebook with IPython; install jupyter"
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

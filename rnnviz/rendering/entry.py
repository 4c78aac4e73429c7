"""Renders one scene: to files, or to a notebook."""

import html
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnviz.errors import RenderError
from rnnviz.rendering.execution.dask import open_executor
from rnnviz.rendering.pending import Rendered, begin
from rnnviz.rendering.request import Progress, Recording

if TYPE_CHECKING:
    from rnnviz.text.font_files import FontSource
    from rnnviz.text.notation import Notation
    from rnnviz.text.palette import Palette


def render(
    scene: str | Path,
    trace: Recording | Sequence[Recording] | None = None,
    *,
    task: str | None = None,
    language: str = "en",
    theme: "str | Path | Palette" = "dark",
    quality: str = "h",
    format: str = "mp4",
    transparent: bool = False,
    output: str | Path | None = None,
    beats: Sequence[int] | None = None,
    font: "FontSource | Iterable[FontSource] | None" = None,
    notation: "Notation | str | Path" = "uwv",
    aspect: str = "16:9",
    pace: float = 1.0,
    hold: Mapping[int, float] | None = None,
    captions: bool = True,
    jobs: int | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> Rendered:
    """Render a scene, from a trace or its file, or from the default recording of a task.

    ``scene`` is a registered name, ``FILE.py`` or ``FILE.py:CLASS``; a list of traces is for scenes
    that show several, such as ``compare``. ``quality`` is Manim's
    letter (l m h p k), ``format`` one of mp4, webm, mov, gif, or png for one still per beat (then
    ``output`` is a folder); ``theme`` is "dark", "light", a TOML file, or a palette from
    ``rnnviz.load_theme``; webm, mov and png may be ``transparent``. ``beats`` (numbers from 1)
    renders only those. ``font`` is for characters that rnnviz Sans lacks, such as other scripts: a
    file, FILE#FACE, the name of an installed font, or several in order of preference. ``notation``
    is that of formulas: uwv, pytorch, d2l, goodfellow or a TOML file of your own. ``aspect`` is
    the frame's shape: 16:9, 4:3, 1:1 or 9:16. ``pace`` is how fast all is played (0.8: a fifth
    slower), and ``hold`` maps a beat's number to the seconds to pause at its end. Without
    ``captions`` they are only in the subtitles.
    Beats are drawn by ``jobs`` processes side by side (None: one per core), or by the workers of
    the Dask ``scheduler`` at an address, and kept: only what changed is drawn again. Workers must
    find your own scene file at the same path as here. Where systems cannot fork, call this under
    ``if __name__ == "__main__"`` in a script.

    Raises: SceneError for an unknown scene or beat, too many or too few traces, or one that lacks
            what the scene needs; RenderError for an output that cannot be written, or a
            storyboard that fails; ThemeError for an invalid theme; TextError for an invalid font or
            notation, or a character that no font has; ClusterError for a scheduler that cannot be
            reached
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
            notation=notation,
            aspect=aspect,
            pace=pace,
            hold=hold,
            captions=captions,
            progress=progress,
        ).finish()


def show(
    scene: str | Path, trace: Recording | Sequence[Recording] | None = None, **settings: Any
) -> Any:
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

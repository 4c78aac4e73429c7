"""From scenes and videos, mixed, to an exit: what is a scene is rendered for it."""

import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rnnviz.errors import ExportError, SceneError
from rnnviz.exports.exits import check, left_out
from rnnviz.exports.exits import export as written
from rnnviz.exports.material import Material
from rnnviz.rendering import render
from rnnviz.text.font_files import FontSource
from rnnviz.text.fonts import load_fonts, using_fonts

if TYPE_CHECKING:
    from rnnviz.trace import Trace

VIDEOS: Final = (".mp4", ".webm", ".mov", ".gif")

Render = Callable[[str, Path], Path | None]
"""Renders a scene of a name to a file, and says where it is; None leaves the scene out."""


def export(
    *what: str | Path,
    to: str,
    output: str | Path,
    title: str | None = None,
    trace: "Trace | str | Path | None" = None,
    task: str | None = None,
    language: str | None = None,
    theme: str = "dark",
    quality: str = "h",
    font: FontSource | Sequence[FontSource] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[Path, ...]:
    """Export scenes, which are rendered for it, and videos that rnnviz made; say what was written.

    ``what`` are names of scenes, ``FILE.py`` or ``FILE.py:CLASS``, or videos, in the order in which
    they are shown; of several, html, pptx and handout make one. ``to`` is an exit, as of
    ``rnnviz export --to``, and ``output`` a file, or for html a folder as well. ``trace``,
    ``task``, ``theme`` and ``quality`` are those of ``rnnviz.render``, for the scenes, and ``font``
    for all; ``title`` is what the whole is called. ``progress`` is called with a scene and its beat
    that is done, how many are done, and their number.

    Raises: ExportError for what cannot be exported so; as ``rnnviz.render`` for a scene
    """
    if trace is not None and task is not None:
        raise ExportError("a trace and a task were given; give one of them")
    fonts = load_fonts(font)

    def rendered(scene: str, place: Path) -> Path:
        def tell(beat: str, done: int, total: int) -> None:
            if progress is not None:
                progress(f"{scene}, {beat}", done, total)

        settings: dict[str, Any] = {"theme": theme, "quality": quality, "task": task}
        settings |= {"language": language or "en", "progress": tell, "output": place}
        settings["font"] = fonts
        return render(scene, trace, **settings).paths[0]

    with using_fonts(fonts):
        return made(
            [str(one) for one in what],
            rendered,
            to,
            Path(output),
            language=language,
            title=title,
            tell=lambda told: warnings.warn(told, stacklevel=4),
            of_scenes=[
                name
                for name, given in (
                    ("trace", trace is not None),
                    ("task", task is not None),
                    ("theme", theme != "dark"),
                    ("quality", quality != "h"),
                )
                if given
            ],
        )


def made(
    what: list[str],
    rendered: Render,
    to: str,
    output: Path,
    *,
    language: str | None,
    title: str | None,
    of_scenes: list[str],
    tell: Callable[[str], None],
) -> tuple[Path, ...]:
    """As ``export``, with scenes rendered by a function; ``of_scenes`` are settings given for them.

    ``tell`` is called with what the exit cannot carry of a video.

    Raises: ExportError, SceneError if every scene is left out, and what ``rendered`` raises
    """
    if not what:
        raise ExportError("there is nothing to export; name a scene or a video")
    check(to, output, several=len(what) > 1, title=title)
    if of_scenes and all(map(is_video, what)):
        raise ExportError(f"{of_scenes[0]} goes with a scene; a video is as it is")
    ready = [Material.of(Path(one)) if is_video(one) else None for one in what]
    with tempfile.TemporaryDirectory() as folder:
        materials = []
        for place, (one, known) in enumerate(zip(what, ready, strict=True)):
            if known is not None:
                materials.append(known)
            elif (video := rendered(one, Path(folder) / f"{place}.mp4")) is not None:
                materials.append(_told(one, language, Material.of(video)))
        if not materials:
            raise SceneError("no scene can show this trace; the reasons stand above")
        for told in (told for one in materials for told in left_out(one, to)):
            tell(told)
        return written(materials, to, output, language=language, title=title)


def _told(scene: str, language: str | None, material: Material) -> Material:
    """A scene that was rendered, if its captions are in the language that is asked for."""
    if language is not None and language not in material.languages:
        raise ExportError(
            f"the captions of {scene!r} have no translation into {language!r}; add one to the "
            "catalogue, or choose another language"
        )
    return material


def is_video(what: str) -> bool:
    """Whether a video is meant, by the ending of its name."""
    return Path(what).suffix.lower() in VIDEOS

"""Export scenes, which are rendered first, together with videos that rnnviz rendered before."""

import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rnnviz.errors import ExportError, SceneError
from rnnviz.experiments.default_recordings import CachedRecording, data_language
from rnnviz.exports.formats import check_request, is_folder, is_video
from rnnviz.exports.live_pages import LivePages
from rnnviz.exports.rendered_video import RenderedVideo
from rnnviz.exports.writing import unsupported, write
from rnnviz.rendering import render
from rnnviz.text.font_files import FontSource
from rnnviz.text.fonts import load_fonts, using_fonts
from rnnviz.text.notation import UWV, Notation
from rnnviz.text.notation_files import load_notation
from rnnviz.text.palette import Palette
from rnnviz.text.theme_file import load_theme
from rnnviz.trace import load

if TYPE_CHECKING:
    from rnnviz.rendering.request import Recording
    from rnnviz.trace import Trace

RenderScene = Callable[[str, Path], Path | None]
"""Render a scene to a file and return its path; None leaves the scene out."""
_THEME: Final = "dark"
_QUALITY: Final = "h"


def export(
    *what: str | Path,
    to: str,
    output: str | Path,
    title: str | None = None,
    trace: "Recording | Sequence[Recording] | None" = None,
    task: str | None = None,
    language: str | None = None,
    theme: "str | Path | Palette" = _THEME,
    quality: str = _QUALITY,
    font: FontSource | Sequence[FontSource] | None = None,
    notation: Notation | str | Path = UWV,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[Path, ...]:
    """Export scenes and videos in one format and return the files written.

    ``what`` lists scenes (a name, ``FILE.py`` or ``FILE.py:CLASS``), which are rendered first, and
    videos that rnnviz rendered, in the order in which to show them; only html, pptx and handout
    join several. ``to`` is a format of ``rnnviz export --to``, and ``output`` a file or, for html,
    also a folder, which then holds live pages of the scenes' networks as well. ``title`` is the
    title of the whole. ``trace``, ``task``, ``theme``, ``quality`` and ``notation`` are those of
    ``rnnviz.render`` and apply to the scenes; ``font`` applies to scenes and exported text.
    ``progress`` is called with the scene and the beat just finished, the number of beats finished,
    and their total.

    Raises: ExportError if the export is not possible; as ``rnnviz.render`` for a scene
    """
    if trace is not None and task is not None:
        raise ExportError("trace and task exclude each other; give one of them")
    fonts, symbols = load_fonts(font or load_theme(theme).fonts), load_notation(notation)

    def render_scene(scene: str, path: Path) -> Path:
        def report(beat: str, done: int, total: int) -> None:
            if progress is not None:
                progress(f"{scene}, {beat}", done, total)

        settings: dict[str, Any] = {"theme": theme, "quality": quality, "task": task}
        settings |= {"language": language or "en", "progress": report, "output": path}
        settings |= {"font": fonts, "notation": symbols}
        return render(scene, trace, **settings).paths[0]

    def warn(message: str) -> None:
        warnings.warn(message, stacklevel=4)

    def recording(usual: str, training: Mapping[str, Any]) -> "Trace":
        given: Any = trace
        if isinstance(trace, Sequence) and not isinstance(trace, str):
            given = trace[0]
        if given is None:
            spoken = data_language(language or "en")
            given = CachedRecording(task or usual, {"language": spoken, **training})
        if isinstance(given, CachedRecording):
            return given.trace()
        return load(given) if isinstance(given, str | Path) else given

    look: dict[str, Any] = {"language": language or "en", "theme": theme}
    live = LivePages(recording, warn, **look, font=fonts, notation=symbols)
    with using_fonts(fonts):
        return export_sources(
            [str(source) for source in what],
            render_scene,
            to,
            Path(output),
            language=language,
            title=title,
            live=live,
            warn=warn,
            scene_settings=[
                name
                for name, given in (
                    ("trace", trace is not None),
                    ("task", task is not None),
                    ("theme", theme != _THEME),
                    ("quality", quality != _QUALITY),
                    ("notation", symbols != UWV),
                )
                if given
            ],
        )


def export_sources(
    sources: list[str],
    render_scene: RenderScene,
    to: str,
    output: Path,
    *,
    language: str | None,
    title: str | None,
    live: LivePages,
    scene_settings: list[str],
    warn: Callable[[str], None],
) -> tuple[Path, ...]:
    """Export scenes and videos as ``export`` does, rendering each scene with ``render_scene``.

    ``live`` makes the live pages of the scenes, if a folder is written. ``scene_settings`` names
    the settings given that apply to scenes only. ``warn`` is called with a message for each feature
    of a video that the format does not support.

    Raises: ExportError, SceneError if every scene is left out, and what ``render_scene`` raises
    """
    if not sources:
        raise ExportError("nothing to export; name a scene or a video")
    check_request(to, output, several=len(sources) > 1, title=title)
    if scene_settings and all(map(is_video, sources)):
        raise ExportError(f"{scene_settings[0]} applies to scenes, not to rendered videos")
    known = {source: RenderedVideo.of(Path(source)) for source in sources if is_video(source)}
    with tempfile.TemporaryDirectory() as folder:
        videos = []
        for number, source in enumerate(sources):
            if source in known:
                videos.append(known[source])
            elif (path := render_scene(source, Path(folder) / f"{number}.mp4")) is not None:
                videos.append(RenderedVideo.of(path))
                _check_language(source, language, videos[-1])
            else:
                continue
            if is_folder(to, output):
                live.add(None if source in known else source)
        if not videos:
            raise SceneError("no scene can show this trace; see the reasons above")
        for message in (message for video in videos for message in unsupported(video, to)):
            warn(message)
        return write(videos, to, output, language=language, title=title, live=live)


def _check_language(scene: str, language: str | None, video: RenderedVideo) -> None:
    """Check that a rendered scene has captions in the requested language.

    Raises: ExportError if it has none
    """
    if language is not None and language not in video.languages:
        raise ExportError(
            f"the captions of {scene!r} are not translated into {language!r}; add a translation "
            "to the catalogue, or choose another language"
        )

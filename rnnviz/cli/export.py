"""``rnnviz export``."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, Final

import click

from rnnviz.cli.commands import NearChoice, SectionedCommand, note, refuse
from rnnviz.cli.network_options import NETWORK_OPTIONS, network_options, sections, take_source
from rnnviz.cli.options import (
    font_option,
    fonts_of,
    language_option,
    notation_option,
    output_option,
    quality_option,
    theme_option,
    traces_option,
)
from rnnviz.cli.output import progress_bar
from rnnviz.cli.render import begin_render
from rnnviz.cli.scene_traces import trace_for, trace_of
from rnnviz.cli.task_options import check_text
from rnnviz.exports.formats import FORMATS, JOINING, is_video
from rnnviz.scene.catalogue import SCENES

_SCENE_OPTIONS: Final = ("trace_files", "quality", "theme", "notation", *NETWORK_OPTIONS)
_SECTIONS: Final = {
    "Result": (
        *("everything", "to", "output", "title", "quality"),
        *("language", "theme", "notation", "fonts"),
    ),
    "What the scenes show: a trace": ("trace_files",),
    **sections(),
}


@click.command("export", cls=SectionedCommand, sections=_SECTIONS)
@click.argument("sources", metavar="[SCENE|VIDEO]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Export all scenes in lecture order.")
@click.option("--to", type=NearChoice(tuple(FORMATS)), required=True, help="Export format.")
@output_option("Output file, or folder for html.", metavar="PATH")
@click.option("--title", metavar="TEXT", help="Title of the whole export.")
@traces_option
@network_options()
@quality_option
@font_option
@language_option(default=None, show_default="the video's, or en")
@theme_option("dark")
@notation_option
def command(
    sources: tuple[str, ...],
    everything: bool,
    to: str,
    output: str,
    title: str | None,
    trace_files: tuple[str, ...],
    quality: str,
    fonts: tuple[Any, ...],
    language: str | None,
    theme: str,
    notation: Any,
    **options: Any,
) -> None:
    """Export scenes and videos as pages, slides, handouts and more.

    Scenes are rendered first; videos must have been rendered by rnnviz. The formats html, pptx and
    handout join several of them, in the order given. With --all and a trace, scenes that cannot
    show the trace are left out and reported.
    """
    if everything == bool(sources):
        raise click.UsageError("give either SCENE or VIDEO, or --all")
    if (everything or len(sources) > 1) and not FORMATS[to].joins_videos:
        subject = "--all needs" if everything else "several scenes or videos need"
        raise click.UsageError(f"{subject} --to {JOINING}")
    if sources and all(map(is_video, sources)):
        refuse(_SCENE_OPTIONS, "applies to SCENE; a VIDEO is already rendered")
        if FORMATS[to].animation:
            refuse(["language"], f"applies to SCENE; a {to} of a VIDEO has no text to translate")
    source = take_source(options, trace_files)
    fonts = tuple(fonts_of(theme, fonts))
    check_text(source.task, fonts)
    from rnnviz.exports.exporting import export_sources
    from rnnviz.exports.live_pages import LivePages
    from rnnviz.text.fonts import using_fonts

    def recording(task: str, training: Mapping[str, Any]) -> Any:
        with progress_bar("Recording for the live page") as report:
            return trace_of(
                source,
                task,
                language or "en",
                lambda done, most, loss: report(done, most, ""),
                **training,
            )

    look: dict[str, Any] = {"language": language or "en", "theme": theme}
    live = LivePages(recording, note, **look, font=fonts, notation=notation)
    names = list(SCENES) if everything else list(sources)
    left_out: list[str] = []

    def render_scene(scene: str, path: Path) -> Path | None:
        from rnnviz.errors import SceneError
        from rnnviz.rendering.execution.dask import open_executor

        settings: dict[str, Any] = {
            "language": language or "en",
            "theme": theme,
            "notation": notation,
            "quality": quality,
            "font": fonts,
            "output": path,
        }
        description = f"Rendering {scene}"
        if len(names) > 1:
            description += f" ({names.index(scene) + 1} of {len(names)})"
        with redirect_stdout(sys.stderr):  # scenes may print; stdout lists the files made
            trace = trace_for(scene, source, **settings)
            with progress_bar(description) as report, open_executor(None, None) as executor:
                try:
                    result = begin_render(scene, trace, executor, report, "", **settings).finish()
                except SceneError as error:
                    if not everything or source.is_usual:
                        raise
                    left_out.append(f"left out {scene}: {error}")
                    return None
        for message in result.notes:
            note(message)
        path_made: Path = result.paths[0]
        return path_made

    with using_fonts(fonts), _noting(left_out):
        paths = export_sources(
            names,
            render_scene,
            to,
            Path(output),
            language=language,
            title=title,
            live=live,
            scene_settings=[],
            warn=note,
        )
    for path in paths:
        click.echo(str(path))


@contextmanager
def _noting(messages: list[str]) -> Iterator[None]:
    """Print the messages collected by the end of the context, even after an error."""
    try:
        yield
    finally:
        for message in messages:
            note(message)

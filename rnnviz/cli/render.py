"""``rnnviz render``."""

import re
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, Final

import click

from rnnviz.cli.commands import SectionedCommand, note, refuse
from rnnviz.cli.network_options import Source, network_options, sections, take_source
from rnnviz.cli.options import (
    aspect_option,
    captions_option,
    check_exclusive,
    font_option,
    fonts_of,
    hold_option,
    jobs_option,
    json_option,
    language_option,
    notation_option,
    output_option,
    pace_option,
    quality_option,
    scheduler_option,
    theme_option,
    traces_option,
)
from rnnviz.cli.output import print_json, progress_bar
from rnnviz.cli.scene_traces import trace_for
from rnnviz.cli.task_options import check_text
from rnnviz.scene.catalogue import SCENES

_VIDEO_FORMATS: Final = ("mp4", "webm", "mov", "gif")
_SECTIONS: Final = {
    "Result": (
        *("everything", "beats", "output", "file_format", "quality", "transparent", "preview"),
        *("language", "theme", "notation", "fonts", "aspect", "pace", "hold", "captions"),
    ),
    "What it shows: a trace": ("trace_files",),
    **sections(),
}


class _Beats(click.ParamType[range]):
    """One beat or a range of beats: ``3`` or ``2-4``."""

    name = "N|FIRST-LAST"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> range:
        found = re.fullmatch(r"(\d{1,18})(?:-(\d{1,18}))?", str(value))
        first = int(found[1]) if found else 0
        last = int(found[2] or first) if found else 0
        if not 1 <= first <= last:
            self.fail(
                f"{value!r} is neither a beat, such as 3, nor a range, such as 2-4", param, ctx
            )
        return range(first, last + 1)


@click.command("render", cls=SectionedCommand, sections=_SECTIONS)
@click.argument("scene", required=False)
@click.option("--all", "everything", is_flag=True, help="Render all scenes.")
@traces_option
@network_options()
@quality_option
@click.option(
    "--format",
    "file_format",
    type=click.Choice((*_VIDEO_FORMATS, "png")),
    show_default="the extension of --output, else mp4",
    help="Output format; png writes one still per beat.",
)
@output_option("Output file, or folder for stills and --all.", required=False, metavar="PATH")
@language_option()
@theme_option("dark")
@notation_option
@aspect_option
@pace_option
@hold_option
@captions_option
@click.option(
    "--beats", type=_Beats(), help="Render only one beat, such as 3, or a range, such as 2-4."
)
@click.option(
    "--transparent", is_flag=True, help="Make the background transparent (webm, mov and png)."
)
@font_option
@jobs_option("Number of processes to draw with.")
@scheduler_option
@click.option("-p", "--preview", is_flag=True, help="Open the result.")
@json_option
def command(
    scene: str | None,
    everything: bool,
    trace_files: tuple[str, ...],
    quality: str,
    file_format: str | None,
    output: str | None,
    language: str,
    theme: str,
    notation: Any,
    aspect: str,
    pace: float,
    hold: tuple[tuple[int, float], ...],
    captions: bool,
    beats: range | None,
    transparent: bool,
    fonts: tuple[Any, ...],
    jobs: int | None,
    scheduler: str | None,
    preview: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Render a scene to a video or to still images.

    SCENE is a name from 'rnnviz list', or FILE.py[:CLASS] for a scene of your own. Without
    --trace, a network is trained and recorded first, and the recording is cached; with --model,
    your own model is recorded.
    """
    if everything == (scene is not None):
        raise click.UsageError("give either SCENE or --all")
    if everything and beats:
        raise click.UsageError("--beats and --all cannot be combined")
    if everything and hold:
        raise click.UsageError("--hold and --all cannot be combined")
    check_exclusive(jobs=jobs, scheduler=scheduler)
    source = take_source(options, trace_files)
    file_format = file_format or _format_of(output)
    if file_format == "png":
        refuse(["jobs", "scheduler"], "applies to videos; stills are drawn one after the other")
    fonts = tuple(fonts_of(theme, fonts))
    check_text(source.task, fonts)
    settings: dict[str, Any] = {
        "language": language,
        "theme": theme,
        "notation": notation,
        "aspect": aspect,
        "pace": pace,
        "hold": dict(hold),
        "captions": captions,
        "quality": quality,
        "format": file_format,
        "transparent": transparent,
        "beats": beats,
        "font": fonts,
    }
    pool = {"jobs": jobs, "scheduler": scheduler}
    with redirect_stdout(sys.stderr):  # scenes may print; stdout lists the files made
        if everything:
            results = _render_all(source, pool, folder=output, **settings)
        else:
            results = [_render_one(str(scene), source, pool, output=output, **settings)]
    for message in (message for result in results for message in result.notes):
        note(message)
    paths = [path for result in results for path in result.paths]
    if as_json:
        print_json(
            [
                {
                    "scene": result.scene,
                    "paths": [str(path) for path in result.paths],
                    "beats": list(result.beats),
                    "seconds": round(result.seconds, 3),
                    "notes": list(result.notes),
                }
                for result in results
            ]
        )
    else:
        for path in paths:
            click.echo(str(path))
    if preview:
        click.launch(str(paths[0]))


def _render_all(
    source: Source,
    pool: dict[str, Any],
    *,
    folder: str | None,
    **settings: Any,
) -> list[Any]:
    """Render all scenes in lecture order; report those that cannot show a given trace."""
    from rnnviz.errors import SceneError
    from rnnviz.rendering.execution.dask import open_executor
    from rnnviz.rendering.naming import default_output
    from rnnviz.rendering.profile import EncodingProfile
    from rnnviz.rendering.targets import check_same_scene
    from rnnviz.scene.playback import playback_of
    from rnnviz.text.theme_file import load_theme

    profile = EncodingProfile(
        *(settings[name] for name in ("quality", "format", "transparent", "aspect"))
    )
    playback = playback_of(settings["pace"], settings["hold"], settings["captions"])
    marks = (
        settings["language"],
        load_theme(settings["theme"]).name,
        profile,
        None,
        settings["notation"],
        playback,
    )
    places = {name: default_output(name, *marks) for name in SCENES}
    if folder is not None:
        places = {name: Path(folder) / place.name for name, place in places.items()}
    for name, place in places.items():
        check_same_scene(place, name)
    pending, refused = [], []
    with progress_bar("Rendering") as report, open_executor(**pool) as executor:
        for number, name in enumerate(SCENES, start=1):
            output = None if folder is None else str(places[name])
            trace = trace_for(name, source, output=output, **settings)
            try:
                prefix = f"{name} ({number} of {len(SCENES)}), "
                pending.append(
                    begin_render(name, trace, executor, report, prefix, output=output, **settings)
                )
            except SceneError as error:
                if source.is_usual:
                    raise
                refused.append(f"{name}: {error}")
        results = [each.finish() for each in pending]
    for reason in refused:
        note(f"left out {reason}")
    if not results:
        raise SceneError("no scene can show this trace; see the reasons above")
    return results


def _render_one(
    scene: str,
    source: Source,
    pool: dict[str, Any],
    **settings: Any,
) -> Any:
    from rnnviz.rendering.execution.dask import open_executor

    trace = trace_for(scene, source, **settings)
    with progress_bar(f"Rendering {scene}") as report, open_executor(**pool) as executor:
        return begin_render(scene, trace, executor, report, "", **settings).finish()


def begin_render(
    scene: str,
    trace: Any,
    executor: Any,
    report: Callable[[int, int, str], None],
    prefix: str,
    **settings: Any,
) -> Any:
    """Begin a render and report its beats, each after a prefix."""
    from rnnviz.rendering import begin
    from rnnviz.system.progress import reported

    def report_beat(beat: str, done: int, total: int) -> None:
        report(done, total, f"{prefix}{beat}")

    with reported(report):
        return begin(scene, trace, executor, progress=report_beat, **settings)


def _format_of(output: str | None) -> str:
    ending = Path(output).suffix.lower().removeprefix(".") if output else ""
    return ending if ending in _VIDEO_FORMATS else "mp4"

"""``rnnviz render``."""

import re
from pathlib import Path
from typing import Any

import click

from rnnviz.cli.options import data_options, print_json, progress_bar, task_of
from rnnviz.registry import SCENES
from rnnviz.translation import languages


class _Beats(click.ParamType[tuple[int, ...]]):
    """``3`` or ``2-4``: numbers of beats, from 1."""

    name = "N or FIRST-LAST"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        found = re.fullmatch(r"(\d+)(?:-(\d+))?", str(value))
        first = int(found[1]) if found else 0
        last = int(found[2] or first) if found else 0
        if not 1 <= first <= last:
            self.fail(f"{value!r} is neither a beat like 3 nor beats like 2-4.", param, ctx)
        return tuple(range(first, last + 1))


@click.command("render")
@click.argument("scene", required=False)
@click.option("--all", "everything", is_flag=True, help="Render every scene.")
@click.option("--trace", "trace_file", metavar="FILE", help="A trace from 'rnnviz record'.")
@data_options
@click.option(
    "-q",
    "--quality",
    type=click.Choice(tuple("lmhpk")),
    default="h",
    show_default=True,
    help="480p15, 720p30, 1080p60, 1440p60 or 2160p60.",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(("mp4", "webm", "mov", "gif", "png")),
    help="Of the output; png makes one still a beat.  [default: mp4]",
)
@click.option(
    "-o", "--output", metavar="PATH", help="A file, or a folder for stills and for --all."
)
@click.option("--lang", "language", type=click.Choice(languages()), default="en", show_default=True)
@click.option("--theme", type=click.Choice(("dark", "light")), default="dark", show_default=True)
@click.option("--beats", type=_Beats(), help="Only these beats: 3, or 2-4.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of the network that is trained.")
@click.option("-p", "--preview", is_flag=True, help="Open what was made.")
@click.option("--json", "as_json", is_flag=True, help="Say what was made as JSON.")
def command(
    scene: str | None,
    everything: bool,
    trace_file: str | None,
    quality: str,
    file_format: str | None,
    output: str | None,
    language: str,
    theme: str,
    beats: tuple[int, ...] | None,
    seed: int | None,
    preview: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Render SCENE, a name from 'rnnviz list' or FILE.py[:CLASS], to a video.

    Without --trace a network is trained and recorded first; the recording is kept for later.
    """
    if everything == (scene is not None):
        raise click.UsageError("Give a SCENE, or --all.")
    if everything and beats:
        raise click.UsageError("--all does not go with --beats.")
    task = task_of(options)
    if trace_file is not None and (task is not None or seed is not None):
        raise click.UsageError("Give --trace, or a task to train on, not both.")
    settings: dict[str, Any] = {
        "language": language,
        "theme": theme,
        "quality": quality,
        "format": file_format or _format_of(output),
        "beats": beats,
    }
    if everything:
        made = _render_all(trace_file, task, seed, folder=output, **settings)
    else:
        made = [_render_one(str(scene), trace_file, task, seed, output=output, **settings)]
    paths = [path for rendered in made for path in rendered.paths]
    if as_json:
        print_json(
            [
                {
                    "scene": rendered.scene,
                    "paths": [str(path) for path in rendered.paths],
                    "beats": list(rendered.beats),
                    "seconds": round(rendered.seconds, 3),
                }
                for rendered in made
            ]
        )
    else:
        for path in paths:
            click.echo(str(path))
    if preview:
        click.launch(str(paths[0]))


def _render_all(
    trace_file: str | None,
    task: tuple[str, dict[str, Any]] | None,
    seed: int | None,
    *,
    folder: str | None,
    **settings: Any,
) -> list[Any]:
    """Every scene, in the order of the lecture; those that cannot show a given trace are named."""
    from rnnviz.errors import SceneError
    from rnnviz.rendering.plan import default_output

    made, refused = [], []
    for name in SCENES:
        place = default_output(name, settings["language"], settings["theme"], settings["format"])
        output = None if folder is None else str(Path(folder) / place.name)
        try:
            made.append(_render_one(name, trace_file, task, seed, output=output, **settings))
        except SceneError as error:
            if trace_file is None and task is None:
                raise
            refused.append(f"{name}: {error}")
    for reason in refused:
        click.echo(f"rnnviz: left out {reason}", err=True)
    if not made:
        raise SceneError("no scene can show this trace; the reasons stand above")
    return made


def _render_one(
    scene: str,
    trace_file: str | None,
    task: tuple[str, dict[str, Any]] | None,
    seed: int | None,
    **settings: Any,
) -> Any:
    from rnnviz.companions.studies import reported
    from rnnviz.defaults import data_language, default_trace
    from rnnviz.rendering import render
    from rnnviz.rendering.plan import check_request
    from rnnviz.trace import load

    loaded = check_request(scene, settings["format"], settings["output"], settings["beats"])
    trace = load(trace_file) if trace_file else None
    if trace is None:
        name, chosen = task or (loaded.task, {})
        chosen = {**chosen, **({} if seed is None else {"seed": seed})}
        with progress_bar(f"Training on {name}") as report:
            trace = default_trace(
                name,
                language=data_language(settings["language"]),
                progress=lambda epoch, most, loss: report(epoch, most, f"loss {loss:.3g}"),
                **chosen,
            )
    with progress_bar(f"Rendering {scene}") as report, reported(report):
        return render(
            scene,
            trace,
            progress=lambda beat, done, total: report(done, total, beat),
            **settings,
        )


def _format_of(output: str | None) -> str:
    ending = Path(output).suffix.lower().removeprefix(".") if output else ""
    return ending if ending in ("mp4", "webm", "mov", "gif") else "mp4"

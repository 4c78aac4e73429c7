"""``rnnviz render``."""

import os
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import chdir, redirect_stdout
from pathlib import Path
from typing import Any

import click

from rnnviz.cli.options import (
    StrictCommand,
    Whole,
    check_text,
    data_options,
    font_option,
    print_json,
    progress_bar,
    refuse,
    scheduler_option,
    task_of,
)
from rnnviz.scene.catalogue import SCENES
from rnnviz.text.translation import languages


class _Beats(click.ParamType[range]):
    """``3`` or ``2-4``: numbers of beats, from 1. They are not counted out: they may be many."""

    name = "N or FIRST-LAST"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> range:
        found = re.fullmatch(r"(\d{1,18})(?:-(\d{1,18}))?", str(value))
        first = int(found[1]) if found else 0
        last = int(found[2] or first) if found else 0
        if not 1 <= first <= last:
            self.fail(f"{value!r} is neither a beat like 3 nor beats like 2-4.", param, ctx)
        return range(first, last + 1)


@click.command("render", cls=StrictCommand)
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
@click.option("--transparent", is_flag=True, help="No ground, for webm, mov and png.")
@font_option
@click.option("-j", "--jobs", type=Whole(min=1), help="Processes that draw.  [default: one a core]")
@scheduler_option
@click.option("--seed", type=Whole(min=0), help="Seed of the network that is trained.")
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
    beats: range | None,
    transparent: bool,
    fonts: tuple[Any, ...],
    jobs: int | None,
    scheduler: str | None,
    seed: int | None,
    preview: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Render SCENE, a name from 'rnnviz list' or FILE.py[:CLASS], to a video.

    Without --trace a network is trained and recorded first; the recording is kept for later.
    """
    if everything == (scene is not None):
        raise click.UsageError("Give a SCENE or --all, and not both.")
    if everything and beats:
        raise click.UsageError("--all does not go with --beats.")
    if jobs is not None and scheduler is not None:
        raise click.UsageError("Give --jobs or --scheduler, not both.")
    task = task_of(options)
    if trace_file is not None and (task is not None or seed is not None):
        raise click.UsageError("Give --trace, or a task to train on, not both.")
    file_format = file_format or _format_of(output)
    if file_format == "png":
        refuse(["jobs", "scheduler"], "goes with a video; stills are drawn one after the other.")
    settings: dict[str, Any] = {
        "language": language,
        "theme": theme,
        "quality": quality,
        "format": file_format,
        "transparent": transparent,
        "beats": beats,
        "font": fonts,
    }
    check_text(task, fonts)
    pool = {"jobs": jobs, "scheduler": scheduler}
    with redirect_stdout(sys.stderr):  # what scenes print; stdout is for what was made
        if everything:
            made = _render_all(trace_file, task, seed, pool, folder=output, **settings)
        else:
            one = _render_one(str(scene), trace_file, task, seed, pool, output=output, **settings)
            made = [one]
    for note in (note for rendered in made for note in rendered.notes):
        click.echo(f"rnnviz: {note}", err=True)
    paths = [path for rendered in made for path in rendered.paths]
    if as_json:
        print_json(
            [
                {
                    "scene": rendered.scene,
                    "paths": [str(path) for path in rendered.paths],
                    "beats": list(rendered.beats),
                    "seconds": round(rendered.seconds, 3),
                    "notes": list(rendered.notes),
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
    pool: dict[str, Any],
    *,
    folder: str | None,
    **settings: Any,
) -> list[Any]:
    """Every scene, in the order of the lecture; those that cannot show a given trace are named."""
    from rnnviz.errors import SceneError
    from rnnviz.rendering.execution.dask import open_executor
    from rnnviz.rendering.naming import default_output
    from rnnviz.rendering.profile import EncodingProfile
    from rnnviz.rendering.targets import check_same_scene

    profile = EncodingProfile(settings["quality"], settings["format"], settings["transparent"])
    places = {
        name: default_output(name, settings["language"], settings["theme"], profile)
        for name in SCENES
    }
    if folder is not None:
        places = {name: Path(folder) / place.name for name, place in places.items()}
    for name, place in places.items():
        check_same_scene(place, name)
    begun, refused = [], []
    with progress_bar("Rendering") as report, open_executor(**pool) as executor:
        for number, name in enumerate(SCENES, start=1):
            output = None if folder is None else str(places[name])
            trace = trace_for(name, trace_file, task, seed, output=output, **settings)
            try:
                told = f"{name} ({number} of {len(SCENES)}), "
                begun.append(_begin(name, trace, executor, report, told, output=output, **settings))
            except SceneError as error:
                if trace_file is None and task is None:
                    raise
                refused.append(f"{name}: {error}")
        made = [one.finish() for one in begun]
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
    pool: dict[str, Any],
    **settings: Any,
) -> Any:
    from rnnviz.rendering.execution.dask import open_executor

    trace = trace_for(scene, trace_file, task, seed, **settings)
    with progress_bar(f"Rendering {scene}") as report, open_executor(**pool) as executor:
        return _begin(scene, trace, executor, report, "", **settings).finish()


def _begin(
    scene: str,
    trace: Any,
    executor: Any,
    report: Callable[[int, int, str], None],
    told: str,
    **settings: Any,
) -> Any:
    """Begin a render; its beats are reported after what is told of the scene."""
    from rnnviz.rendering import begin
    from rnnviz.system.progress import reported

    def tell(beat: str, done: int, total: int) -> None:
        report(done, total, f"{told}{beat}")

    with reported(report):
        return begin(scene, trace, executor, progress=tell, **settings)


def trace_for(
    scene: str,
    trace_file: str | None,
    task: tuple[str, dict[str, Any]] | None,
    seed: int | None,
    **settings: Any,
) -> Any:
    """The trace that is given, or what the cache keeps: made now if it is not there."""
    from rnnviz.experiments.default_recordings import CachedRecording, cache_folder, data_language
    from rnnviz.rendering.request import request_of
    from rnnviz.system.cache import usable

    request = request_of(scene, **settings)
    if trace_file is not None:
        return trace_file
    extra: dict[str, Any] = {"language": data_language(request.language)}
    if seed is not None:
        extra["seed"] = seed
    _tell_what_stays(request, seed, task)
    name, options = task or (request.default_task(request.code(), usable(cache_folder())), {})
    known = None if name is None else CachedRecording(name, {**options, **extra})
    if known is not None and os.path.isfile(known.file):
        return known
    from rnnviz.rendering.plan import check_scene  # loads Manim

    with chdir("."):  # a scene's code may change it
        loaded = check_scene(request)
    kept = known or CachedRecording(loaded.task, extra)
    if not os.path.isfile(kept.file):
        with progress_bar(f"Training on {kept.task}") as report:
            trace = kept.trace(lambda epoch, most, loss: report(epoch, most, f"loss {loss:z.3g}"))
        if not os.path.isfile(kept.file):
            return trace
    return kept


def _tell_what_stays(
    request: Any, seed: int | None, task: tuple[str, dict[str, Any]] | None
) -> None:
    """Tell of options that do not reach networks that a scene compares."""
    given = [
        *(["--seed"] if seed is not None else []),
        *(["--gap"] if task and "gap" in task[1] else []),
    ]
    if not given:
        return
    from rnnviz.experiments.studies import LECTURE, train_networks
    from rnnviz.rendering.plan import check_scene  # loads Manim

    with chdir("."):  # a scene's code may change it
        loaded = check_scene(request)
    if train_networks(loaded.scene.experiments.values()):
        click.echo(
            f"rnnviz: {' and '.join(given)} decide the recording of scene {loaded.name!r}, not the "
            f"networks that it compares: those have seeds {_listed(LECTURE.seeds)} and gaps "
            f"{_listed(LECTURE.gaps)}",
            err=True,
        )


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def _format_of(output: str | None) -> str:
    ending = Path(output).suffix.lower().removeprefix(".") if output else ""
    return ending if ending in ("mp4", "webm", "mov", "gif") else "mp4"

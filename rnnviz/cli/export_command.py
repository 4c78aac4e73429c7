"""``rnnviz export``."""

import sys
import tempfile
from contextlib import chdir, redirect_stdout
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from rnnviz.cli.options import NearChoice, progress_bar
from rnnviz.registry import SCENES
from rnnviz.translation import languages

_EXITS = (
    "html", "pptx", "handout", "gif", "webp", "revealjs", "quarto", "markdown", "beamer", "jupyter",
)  # fmt: skip
_VIDEOS = (".mp4", ".webm", ".mov", ".gif")
_OF_SCENES = ("trace_file", "quality", "theme")


@click.command("export")
@click.argument("what", metavar="SCENE|VIDEO", required=False)
@click.option("--all", "everything", is_flag=True, help="Every scene, as one page.")
@click.option("--to", "exit_", type=NearChoice(_EXITS), required=True, help="Where it goes.")
@click.option("-o", "--output", metavar="PATH", required=True, help="A file, or a folder for html.")
@click.option("--trace", "trace_file", metavar="FILE", help="A trace from 'rnnviz record'.")
@click.option(
    "-q", "--quality", type=click.Choice(tuple("lmhpk")), default="h", show_default=True,
    help="Of a scene that is rendered for it.",
)  # fmt: skip
@click.option("--lang", "language", type=click.Choice(languages()), help="Of captions and text.")
@click.option("--theme", type=click.Choice(("dark", "light")), default="dark", show_default=True)
def command(
    what: str | None,
    everything: bool,
    exit_: str,
    output: str,
    trace_file: str | None,
    quality: str,
    language: str | None,
    theme: str,
) -> None:
    """Export a SCENE, which is rendered for it, or a VIDEO that rnnviz made."""
    if everything == (what is not None):
        raise click.UsageError("Give a SCENE or a VIDEO, or --all.")
    if everything and exit_ != "html":
        raise click.UsageError("--all goes with --to html.")
    of_video = what is not None and Path(what).suffix.lower() in _VIDEOS
    for name in _OF_SCENES:
        source = click.get_current_context().get_parameter_source(name)
        if of_video and source is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"--{name.split('_')[0]} goes with a SCENE; a video is as it is."
            )
    from rnnviz.exports.exits import export
    from rnnviz.exports.material import Material

    with tempfile.TemporaryDirectory() as folder:
        if of_video:
            materials = [Material.of(Path(str(what)))]
        else:
            names = list(SCENES) if everything else [str(what)]
            settings = {"language": language or "en", "theme": theme, "quality": quality}
            with redirect_stdout(sys.stderr):  # what scenes print; stdout is for what was made
                videos = [_rendered(name, Path(folder), trace_file, settings) for name in names]
            materials = [Material.of(video) for video in videos]
        for path in export(materials, exit_, Path(output), language=language):
            click.echo(str(path))


def _rendered(name: str, folder: Path, trace_file: str | None, settings: dict[str, Any]) -> Path:
    from rnnviz.defaults import data_language, default_trace
    from rnnviz.rendering import render
    from rnnviz.rendering.loading import load_scene
    from rnnviz.trace import load

    with chdir("."):  # a scene's code may change it
        loaded = load_scene(name)
    trace = (
        load(trace_file)
        if trace_file is not None
        else default_trace(loaded.task, language=data_language(settings["language"]))
    )
    with progress_bar(f"Rendering {name}") as report:
        done = render(
            name,
            trace,
            output=folder / f"{loaded.name}.mp4",
            progress=lambda beat, done, total: report(done, total, beat),
            **settings,
        )
    return done.paths[0]

"""``rnnviz export``."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import click

from rnnviz.cli.options import (
    DATA_OPTIONS,
    NearChoice,
    StrictCommand,
    data_options,
    font_option,
    progress_bar,
    refuse,
    task_of,
)
from rnnviz.cli.render_command import trace_for
from rnnviz.scene.catalogue import SCENES
from rnnviz.text.translation import languages

_EXITS = (
    "html", "pptx", "handout", "gif", "webp", "revealjs", "quarto", "markdown", "beamer", "jupyter",
)  # fmt: skip
_VIDEOS = (".mp4", ".webm", ".mov", ".gif")
_OF_SEVERAL = ("html", "pptx", "handout")
_OF_SCENES = ("trace_file", "quality", "theme", *DATA_OPTIONS)
_WITHOUT_A_LANGUAGE = ("gif", "webp")
"""A clip has no captions."""


@click.command("export", cls=StrictCommand)
@click.argument("what", metavar="[SCENE|VIDEO]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every scene, in the lecture's order.")
@click.option("--to", "exit_", type=NearChoice(_EXITS), required=True, help="Where it goes.")
@click.option("-o", "--output", metavar="PATH", required=True, help="A file, or a folder for html.")
@click.option("--title", metavar="TEXT", help="What the whole is called.")
@click.option("--trace", "trace_file", metavar="FILE", help="A trace from 'rnnviz record'.")
@data_options
@click.option(
    "-q", "--quality", type=click.Choice(tuple("lmhpk")), default="h", show_default=True,
    help="Of a scene that is rendered for it.",
)  # fmt: skip
@font_option
@click.option("--lang", "language", type=click.Choice(languages()), help="Of captions and text.")
@click.option("--theme", type=click.Choice(("dark", "light")), default="dark", show_default=True)
def command(
    what: tuple[str, ...],
    everything: bool,
    exit_: str,
    output: str,
    title: str | None,
    trace_file: str | None,
    quality: str,
    fonts: tuple[Any, ...],
    language: str | None,
    theme: str,
    **options: Any,
) -> None:
    """Export scenes, which are rendered for it, and videos that rnnviz made.

    Of several, in the order in which they are named, html, pptx and handout make one. With --all
    and a trace, scenes that cannot show it are left out, and named.
    """
    if everything == bool(what):
        raise click.UsageError("Give a SCENE or a VIDEO, or --all.")
    if (everything or len(what) > 1) and exit_ not in _OF_SEVERAL:
        told = "--all goes" if everything else "Several go"
        raise click.UsageError(f"{told} with --to {', '.join(_OF_SEVERAL[:-1])} or handout.")
    if what and all(Path(one).suffix.lower() in _VIDEOS for one in what):
        refuse(_OF_SCENES, "goes with a SCENE; a video is as it is.")
        if exit_ in _WITHOUT_A_LANGUAGE:
            refuse(
                ["language"], f"goes with a SCENE; {exit_} of a video has no language to choose."
            )
    task = task_of(options)
    if trace_file is not None and task is not None:
        raise click.UsageError("Give --trace, or a task to train on, not both.")
    from rnnviz.exports.making import made
    from rnnviz.text.fonts import using_fonts

    names = list(SCENES) if everything else list(what)
    left_out: list[str] = []

    def rendered(scene: str, place: Path) -> Path | None:
        from rnnviz.errors import SceneError
        from rnnviz.rendering import begin
        from rnnviz.rendering.execution.dask import open_executor

        settings: dict[str, Any] = {
            "language": language or "en",
            "theme": theme,
            "quality": quality,
            "font": fonts,
            "output": place,
        }
        told = f"Rendering {scene}"
        if len(names) > 1:
            told += f" ({names.index(scene) + 1} of {len(names)})"
        with redirect_stdout(sys.stderr):  # what scenes print; stdout is for what was made
            trace = trace_for(scene, trace_file, task, None, **settings)
            with progress_bar(told) as report, open_executor(None, None) as executor:

                def tell(beat: str, done: int, total: int) -> None:
                    report(done, total, beat)

                try:
                    done = begin(scene, trace, executor, progress=tell, **settings).finish()
                except SceneError as error:
                    if not everything or (trace_file is None and task is None):
                        raise
                    left_out.append(f"left out {scene}: {error}")
                    return None
        for note in done.notes:
            _note(note)
        return done.paths[0]

    with using_fonts(fonts), _noted(left_out):
        paths = made(
            names,
            rendered,
            exit_,
            Path(output),
            language=language,
            title=title,
            of_scenes=[],
            tell=_note,
        )
    for path in paths:
        click.echo(str(path))


@contextmanager
def _noted(notes: list[str]) -> Iterator[None]:
    """Tell in the end what was noted until then, whatever became of it."""
    try:
        yield
    finally:
        for note in notes:
            _note(note)


def _note(note: str) -> None:
    """Tell what of a video, or of all scenes, is left out."""
    click.echo(f"rnnviz: {note}", err=True)

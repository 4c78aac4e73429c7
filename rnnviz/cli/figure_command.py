"""``rnnviz figure``."""

import inspect
import re
import shlex
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from rnnviz.cli.options import (
    StrictCommand,
    Whole,
    check_places,
    check_text,
    data_options,
    font_option,
    print_json,
    progress_bar,
    refuse,
    task_of,
)
from rnnviz.text.translation import languages, translated

_DIRECTIONS = ("forward", "reverse")
_PLACES = ("trace_files", "sweep_file", "text_file", "csv")
_NOT_IN_FILES = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that an XML file, and so the metadata of an SVG, cannot hold."""

_Source = tuple[tuple[str, ...], str | None, tuple[str, dict[str, Any]] | None]
"""The files of traces, that of a sweep, or a task, at most one of them."""


@click.command("figure", cls=StrictCommand)
@click.argument("name", required=False)
@click.option("--list", "listed", is_flag=True, help="List the figures.")
@click.option(
    "--trace",
    "trace_files",
    metavar="FILE",
    multiple=True,
    help="A trace from 'rnnviz record'; several are drawn into the same axes.",
)
@click.option(
    "--label",
    "labels",
    metavar="TEXT",
    multiple=True,
    help="What the legend calls a trace, in their order.  [default: the file's name]",
)
@click.option("--sweep", "sweep_file", metavar="FILE", help="A file from 'rnnviz sweep'.")
@data_options
@click.option("-o", "--output", metavar="FILE", help="A .pdf, .svg or .png file.")
@click.option(
    "--style",
    type=click.Choice(("paper", "slides", "poster")),
    default="paper",
    show_default=True,
    help="Sizes of type and lines.",
)
@click.option(
    "--venue",
    type=click.Choice(("neurips", "icml", "ieee", "acl")),
    help="As wide as a column of that venue's page.",
)
@click.option("--span", type=Whole(1, 2), default=1, help="1, or 2 for the whole page.")
@click.option("--width", type=click.FloatRange(min=0.5, max=100), help="In inches.")
@click.option("--height", type=click.FloatRange(min=0.5, max=100), help="In inches.")
@click.option("--layer", type=Whole(min=1), help="A stacked layer, from 1.")
@click.option("--direction", type=click.Choice(_DIRECTIONS), help="Of a bidirectional layer.")
@click.option("--sequence", type=Whole(min=1), help="A sequence of the batch, from 1.")
@click.option("--state", type=click.Choice(("h", "c")), help="h, or c of an LSTM.")
@click.option("--normalize", is_flag=True, help="Over the value at lag 0.")
@click.option("--keep-text", is_flag=True, help="Letters of an SVG stay text, not outlines.")
@font_option
@click.option("--lang", "language", type=click.Choice(languages()), default="en", show_default=True)
@click.option("--theme", type=click.Choice(("light", "dark")), default="light", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The list as JSON.")
def command(
    name: str | None,
    listed: bool,
    trace_files: tuple[str, ...],
    labels: tuple[str, ...],
    sweep_file: str | None,
    output: str | None,
    keep_text: bool,
    language: str,
    as_json: bool,
    layer: int | None,
    direction: str | None,
    sequence: int | None,
    state: str | None,
    normalize: bool,
    fonts: tuple[Any, ...],
    **options: Any,
) -> None:
    """Draw the figure NAME of a trace, for a paper, slides or a poster."""
    given = click.get_current_context().params
    if listed or (as_json and name is None):
        refuse(set(given) - {"listed", "as_json", "language"}, "does nothing beside --list.")
        if as_json:
            refuse(["language"], "does nothing beside --json, which tells every language.")
        _list(language, as_json)
        return
    refuse(["as_json"], "goes with --list.")
    task = task_of(options)
    if name is not None:
        from rnnviz.figures.catalogue import find

        find(name)
    if name is None or output is None:
        raise click.UsageError("Give a NAME and -o FILE, or --list.")
    if trace_files and task is not None:
        raise click.UsageError("Give --trace, or a task to train on, not both.")
    if sweep_file is not None and (trace_files or task is not None):
        raise click.UsageError("Give --sweep, --trace, or a task, not several.")
    if options["venue"] is None:
        refuse(["span"], "counts columns of a venue's page; give --venue too, or --width.")
    elif options["width"] is not None:
        refuse(["width"], "and --venue both say how wide the figure is; give one of them.")
    if Path(output).suffix.lower() == ".png":
        refuse(["keep_text"], "goes with .pdf and .svg; a .png has no letters, only pixels.")
    places = {
        "layer": None if layer is None else layer - 1,
        "direction": None if direction is None else _DIRECTIONS.index(direction),
        "sequence": None if sequence is None else sequence - 1,
    }
    chosen = {option: place for option, place in places.items() if place is not None}
    own = _own_options(name, chosen, state, normalize)
    if labels or len(trace_files) > 1:
        own["label"] = _labels(name, trace_files, labels)
    source = (trace_files, sweep_file, task)
    check_text(task, fonts)
    options["font"] = fonts
    click.echo(str(_draw(name, output, source, language, keep_text, chosen, own, options)))


def _own_options(
    name: str, places: dict[str, int], state: str | None, normalize: bool
) -> dict[str, Any]:
    """What a figure's own function is given.

    Raises: click.UsageError for an option that it does not have
    """
    from rnnviz.figures import function_of

    accepted = inspect.signature(function_of(name)).parameters
    given: dict[str, Any] = dict(places)
    if state is not None:
        given["of" if "of" in accepted else "state"] = state
    if normalize:
        given["normalize"] = True
    for option in given:
        if option not in accepted:
            raise click.UsageError(f"--{option} is no option of figure {name!r}.")
    return given


def _labels(name: str, files: tuple[str, ...], given: tuple[str, ...]) -> str | list[str]:
    """A label for each trace: the given ones, the files' names, or their paths if names are alike.

    Raises: click.UsageError for another number of labels than of traces
    """
    from rnnviz.figures import as_label

    count = max(1, len(files))
    if given and len(given) != count:
        raise click.UsageError(f"Give a --label for each --trace: {count}, not {len(given)}.")
    if len(set(given)) < len(given):
        raise click.UsageError("Give each --trace another --label.")
    if count == 1:
        return given[0]
    stems = [Path(file).stem for file in files]
    names = files if len(set(stems)) < len(stems) else stems
    return list(given) or [as_label(each) for each in names]


def _draw(
    name: str,
    output: str,
    source: _Source,
    language: str,
    keep_text: bool,
    places: dict[str, Any],
    own: dict[str, Any],
    options: dict[str, Any],
) -> Any:
    from rnnviz.figures import figure, save_figure
    from rnnviz.figures.axes import MOST_CELLS
    from rnnviz.figures.saving import check_file, images_in
    from rnnviz.system.progress import reported
    from rnnviz.trace import Trace

    check_file(Path(output))
    with progress_bar(f"Recording for {name}") as report:
        data, identity = _data(
            name, source, language, lambda done, most, loss: report(done, most, "")
        )
    for each in data:
        if isinstance(each, Trace):
            check_places(each, **places)
    with progress_bar(f"Drawing {name}") as drawing, reported(drawing):
        made = figure(name, *data, language=language, **own, **options)
    written = save_figure(made, output, trace=identity, command=_typed(), text=keep_text)
    if written.suffix.lower() != ".png":
        for rows, columns in images_in(made):
            click.echo(
                f"{rows} × {columns} cells are drawn as an image; up to {MOST_CELLS} are shapes.",
                err=True,
            )
    return written


def _typed() -> str:
    """The command as it was typed, but for the place of the file, which may move."""
    context = click.get_current_context()
    words = ["rnnviz", "figure", str(context.params["name"])]
    for param in context.command.params:
        name = str(param.name)
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if given and name not in ("name", "output"):
            value = context.params[name]
            for each in value if isinstance(value, tuple) else (value,):
                words.append((param.opts if each is not False else param.secondary_opts)[-1])
                if not isinstance(each, bool):
                    words.append(Path(each).name if name in _PLACES else str(each))
    return _NOT_IN_FILES.sub("?", shlex.join(words))


def _data(
    name: str,
    source: _Source,
    language: str,
    progress: Any,
) -> tuple[tuple[Any, ...], str]:
    """What a figure is drawn from, and the identity of the trace, if it is one."""
    from rnnviz.experiments.default_recordings import data_language, default_trace
    from rnnviz.figures.catalogue import FIGURES, find
    from rnnviz.trace import load

    entry = find(name)
    trace_files, sweep_file, task = source
    if sweep_file is not None:
        from rnnviz.experiments.sweeps import load_sweep

        if entry.drawn_from != "study":
            able = " or ".join(each for each in FIGURES if FIGURES[each].drawn_from == "study")
            raise click.UsageError(
                f"Figure {name!r} cannot be drawn from a sweep; leave --sweep out, or draw {able}."
            )
        held = load_sweep(Path(sweep_file))
        if left_out := held.left_out():
            told = ", ".join(f"{cell.upper()} {length}" for cell, length in left_out)
            click.echo(
                f"Left out, since not all of their networks are trained yet: {told}; "
                "to train them, run the command that began the sweep once more.",
                err=True,
            )
        return (held,), ""
    if entry.drawn_from == "nothing":
        if trace_files or task is not None:
            raise click.UsageError(f"Figure {name!r} is of no trace; leave --trace and tasks out.")
        return (), ""
    chosen, settings = task or (entry.task, {})
    if entry.drawn_from == "study":
        from rnnviz.experiments.studies import study_of
        from rnnviz.system.progress import reported

        if trace_files or chosen != entry.task:
            raise click.UsageError(
                f"Figure {name!r} trains networks of its own, on task {entry.task!r}; choose its "
                "--story or --lang."
            )
        refuse(["gap"], f"does nothing here: figure {name!r} is of several gaps.")
        sentence = default_trace(chosen, language=data_language(language), **settings)
        with reported(lambda done, most, _: progress(done, most, 0.0)):
            return (study_of(sentence),), ""
    if trace_files:
        traces = tuple(load(file) for file in trace_files)
    else:
        language = data_language(language)
        traces = (default_trace(chosen, language=language, progress=progress, **settings),)
    return traces, ", ".join(trace.identity for trace in traces)


def _list(language: str, as_json: bool) -> None:
    from rnnviz.figures.catalogue import FIGURES

    if as_json:
        print_json(
            [
                {
                    "name": entry.name,
                    "summary": {each: translated(entry.summary, each) for each in languages()},
                    "drawn_from": entry.drawn_from,
                }
                for entry in FIGURES.values()
            ]
        )
        return
    width = max(map(len, FIGURES))
    for entry in FIGURES.values():
        click.echo(f"{entry.name:<{width}}  {translated(entry.summary, language)}")

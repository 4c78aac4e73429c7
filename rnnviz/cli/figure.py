"""``rnnviz figure``."""

import inspect
import re
import shlex
from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource

from rnnviz.cli.commands import Integer, SectionedCommand, note, refuse
from rnnviz.cli.network_options import Source, network_options, sections, take_source
from rnnviz.cli.options import (
    LayerChoice,
    check_places,
    font_option,
    fonts_of,
    language_option,
    notation_option,
    output_option,
    place_options,
    places_from_zero,
    theme_option,
)
from rnnviz.cli.output import print_json, print_summaries, progress_bar, translations
from rnnviz.cli.scene_traces import trace_of
from rnnviz.cli.task_options import check_text

_FILE_PARAMETERS: Final = (
    *("trace_files", "sweep_file", "text_file", "csv", "theme"),
    *("inputs", "labels_file", "weights"),
)
_OTHER_LAYER: Final = ("layer",)
"""The option of models that an option of figures stands for as well."""
_SECTIONS: Final = {
    "Result": (
        *("output", "style", "venue", "span", "width", "height", "keep_text"),
        *("language", "theme", "notation", "fonts"),
    ),
    "What it shows: traces, or a sweep": (
        *("trace_files", "labels", "sweep_file"),
        *("layer", "direction", "sequence", "state", "normalize"),
    ),
    **sections(without=_OTHER_LAYER),
}
_NOT_IN_XML: Final = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML, and so the metadata of an SVG, cannot hold."""

_Data = tuple[tuple[str, ...], str | None, Source]
"""Trace files, a sweep file, and another source, of which at most one is given."""


@click.command("figure", cls=SectionedCommand, sections=_SECTIONS)
@click.argument("name", required=False)
@click.option("--list", "listed", is_flag=True, help="List the figures.")
@click.option(
    "--trace",
    "trace_files",
    metavar="FILE",
    multiple=True,
    help="Trace to draw, saved by 'rnnviz record'; repeat it to overlay several.",
)
@click.option(
    "--label",
    "labels",
    metavar="TEXT",
    multiple=True,
    show_default="the file names",
    help="Legend label of each --trace, in the same order.",
)
@click.option(
    "--sweep", "sweep_file", metavar="FILE", help="Results to draw, saved by 'rnnviz sweep'."
)
@network_options(without=_OTHER_LAYER)
@output_option("Output file (.pdf, .svg or .png).", required=False)
@click.option(
    "--style",
    type=click.Choice(("paper", "slides", "poster")),
    default="paper",
    help="Font sizes and line widths.",
)
@click.option(
    "--venue",
    type=click.Choice(("neurips", "icml", "ieee", "acl")),
    help="Venue whose column width to use.",
)
@click.option("--span", type=Integer(1, 2), default=1, help="Columns to span, with --venue.")
@click.option("--width", type=click.FloatRange(min=0.5, max=100), metavar="INCHES", help="Width.")
@click.option("--height", type=click.FloatRange(min=0.5, max=100), metavar="INCHES", help="Height.")
@place_options()
@click.option("--state", type=click.Choice(("h", "c")), help="State to draw: h, or c of an LSTM.")
@click.option("--normalize", is_flag=True, help="Divide by the value at lag 0.")
@click.option("--keep-text", is_flag=True, help="Keep text in an SVG as text, not as outlines.")
@font_option
@language_option()
@theme_option("light")
@notation_option
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
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
    layer: LayerChoice | None,
    direction: str | None,
    sequence: int | None,
    state: str | None,
    normalize: bool,
    fonts: tuple[Any, ...],
    **options: Any,
) -> None:
    """Draw a figure for a paper, slides or a poster.

    NAME is a name from 'rnnviz figure --list'. Without --trace, a network is trained and recorded
    first, and the recording is cached; with --model, your own model is recorded.
    """
    parameters = click.get_current_context().params
    if listed or (as_json and name is None):
        refuse(set(parameters) - {"listed", "as_json", "language"}, "has no effect with --list")
        _list(language, as_json)
        return
    refuse(["as_json"], "needs --list")
    source = take_source(options, trace_files, layer=layer)
    if name is not None:
        from rnnviz.figures.catalogue import find

        find(name)
    if name is None or output is None:
        raise click.UsageError("give NAME and --output, or --list")
    if sweep_file is not None and not source.is_usual:
        raise click.UsageError("--sweep cannot be combined with --trace, a task or your own data")
    if options["venue"] is None:
        refuse(["span"], "needs --venue; without one, set --width")
    else:
        refuse(["width"], "and --venue both set the width; give one of them")
    if Path(output).suffix.lower() == ".png":
        refuse(["keep_text"], "applies to .pdf and .svg; a .png contains no text")
    places = places_from_zero(layer, direction, sequence)
    arguments = _figure_arguments(name, places, state, normalize)
    if labels or len(trace_files) > 1:
        arguments["label"] = _labels(trace_files, labels)
    fonts = tuple(fonts_of(options["theme"], fonts))
    check_text(source.task, fonts)
    options["font"] = fonts
    data = (trace_files, sweep_file, source)
    click.echo(str(_draw(name, output, data, language, keep_text, places, arguments, options)))


def _figure_arguments(
    name: str, places: dict[str, int], state: str | None, normalize: bool
) -> dict[str, Any]:
    """Return the keyword arguments for the function of a figure.

    Raises: click.UsageError for one that the function does not have
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
            raise click.UsageError(f"figure {name!r} has no option --{option}")
    return given


def _labels(files: tuple[str, ...], given: tuple[str, ...]) -> str | list[str]:
    """Return a label for each trace: the labels given, or names of files, or paths if names repeat.

    Raises: click.UsageError if labels repeat, or there is not one per trace
    """
    from rnnviz.figures import as_label

    count = max(1, len(files))
    if given and len(given) != count:
        raise click.UsageError(f"give one --label per --trace: expected {count}, got {len(given)}")
    if len(set(given)) < len(given):
        raise click.UsageError("give each --trace a different --label")
    if count == 1:
        return given[0]
    stems = [Path(file).stem for file in files]
    names = files if len(set(stems)) < len(stems) else stems
    return list(given) or [as_label(each) for each in names]


def _draw(
    name: str,
    output: str,
    given: _Data,
    language: str,
    keep_text: bool,
    places: dict[str, Any],
    arguments: dict[str, Any],
    options: dict[str, Any],
) -> Path:
    from rnnviz.figures import figure, save_figure
    from rnnviz.figures.axes import MOST_CELLS
    from rnnviz.figures.saving import check_file, images_in
    from rnnviz.system.progress import reported
    from rnnviz.trace import Trace

    check_file(Path(output))
    with progress_bar(f"Recording for {name}") as report:
        data, identity = _data(
            name, given, language, lambda done, most, loss: report(done, most, "")
        )
    for each in data:
        if isinstance(each, Trace):
            check_places(each, **places)
    with progress_bar(f"Drawing {name}") as drawing, reported(drawing):
        drawn = figure(name, *data, language=language, **arguments, **options)
    written = save_figure(drawn, output, trace=identity, command=_command_line(), text=keep_text)
    if written.suffix.lower() != ".png":
        for rows, columns in images_in(drawn):
            note(
                f"{rows} × {columns} cells are drawn as an image; up to {MOST_CELLS} are drawn as "
                "vector shapes"
            )
    return written


def _command_line() -> str:
    """Return the command as typed, without the folders of files and the output."""
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
                    words.append(Path(each).name if name in _FILE_PARAMETERS else str(each))
    return _NOT_IN_XML.sub("?", shlex.join(words))


def _data(
    name: str,
    given: _Data,
    language: str,
    progress: Any,
) -> tuple[tuple[Any, ...], str]:
    """Return what a figure is drawn from, and the identities of the traces among it."""
    from rnnviz.figures.catalogue import FIGURES, find
    from rnnviz.trace import load

    entry = find(name)
    trace_files, sweep_file, source = given
    if sweep_file is not None:
        from rnnviz.experiments.sweeps import load_sweep

        if entry.drawn_from != "study":
            able = " or ".join(each for each in FIGURES if FIGURES[each].drawn_from == "study")
            raise click.UsageError(
                f"figure {name!r} cannot show a sweep; leave --sweep out, or choose {able}"
            )
        held = load_sweep(Path(sweep_file))
        if left_out := held.left_out():
            missing = ", ".join(f"{cell.upper()} {length}" for cell, length in left_out)
            note(
                f"left out {missing}, for which training is not finished; run the same "
                "'rnnviz sweep' command again to finish it"
            )
        return (held,), ""
    if entry.drawn_from == "nothing":
        if not source.is_usual:
            raise click.UsageError(f"figure {name!r} shows no trace; leave --trace and tasks out")
        return (), ""
    if entry.drawn_from == "study":
        from rnnviz.experiments.studies import study_of
        from rnnviz.system.progress import reported

        refuse(["gap"], f"has no effect: figure {name!r} covers several gaps")
        if source not in (Source(), Source(task=source.task)) or (
            source.task is not None and source.task[0] != entry.task
        ):
            raise click.UsageError(
                f"figure {name!r} trains its own networks on task {entry.task!r}; only --story and "
                "--lang can be set"
            )
        sentence = trace_of(source, entry.task, language)
        with reported(lambda done, most, _: progress(done, most, 0.0)):
            return (study_of(sentence),), ""
    if trace_files:
        traces = tuple(load(file) for file in trace_files)
    else:
        traces = (trace_of(source, entry.task, language, progress),)
    return traces, ", ".join(trace.identity for trace in traces)


def _list(language: str, as_json: bool) -> None:
    from rnnviz.figures.catalogue import FIGURES

    if not as_json:
        print_summaries(FIGURES, language)
        return
    refuse(["language"], "has no effect with --json, which includes all languages")
    print_json(
        [
            {
                "name": entry.name,
                "summary": translations(entry.summary),
                "drawn_from": entry.drawn_from,
            }
            for entry in FIGURES.values()
        ]
    )

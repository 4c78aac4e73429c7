"""Options that several commands share, each declared once."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from rnnviz.cli.commands import Address, Font, ForgetBias, Hold, Integer, NotationName, Theme
from rnnviz.text.translation import languages

if TYPE_CHECKING:
    from rnnviz.errors import RnnvizError
    from rnnviz.trace import Trace

DIRECTIONS: Final = ("forward", "reverse")
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d*)?|")
"""What is meant as a number, valid or not."""

Command = Callable[..., Any]
Option = Callable[[Command], Command]

trace_argument: Final[Option] = click.argument("trace_file", metavar="TRACE")
traces_option: Final[Option] = click.option(
    "--trace",
    "trace_files",
    multiple=True,
    metavar="FILE",
    help="Trace to show, saved by 'rnnviz record'; twice for scenes that show two.",
)
quality_option: Final[Option] = click.option(
    "-q",
    "--quality",
    type=click.Choice(tuple("lmhpk")),
    default="h",
    help="Video quality: 480p15 (l), 720p30 (m), 1080p60 (h), 1440p60 (p) or 2160p60 (k).",
)
font_option: Final[Option] = click.option(
    "--font",
    "fonts",
    type=Font(),
    multiple=True,
    metavar="FILE|NAME",
    envvar="RNNVIZ_FONT",
    help="Font for characters that the built-in font lacks, such as Arabic, Hindi or Korean; "
    "can be repeated.",
)
notation_option: Final[Option] = click.option(
    "--notation",
    type=NotationName(),
    default="uwv",
    metavar="NAME|FILE",
    help="Notation of formulas: uwv (U, W, V), pytorch (W_ih, W_hh), d2l (W_xh, W_hh, W_hq), "
    "goodfellow, or your own FILE.toml.",
)
aspect_option: Final[Option] = click.option(
    "--aspect",
    type=click.Choice(("16:9", "4:3", "1:1", "9:16")),
    default="16:9",
    help="Shape of the frame; 9:16 is that of a phone.",
)
pace_option: Final[Option] = click.option(
    "--pace", type=float, default=1.0, metavar="FACTOR", help="Speed: 0.8 is a fifth slower."
)
hold_option: Final[Option] = click.option(
    "--hold",
    type=Hold(),
    multiple=True,
    help="Pause at the end of a beat, such as 3:5 for 5 seconds after beat 3; can be repeated.",
)
captions_option: Final[Option] = click.option(
    "--captions/--no-captions",
    default=True,
    help="Draw the captions, or leave them to the subtitles.",
)
task_language_option: Final[Option] = click.option(
    "--lang",
    "language",
    type=click.Choice(("en", "zh")),
    default="en",
    help="Language of the task's data.",
)
scheduler_option: Final[Option] = click.option(
    "--scheduler",
    type=Address(),
    metavar="ADDRESS",
    help="Dask scheduler to run on, such as tcp://HOST:8786.",
)
hidden_option: Final[Option] = click.option(
    "--hidden", type=Integer(min=1), show_default="the task's", help="Hidden units per layer."
)
epochs_option: Final[Option] = click.option(
    "--epochs", type=Integer(min=1), show_default="the task's", help="Maximum number of epochs."
)
forget_bias_option: Final[Option] = click.option(
    "--forget-bias",
    type=ForgetBias(),
    metavar="FLOAT|chrono",
    show_default="PyTorch's, near 0",
    help="Bias that the forget gates of an LSTM start from: a number, such as 1 or 3, or drawn for "
    "the length of the sequences.",
)
json_option: Final[Option] = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def output_option(help: str, *, required: bool = True, metavar: str = "FILE") -> Option:
    """Return the option that names the output."""
    return click.option("-o", "--output", required=required, metavar=metavar, help=help)


def jobs_option(help: str) -> Option:
    """Return the option that sets the number of worker processes."""
    return click.option("-j", "--jobs", type=Integer(min=1), show_default="one per core", help=help)


def language_option(default: str | None = "en", **settings: Any) -> Option:
    """Return the option that sets the language of the output."""
    return click.option(
        "--lang",
        "language",
        type=click.Choice(languages()),
        default=default,
        help="Language of the output.",
        **settings,
    )


def theme_option(default: str) -> Option:
    """Return the option that sets the colour theme."""
    return click.option(
        "--theme",
        type=Theme(),
        metavar="dark|light|FILE.toml",
        default=default,
        help="Colour theme, or a file with your own colours and size of type.",
    )


def fonts_of(theme: str, fonts: Sequence[Any]) -> Sequence[Any]:
    """Return the fonts given, or else those of the theme."""
    if fonts:
        return fonts
    from rnnviz.text.theme_file import load_theme

    named = load_theme(theme).fonts
    if not named:
        return ()
    from rnnviz.text.fonts import load_fonts  # loads fontTools

    return load_fonts(named)


@dataclass(frozen=True)
class LayerChoice:
    """A layer that is drawn, by its number from 1, of the recurrent layer of a model by its name.

    Either may be None.
    """

    name: str | None
    number: int | None

    def __str__(self) -> str:
        """The choice as it is written."""
        return ":".join(str(each) for each in (self.name, self.number) if each is not None)


class _Layer(click.ParamType[LayerChoice]):
    """A number, a name, or a name and a number: ``2``, ``encoder.rnn`` or ``encoder.rnn:2``."""

    name = "layer"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> LayerChoice:
        """Return the name and the number."""
        name, colon, number = str(value).rpartition(":")
        if not colon and not _NUMBER.fullmatch(number):
            return LayerChoice(number, None)
        return LayerChoice(name or None, Integer(min=1)(number, param, ctx))


def place_options(**defaults: Any) -> Option:
    """Return the options that select a layer, a direction and a sequence, with their defaults."""
    types: dict[str, tuple[click.ParamType[Any], str | None, str]] = {
        "sequence": (Integer(min=1), None, "Sequence in the batch, counted from 1."),
        "direction": (click.Choice(DIRECTIONS), None, "Direction of a bidirectional layer."),
        "layer": (
            _Layer(),
            "N|NAME[:N]",
            "Recurrent layer, counted from 1; with --model also that to record, by its name, such "
            "as encoder.rnn or encoder.rnn:2.",
        ),
    }

    def declare(command: Command) -> Command:
        for name, (kind, metavar, help) in types.items():
            default = defaults.get(name)
            option = click.option(
                f"--{name}", type=kind, metavar=metavar, default=default, help=help
            )
            command = option(command)
        return command

    return declare


def places_from_zero(
    layer: LayerChoice | None, direction: str | None, sequence: int | None
) -> dict[str, int]:
    """Return the places that are given as indices from 0."""
    number = None if layer is None else layer.number
    places = {
        "layer": None if number is None else number - 1,
        "direction": None if direction is None else DIRECTIONS.index(direction),
        "sequence": None if sequence is None else sequence - 1,
    }
    return {name: index for name, index in places.items() if index is not None}


def check_places(trace: "Trace", *, layer: int = 0, direction: int = 0, sequence: int = 0) -> None:
    """Check that a trace has the places, given from 0; errors count from 1 as users do.

    Raises: TraceError
    """
    from rnnviz.errors import TraceError

    for what, index, count in (
        ("layer", layer, trace.layers),
        ("sequence", sequence, trace.batch),
    ):
        if index >= count:
            raise TraceError(f"there is no {what} {index + 1}; the trace has {count}")
    if direction >= trace.directions:
        raise TraceError("the trace has no reverse direction; leave --direction out")


def check_exclusive(**values: Any) -> None:
    """Check that at most one option is given.

    Raises: click.UsageError that names two that are
    """
    given = [f"--{name}" for name, value in values.items() if value is not None]
    if len(given) > 1:
        raise click.UsageError(f"{given[0]} and {given[1]} cannot be combined; give one of them")


def check_output(output: str, ending: str, error: type["RnnvizError"]) -> Path:
    """Check an output file before the work begins and return its path.

    Raises: click.UsageError for another ending; ``error`` if the file cannot be written
    """
    from rnnviz.system.files import check_place

    path = Path(output)
    if path.suffix != ending:
        raise click.UsageError(f"output {output!r} must end in {ending}")
    check_place(path, error)
    return path

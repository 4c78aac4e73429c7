"""Command classes and parameter types that the commands share."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

import click
from click.core import ParameterSource

_MAY_BE_EMPTY: Final = ("text",)
"""Options whose value is checked elsewhere."""


class StrictCommand(click.Command):
    """A command that refuses options given twice or without a value."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the command line and check its options."""
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        for param, times in Counter(order).items():
            if isinstance(param, click.Option) and times > 1 and not _may_repeat(param):
                ctx.fail(f"{name_of(param)} is given {times} times; give it once")
        left = super().parse_args(ctx, args)
        for param in self.params:
            value = ctx.params.get(str(param.name))
            if "\0" in str(value) and param.name not in _MAY_BE_EMPTY:
                ctx.fail(f"{name_of(param)} contains a NUL character; remove it")
            given = value if isinstance(value, tuple) else (value,)
            if "" in given and param.name not in _MAY_BE_EMPTY:
                ctx.fail(f"{name_of(param)} is empty; give a value or leave it out")
        return left


class SectionedCommand(StrictCommand):
    """A command whose help lists its options under headings.

    ``sections`` maps each heading to parameter names.
    """

    def __init__(self, *args: Any, sections: Mapping[str, Sequence[str]], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.sections = sections

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections, then the remaining options."""
        rows = {
            str(param.name): row
            for param in self.get_params(ctx)
            if (row := param.get_help_record(ctx)) is not None
        }
        for heading, names in self.sections.items():
            with formatter.section(heading):
                formatter.write_dl([rows.pop(name) for name in names])
        with formatter.section("Other options"):
            formatter.write_dl(list(rows.values()))


class NearChoice(click.Choice[str]):
    """A choice whose error suggests similar choices."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """Return click's message, with suggestions."""
        message = super().get_invalid_choice_message(value, ctx)
        near = get_close_matches(str(value), self.choices, n=3, cutoff=0.5)
        return f"{message} Did you mean {' or '.join(near)}?" if near else message


class Integer(click.IntRange):
    """An integer in a range, without click's name 'integer range'."""

    name = "integer"


class ForgetBias(click.ParamType[float | str]):
    """A number, or chrono."""

    name = "bias"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | str:
        """Return the bias as ``rnnviz.train`` takes it."""
        return "chrono" if value == "chrono" else float(click.FLOAT.convert(value, param, ctx))


class Address(click.ParamType[str]):
    """The address of a Dask scheduler."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check the address and return it unchanged."""
        from rnnviz.errors import ClusterError
        from rnnviz.system.workers import check_address

        try:
            check_address(str(value))
        except ClusterError as error:
            self.fail(str(error), param, ctx)
        return str(value)


class Hold(click.ParamType[tuple[int, float]]):
    """A pause at the end of a beat: the beat's number and seconds."""

    name = "BEAT:SECONDS"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, float]:
        """Return the number and the seconds."""
        found = re.fullmatch(r"(\d{1,6}):(\d{1,6}(?:\.\d+)?)", str(value))
        if not found:
            self.fail(f"{value!r} is not a beat and seconds, such as 3:5", param, ctx)
        return int(found[1]), float(found[2])


class Font(click.ParamType[Any]):
    """A font: a file, FILE#FACE, or the name of an installed font."""

    name = "font"
    envvar_list_splitter = os.pathsep

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Load the font; report which face is used if the file has several."""
        from rnnviz.text.fonts import load_fonts

        (font,) = load_fonts(value)
        if len(font.faces) > 1 and "#" not in font.name:
            note(
                f"{font} has {len(font.faces)} faces, and {font.faces[0]!r} is used; choose "
                f"another as {font}#NAME: {', '.join(font.faces[1:])}"
            )
        return font


class NotationName(click.ParamType[Any]):
    """A notation of formulas: a name, or a TOML file."""

    name = "notation"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Load the notation."""
        from rnnviz.errors import TextError
        from rnnviz.text.notation_files import is_file, load_notation

        try:
            return load_notation(value)
        except TextError as error:
            if is_file(value):
                raise
            self.fail(str(error), param, ctx)


class Theme(click.ParamType[str]):
    """A theme: dark, light or a TOML file."""

    name = "theme"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check the theme, with its file, and return its name or path unchanged."""
        from rnnviz.errors import ThemeError
        from rnnviz.text.theme_file import ENDING, load_theme

        try:
            load_theme(str(value))
        except ThemeError as error:
            if str(value).lower().endswith(ENDING):
                raise
            self.fail(str(error), param, ctx)
        return str(value)


def note(message: str) -> None:
    """Print a message on stderr."""
    click.echo(f"rnnviz: {message}", err=True)


def name_of(param: click.Parameter) -> str:
    """Return a parameter's name on the command line, such as ``--trace`` or ``SCENE``."""
    if isinstance(param, click.Option):
        return max(param.opts, key=len)
    return param.make_metavar(click.get_current_context()).strip("[]")


def refuse(names: Iterable[str], reason: str) -> None:
    """Refuse those of the named parameters that are given on the command line.

    Raises: click.UsageError with the parameter and the reason
    """
    context = click.get_current_context()
    params = {str(param.name): param for param in context.command.params}
    for name in names:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{name_of(params[name])} {reason}")


def _may_repeat(option: click.Option) -> bool:
    return option.is_flag or option.multiple or option.count


class ModelName(click.ParamType[str]):
    """The dotted names of a module and of the callable in it that returns the model."""

    name = "callable"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check the name and return it unchanged."""
        if not re.fullmatch(r"\w+(\.\w+)*:\w+(\.\w+)*", str(value)):
            self.fail(
                f"{value!r} is not of the form MODULE:CALLABLE, such as models:make", param, ctx
            )
        return str(value)

"""Several traces in the axes of one figure, told apart by colour, dashes and a legend."""

import re
from collections.abc import Callable, Sequence
from inspect import Parameter, signature
from typing import Any, Final

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.cbook import is_math_text
from matplotlib.figure import Figure
from matplotlib.mathtext import MathTextParser

from rnnviz.errors import FigureError
from rnnviz.figures.styles import series
from rnnviz.text.fonts import check_characters
from rnnviz.text.palette import Palette

_DASHES: Final = ("-", "--", "-.")
_FORMULA: Final = re.compile(r"(?<!\\)\$.*?(?<!\\)\$")


def overlay(
    draw: Callable[..., Axes | Figure],
    traces: Sequence[Any],
    labels: Sequence[str],
    palette: Palette,
    **options: Any,
) -> Axes | Figure:
    """Draw a figure of each trace, all of them on the axes of the first.

    Raises: FigureError for labels that do not tell them apart, or more traces than looks
    """
    if len(labels) != len(traces) or len(set(labels)) < len(labels):
        raise FigureError(
            f"{len(traces)} traces in one figure need as many labels, each another; "
            f"got {', '.join(map(repr, labels)) or 'none'}"
        )
    looks = _looks(series(palette))
    if len(traces) > len(looks):
        raise FigureError(
            f"no more than {len(looks)} traces can be told apart in one figure; "
            f"{len(traces)} are given, draw some of them"
        )
    if Parameter.VAR_POSITIONAL in {each.kind for each in signature(draw).parameters.values()}:
        colors = [color for color, _ in looks[: len(traces)]]
        return draw(*traces, label=labels, color=colors, palette=palette, **options)
    made: Axes | Figure | None = None
    for trace, label, (color, dashes) in zip(traces, labels, looks, strict=False):
        onto = {"figure" if isinstance(made, Figure) else "ax": made} if made is not None else {}
        with rc_context({"lines.linestyle": dashes}):
            made = draw(trace, label=label, color=color, palette=palette, **onto, **options)
    assert made is not None
    return made


def check_label(label: str) -> None:
    """Raises FigureError for a formula that cannot be set, TextError for a character that the font
    does not have."""
    if is_math_text(label):
        try:
            MathTextParser("path").parse(label)
        except ValueError as error:
            raise FigureError(
                f"the formula in label {label!r} cannot be set; "
                "correct it, or write \\$ for a dollar"
            ) from error
    check_characters(_FORMULA.sub("", label), "give another label")


def as_label(name: str) -> str:
    """A name as a label that shows it as it is: Matplotlib takes a dollar for a formula's, and
    leaves a label out that begins with an underscore."""
    plain = name.replace("$", r"\$")
    return r"$\_$" + plain[1:] if plain.startswith("_") else plain


def _looks(colors: Sequence[str]) -> list[tuple[str, str]]:
    """Colours and dashes, no pair of them twice."""
    count = len(colors) * len(_DASHES)
    return [(colors[at % len(colors)], _DASHES[at % len(_DASHES)]) for at in range(count)]

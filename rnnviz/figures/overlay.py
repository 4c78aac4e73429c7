"""Several traces in one figure, distinguished by colour, dashes and a legend."""

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
from rnnviz.trace import Trace

_DASHES: Final = ("-", "--", "-.")
_FORMULA: Final = re.compile(r"(?<!\\)\$.*?(?<!\\)\$")


def overlay(
    draw: Callable[..., Axes | Figure],
    traces: Sequence[Any],
    labels: Sequence[str],
    palette: Palette,
    **options: Any,
) -> Axes | Figure:
    """Draw a figure of each trace, all on the axes of the first.

    Raises: FigureError unless each trace has a label of its own, or for too many traces
    """
    if len(labels) != len(traces) or len(set(labels)) < len(labels):
        raise FigureError(
            f"{len(traces)} traces in one figure need {len(traces)} different labels; "
            f"got {', '.join(map(repr, labels)) or 'none'}"
        )
    looks = _colors_and_dashes(_colors(traces, palette))
    if len(traces) > len(looks):
        raise FigureError(
            f"one figure can show at most {len(looks)} traces, got {len(traces)}; draw fewer"
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
    """Check that a label can be drawn.

    Raises: FigureError for a formula that cannot be parsed, TextError for a character that no font
            has
    """
    if is_math_text(label):
        try:
            MathTextParser("path").parse(label)
        except ValueError as error:
            raise FigureError(
                f"label {label!r} has a formula that cannot be parsed; "
                "correct it, or write \\$ for a dollar sign"
            ) from error
    check_characters(_FORMULA.sub("", label), "give another label")


def as_label(name: str) -> str:
    """Escape a name for a legend.

    Matplotlib reads formulas between dollar signs, and hides labels that begin with an underscore.
    """
    plain = name.replace("$", r"\$")
    return r"$\_$" + plain[1:] if plain.startswith("_") else plain


def _colors(traces: Sequence[Any], palette: Palette) -> Sequence[str]:
    """Return the colours of the cells if every trace has another one, else those of any lines."""
    cells = [trace.cell for trace in traces if isinstance(trace, Trace)]
    if len(cells) == len(traces) == len({cell.name for cell in cells}):
        return [getattr(palette, cell.color) for cell in cells]
    return series(palette)


def _colors_and_dashes(colors: Sequence[str]) -> list[tuple[str, str]]:
    """Return different pairs of a colour and a dash pattern."""
    count = len(colors) * len(_DASHES)
    return [(colors[at % len(colors)], _DASHES[at % len(_DASHES)]) for at in range(count)]

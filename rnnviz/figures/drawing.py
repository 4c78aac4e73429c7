"""Draw a figure by its name: check the options, choose the style, lay it out, give it its size."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from inspect import Parameter, signature
from itertools import chain
from pathlib import Path
from typing import Any, Final

from matplotlib import rc_context, rcdefaults, rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnnviz.errors import FigureError
from rnnviz.figures.axes import ShownFigure, crowded, spans_its_place
from rnnviz.figures.catalogue import find
from rnnviz.figures.overlay import check_label, overlay
from rnnviz.figures.saving import NOT_LAID_OUT, too_small
from rnnviz.figures.styles import style_settings
from rnnviz.text.font_files import FontSource
from rnnviz.text.fonts import load_fonts, using_fonts
from rnnviz.text.notation import UWV, Notation, using_notation
from rnnviz.text.notation_files import load_notation
from rnnviz.text.palette import Palette
from rnnviz.text.theme_file import load_theme
from rnnviz.text.translation import languages, translated
from rnnviz.trace import Trace

Draw = Callable[..., Axes | Figure]

_HEIGHT_PER_ROW: Final = 0.4
"""What each further row of panels adds, as a share of the height of one."""
_HIGHER: Final = 1.15
_LAYOUTS: Final = 2
_SET_BY_FIGURE: Final = frozenset({"ax", "figure", "palette", "say"})


def figure(
    name: str,
    *data: Any,
    style: str = "paper",
    venue: str | None = None,
    span: int = 1,
    width: float | None = None,
    height: float | None = None,
    language: str = "en",
    theme: str | Path | Palette = "light",
    font: FontSource | Iterable[FontSource] | None = None,
    notation: Notation | str | Path = UWV,
    **options: Any,
) -> Figure:
    """Draw a figure by its name, from a trace or whatever else the figure shows.

    ``style`` is paper, slides or poster. ``venue`` is neurips, icml, ieee or acl and makes the
    figure as wide as ``span`` (1 or 2) columns of its page. ``font`` sets the characters that
    rnnviz Sans lacks: a file, FILE#FACE, the name of an installed font, or several. ``theme`` is
    "dark", "light", a TOML file, or a palette from ``rnnviz.load_theme``; ``notation`` that of
    formulas: uwv, pytorch, d2l, goodfellow or a TOML file of your own. ``options`` are those of
    the figure's own function. Several traces are drawn into the same axes, one ``label``
    for each. Your Matplotlib settings are neither used nor changed.

    Units:  width and height in inches
    Raises: FigureError for an unknown figure, style or option, or for several traces if the figure
            can show only one; ThemeError for an invalid theme; TextError for a font or notation
            that cannot be read or a character that no font has; TraceError if the trace lacks what
            the figure shows
    Example: >>> rnnviz.figure("gradient-table", trace, venue="icml").savefig("table.pdf")
    """
    draw, entry = function_of(name), find(name)
    palette = load_theme(theme)
    labels = options.get("label")
    labels = [labels] if isinstance(labels, str) else list(labels or ())
    text = "".join((*_words_in(data), *labels))
    fonts = [each.cut(text) for each in load_fonts(font or palette.fonts)]
    settings = style_settings(style, venue, span, width, height, palette, entry.height, fonts)
    if language not in languages():
        raise FigureError(f"unknown language {language!r}; choose {' or '.join(languages())}")
    if len(data) > 1 and entry.no_overlay is not None:
        raise FigureError(
            f"figure {name!r} cannot show several traces, since {entry.no_overlay}; draw one "
            "figure for each, or put them side by side in Python, with ax="
        )
    _check_options(name, draw, options)
    for each in labels:
        check_label(each)
    options["say"] = lambda text: translated(text, language)
    with rc_context(), using_fonts(fonts), using_notation(load_notation(notation)):
        rcdefaults()
        rcParams.update(settings)
        made = _drawn(draw, data, palette, options)
        drawn = made.get_figure(root=True) if isinstance(made, Axes) else made
        assert isinstance(drawn, ShownFigure)
        wide, high = settings["figure.figsize"]
        drawn.set_size_inches(wide, height or high * _share_of_rows(drawn))
        if entry.fills_width and height is None:
            _heighten(drawn)
        overlapping = entry.fills_width and any(crowded(ax.texts) for ax in drawn.axes)
        if overlapping or not _fits(drawn):
            raise too_small(drawn)
    drawn.drawn_with = settings
    return drawn


def function_of(name: str) -> Draw:
    """Return the function that draws a figure.

    Raises: FigureError for an unknown name, with the near matches
    """
    module, _, function = find(name).target.partition(":")
    draw: Draw = getattr(import_module(module), function)
    return draw


def _words_in(data: Iterable[Any]) -> Iterator[str]:
    """Yield the labels of traces that a figure may show."""
    for each in data:
        if isinstance(each, Trace):
            about = each.metadata
            yield from (*about.input_labels, *about.output_labels)
            yield from chain(*about.step_labels, *about.target_labels)


def _drawn(
    draw: Draw, data: tuple[Any, ...], palette: Palette, options: dict[str, Any]
) -> Axes | Figure:
    if len(data) < 2:
        return draw(*data, palette=palette, **options)
    if options.pop("color", None) is not None:
        raise FigureError("several traces have colours of their own; leave color out")
    return overlay(draw, data, options.pop("label", ()), palette, **options)


def _check_options(name: str, draw: Draw, options: Mapping[str, Any]) -> None:
    parameters = signature(draw).parameters.values()
    known = {each.name for each in parameters if each.kind is Parameter.KEYWORD_ONLY}
    known -= _SET_BY_FIGURE
    for option in options:
        if option not in known:
            raise FigureError(
                f"figure {name!r} has no option {option!r}; choose {', '.join(sorted(known))}"
            )


def _heighten(drawn: Figure) -> None:
    """Make a figure higher until its drawing spans the width, at most as high as it is wide."""
    wide, high = drawn.get_size_inches()
    while not (_fits(drawn) and all(map(spans_its_place, drawn.axes))) and high < wide:
        high = min(_HIGHER * high, wide)
        drawn.set_size_inches(wide, high)


def _fits(drawn: Figure) -> bool:
    """Return whether Matplotlib finds a layout, and finds one again when the figure is written."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=NOT_LAID_OUT)
        try:
            for _ in range(_LAYOUTS):
                drawn.draw_without_rendering()
        except UserWarning:
            return False
    return True


def _share_of_rows(drawn: Figure) -> float:
    """Return the height of a figure of several rows of panels, over that of a single row."""
    places = [ax.get_subplotspec() for ax in drawn.axes]
    rows = max((place.get_gridspec().nrows for place in places if place is not None), default=1)
    return 1 + _HEIGHT_PER_ROW * (rows - 1)

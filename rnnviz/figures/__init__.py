"""Figures of a recording, for papers, slides and posters.

Each figure is a function of its own module that draws on given axes (``ax=``), so that figures of
several panels are made of them; ``figure`` draws one by itself, in a style.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from inspect import Parameter, signature
from itertools import chain
from types import ModuleType
from typing import Any

from matplotlib import rc_context, rcdefaults, rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnnviz.errors import FigureError
from rnnviz.figures.axes import ShownFigure, crowded, spans_its_place
from rnnviz.figures.catalogue import FIGURES, find
from rnnviz.figures.font_embedding import truetype_alone
from rnnviz.figures.overlay import as_label, check_label, overlay
from rnnviz.figures.plots.accuracy import accuracy
from rnnviz.figures.plots.cliff import cliff
from rnnviz.figures.plots.gates import gates
from rnnviz.figures.plots.gradient_by_lag import gradient_by_lag
from rnnviz.figures.plots.gradient_table import gradient_table
from rnnviz.figures.plots.products import products
from rnnviz.figures.plots.saliency import saliency
from rnnviz.figures.plots.saturation import saturation
from rnnviz.figures.plots.spectrum import spectrum
from rnnviz.figures.plots.states import states
from rnnviz.figures.plots.tanh import tanh
from rnnviz.figures.plots.training import training
from rnnviz.figures.plots.trajectory import trajectory
from rnnviz.figures.plots.unrolled import unrolled
from rnnviz.figures.plots.weight_shares import weight_shares
from rnnviz.figures.saving import NOT_LAID_OUT, save_figure, too_small
from rnnviz.figures.styles import COLUMNS, STYLES, settings
from rnnviz.system.lazy import submodule
from rnnviz.text.font_files import Font, FontSource
from rnnviz.text.fonts import load_fonts, using_fonts
from rnnviz.text.palette import PALETTES, Palette
from rnnviz.text.translation import languages, translated
from rnnviz.trace import Trace

_PANEL = 0.4
_HIGHER = 1.15
_LAYOUTS = 2
_OURS = {"ax", "figure", "palette", "say"}


def figure(
    name: str,
    *data: Any,
    style: str = "paper",
    venue: str | None = None,
    span: int = 1,
    width: float | None = None,
    height: float | None = None,
    language: str = "en",
    theme: str = "light",
    font: FontSource | Iterable[FontSource] | None = None,
    **options: Any,
) -> Figure:
    """Draw a figure by its name, of a trace or of what else it is drawn from.

    ``style`` is paper, slides or poster; ``venue`` neurips, icml, ieee or acl, for the width of
    ``span`` (1 or 2) columns of its page. ``font`` sets what rnnviz Sans does not: a file,
    FILE#FACE, the name of a font of the system, or several. ``options`` are those of the figure's
    own function. Several traces are drawn into the same axes, told apart by ``label``, one for
    each. The user's Matplotlib settings are neither used nor changed.

    Units:  width and height in inches
    Raises: FigureError for an unknown figure, style or option, or one of which several traces
            cannot be drawn together; TextError for what is no font, or a character that no font
            has; TraceError if the trace lacks what the figure shows
    Example: >>> rnnviz.figure("gradient-table", trace, venue="icml").savefig("table.pdf")
    """
    draw = function_of(name)
    palette = _chosen("theme", theme, PALETTES)
    labels = options.get("label")
    labels = [labels] if isinstance(labels, str) else list(labels or ())
    text = "".join((*_labels(data), *labels))
    fonts = [each.cut(text) for each in load_fonts(font)]
    house = _house(style, venue, span, width, height, palette, find(name).height, fonts)
    if language not in languages():
        raise FigureError(f"there is no language {language!r}; choose {' or '.join(languages())}")
    if len(data) > 1:
        _check_together(name)
    _check_options(name, draw, options)
    for each in labels:
        check_label(each)
    options["say"] = lambda text: translated(text, language)
    with rc_context(), using_fonts(fonts):
        rcdefaults()
        rcParams.update(house)
        made = _drawn(draw, data, palette, options)
        drawn = made.get_figure(root=True) if isinstance(made, Axes) else made
        assert isinstance(drawn, ShownFigure)
        across, up = house["figure.figsize"]
        drawn.set_size_inches(across, height or up * _tall(drawn))
        fills = find(name).fills
        if fills and height is None:
            _heighten(drawn)
        if not _fits(drawn) or (fills and any(crowded(ax.texts) for ax in drawn.axes)):
            raise too_small(drawn)
    drawn.drawn_with = house
    return drawn


@contextmanager
def style(
    name: str = "paper",
    *,
    venue: str | None = None,
    span: int = 1,
    width: float | None = None,
    height: float | None = None,
    theme: str = "light",
    font: FontSource | Iterable[FontSource] | None = None,
) -> Iterator[None]:
    """Matplotlib's settings for a figure of one's own that looks like those of rnnviz.

    They are the options of ``figure``: a new figure has their size, type and colours, and a file
    that is written within the context the same fonts. The settings from before are neither used,
    nor changed once it ends.

    Units:  width and height in inches
    Raises: FigureError for an unknown style, venue or theme
    Example: >>> with rnnviz.figures.style(venue="neurips"):
             ...     fig, ax = plt.subplots()
             ...     fig.savefig("own.pdf")
    """
    palette = _chosen("theme", theme, PALETTES)
    fonts = load_fonts(font)
    house = _house(name, venue, span, width, height, palette, fonts=fonts)
    with rc_context(), using_fonts(fonts), truetype_alone():
        rcdefaults()
        rcParams.update({**house, "figure.constrained_layout.use": True})
        yield


def function_of(name: str) -> Callable[..., Axes | Figure]:
    """The function that draws a figure.

    Raises: FigureError for an unknown name, with the near matches
    """
    module, _, function = find(name).target.partition(":")
    drawing: Callable[..., Axes | Figure] = getattr(import_module(module), function)
    return drawing


def _labels(data: Iterable[Any]) -> Iterator[str]:
    """What the data call their steps and entries."""
    for each in data:
        if isinstance(each, Trace):
            about = each.metadata
            yield from (*about.input_labels, *about.output_labels)
            yield from chain(*about.step_labels, *about.target_labels)


def _check_together(name: str) -> None:
    if (reason := find(name).alone) is not None:
        raise FigureError(
            f"figure {name!r} cannot show several traces, {reason}; draw one of each, or put them "
            "side by side in Python, with ax="
        )


def _drawn(
    draw: Callable[..., Axes | Figure],
    data: tuple[Any, ...],
    palette: Palette,
    options: dict[str, Any],
) -> Axes | Figure:
    if len(data) < 2:
        return draw(*data, palette=palette, **options)
    if options.pop("color", None) is not None:
        raise FigureError("several traces have colours of their own; leave color out")
    return overlay(draw, data, options.pop("label", ()), palette, **options)


def _check_options(
    name: str, draw: Callable[..., Axes | Figure], options: Mapping[str, Any]
) -> None:
    parameters = signature(draw).parameters.values()
    known = {each.name for each in parameters if each.kind is Parameter.KEYWORD_ONLY} - _OURS
    for option in options:
        if option not in known:
            raise FigureError(
                f"figure {name!r} has no option {option!r}; it has {', '.join(sorted(known))}"
            )


def _house(
    style: str,
    venue: str | None,
    span: int,
    width: float | None,
    height: float | None,
    palette: Palette,
    share: float | None = None,
    fonts: Sequence[Font] = (),
) -> dict[Any, Any]:
    """Matplotlib's settings; ``share`` is the height over the width, if it is not the style's."""
    chosen = _chosen("style", style, STYLES)
    if width is not None and venue is not None:
        raise FigureError("venue and width both say how wide the figure is; give one of them")
    across = width or _width(venue, span) or chosen.width
    return settings(chosen, palette, across, height or across * (share or chosen.height), fonts)


def _width(venue: str | None, span: int) -> float | None:
    if span not in (1, 2):
        raise FigureError(f"a figure is 1 or 2 columns wide, not {span}")
    if venue is None and span == 2:
        raise FigureError("span counts the columns of a venue's page; give a venue, or a width")
    return None if venue is None else _chosen("venue", venue, COLUMNS)[span - 1]


def _heighten(drawn: Figure) -> None:
    """Make a figure higher until its words leave its drawing the width; at most as high as wide."""
    wide, high = drawn.get_size_inches()
    while not (_fits(drawn) and all(map(spans_its_place, drawn.axes))) and high < wide:
        high = min(_HIGHER * high, wide)
        drawn.set_size_inches(wide, high)


def _fits(drawn: Figure) -> bool:
    """Whether a layout of the figure is found, and again from there, as when it is written."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=NOT_LAID_OUT)
        try:
            for _ in range(_LAYOUTS):
                drawn.draw_without_rendering()
        except UserWarning:
            return False
    return True


def _tall(drawn: Figure) -> float:
    """How much higher a figure of panels is than one of a panel."""
    places = [ax.get_subplotspec() for ax in drawn.axes]
    rows = max((place.get_gridspec().nrows for place in places if place is not None), default=1)
    return 1 + _PANEL * (rows - 1)


def _chosen(what: str, name: str, choices: Any) -> Any:
    if name not in choices:
        raise FigureError(f"there is no {what} {name!r}; choose {', '.join(choices)}")
    return choices[name]


def __getattr__(name: str) -> ModuleType:
    return submodule(__name__, name)


__all__ = [
    "FIGURES",
    "accuracy",
    "as_label",
    "cliff",
    "figure",
    "function_of",
    "gates",
    "gradient_by_lag",
    "gradient_table",
    "products",
    "saliency",
    "saturation",
    "save_figure",
    "spectrum",
    "states",
    "style",
    "tanh",
    "training",
    "trajectory",
    "unrolled",
    "weight_shares",
]

"""Figure of the accuracy at each gap, with the spread over seeds as a band."""

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import ScaledTranslation, Transform

from rnnviz import cells
from rnnviz.figures.axes import Say, axes_or_new, in_legend, legend, scaled
from rnnviz.figures.entry import FigureEntry
from rnnviz.text.palette import LIGHT, Palette
from rnnviz.text.translation import N_

FIGURE: Final = FigureEntry(
    name="accuracy-by-gap",
    target=f"{__name__}:accuracy",
    summary=N_("What is still learnt as the gap grows, over several seeds."),
    drawn_from="study",
    no_overlay="its colours stand for the cells of one study",
)

_MARKS = ("o", "s", "^")
_DASHES = ("-", "--", "-.")
_APART = 4.4
"""Points between the marks of two cells."""
_POINTS_PER_INCH = 72


class Settings(Protocol):
    """What was trained."""

    @property
    def gaps(self) -> Sequence[int]:
        """The numbers of words or steps in between."""


class Study(Protocol):
    """Networks of several cells, gaps and seeds, as ``rnnviz.experiments`` makes them."""

    @property
    def settings(self) -> Settings:
        """What was trained."""

    @property
    def axis(self) -> str:
        """The label of the axis of gaps, in English."""

    @property
    def shares(self) -> bool:
        """Whether ``accuracies`` are shares of right answers; otherwise they are squared errors."""

    @property
    def cells(self) -> Sequence[str]:
        """The cells that are compared."""

    @property
    def chance(self) -> float:
        """The accuracy of a guess."""

    def accuracies(self, cell: str) -> np.ndarray:
        """Return the accuracy of each network of a cell, NaN if it is not trained: (gap, seed)."""


def accuracy(
    study: Study,
    *,
    ax: Axes | None = None,
    label: str | None = None,
    color: str | None = None,
    palette: Palette = LIGHT,
    say: Say = str,
) -> Axes:
    """Draw the mean share of right answers of each cell at each gap, or its mean squared error.

    The band runs from the worst seed to the best. A gap whose networks are not all trained is left
    open. The marks of the cells are shifted sideways, so that equal curves do not hide each other.
    ``label`` precedes the name of each cell in the legend; ``color`` is used for all cells.
    """
    axes = axes_or_new(ax)
    gaps = list(study.settings.gaps)
    colors = [getattr(palette, cells.cell(cell).color) for cell in study.cells]
    looks = tuple(zip(colors, _MARKS, _DASHES, strict=False))
    middle = (len(looks) - 1) / 2
    for number, (cell, (own, marker, dashes)) in enumerate(zip(study.cells, looks, strict=False)):
        table = study.accuracies(cell)
        mean = table.mean(axis=1)
        if np.isnan(mean).all():
            continue
        band = table.min(axis=1), table.max(axis=1)
        line = color or own
        place = _beside(axes, (number - middle) * _APART)
        drawn = axes.fill_between(gaps, *band, color=line, alpha=0.18, linewidth=0)
        drawn.set_transform(place)
        axes.plot(
            gaps,
            mean,
            color=line,
            linestyle=dashes,
            marker=marker,
            transform=place,
            label=in_legend(label, cell.upper(), say),
        )
    axes.axhline(study.chance, color=palette.text, linestyle=":", label=say("chance"))
    axes.set_ylim(0, 1.06 if study.shares else None)
    axes.set_xticks(gaps)
    axes.set_xlabel(say(study.axis))
    axes.set_ylabel(say("right answers") if study.shares else say("mean squared error"))
    legend(axes)
    return axes


def _beside(axes: Axes, points: float) -> Transform:
    """Return the transform that draws data this many points to the right of their places."""
    figure = axes.get_figure()
    assert figure is not None
    aside = ScaledTranslation(scaled(points) / _POINTS_PER_INCH, 0, figure.dpi_scale_trans)
    return axes.transData + aside

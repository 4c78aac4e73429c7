"""The figures that rnnviz draws, as import strings: listing them loads nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from rnnviz.errors import FigureError
from rnnviz.text.translation import N_


@dataclass(frozen=True)
class FigureEntry:
    """One figure: the function that draws it, what it shows, and what it is drawn from.

    ``drawn_from`` is 'trace', 'history' (of a training), 'study' (many trainings) or 'nothing';
    ``task`` is what is recorded for it where no trace is given. ``height`` is a share of the width,
    if it is not the style's; one that ``fills`` its width is higher where words need it. ``alone``
    says why several traces cannot be drawn into one, if so.
    """

    name: str
    target: str
    summary: str
    drawn_from: str = "trace"
    task: str = "sentence"
    height: float | None = None
    fills: bool = False
    alone: str | None = None


_CELLS: Final = "its cells would cover those of another"
_ENTRIES: Final = (
    FigureEntry(
        "unrolled",
        "rnnviz.figures.plots.unrolled:unrolled",
        N_("The unrolled network with its states."),
        height=0.32,
        fills=True,
        alone="its boxes would cover those of another",
    ),
    FigureEntry(
        "states",
        "rnnviz.figures.plots.states:states",
        N_("The hidden states over time."),
        alone=_CELLS,
    ),
    FigureEntry(
        "gates", "rnnviz.figures.plots.gates:gates", N_("Every gate over time."), alone=_CELLS
    ),
    FigureEntry(
        "gradient-table",
        "rnnviz.figures.plots.gradient_table:gradient_table",
        N_("The gradient of every loss at every state."),
        task="prices",
        alone=_CELLS,
    ),
    FigureEntry(
        "gradient-by-lag",
        "rnnviz.figures.plots.gradient_by_lag:gradient_by_lag",
        N_("How the gradient changes with the steps it goes back, and its bound."),
        task="prices",
    ),
    FigureEntry(
        "weight-shares",
        "rnnviz.figures.plots.weight_shares:weight_shares",
        N_("What each step adds to the gradient of W."),
    ),
    FigureEntry(
        "spectrum",
        "rnnviz.figures.plots.spectrum:spectrum",
        N_("The eigenvalues of every step's Jacobian, and of W."),
        task="prices",
    ),
    FigureEntry(
        "products",
        "rnnviz.figures.plots.products:products",
        N_("The singular values of products of Jacobians."),
        task="prices",
    ),
    FigureEntry(
        "saturation",
        "rnnviz.figures.plots.saturation:saturation",
        N_("How often the slope of the nonlinearity is small."),
    ),
    FigureEntry(
        "tanh", "rnnviz.figures.plots.tanh:tanh", N_("The recorded sums on tanh and on its slope.")
    ),
    FigureEntry(
        "training",
        "rnnviz.figures.plots.training:training",
        N_("Loss and gradient norm over training."),
        "history",
    ),
    FigureEntry(
        "accuracy-by-gap",
        "rnnviz.figures.plots.accuracy:accuracy",
        N_("What is still learnt as the gap grows, over several seeds."),
        "study",
        alone="its colours stand for the cells of one study",
    ),
    FigureEntry(
        "saliency",
        "rnnviz.figures.plots.saliency:saliency",
        N_("How much each input matters for a loss."),
    ),
    FigureEntry(
        "trajectory",
        "rnnviz.figures.plots.trajectory:trajectory",
        N_("The states as a path, with fixed points."),
    ),
    FigureEntry(
        "cliff",
        "rnnviz.figures.plots.cliff:cliff",
        N_("The cliff in the error of a network of one unit."),
        "nothing",
        alone="it is drawn from no trace",
    ),
)
FIGURES: Final[Mapping[str, FigureEntry]] = {entry.name: entry for entry in _ENTRIES}


def find(name: str) -> FigureEntry:
    """The entry of a figure.

    Raises: FigureError for an unknown name, with the near matches
    """
    if name in FIGURES:
        return FIGURES[name]
    near = get_close_matches(name, FIGURES, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(FIGURES)}"
    raise FigureError(f"there is no figure {name!r}; {hint}")

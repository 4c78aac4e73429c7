"""Figure of the loss and the gradient norm over training."""

from typing import Final, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnnviz.experiments.retraining import history_of
from rnnviz.figures.axes import (
    Say,
    ShownFigure,
    axes_or_new,
    in_legend,
    legend,
    log_axis,
    whole_numbers,
)
from rnnviz.figures.entry import FigureEntry
from rnnviz.text.notation import in_tex
from rnnviz.text.palette import LIGHT, Palette
from rnnviz.text.translation import N_
from rnnviz.trace import Trace

FIGURE: Final = FigureEntry(
    name="training",
    target=f"{__name__}:training",
    summary=N_("Loss and gradient norm over training."),
    drawn_from="history",
)


class History(Protocol):
    """What is kept of each epoch of a training, as in ``rnnviz.train(…).history``.

    Shapes: (epoch,) each
    """

    @property
    def epochs(self) -> int:
        """The number of epochs."""

    @property
    def loss(self) -> np.ndarray:
        """The mean loss."""

    @property
    def gradient_norm(self) -> np.ndarray:
        """‖∂L/∂θ‖."""

    @property
    def clipped_norm(self) -> np.ndarray:
        """The same after clipping."""


def training(
    history: History | Trace,
    *,
    figure: Figure | None = None,
    label: str | None = None,
    color: str | None = None,
    palette: Palette = LIGHT,
    say: Say = str,
) -> Figure:
    """Draw the loss, and below it the norm of the gradient before and after clipping.

    For a trace, its training is repeated, and checked to end with the trace's weights. A ``figure``
    that has both panels already, of another training, gets the lines of this one as well.

    Raises: SceneError if rnnviz did not train the network, or trained it in another way
    """
    history = _history(history)
    made = figure if figure is not None else ShownFigure(layout="constrained")
    above, below = made.axes or made.subplots(2, 1, sharex=True)
    loss(history, ax=above, label=label, color=color, palette=palette, say=say)
    above.set_xlabel("")
    gradient_norm(history, ax=below, label=label, color=color, palette=palette, say=say)
    return made


def loss(
    history: History | Trace,
    *,
    ax: Axes | None = None,
    label: str | None = None,
    color: str | None = None,
    palette: Palette = LIGHT,
    say: Say = str,
) -> Axes:
    """Draw the mean loss of each epoch."""
    history = _history(history)
    axes = axes_or_new(ax)
    epochs = range(1, history.epochs + 1)
    mark = _mark(history)
    axes.plot(epochs, history.loss, color=color or palette.error, marker=mark, label=label)
    axes.set_ylabel(say("loss"))
    if label is not None:
        legend(axes)
    return _over_epochs(axes, say)


def gradient_norm(
    history: History | Trace,
    *,
    ax: Axes | None = None,
    label: str | None = None,
    color: str | None = None,
    palette: Palette = LIGHT,
    say: Say = str,
) -> Axes:
    """Draw ‖∂L/∂θ‖ of each epoch before and after clipping, on a logarithmic axis."""
    history = _history(history)
    axes = axes_or_new(ax)
    epochs = range(1, history.epochs + 1)
    before, after = history.gradient_norm, history.clipped_norm
    log_axis(axes, in_tex(r"$\|\partial L / \partial \theta\|$"), say)
    mark, named = _mark(history), label or say("gradient")
    axes.plot(epochs, before, color=color or palette.gradient, marker=mark, label=named)
    if (after < before).any():
        clipped = in_legend(label, say("clipped"), say)
        axes.plot(
            epochs, after, color=color or palette.note, linestyle=":" if color else "--",
            marker=mark, label=clipped,
        )  # fmt: skip
    if label is not None or (after < before).any():
        legend(axes)
    return _over_epochs(axes, say)


def _history(given: History | Trace) -> History:
    return history_of(given) if isinstance(given, Trace) else given


def _mark(history: History) -> str:
    """Return a marker for a single epoch, which has no line."""
    return "o" if history.epochs == 1 else ""


def _over_epochs(axes: Axes, say: Say) -> Axes:
    axes.set_xlabel(say("epoch"))
    whole_numbers(axes.xaxis)
    return axes

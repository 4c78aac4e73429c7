"""Figures of a recording, for papers, slides and posters.

Each figure is a function that draws on given axes (``ax=``), so that it can be a panel of a figure
of your own; ``figure`` draws a whole figure by its name, in a style. All of them load on first use.
"""

from typing import TYPE_CHECKING, Any

from rnnviz.system import lazy

if TYPE_CHECKING:
    from rnnviz.figures.catalogue import FIGURES
    from rnnviz.figures.drawing import figure, function_of
    from rnnviz.figures.overlay import as_label
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
    from rnnviz.figures.saving import save_figure
    from rnnviz.figures.styles import style
else:

    def __getattr__(name: str) -> Any:
        return lazy.attribute(__name__, name)


def __dir__() -> list[str]:
    return lazy.names(__name__)


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

"""Everything to make a scene of your own with: ``from rnnviz.scene import Storyboard, beat, …``.

A scene is a class derived from ``Storyboard`` whose methods marked with ``@beat`` are played in
order. They show mobjects such as ``StateChain`` at places of ``layout``, in the colours of
``self.theme``, with numbers from ``self.trace``. All names load on first use, since listing and
checking scenes needs no Manim.
"""

from typing import TYPE_CHECKING, Any

from rnnviz.system import lazy

if TYPE_CHECKING:
    from rnnviz.experiments import (
        Experiment,
        last_loss_alone,
        nudged_recurrence,
        scaled_recurrence,
        variant,
    )
    from rnnviz.mobjects import layout
    from rnnviz.mobjects.accuracy_by_gap import (
        AccuracyByGap,
        CellResults,
        ChanceLine,
        DotLegend,
        GapAxes,
        ShareAxis,
    )
    from rnnviz.mobjects.arrows import FlowArrow
    from rnnviz.mobjects.backflow import Backflow
    from rnnviz.mobjects.bar_chart import BarChart
    from rnnviz.mobjects.bars import Bars
    from rnnviz.mobjects.chain import StateChain
    from rnnviz.mobjects.color_scale import ColorScale, HeatScale
    from rnnviz.mobjects.equation import (
        Equation,
        backward_equation,
        output_equation,
        step_equation,
        update_equation,
    )
    from rnnviz.mobjects.labels import FormulaRow, LabelColumn, LabelRow
    from rnnviz.mobjects.log_axis import LogAxis
    from rnnviz.mobjects.matrix import Matrix
    from rnnviz.mobjects.named_bars import NamedBars
    from rnnviz.mobjects.network import FoldedNetwork, NetworkCell
    from rnnviz.mobjects.numbers import number, percent
    from rnnviz.mobjects.plane import Plane
    from rnnviz.mobjects.prediction import Prediction
    from rnnviz.mobjects.strip import Strip
    from rnnviz.mobjects.terms import Terms
    from rnnviz.mobjects.text import (
        BODY,
        FORMULA,
        NOTE,
        SMALL,
        Ink,
        fitted_label,
        formula,
        label,
        prose,
    )
    from rnnviz.mobjects.theme import THEMES, Theme
    from rnnviz.mobjects.value_grid import ValueGrid
    from rnnviz.mobjects.value_line import ValueLine
    from rnnviz.mobjects.window import Window, units_note
    from rnnviz.scene.beats import beat
    from rnnviz.scene.context import SceneContext
    from rnnviz.scene.storyboard import Storyboard
    from rnnviz.text.translation import N_
else:

    def __getattr__(name: str) -> Any:
        return lazy.attribute(__name__, name)


def __dir__() -> list[str]:
    return lazy.names(__name__)


__all__ = [
    "BODY",
    "FORMULA",
    "NOTE",
    "N_",
    "SMALL",
    "THEMES",
    "AccuracyByGap",
    "Backflow",
    "BarChart",
    "Bars",
    "CellResults",
    "ChanceLine",
    "ColorScale",
    "DotLegend",
    "Equation",
    "Experiment",
    "FlowArrow",
    "FoldedNetwork",
    "FormulaRow",
    "GapAxes",
    "HeatScale",
    "Ink",
    "LabelColumn",
    "LabelRow",
    "LogAxis",
    "Matrix",
    "NamedBars",
    "NetworkCell",
    "Plane",
    "Prediction",
    "SceneContext",
    "ShareAxis",
    "StateChain",
    "Storyboard",
    "Strip",
    "Terms",
    "Theme",
    "ValueGrid",
    "ValueLine",
    "Window",
    "backward_equation",
    "beat",
    "fitted_label",
    "formula",
    "label",
    "last_loss_alone",
    "layout",
    "nudged_recurrence",
    "number",
    "output_equation",
    "percent",
    "prose",
    "scaled_recurrence",
    "step_equation",
    "units_note",
    "update_equation",
    "variant",
]

"""All that a scene of your own is made with: ``from rnnviz.scene import Storyboard, beat, …``.

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
        AnswersByGap,
        ByGap,
        CellResults,
        ChanceLine,
        DotLegend,
        ShareAxis,
    )
    from rnnviz.mobjects.arrows import FlowArrow
    from rnnviz.mobjects.axes import LogAxis, ValueLine
    from rnnviz.mobjects.backflow import Backflow
    from rnnviz.mobjects.bars import BarChart, RowBars
    from rnnviz.mobjects.chain import StateChain
    from rnnviz.mobjects.equation import (
        Equation,
        backward_equation,
        output_equation,
        step_equation,
        step_sum_equation,
        update_equation,
        weight_sum_equation,
    )
    from rnnviz.mobjects.matrix import WeightMatrix
    from rnnviz.mobjects.network import FoldedNetwork, NetworkCell
    from rnnviz.mobjects.plane import Plane
    from rnnviz.mobjects.prediction import Prediction
    from rnnviz.mobjects.sentence_heat import HeatScale, HeatWords, WordTile
    from rnnviz.mobjects.strip import ColorScale, Strip
    from rnnviz.mobjects.terms import Terms
    from rnnviz.mobjects.theme import THEMES, Theme
    from rnnviz.mobjects.typography import (
        BODY,
        FORMULA,
        NOTE,
        SMALL,
        Ink,
        fitted_label,
        formula,
        label,
        number,
        percent,
        prose,
    )
    from rnnviz.mobjects.value_grid import NumberGrid
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
    "AnswersByGap",
    "Backflow",
    "BarChart",
    "ByGap",
    "CellResults",
    "ChanceLine",
    "ColorScale",
    "DotLegend",
    "Equation",
    "Experiment",
    "FlowArrow",
    "FoldedNetwork",
    "HeatScale",
    "HeatWords",
    "Ink",
    "LogAxis",
    "NetworkCell",
    "NumberGrid",
    "Plane",
    "Prediction",
    "RowBars",
    "SceneContext",
    "ShareAxis",
    "StateChain",
    "Storyboard",
    "Strip",
    "Terms",
    "Theme",
    "ValueLine",
    "WeightMatrix",
    "Window",
    "WordTile",
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
    "step_sum_equation",
    "units_note",
    "update_equation",
    "variant",
    "weight_sum_equation",
]

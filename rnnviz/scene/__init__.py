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
    from rnnviz.mobjects.bar_chart import BarChart
    from rnnviz.mobjects.bars import Bars
    from rnnviz.mobjects.billboard import Billboard
    from rnnviz.mobjects.camera3d import Camera3D
    from rnnviz.mobjects.chain import StateChain
    from rnnviz.mobjects.color_scale import ColorScale, HeatScale
    from rnnviz.mobjects.emphasis import dim, undim
    from rnnviz.mobjects.equation import (
        Equation,
        output_equation,
        step_equation,
        update_equation,
    )
    from rnnviz.mobjects.flow import GradientFlow, Pulse, travel
    from rnnviz.mobjects.framing import Region
    from rnnviz.mobjects.glass_floor import FloorGrid, GlassPane
    from rnnviz.mobjects.labels import FormulaRow, LabelColumn, LabelRow
    from rnnviz.mobjects.log_axis import LogAxis
    from rnnviz.mobjects.matrix import Matrix
    from rnnviz.mobjects.named_bars import NamedBars
    from rnnviz.mobjects.network import FoldedNetwork, NetworkCell
    from rnnviz.mobjects.numbers import number, percent
    from rnnviz.mobjects.plane import Plane
    from rnnviz.mobjects.prediction import Prediction
    from rnnviz.mobjects.prisms import Prisms
    from rnnviz.mobjects.shown_states import StripRow
    from rnnviz.mobjects.stage3d import Layer3D, Shot, Stage3D, change, during
    from rnnviz.mobjects.strands import Strands, arch
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
    from rnnviz.mobjects.window import Window
    from rnnviz.mobjects.word_lane import WordLane
    from rnnviz.scene.beats import beat
    from rnnviz.scene.context import SceneContext
    from rnnviz.scene.orbiting import OrbitingStoryboard
    from rnnviz.scene.storyboard import Storyboard
    from rnnviz.text.plain_text import Phrase
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
    "BarChart",
    "Bars",
    "Billboard",
    "Camera3D",
    "CellResults",
    "ChanceLine",
    "ColorScale",
    "DotLegend",
    "Equation",
    "Experiment",
    "FloorGrid",
    "FlowArrow",
    "FoldedNetwork",
    "FormulaRow",
    "GapAxes",
    "GlassPane",
    "GradientFlow",
    "HeatScale",
    "Ink",
    "LabelColumn",
    "LabelRow",
    "Layer3D",
    "LogAxis",
    "Matrix",
    "NamedBars",
    "NetworkCell",
    "OrbitingStoryboard",
    "Phrase",
    "Plane",
    "Prediction",
    "Prisms",
    "Pulse",
    "Region",
    "SceneContext",
    "ShareAxis",
    "Shot",
    "Stage3D",
    "StateChain",
    "Storyboard",
    "Strands",
    "Strip",
    "StripRow",
    "Terms",
    "Theme",
    "ValueGrid",
    "ValueLine",
    "Window",
    "WordLane",
    "arch",
    "beat",
    "change",
    "dim",
    "during",
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
    "travel",
    "undim",
    "update_equation",
    "variant",
]

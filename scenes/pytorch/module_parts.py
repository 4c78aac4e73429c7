"""A module of PyTorch as a picture: its parameters, and the tensors that pass through it."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from manim import (
    LEFT,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    FadeIn,
    LaggedStart,
    RoundedRectangle,
    Succession,
    VGroup,
)

from rnnviz.experiments.pytorch_modules import ModuleRun
from rnnviz.mobjects import layout
from rnnviz.mobjects.arrows import FlowArrow, straight
from rnnviz.mobjects.matrix import MOST_ROWS, WeightMatrix
from rnnviz.mobjects.strip import ColorScale
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.typography import MINUS, NOTE, SMALL, label

_SIDE: Final = 1.25
_TENSOR_SIDE: Final = 1.6
_LEAST_CELL: Final = 0.05
_MOST_CELL: Final = 0.16
_NAMES: Final = {
    "x": "x",
    "r_out": "r_out",
    "flat": "r_out.view",
    "hidden": "hidden",
    "output": "output",
}


class ShapedArray(VGroup):
    """An array as a grid of coloured cells, with its name and the shape that PyTorch gives it."""

    def __init__(
        self,
        name: str,
        values: np.ndarray,
        theme: Theme,
        *,
        limit: float,
        role: Role,
        side: float = _SIDE,
        title: str | None = None,
    ):
        self.array = values
        flat = values.reshape(-1, values.shape[-1]) if values.ndim > 1 else values[:, None]
        longest = min(MOST_ROWS, max(flat.shape))
        cell = min(_MOST_CELL, max(_LEAST_CELL, side / longest))
        self.grid = WeightMatrix(
            flat, theme, cell=cell, limit=limit, title=title, role=role, title_size=0.4
        )
        self.named = label(name, color=theme.color(role), size=SMALL)
        self.size_text = label(str(values.shape), color=theme.color("text"), size=SMALL)
        self.frame = self.grid.frame
        digits = len(str(values.shape[-1])) + (values.ndim == 1)
        self.size_text[-1 - digits : -1].set_color(theme.color(role))
        super().__init__(self.grid, self.named, self.size_text)

    def hang(self, x: float, y: float, *, names_y: float) -> "ShapedArray":
        """Stand with the grid's middle at a place, name and shape on lines below."""
        self.grid.shift(np.array([x, y, 0.0]) - self.frame.get_center())
        self.named.move_to([x, 0.0, 0.0]).set_on(names_y)
        self.size_text.move_to([x, 0.0, 0.0]).set_on(names_y - 0.36)
        return self


class ModuleBox(VGroup):
    """A module: a frame with its name, around what it holds."""

    def __init__(self, name: str, parts: Sequence[ShapedArray], theme: Theme, *, role: Role):
        self.parts = VGroup(*parts)
        self.frame = RoundedRectangle(
            corner_radius=0.14,
            width=self.parts.width + 0.5,
            height=self.parts.height + 0.34,
            stroke_width=2.2,
            stroke_color=theme.color(role),
            fill_color=theme.surface,
            fill_opacity=1.0,
        ).move_to(self.parts)
        self.named = label(name, color=theme.color(role), size=SMALL)
        self.named.next_to(self.frame, UP, buff=0.1).align_to(self.frame, LEFT)
        self.frame.set_z_index(-1)
        super().__init__(self.frame, self.named, self.parts)

    def appear(self) -> Animation:
        """The frame, then its parts one after the other."""
        return Succession(
            AnimationGroup(FadeIn(self.frame), FadeIn(self.named), run_time=0.6),
            LaggedStart(
                *[FadeIn(part, shift=0.15 * RIGHT) for part in self.parts],
                lag_ratio=0.5,
                run_time=0.6 * len(self.parts) + 0.6,
            ),
        )


class ModuleParameters(VGroup):
    """The parameters of the class, in the boxes of the modules that hold them."""

    def __init__(self, run: ModuleRun, theme: Theme):
        self.limit = largest(run.parameters.values())
        y, names_y = -0.55, -1.72
        slots = (
            ("rnn", "weight_ih_l0", "U", -5.25),
            ("rnn", "weight_hh_l0", "W", -3.15),
            ("rnn", "bias_ih_l0", None, -1.2),
            ("rnn", "bias_hh_l0", None, 0.5),
            ("fc", "weight", "V", 3.35),
            ("fc", "bias", "c", 5.2),
        )
        held: dict[str, list[ShapedArray]] = {module: [] for module, *_ in slots}
        for module, name, title, x in slots:
            values = run.parameters[f"{module}.{name}"]
            part = ShapedArray(
                name, values, theme, limit=self.limit, role="weight", title=title
            ).hang(x, y, names_y=names_y)
            held[module].append(part)
        recurrent, linear = held.values()
        self.rnn = ModuleBox("self.rnn", recurrent, theme, role="hidden")
        self.fc = ModuleBox("self.fc", linear, theme, role="output")
        super().__init__(self.rnn, self.fc)


class TensorFlow(VGroup):
    """The tensors of one call of the class, from x to the output, with the modules between.

    Units:  ``limit`` is that of x and the states; outputs beyond it have the end's colour
    """

    def __init__(self, run: ModuleRun, theme: Theme):
        self.theme = theme
        self.limit = largest(run.tensors[name] for name in ("x", "r_out"))
        y, names_y = 0.0, -1.08
        xs = {"x": -5.65, "r_out": -0.85, "flat": 1.55, "output": 5.75}
        roles: dict[str, Role] = {
            "x": "input",
            "r_out": "hidden",
            "flat": "hidden",
            "output": "output",
        }
        self.tensors = {
            name: ShapedArray(
                _NAMES[name],
                run.tensors[name],
                theme,
                limit=self.limit,
                role=roles[name],
                side=_TENSOR_SIDE,
            ).hang(x, y, names_y=names_y)
            for name, x in xs.items()
        }
        self.rnn = _box("self.rnn", theme, "hidden").move_to([-3.2, y, 0.0])
        self.fc = _box("self.fc", theme, "output").move_to([3.7, y, 0.0])
        self.tensors["hidden"] = ShapedArray(
            _NAMES["hidden"],
            run.tensors["hidden"],
            theme,
            limit=self.limit,
            role="hidden",
            side=_TENSOR_SIDE,
        ).hang(-3.2, -1.25, names_y=-1.72)
        t, role = self.tensors, theme.color
        self.arrows = {
            "x": self._arrow(t["x"].frame, self.rnn, role("input")),
            "r_out": self._arrow(self.rnn, t["r_out"].frame, role("hidden")),
            "flat": self._arrow(t["r_out"].frame, t["flat"].frame, role("hidden")),
            "h": self._arrow(t["flat"].frame, self.fc, role("hidden")),
            "output": self._arrow(self.fc, t["output"].frame, role("output")),
        }
        last = t["hidden"].frame
        self.arrows["hidden"] = FlowArrow(
            straight(self.rnn.get_bottom(), last.get_top(), gap=0.06), color=role("hidden")
        )
        super().__init__(*self.tensors.values(), self.rnn, self.fc, *self.arrows.values())

    def color_scale(self) -> ColorScale:
        """The legend, in its corner, which says that its ends stand for all beyond them."""
        color = self.theme.color("note")
        end = f"{self.limit:.3g}"
        ends = (
            label(f"≤ {MINUS}{end}", color=color, size=NOTE),
            label(f"≥ +{end}", color=color, size=NOTE),
        )
        scale = ColorScale(self.theme, limit=self.limit, ends=ends, width=1.7)
        return scale.move_to([layout.LEFT_EDGE, layout.SOURCE_Y, 0.0], aligned_edge=LEFT)

    def through_rnn(self) -> Animation:
        """x goes into the recurrent layer; all states come out, and the last one."""
        return Succession(
            FadeIn(self.tensors["x"]),
            AnimationGroup(FadeIn(self.rnn), self.arrows["x"].grow()),
            AnimationGroup(self.arrows["r_out"].grow(), self.arrows["hidden"].grow()),
            AnimationGroup(FadeIn(self.tensors["r_out"]), FadeIn(self.tensors["hidden"])),
        )

    def lay_flat(self) -> Animation:
        """``view`` gives the states another shape."""
        return Succession(
            self.arrows["flat"].grow(),
            FadeIn(self.tensors["flat"], target_position=self.tensors["r_out"]),
        )

    def through_fc(self) -> Animation:
        """The states go into the output layer, and the outputs come out."""
        return Succession(
            AnimationGroup(FadeIn(self.fc), self.arrows["h"].grow()),
            self.arrows["output"].grow(),
            FadeIn(self.tensors["output"]),
        )

    def _arrow(self, left: VGroup, right: VGroup, color: object) -> FlowArrow:
        y = self.rnn.get_y() * UP
        ends = left.get_right()[0] * RIGHT + y, right.get_left()[0] * RIGHT + y
        return FlowArrow(straight(*ends, gap=0.1), color=color)


def largest(arrays: Iterable[np.ndarray]) -> float:
    """The greatest absolute value of all arrays."""
    return float(max(np.abs(array).max() for array in arrays))


def _box(name: str, theme: Theme, role: Role) -> VGroup:
    frame = RoundedRectangle(
        corner_radius=0.13,
        width=1.5,
        height=0.9,
        stroke_width=2.5,
        stroke_color=theme.color(role),
        fill_color=theme.surface,
        fill_opacity=1.0,
    )
    text = label(name, color=theme.color(role), size=NOTE + 0.02)
    return VGroup(frame, text.move_to(frame))

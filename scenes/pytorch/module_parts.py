"""The parameters of a PyTorch module."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from manim import (
    DOWN,
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
    VMobject,
)

from rnnviz.experiments.pytorch_modules import ModuleRun
from rnnviz.mobjects.matrix import MOST_ROWS, Matrix
from rnnviz.mobjects.text import code
from rnnviz.mobjects.theme import Role, Theme

_SIDE: Final = 1.25
_CODE: Final = 0.25
_AROUND: Final = 0.08
_HOOK: Final = 0.1
_BETWEEN_NAMES: Final = 0.18
_LEAST_CELL: Final = 0.05
_MOST_CELL: Final = 0.16


class ShapedArray(VGroup):
    """An array with its name and its shape in PyTorch."""

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
        self.grid = Matrix(
            flat, theme, cell=cell, limit=limit, title=title, role=role, title_size=0.4
        )
        self.named = code(name, color=theme.color(role), size=_CODE)
        self.size_text = code(str(values.shape), color=theme.color("text"), size=_CODE)
        self.frame = self.grid.frame
        digits = len(str(values.shape[-1])) + (values.ndim == 1)
        self.size_text[-1 - digits : -1].set_color(theme.color(role))
        self.bracket = _bracket(self.frame, theme) if values.ndim > 2 else VGroup()
        super().__init__(self.grid, self.named, self.size_text, self.bracket)

    def stand(self, x: float, y: float, *, names_y: float) -> "ShapedArray":
        """Move the middle of the grid to a place, with name and shape below it."""
        way = np.array([x, y, 0.0]) - self.frame.get_center()
        self.grid.shift(way)
        self.bracket.shift(way)
        self.named.move_to([x, 0.0, 0.0]).set_on(names_y)
        self.size_text.move_to([x, 0.0, 0.0]).set_on(names_y - 0.36)
        return self


def _bracket(frame: VMobject, theme: Theme) -> VGroup:
    """Return a pair of brackets around a matrix: the axis of sequences, of which it is one."""
    sides = VGroup()
    for side in (LEFT, RIGHT):
        corners = [frame.get_corner(side + up) + _AROUND * (side + up) for up in (UP, DOWN)]
        hooks = [corner - _HOOK * side for corner in corners]
        line = VMobject(stroke_color=theme.color("text"), stroke_width=3.0)
        sides.add(line.set_points_as_corners([hooks[0], *corners, hooks[1]]))
    return sides


class ModuleBox(VGroup):
    """A frame around the parameters of a module, with its name."""

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
        self.named = code(name, color=theme.color(role), size=_CODE)
        self.named.next_to(self.frame, UP, buff=0.1).align_to(self.frame, LEFT)
        self.frame.set_z_index(-1)
        super().__init__(self.frame, self.named, self.parts)

    def appear(self) -> Animation:
        """Show the frame, then its parts one after the other."""
        return Succession(
            AnimationGroup(FadeIn(self.frame), FadeIn(self.named), run_time=0.6),
            LaggedStart(
                *[FadeIn(part, shift=0.15 * RIGHT) for part in self.parts],
                lag_ratio=0.5,
                run_time=0.6 * len(self.parts) + 0.6,
            ),
        )


class ModuleParameters(VGroup):
    """The parameters of the class, in the boxes of its modules."""

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
            part = ShapedArray(name, values, theme, limit=self.limit, role="weight", title=title)
            beside = [_least_x(before, part) for before in held[module][-1:]]
            held[module].append(part.stand(max([x, *beside]), y, names_y=names_y))
        recurrent, linear = held.values()
        self.rnn = ModuleBox("self.rnn", recurrent, theme, role="hidden")
        self.fc = ModuleBox("self.fc", linear, theme, role="output")
        self.biases = self.rnn.parts[2:]
        super().__init__(self.rnn, self.fc)


def _least_x(left: ShapedArray, right: ShapedArray) -> float:
    """Return where an array stands at least, so that its name is beside that of another."""
    return float(left.named.get_right()[0] + _BETWEEN_NAMES + right.named.width / 2)


def largest(arrays: Iterable[np.ndarray]) -> float:
    """Return the greatest absolute value of all arrays."""
    return float(max(np.abs(array).max() for array in arrays))

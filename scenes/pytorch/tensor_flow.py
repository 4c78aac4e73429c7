"""The tensors that pass through the class."""

from typing import Final

from manim import (
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    FadeIn,
    FadeOut,
    Succession,
    VGroup,
)
from rnnviz.scenes.pytorch.module_parts import ShapedArray, largest

from rnnviz.experiments.pytorch_modules import ModuleRun
from rnnviz.mobjects.arrows import FlowArrow, straight
from rnnviz.mobjects.color_scale import ColorScale
from rnnviz.mobjects.copies import copy_becomes
from rnnviz.mobjects.network import layer_box
from rnnviz.mobjects.numbers import MINUS
from rnnviz.mobjects.text import NOTE, code
from rnnviz.mobjects.theme import Role, Theme

_SIDE: Final = 1.6
_NAMES: Final = {
    "x": "x",
    "r_out": "r_out",
    "flat": "r_out.view",
    "hidden": "hidden",
    "output": "output",
}


class TensorFlow(VGroup):
    """The tensors of one call of the class, from x to the output, with the modules between.

    Units:  ``limit`` is that of x and the states; greater outputs are clipped to its colour
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
                side=_SIDE,
            ).stand(x, y, names_y=names_y)
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
            side=_SIDE,
        ).stand(-3.2, -1.25, names_y=-1.72)
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
        """Return the legend, in the corner, with ends that include all values beyond."""
        end = f"{self.limit:.3g}"
        ends = f"≤ {MINUS}{end}", f"≥ +{end}"
        return ColorScale(ends, self.theme, limit=self.limit).in_corner()

    def through_rnn(self) -> Animation:
        """Pass x through the recurrent layer to all states and the last one."""
        return Succession(
            AnimationGroup(FadeIn(self.rnn), self.arrows["x"].grow()),
            AnimationGroup(self.arrows["r_out"].grow(), self.arrows["hidden"].grow()),
            AnimationGroup(FadeIn(self.tensors["r_out"]), FadeIn(self.tensors["hidden"])),
        )

    def lay_flat(self) -> Animation:
        """Take the states out of the bracket of their sequence with ``view``."""
        before, flat = self.tensors["r_out"], self.tensors["flat"]
        dropped = before.bracket.copy()
        return Succession(
            self.arrows["flat"].grow(),
            AnimationGroup(
                copy_becomes(before.grid, flat.grid),
                dropped.animate.shift(flat.frame.get_center() - before.frame.get_center()),
                FadeIn(flat.named),
                run_time=1.4,
            ),
            FadeOut(dropped, shift=0.4 * UP, run_time=0.7),
            FadeIn(flat.size_text, run_time=0.5),
        )

    def through_fc(self) -> Animation:
        """Pass the states through the output layer to the outputs."""
        return Succession(
            AnimationGroup(FadeIn(self.fc), self.arrows["h"].grow()),
            self.arrows["output"].grow(),
            FadeIn(self.tensors["output"]),
        )

    def _arrow(self, left: VGroup, right: VGroup, color: object) -> FlowArrow:
        y = self.rnn.get_y() * UP
        ends = left.get_right()[0] * RIGHT + y, right.get_left()[0] * RIGHT + y
        return FlowArrow(straight(*ends, gap=0.1), color=color)


def _box(name: str, theme: Theme, role: Role) -> VGroup:
    frame = layer_box(1.5, 0.9, role, theme)
    text = code(name, color=theme.color(role), size=NOTE)
    return VGroup(frame, text.move_to(frame))

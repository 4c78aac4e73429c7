"""The network that nn.RNN makes with some arguments, and its shapes."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    DashedLine,
    FadeIn,
    FadeOut,
    Indicate,
    LaggedStart,
    ReplacementTransform,
    Succession,
    VGroup,
    VMobject,
    Wait,
)

from rnnviz.experiments.pytorch_modules import ModuleRun
from rnnviz.mobjects import layout
from rnnviz.mobjects.arrows import FlowArrow, loop
from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.morph import morph, paired_glyphs
from rnnviz.mobjects.network import layer_box
from rnnviz.mobjects.text import SMALL, Ink, code, fitted_label, formula, label
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.wording import Say

_CALL_Y: Final = 2.95
_LEFT_X: Final = -2.9
_MIDDLE_Y: Final = 0.15
_TABLE_X: Final = 2.3
_TABLE_Y: Final = 1.55
_TALL: Final = 1.2
_APART: Final = 1.72
_CALL: Final = 0.35
_BOX: Final = (3.5, 0.82)
_GAP: Final = 0.62
_CHANGES: Final = 1.0
"""Seconds in which what stays moves; what is new comes after."""


class ArgumentPicture(VGroup):
    """The call, the network that it makes, and the shapes of its tensors and parameters.

    ``parts`` are the drawings by name. Those that two pictures share stay or move.
    """

    def __init__(self, arguments: Mapping[str, Any], run: ModuleRun, theme: Theme, say: Say):
        self.theme, self.say = theme, say
        sizes = run.tensors["x"].shape[-1], run.parameters["weight_hh_l0"].shape[-1]
        self.parts: dict[str, VMobject] = {
            **_call(sizes, arguments, theme),
            **self._network(arguments),
            **self._table(arguments, run),
        }
        super().__init__(*self.parts.values())

    def appear(self) -> Animation:
        """Show the call, the network and the shapes."""
        return AnimationGroup(*[FadeIn(part) for part in self.parts.values()])

    def turn_into(self, other: "ArgumentPicture") -> Animation:
        """Change into another picture, but only what the other arguments change.

        What both share moves, a text that differs changes glyph by glyph, and the rest goes or
        comes.
        """
        gone = [part for name, part in self.parts.items() if name not in other.parts]
        new = [part for name, part in other.parts.items() if name not in self.parts]
        moves = [
            _change(part, other.parts[name])
            for name, part in self.parts.items()
            if name in other.parts
        ]
        return AnimationGroup(
            *([FadeOut(*gone, run_time=0.4)] if gone else []),
            AnimationGroup(*moves, run_time=_CHANGES),
            *([Succession(Wait(_CHANGES), FadeIn(*new, run_time=0.6))] if new else []),
        )

    def point_out(self, *names: str) -> Animation:
        """Lead the eye to some parts, one after the other."""
        seen = [Indicate(self.parts[name], color=None) for name in names]
        return LaggedStart(*seen, lag_ratio=0.7)

    def _network(self, arguments: Mapping[str, Any]) -> dict[str, VMobject]:
        layers = int(arguments.get("num_layers", 1))
        both = bool(arguments.get("bidirectional", False))
        hidden = self.theme.color("hidden")
        height = _TALL if both else layers * _BOX[1] + (layers - 1) * _GAP
        low, high = _MIDDLE_Y - height / 2, _MIDDLE_Y + height / 2
        x = formula("x_t", color=self.theme.color("input"), size=0.46)
        r_out = label("r_out", color=hidden, size=SMALL)
        parts: dict[str, VMobject] = {
            "x": x.move_to([_LEFT_X, low - 0.92, 0.0]),
            "r_out": r_out.move_to([_LEFT_X, high + 0.92, 0.0]),
        }
        for side in (-1, 1) if both else (0,):
            foot = _LEFT_X + side * _APART
            own = " reversed" if side == 1 else ""
            for layer in range(layers):
                y = low + (height if both else _BOX[1]) / 2 + layer * (_BOX[1] + _GAP)
                source = _formula(arguments, layer, layers, backward=side == 1)
                drawn = self._layer(source, [foot, y, 0.0], time=-side)
                kinds = ("formula in two lines", "way") if both else ("formula", "turn")
                names = (f"{kind} {layer}{own}" for kind in ("box", *kinds))
                parts |= dict(zip(names, drawn, strict=True))
            into = [x.get_top() + 0.08 * UP, np.array([foot, low - 0.04, 0.0])]
            goal = r_out.get_bottom() + 0.08 * DOWN + 0.2 * side * RIGHT
            out = [np.array([foot, high + 0.04, 0.0]), goal]
            parts[f"into{own}"] = FlowArrow(into, color=self.theme.color("input"))
            parts[f"out{own}"] = FlowArrow(out, color=hidden)
        for layer in range(layers - 1):
            y = low + (layer + 1) * _BOX[1] + layer * _GAP
            way = [np.array([_LEFT_X, y + rise, 0.0]) for rise in (0.04, _GAP - 0.04)]
            parts["between"] = FlowArrow(way, color=hidden)
            if arguments.get("dropout"):
                parts["dropout"] = self._dropout(y + _GAP / 2)
        return parts

    def _layer(self, source: str, place: Sequence[float], *, time: int) -> VGroup:
        """Return a layer with its formula and loop, or with its direction if ``time`` is not 0."""
        color = self.theme.color("hidden")
        text = formula(source, color=color, size=0.38 if time == 0 else 0.36)
        width = max(_BOX[0], text.width + 0.4) if time == 0 else 3.0
        box = layer_box(width, _TALL if time else _BOX[1], "hidden", self.theme).move_to(place)
        if time:
            way = np.array([[-0.5, 0.0, 0.0], [0.5, 0.0, 0.0]]) + 0.85 * RIGHT
            path = -way[::-1] if time > 0 else way[::-1]
            turn = FlowArrow(path + box.get_bottom() + 0.28 * DOWN, color=color, thickness=0.05)
        else:
            turn = FlowArrow(
                loop(box, half=0.22, middle=0.3, size=(0.352, 0.22), gap=0.05, points=30),
                color=color,
                thickness=0.05,
            )
        return VGroup(box, text.move_to(box), turn)

    def _dropout(self, y: float) -> VGroup:
        color = self.theme.color("text")
        line = DashedLine(
            [_LEFT_X - 0.75, y, 0.0], [_LEFT_X + 0.75, y, 0.0], dash_length=0.1, stroke_width=4
        ).set_color(color)
        name = label("dropout", color=color, size=SMALL)
        return VGroup(line, name.next_to(line, LEFT, buff=0.15))

    def _table(self, arguments: Mapping[str, Any], run: ModuleRun) -> dict[str, VMobject]:
        theme, say = self.theme, self.say
        roles: dict[str, Role] = {"x": "input", "r_out": "hidden", "hidden": "hidden"}
        first = arguments.get("batch_first", False)
        order = say("batch, time, features") if first else say("time, batch, features")
        axes = {"x": order, "r_out": order, "hidden": say("layers × directions, batch, features")}
        self.shapes: dict[str, Ink] = {}
        parts: dict[str, VMobject] = {}
        y = _TABLE_Y
        for name, role in roles.items():
            shape = code(str(run.tensors[name].shape), color=theme.color("text"), size=0.36)
            self.shapes[name] = shape.move_to([_TABLE_X, 0.0, 0.0], LEFT).set_on(y)
            named = label(name, color=theme.color(role), size=0.32)
            axis = fitted_label(
                axes[name], color=theme.color("note"), size=0.26, width=layout.RIGHT_EDGE - _TABLE_X
            )
            parts |= {
                f"shape of {name}": shape,
                f"name of {name}": named.move_to([_TABLE_X - 0.3, 0.0, 0.0], RIGHT).set_on(y),
                f"axes of {name}": axis.move_to([_TABLE_X, 0.0, 0.0], LEFT).set_on(y - 0.4),
            }
            y -= 1.05
        count = sum(value.size for value in run.parameters.values())
        text = say("{arrays} parameter arrays, {count} numbers")
        counts = text.format(arrays=len(run.parameters), count=count)
        room = layout.RIGHT_EDGE - _TABLE_X + 1.3
        self.count = fitted_label(counts, color=theme.color("weight"), size=0.32, width=room)
        parts["count"] = self.count.move_to([_TABLE_X - 1.3, 0.0, 0.0], LEFT).set_on(y)
        return parts


def _call(
    sizes: tuple[int, int], arguments: Mapping[str, Any], theme: Theme
) -> dict[str, VMobject]:
    """Return ``nn.RNN(…)`` with all arguments but the sizes bright."""
    bright, dim = theme.color("text"), theme.color("note")
    pieces = {"call": code(f"nn.RNN({sizes[0]}, {sizes[1]}", color=dim, size=_CALL)}
    for name, value in arguments.items():
        pieces[f"argument {name}"] = code(
            f", {name}={value!r}", color=dim if name == "batch_first" else bright, size=_CALL
        )
    pieces["end"] = code(")", color=dim, size=_CALL)
    row = VGroup(*pieces.values())
    row.arrange(RIGHT, buff=0.03).move_to([0.0, _CALL_Y, 0.0])
    row.scale(min(1.0, layout.SAFE_WIDTH / row.width))
    for piece in row:
        piece.set_on(_CALL_Y)
    return pieces


def _change(part: VMobject, other: VMobject) -> Animation:
    if isinstance(part, Ink) and isinstance(other, Ink) and part.text != other.text:
        return morph(part, other, paired_glyphs(part, other), run_time=_CHANGES)
    return ReplacementTransform(part, other)


def _formula(arguments: Mapping[str, Any], layer: int, layers: int, *, backward: bool) -> str:
    """Return a layer's equation in Typst's notation, with its index if there are several."""
    mark = f"_{layer + 1}" if layers > 1 else "'" if backward else ""
    step = "t+1" if backward else "t-1"
    own = f"^(({layer + 1}))" if layers > 1 else "'" if backward else ""
    source = f"h_t^(({layer}))" if layer else "x_t"
    squash = '"relu"' if arguments.get("nonlinearity") == "relu" else "tanh"
    bias = f" + b{mark}" if arguments.get("bias", True) else ""
    turn = " \\ " if "bidirectional" in arguments else ""
    return f"{squash}(U{mark} {source} {turn}+ W{mark} h{own}_({step}){bias})"


def bias_equation(theme: Theme) -> Equation:
    """Return b = b_ih + b_hh: PyTorch's two biases add to one."""
    return Equation(
        '{{ italic("b") : b }} = {{ italic("b")_"ih" : ih }} + {{ italic("b")_"hh" : hh }}', theme
    )

"""The network as a diagram with a loop, and its recurrent layer."""

from collections.abc import Sequence
from typing import Final, Self

import numpy as np
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    Dot,
    FadeIn,
    FadeOut,
    RoundedRectangle,
    Succession,
    UpdateFromAlphaFunc,
    VGroup,
    VMobject,
)

from rnnviz import measure
from rnnviz.mobjects.arrows import FlowArrow, loop, straight
from rnnviz.mobjects.shown_states import state_symbol
from rnnviz.mobjects.text import SMALL, Ink, formula, label
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.wording import Say
from rnnviz.text.plain_text import Phrase
from rnnviz.text.translation import N_
from rnnviz.trace import Trace

CELL_WIDTH = 0.92
CELL_HEIGHT = 1.8
_TITLE, _INSIDE = 1.58, 0.85
"""The width of a cell's name at most, above it and inside, in widths of the cell."""
_LEAST: Final = 0.75
"""Names of states that would be smaller than this on one line get a line each."""

_TOLD: Final = {
    "UWV": N_("$U$, $W$, $V$: weights"),
    "UW": N_("$U$, $W$: weights"),
    "fV": N_("$V$: weights"),
}
"""What the weights named along the arrows stand for."""


class NetworkCell(VGroup):
    """The recurrent layer at one step: a box that can hold a state, with its name above.

    ``name`` is a formula, or one for each of several states; ``title`` is its width at most, in
    widths of the cell.
    """

    def __init__(
        self,
        name: str | Sequence[str],
        theme: Theme,
        *,
        width: float = CELL_WIDTH,
        title: float = _TITLE,
    ):
        self.theme = theme
        self.box = layer_box(width, CELL_HEIGHT, "hidden", theme)
        names = [name] if isinstance(name, str) else list(name)
        self.title = title_of(names, theme, width=title * width)
        self.title.next_to(self.box, UP, buff=0.16)
        super().__init__(self.box, self.title)

    def wake(self) -> Self:
        """Look like the current step."""
        self.box.set_stroke(self.theme.color("hidden"), width=6.0)
        self.title.set_color(self.theme.color("hidden"))
        return self

    def settle(self) -> Self:
        """Look like a past step."""
        self.box.set_stroke(self.theme.color("hidden"), width=2.5)
        return self


class FoldedNetwork(VGroup):
    """The network with its loop: input, one hidden layer, output.

    Of a trace that is given, the layer has all states that it passes on, and what the trace does
    not have is left out: weights of a custom cell, which is f, and outputs. ``marks`` are the names
    of what acts along the arrows.
    """

    def __init__(self, theme: Theme, trace: Trace | None = None):
        self.theme = theme
        states = ["h"] if trace is None else list(measure.states_by_name(trace))
        self.cell = NetworkCell(
            [state_symbol(name, "t") for name in states], theme, width=1.7, title=_INSIDE
        )
        box = self.cell.box
        self.input = formula("x_t", color=theme.color("input"), size=0.5)
        self.input.next_to(box, DOWN, buff=0.8)
        self.output = formula("y_t", color=theme.color("output"), size=0.5)
        self.output.next_to(box, UP, buff=0.8)
        self.cell.title.move_to(box)
        self.into = FlowArrow(
            straight(self.input.get_top(), box.get_bottom(), gap=0.1), color=theme.color("input")
        )
        self.out = FlowArrow(
            straight(box.get_top(), self.output.get_bottom(), gap=0.1), color=theme.color("output")
        )
        self.loop = FlowArrow(
            loop(box, half=0.5, middle=0.75, size=(0.65, 0.5), gap=0.06, points=40),
            color=theme.color("hidden"),
            thickness=0.05,
        )
        at: dict[str, tuple[FlowArrow, np.ndarray]] = {
            "U": (self.into, LEFT),
            "W": (self.loop, RIGHT),
            "f": (self.loop, RIGHT),
            "V": (self.out, LEFT),
        }
        self.marks = {
            name: formula(name, color=theme.color("weight"), size=0.46).next_to(
                at[name][0], at[name][1], buff=0.2
            )
            for name in _named_on_arrows(trace)
        }
        self.matrices = VGroup(*self.marks.values())
        has_output = trace is None or trace.y is not None
        self.outside = VGroup(self.input, *([self.output] if has_output else []))
        self.arrows = VGroup(self.into, *([self.out] if has_output else []))
        super().__init__(self.cell, *self.outside, *self.arrows, self.loop, self.matrices)

    def appear(self) -> Animation:
        """Show input, layer and output, the arrows between them, then the loop."""
        return Succession(
            AnimationGroup(FadeIn(self.cell), *map(FadeIn, self.outside), run_time=0.7),
            AnimationGroup(*[arrow.grow() for arrow in self.arrows], run_time=0.7),
            AnimationGroup(self.loop.grow(), run_time=1.0),
            FadeIn(self.matrices, run_time=0.6),
        )

    def names(self, say: Say, *, read: str = "") -> VGroup:
        """Return what the symbols stand for, in words beside them.

        ``read`` is what the layer reads, by default the input.
        """
        places: list[tuple[str, Role, VMobject, np.ndarray]] = [
            (read or say("input at step $t$"), "input", self.input, RIGHT),
            (say("state"), "hidden", self.cell.title, DOWN),
        ]
        if self.output in self.outside:
            places.append((say("output at step $t$"), "output", self.output, RIGHT))
        told = _TOLD.get("".join(self.marks))
        if told:
            places.append((say(told), "weight", self.into, RIGHT))
        names = VGroup()
        for text, role, symbol, side in places:
            ink = label(Phrase(text), color=self.theme.color(role), size=SMALL)
            names.add(ink.next_to(symbol, side, buff=0.3 if side is RIGHT else 0.12))
        return names.set_z_index(1)

    def pulse(self, run_time: float = 2.4) -> Animation:
        """Move a dot in, twice around the loop, and out."""
        way = (self.into, self.loop, self.loop, *self.arrows[1:])
        return Succession(*[_dot_along(arrow, self.theme) for arrow in way], run_time=run_time)


def _named_on_arrows(trace: Trace | None) -> str:
    """Return the letters of what acts along the arrows: weights, or f of a custom cell."""
    if trace is None:
        return "UWV"
    layer = "f" if trace.is_custom else "UW"
    return layer if trace.y is None or trace.metadata.output_layer is None else f"{layer}V"


def title_of(names: Sequence[str], theme: Theme, *, width: float) -> Ink:
    """Return the names of a step's states on one line, or on a line each if that is too small."""
    color = theme.color("hidden")
    title = formula(", ".join(names), color=color, size=0.46)
    if len(names) > 1 and title.width * _LEAST > width:
        title = formula(" \\ ".join(names), color=color, size=0.46)
    return title.scale(min(1.0, width / title.width))


def layer_box(width: float, height: float, role: Role, theme: Theme) -> RoundedRectangle:
    """Return the box of a layer, in the colour of a role."""
    return RoundedRectangle(
        corner_radius=0.13,
        width=width,
        height=height,
        stroke_width=2.5,
        stroke_color=theme.color(role),
        fill_color=theme.surface,
        fill_opacity=1.0,
    )


def _dot_along(arrow: FlowArrow, theme: Theme) -> Animation:
    dot = Dot(arrow.path[0], radius=0.09, color=theme.text)

    def move(mark: Dot, share: float) -> None:
        mark.move_to(arrow.point_at(share))

    return Succession(
        FadeIn(dot, run_time=0.1), UpdateFromAlphaFunc(dot, move), FadeOut(dot, run_time=0.1)
    )

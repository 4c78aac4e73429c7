"""The network as a diagram with a loop, and its recurrent layer."""

from typing import Self

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
)

from rnnviz.mobjects.arrows import FlowArrow, loop, straight
from rnnviz.mobjects.text import formula
from rnnviz.mobjects.theme import Role, Theme

CELL_WIDTH = 0.92
CELL_HEIGHT = 1.8


class NetworkCell(VGroup):
    """The recurrent layer at one step: a box that can hold a state, with its name above."""

    def __init__(self, name: str, theme: Theme, *, width: float = CELL_WIDTH):
        self.theme = theme
        self.box = layer_box(width, CELL_HEIGHT, "hidden", theme)
        self.title = formula(name, color=theme.color("hidden"), size=0.46)
        self.title.next_to(self.box, UP, buff=0.16)
        super().__init__(self.box, self.title)

    def subdue(self) -> Self:
        """Look like a future step."""
        self.box.set_stroke(self.theme.dimmed("hidden"), width=2.0)
        self.title.set_color(self.theme.dimmed("hidden"))
        return self

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
    """The network with its loop: input, one hidden layer, output."""

    def __init__(self, theme: Theme):
        self.theme = theme
        self.cell = NetworkCell("h_t", theme, width=1.7)
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
        self.matrices = VGroup(
            formula("U", color=theme.color("weight"), size=0.46).next_to(self.into, LEFT, buff=0.2),
            formula("W", color=theme.color("weight"), size=0.46).next_to(
                self.loop, RIGHT, buff=0.2
            ),
            formula("V", color=theme.color("weight"), size=0.46).next_to(self.out, LEFT, buff=0.2),
        )
        super().__init__(
            self.cell, self.input, self.output, self.into, self.out, self.loop, self.matrices
        )

    def appear(self) -> Animation:
        """Show input, layer and output, the arrows between them, then the loop."""
        return Succession(
            AnimationGroup(
                FadeIn(self.input), FadeIn(self.cell), FadeIn(self.output), run_time=0.7
            ),
            AnimationGroup(self.into.grow(), self.out.grow(), run_time=0.7),
            AnimationGroup(self.loop.grow(), run_time=1.0),
            FadeIn(self.matrices, run_time=0.6),
        )

    def pulse(self, run_time: float = 2.4) -> Animation:
        """Move a dot in, twice around the loop, and out."""
        way = (self.into, self.loop, self.loop, self.out)
        return Succession(*[_dot_along(arrow, self.theme) for arrow in way], run_time=run_time)

    def give_way(self, run_time: float = 0.8) -> Animation:
        """Fade out everything but the cell."""
        return FadeOut(
            self.input,
            self.output,
            self.into,
            self.out,
            self.loop,
            self.matrices,
            run_time=run_time,
        )


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

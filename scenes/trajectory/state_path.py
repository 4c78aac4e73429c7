"""Hidden states as a path in the plane."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from manim import (
    LEFT,
    RIGHT,
    Animation,
    AnimationGroup,
    Circle,
    Create,
    Dot,
    FadeIn,
    LaggedStart,
    Line,
    ReplacementTransform,
    Succession,
    VGroup,
    VMobject,
)
from rnnviz.scenes.trajectory.comet import Comet
from rnnviz.scenes.trajectory.label_places import placed_labels
from rnnviz.scenes.trajectory.paths import Paths
from rnnviz.scenes.trajectory.state_plane import StatePlane

from rnnviz.mobjects.emphasis import REST
from rnnviz.mobjects.shown_states import state_symbols
from rnnviz.mobjects.text import Ink, formula
from rnnviz.mobjects.theme import Role, Theme

_FAINT: Final = 0.75
_CLOSE: Final = 1.0
_WIDEST_START: Final = 1.2


class StatePath(VGroup):
    """States in the plane, joined in the order of their steps, with the words that led to them.

    Shapes: points (steps, 2); ``start`` (2,) is the state before the first of them
    """

    def __init__(
        self,
        points: np.ndarray,
        start: np.ndarray,
        plane: StatePlane,
        theme: Theme,
        *,
        role: Role,
    ):
        self.points_shown = np.asarray(points, dtype=float)
        self.color_of_path = theme.color(role)
        self.spots = [plane.at(point) for point in self.points_shown]
        self.ends = [plane.at(start), *self.spots]
        color = self.color_of_path
        self.dots = VGroup(
            *[Dot(spot, radius=0.095, color=color).set_z_index(2) for spot in self.spots]
        )
        self.start = Circle(radius=0.09, stroke_width=2.5, color=color).move_to(self.ends[0])
        self.lines = VGroup(
            *[
                Line(a, b, stroke_width=3.5, color=color).set_opacity(_FAINT)
                for a, b in pairwise(self.ends)
            ]
        )
        self.start_name = VGroup()
        self.words: dict[int, VGroup] = {}
        super().__init__(self.lines, self.start, self.dots)

    def from_strips(self, strips: Sequence[VMobject]) -> Animation:
        """Turn each column of a state into its point."""
        return LaggedStart(
            *[
                ReplacementTransform(strip, dot)
                for strip, dot in zip(strips, self.dots, strict=True)
            ],
            lag_ratio=0.15,
            run_time=3.0,
        )

    def rest(self) -> Animation:
        """Let the lines rest, and the points and words stay."""
        return self.lines.animate.set_opacity(REST)

    def walk(self, first: int, *, run_time: float, with_dots: bool = False) -> Animation:
        """Follow the path from one step on: a comet draws it, and each word comes at its point."""
        count = len(self.lines) - first
        each = run_time / max(count, 1)
        moves = []
        for index in range(first, len(self.lines)):
            shown: list[Animation] = [Create(self.lines[index])]
            if with_dots:
                shown.append(FadeIn(self.dots[index]))
            if index in self.words:
                shown.append(FadeIn(self.words[index]))
            moves.append(AnimationGroup(*shown, run_time=each))
        comet = Comet(self.ends[first:], self.color_of_path)
        return AnimationGroup(Succession(*moves), comet.fly(run_time))


def _freest(path: StatePath) -> np.ndarray:
    """Return the side of the start that is opposite to the points close by."""
    spots = np.array(path.spots) - path.ends[0]
    near = spots[np.linalg.norm(spots, axis=1) < _CLOSE]
    away = -near.sum(axis=0) if len(near) else np.zeros(3)
    return RIGHT if away[0] >= 0 else LEFT


def one_path(paths: Paths, plane: StatePlane, theme: Theme) -> StatePath:
    """Return the first path with all words."""
    path = StatePath(paths.points[0], paths.start, plane, theme, role="hidden")
    path.start_name = _start_name(path, paths, theme)
    path.words = dict(
        placed_labels(
            paths.words[0],
            path.spots,
            plane,
            theme,
            role="hidden",
            paths=[path.ends],
            occupied=[*path.dots, path.start, path.start_name],
        )
    )
    return path


def _start_name(path: StatePath, paths: Paths, theme: Theme) -> Ink:
    step, color = paths.window.steps[0] - 1, theme.color("hidden")
    name = formula(state_symbols(paths.shown.names, step), color=color, size=0.38)
    if name.width > _WIDEST_START:
        name = formula(
            f"{state_symbols(paths.shown.names[:1], step)}, dots", color=color, size=0.38
        )
    name.set_stroke(theme.ground, width=4, background=True)
    return name.next_to(path.start, _freest(path), buff=0.08)


def both_paths(paths: Paths, plane: StatePlane, theme: Theme) -> tuple[StatePath, StatePath]:
    """Return the first path with all words, and the second with those from where it parts."""
    (own, other), start = paths.words, paths.start
    first = StatePath(paths.points[0], start, plane, theme, role="hidden")
    second = StatePath(paths.points[1], start, plane, theme, role="text")
    parted = paths.shown_parting
    new = ["" if index < parted else word for index, word in enumerate(other)]
    ways = [first.ends, second.ends]
    occupied = [*first.dots, *second.dots, first.start]
    first.start_name = _start_name(first, paths, theme)
    occupied.append(first.start_name)
    roles: tuple[Role, Role] = ("hidden", "text")
    for path, words, role in zip((first, second), (own, new), roles, strict=True):
        path.words = dict(
            placed_labels(words, path.spots, plane, theme, role=role, paths=ways, occupied=occupied)
        )
        occupied += [label.text for label in path.words.values()]
    return first, second

"""Hidden states as a path in the plane."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    Circle,
    Create,
    Dot,
    FadeIn,
    FadeOut,
    LaggedStart,
    Line,
    ReplacementTransform,
    VGroup,
    VMobject,
)
from rnnviz.scenes.trajectory.paths import Paths
from rnnviz.scenes.trajectory.state_plane import StatePlane

from rnnviz.mobjects.text import SMALL, Ink, fitted_label
from rnnviz.mobjects.theme import Role, Theme

_ANGLES: Final = (0.0, 0.25, -0.25, 0.5, -0.5, 0.75, -0.75, 1.0)


class StatePath(VGroup):
    """States in the plane, joined in the order of their steps, with the words that led to them.

    A word is written beside its dot if there is room.

    Shapes: points (steps, 2); ``start`` (2,) is the state before the first of them
    """

    def __init__(
        self,
        points: np.ndarray,
        words: Sequence[str],
        start: np.ndarray,
        plane: StatePlane,
        theme: Theme,
        *,
        role: Role,
        occupied: Sequence[VMobject] = (),
    ):
        self.points_shown = np.asarray(points, dtype=float)
        color = theme.color(role)
        spots = [plane.at(point) for point in self.points_shown]
        self.dots = VGroup(*[Dot(spot, radius=0.085, color=color).set_z_index(2) for spot in spots])
        self.start = Circle(radius=0.08, stroke_width=2.5, color=color).move_to(plane.at(start))
        ends = [plane.at(start), *spots]
        self.lines = VGroup(
            *[
                Line(a, b, stroke_width=3.5, color=color).set_opacity(0.75)
                for a, b in pairwise(ends)
            ]
        )
        self.words = _placed(words, spots, ends, plane, theme, [*occupied, *self.dots, self.start])
        super().__init__(self.lines, self.start, self.dots, *self.words.values())

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

    def join(self, index: int, run_time: float = 0.9) -> Animation:
        """Draw the path to one point, and show its word."""
        moves: list[Animation] = [Create(self.lines[index])]
        if index in self.words:
            moves.append(FadeIn(self.words[index]))
        return AnimationGroup(*moves, run_time=run_time)

    def subdue(self) -> Animation:
        """Dim the path, and remove its words."""
        return AnimationGroup(
            self.dots.animate.set_opacity(0.4),
            self.lines.animate.set_stroke(opacity=0.25),
            *[FadeOut(word) for word in self.words.values()],
        )

    def walk(self, first: int, run_time: float) -> Animation:
        """Draw the path from one step on, with its dots and words."""
        return LaggedStart(
            *[
                AnimationGroup(FadeIn(self.dots[index]), self.join(index))
                for index in range(first, len(self.dots))
            ],
            lag_ratio=0.7,
            run_time=run_time,
        )


def both_paths(paths: Paths, plane: StatePlane, theme: Theme) -> tuple[StatePath, StatePath]:
    """Return the first path with all words, and the second with the words that differ."""
    (own, other), start = paths.words, paths.start
    first = StatePath(paths.points[0], own, start, plane, theme, role="hidden")
    new = ["" if a == b else b for a, b in zip(own, other, strict=True)]
    occupied = [*first.dots, *first.words.values()]
    return first, StatePath(
        paths.points[1], new, start, plane, theme, role="text", occupied=occupied
    )


def _placed(
    words: Sequence[str],
    spots: Sequence[np.ndarray],
    ends: Sequence[np.ndarray],
    plane: StatePlane,
    theme: Theme,
    occupied: Sequence[VMobject],
) -> dict[int, Ink]:
    """Place words beside their dots, away from the middle, where they overlap nothing else."""
    middle = np.mean(spots, axis=0)
    placed: dict[int, Ink] = {}
    for index in range(len(spots) - 1, -1, -1):
        if not words[index]:
            continue
        text = fitted_label(words[index], color=theme.color("input"), width=1.3, size=SMALL)
        text.set_stroke(theme.ground, width=4, background=True).set_z_index(3)
        away = spots[index] - middle
        heading = float(np.arctan2(away[1], away[0]))
        others = [*occupied, *placed.values(), *plane.names, *plane.plane.ticks]
        free: list[tuple[int, int, np.ndarray]] = []
        for turn in _ANGLES:
            angle = heading + turn * np.pi
            side = np.array([np.cos(angle), np.sin(angle), 0.0])
            reach = 0.2 + np.abs(side[:2]) @ (text.width / 2, text.height / 2)
            text.move_to(spots[index] + reach * side)
            if _inside(text, plane) and not any(_meet(text, other) for other in others):
                free.append((_crossed(text, ends), len(free), text.get_center()))
        if free:
            placed[index] = text.move_to(min(free)[2])
    return placed


def _crossed(text: VMobject, ends: Sequence[np.ndarray]) -> int:
    """Return how many points of a path lie under a text."""
    shares = np.linspace(0, 1, 60)[:, None]
    along = np.concatenate([a + shares * (b - a) for a, b in pairwise(ends)])
    low, high = text.get_corner(DOWN + LEFT) - 0.05, text.get_corner(UP + RIGHT) + 0.05
    return int(((along > low) & (along < high))[:, :2].all(axis=1).sum())


def _inside(text: VMobject, plane: StatePlane) -> bool:
    low, high = plane.plane.frame.get_start(), plane.plane.frame.get_end()
    left, right = text.get_left()[0], text.get_right()[0]
    return bool(
        low[0] < left
        and right < high[0]
        and low[1] < text.get_bottom()[1]
        and text.get_top()[1] < high[1]
    )


def _meet(a: VMobject, b: VMobject, gap: float = 0.05) -> bool:
    across = min(a.get_right()[0], b.get_right()[0]) - max(a.get_left()[0], b.get_left()[0])
    up = min(a.get_top()[1], b.get_top()[1]) - max(a.get_bottom()[1], b.get_bottom()[1])
    return bool(min(across, up) > -gap)

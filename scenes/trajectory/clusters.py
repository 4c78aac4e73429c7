"""The states of many sequences in one plane, step by step, coloured by their answers."""

from collections.abc import Sequence
from typing import Final

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
    Indicate,
    LaggedStart,
    UpdateFromAlphaFunc,
    VGroup,
    VMobject,
    smooth,
)
from rnnviz.scenes.trajectory.example import Example
from rnnviz.scenes.trajectory.state_plane import StatePlane

from rnnviz.experiments.many_sequences import ManySequences
from rnnviz.measure import components_of, nearest_centroids
from rnnviz.mobjects.bars import Bars
from rnnviz.mobjects.categories import category_colors
from rnnviz.mobjects.shown_states import state_symbols
from rnnviz.mobjects.text import BODY, SMALL, fitted_label, formula, label
from rnnviz.mobjects.theme import Theme

MOST_NAMES: Final = 6
_MOST_STEPS: Final = 12
_LEFT: Final = 3.1
_TOP: Final = 1.95
_ROW: Final = 0.66
_BAR: Final = 2.3
_RADIUS: Final = 0.1
_TICK: Final = 0.75
"""Seconds a step takes."""


class Clusters(VGroup):
    """A dot for each sequence in the plane of the last states, and the answers by their colours.

    Shapes: ``shown`` are the indices of the answers that are named, most frequent first; nearest
            (sequence,) is the answer whose mean last state is nearest to each last state
    """

    def __init__(
        self,
        many: ManySequences,
        names: Sequence[str],
        heading: str,
        others: str,
        theme: Theme,
    ):
        self.theme, self.many = theme, many
        h = many.states_by_step[-_MOST_STEPS:]
        components = components_of(many.states)
        self.points_by_step = components.project(h)
        self.first_step = many.trace.steps - len(h) + 1
        self.nearest = nearest_centroids(many.states, many.answers)
        counts = np.bincount(many.answers, minlength=len(many.names))
        frequent = np.argsort(-counts, kind="stable")[:MOST_NAMES]
        self.shown = sorted(int(index) for index in frequent if counts[index])
        self.plane = StatePlane(self.points_by_step.reshape(-1, 2), components, names, theme)
        self.colors = category_colors(theme)
        places = {answer: place for place, answer in enumerate(self.shown)}
        self.dots = VGroup(
            *[
                Dot(
                    self.plane.at(point),
                    radius=_RADIUS,
                    color=self.colors[places.get(int(answer), MOST_NAMES)],
                ).set_opacity(0.85)
                for point, answer in zip(self.points_by_step[0], many.answers, strict=True)
            ]
        )
        self.counters = [
            formula(
                state_symbols(many.state_names, self.first_step + index),
                color=theme.color("hidden"),
                size=0.56,
            ).set_stroke(theme.ground, width=4, background=True)
            for index in range(len(h))
        ]
        corner = self.plane.plane.frame.get_corner(UP + LEFT)
        for counter in self.counters:
            counter.move_to(corner).shift(max(0.5, counter.width / 2 + 0.2) * RIGHT + 0.45 * DOWN)
        self.example = Example(many.trace, theme)
        self.unread = many.trace.steps - len(h)
        self.legend, self.bars, self.numbers = VGroup(), VGroup(), VGroup()
        self.heading = label(heading, color=theme.color("note"), size=SMALL)
        self.heading.move_to([_LEFT, 0.0, 0.0], LEFT).set_on(_TOP + 0.34)
        for place, answer in enumerate(self.shown):
            self._row(place, many.names[answer], many.answers == answer, answer)
        if len(self.shown) < np.count_nonzero(counts):
            y = _TOP - len(self.shown) * _ROW
            self.legend.add(self._entry(others, y, MOST_NAMES))
        super().__init__(self.plane, self.dots)

    @property
    def alike(self) -> bool:
        """Whether all first states that are drawn are the same."""
        return not np.ptp(self.points_by_step[0], axis=0).any()

    @property
    def right(self) -> int:
        """How many last states are nearest to the mean of their own answer."""
        return int((self.nearest == self.many.answers).sum())

    def appear(self) -> Animation:
        """Show the plane with all first states, what the colours stand for, and an example."""
        return AnimationGroup(
            FadeIn(self.plane, self.heading, self.legend, self.counters[0], run_time=1.4),
            LaggedStart(*map(FadeIn, self.dots), lag_ratio=0.004, run_time=1.4),
            *self.example.appear(),
        )

    @property
    def hidden_dots(self) -> int:
        """How many last states are drawn within a dot's radius of another of their answer."""
        places = np.array([self.plane.at(point)[:2] for point in self.points_by_step[-1]])
        apart = np.linalg.norm(places[:, None] - places, axis=-1)
        answers = self.many.answers
        others = (answers[:, None] == answers) & ~np.eye(len(answers), dtype=bool)
        return int(((apart < _RADIUS) & others).any(axis=1).sum())

    def read(self, index: int) -> Animation:
        """Move every dot to the state at an index, and mark the word that one of them has read."""
        marked = self.example.mark(self.unread + index)
        if not index:
            seen = Indicate(self.counters[0], color=self.theme.color("hidden"))
            return AnimationGroup(*marked, seen, run_time=_TICK)
        before, after = (
            np.array([self.plane.at(point) for point in self.points_by_step[step]])
            for step in (index - 1, index)
        )

        def move(dots: VGroup, share: float) -> None:
            places = (1 - share) * before + share * after
            for dot, place in zip(dots, places, strict=True):
                dot.move_to(place)

        return AnimationGroup(
            UpdateFromAlphaFunc(self.dots, move, rate_func=smooth),
            *marked,
            FadeOut(self.counters[index - 1], run_time=0.3 * _TICK),
            FadeIn(self.counters[index], run_time=_TICK),
            run_time=_TICK,
        )

    def count(self) -> Animation:
        """Show for each answer how many of its states are nearest to its own mean."""
        rows = [
            AnimationGroup(
                bars.grow(0),
                FadeIn(text),
                *[Indicate(dot, color=None, scale_factor=1.8) for dot in self._dots_of(answer)],
            )
            for bars, text, answer in zip(self.bars, self.numbers, self.shown, strict=True)
        ]
        return LaggedStart(*rows, lag_ratio=0.6, run_time=3.6)

    def _dots_of(self, answer: int) -> list[VMobject]:
        own = self.many.answers == answer
        return [dot for dot, mine in zip(self.dots, own, strict=True) if mine]

    def _row(self, place: int, name: str, own: np.ndarray, answer: int) -> None:
        y = _TOP - place * _ROW
        self.legend.add(self._entry(name, y, place))
        right, all_ = int((self.nearest[own] == answer).sum()), int(own.sum())
        bars = Bars(
            [right / all_],
            [y - 0.3],
            zero=_LEFT,
            unit=_BAR,
            thickness=0.14,
            colors=[self.colors[place]],
        )
        text = label(f"{right} / {all_}", color=self.theme.color("text"), size=SMALL)
        text.move_to([_LEFT + _BAR + 0.15, 0.0, 0.0], LEFT).set_on(y - 0.39)
        self.bars.add(bars)
        self.numbers.add(text)

    def _entry(self, name: str, y: float, place: int) -> VGroup:
        mark = Dot([_LEFT + 0.09, y, 0.0], radius=0.09, color=self.colors[place])
        text = fitted_label(name, color=self.theme.color("text"), width=3.0, size=BODY)
        return VGroup(mark, text.next_to(mark, RIGHT, buff=0.18).set_on(y - 0.11))

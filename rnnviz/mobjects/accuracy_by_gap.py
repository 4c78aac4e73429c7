"""Results of a study by gap: a dot for each network, and a line through the means."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, cast

import numpy as np
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    Animation,
    AnimationGroup,
    Create,
    DashedLine,
    Dot,
    FadeIn,
    LaggedStart,
    Line,
    ReplacementTransform,
    Succession,
    VGroup,
    VMobject,
)

from rnnviz import cells
from rnnviz.experiments.studies import Study
from rnnviz.mobjects.labels import LabelRow
from rnnviz.mobjects.log_axis import LogAxis
from rnnviz.mobjects.numbers import percent
from rnnviz.mobjects.text import NOTE, SMALL, label
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.value_line import spread
from rnnviz.mobjects.wording import Say

_LEFT: Final = -4.6
_RIGHT: Final = 4.2
_BASE: Final = -1.2
_HEIGHT: Final = 3.5
_SPREAD: Final = 0.13
_INSET: Final = 1.15
_UNDER: Final = 7.0
"""Width of a line over which another is drawn, so that both are seen."""


def color_of(name: str) -> Role:
    """Return the color role of a cell in comparisons of cells."""
    return cast(Role, cells.cell(name).color)


def carried_title(name: str) -> str:
    """Return a cell's title with the state whose gradients are compared: "LSTM, c"."""
    cell = cells.cell(name)
    return f"{cell.title}, {cell.carried}"


class GapAxes(VGroup):
    """The gaps of a study along the bottom, and an axis of shares or a logarithmic one.

    Given ``values``, the axis is logarithmic and spans them.
    """

    def __init__(
        self, study: Study, theme: Theme, say: Say, name: str, *, values: np.ndarray | None = None
    ):
        self.theme = theme
        self.gaps = study.settings.gaps
        color = theme.color("note")
        self.axis = (
            ShareAxis(theme)
            if values is None
            else LogAxis(
                np.ravel(values), theme, base=_BASE, height=_HEIGHT, left=_LEFT, right=_RIGHT
            )
        )
        span = max(self.gaps) - min(self.gaps)
        shares = [(gap - min(self.gaps)) / span if span else 0.5 for gap in self.gaps]
        self.places = [_LEFT + _INSET + share * (_RIGHT - _LEFT - 2 * _INSET) for share in shares]
        self.marks = LabelRow(
            map(str, self.gaps), self.places, _BASE - 0.4, color=color, size=SMALL
        )
        below = label(say("words added"), color=color, size=SMALL)
        below.move_to([(_LEFT + _RIGHT) / 2, 0, 0]).set_on(_BASE - 0.78)
        above = label(name, color=color, size=SMALL)
        above.move_to([_LEFT - 0.6, 0, 0], aligned_edge=LEFT).set_on(_BASE + _HEIGHT + 0.3)
        self.names = VGroup(below, above)
        self.legend = DotLegend(say("learnt"), say("not learnt"), theme)
        super().__init__(self.axis, self.marks, self.names, self.legend)

    def height_at(self, value: float) -> float:
        """Return the y of a value."""
        return _BASE + self.axis.height_at(value)


class AccuracyByGap(GapAxes):
    """The accuracy of a study's networks at each gap, and that of guessing."""

    def __init__(self, study: Study, theme: Theme, say: Say):
        super().__init__(study, theme, say, say("right answers"))
        self.chance = ChanceLine(study.chance, say("chance"), self)
        self.results = results_of(study, study.accuracies, self)
        self.add(self.chance)


class ShareAxis(VGroup):
    """A linear axis from 0 to 100 %."""

    def __init__(self, theme: Theme):
        self.lines, self.ticks = VGroup(), VGroup()
        for share in np.linspace(0, 1, 5):
            y = _BASE + self.height_at(float(share))
            self.lines.add(Line([_LEFT, y, 0], [_RIGHT, y, 0], stroke_width=1, color=theme.faint()))
            tick = label(f"{100 * share:.0f}%", color=theme.color("note"), size=NOTE)
            self.ticks.add(tick.move_to([_LEFT - 0.15, y, 0], aligned_edge=RIGHT))
        super().__init__(self.lines, self.ticks)

    def height_at(self, value: float) -> float:
        """Return the height of a share above the base."""
        return float(np.clip(value, 0.0, 1.0) * _HEIGHT)


class CellResults(VGroup):
    """A dot for each network with one cell, and a line through the means of each gap.

    The dots of a gap stand side by side, hollow for networks that have not learnt. On a
    logarithmic axis the means are geometric.

    Shapes: values, learnt (gap, seed)
    Units:  the dots are drawn ``aside`` of their gap, so that those of several cells can be seen
    """

    def __init__(
        self,
        values: np.ndarray,
        cell: str,
        axes: GapAxes,
        *,
        learnt: np.ndarray | None = None,
        aside: float = 0.0,
    ):
        self.values = np.asarray(values, dtype=float)
        self.cell = cell
        color = axes.theme.color(color_of(cell))
        log = isinstance(axes.axis, LogAxis)
        self.means = means_of(self.values) if log else self.values.mean(axis=1)
        seeds = self.values.shape[1]
        offsets = (np.arange(seeds) - (seeds - 1) / 2) * _SPREAD + aside
        self.dots = VGroup(
            *[
                Dot([x + offset, axes.height_at(value), 0], radius=0.065, color=color)
                for x, row in zip(axes.places, self.values, strict=True)
                for offset, value in zip(offsets, row, strict=True)
            ]
        )
        points = [
            np.array([x, axes.height_at(mean), 0.0])
            for x, mean in zip(axes.places, self.means, strict=True)
        ]
        for dot, filled in zip(
            self.dots,
            np.ravel(np.ones_like(self.values) if learnt is None else learnt),
            strict=True,
        ):
            if not filled:
                _hollow(dot, axes.theme)
        self.line = VMobject(stroke_color=color, stroke_width=3).set_points_as_corners(
            points if len(points) > 1 else points * 2
        )
        name = carried_title(cell) if log else cells.cell(cell).title
        self.title = label(name, color=color, size=SMALL)
        self.title.move_to([_RIGHT + 0.2, points[-1][1], 0.0], aligned_edge=LEFT)
        super().__init__(self.line, self.dots, self.title)

    def dots_of_last_gap(self) -> list[VMobject]:
        """Return the dots of the last gap, that of the greatest value first."""
        order = np.argsort(-self.values[-1], kind="stable")
        return [self.dots[len(self.dots) - len(order) + place] for place in order]

    def appear(self, run_time: float = 2.4, *, there: Sequence[VMobject] = ()) -> Animation:
        """Show the dots, gap by gap, then draw the line through their means.

        ``there`` are dots that are on the stage already.
        """
        known = set(map(id, there))
        coming = [FadeIn(dot, scale=0.4) for dot in self.dots if id(dot) not in known]
        return Succession(
            LaggedStart(*coming, lag_ratio=0.2),
            AnimationGroup(Create(self.line), FadeIn(self.title)),
            run_time=run_time,
        )

    def turn_into(self, other: "CellResults", run_time: float = 2.4) -> Animation:
        """Move the dots and the line to other values."""
        return AnimationGroup(
            *[ReplacementTransform(mine, new) for mine, new in zip(self, other, strict=True)],
            run_time=run_time,
        )


def results_of(
    study: Study, table: Callable[[str], np.ndarray], axes: GapAxes
) -> Mapping[str, CellResults]:
    """Return the results of each cell of a study, their titles apart and no line hidden."""
    middle = (len(study.cells) - 1) / 2
    aside = (len(study.settings.seeds) + 0.5) * _SPREAD
    results = {
        cell: CellResults(
            table(cell), cell, axes, learnt=study.learnt(cell), aside=(place - middle) * aside
        )
        for place, cell in enumerate(study.cells)
    }
    lines = list(results.values())
    for place, one in enumerate(lines):
        if any(np.allclose(one.means, later.means) for later in lines[place + 1 :]):
            one.line.set_stroke(width=_UNDER)
    spread(
        [one.title for one in results.values()],
        [axes.height_at(float(one.means[-1])) for one in results.values()],
    )
    return results


class ChanceLine(VGroup):
    """The accuracy of guessing, as a line with its name."""

    def __init__(self, chance: float, name: str, axes: GapAxes):
        color = axes.theme.color("output")
        y = axes.height_at(chance)
        self.chance = chance
        self.line = DashedLine([_LEFT, y, 0], [_RIGHT, y, 0], color=color, stroke_width=2.5)
        self.title = label(f"{name} {percent(chance)}", color=color, size=SMALL)
        self.title.next_to([_LEFT + 0.9, y, 0], DOWN, buff=0.1).align_to([_LEFT + 0.2, 0, 0], LEFT)
        super().__init__(self.line, self.title)


def means_of(values: np.ndarray) -> np.ndarray:
    """Return the geometric means of positive values, (gap, seed) → (gap,), or 0 without any."""
    return np.array(
        [np.exp(np.log(row[row > 0]).mean()) if (row > 0).any() else 0 for row in values]
    )


class DotLegend(VGroup):
    """The legend of filled and hollow dots."""

    def __init__(self, filled: str, hollow: str, theme: Theme):
        color = theme.color("text")
        dots = [Dot(radius=0.065, color=color), _hollow(Dot(radius=0.065, color=color), theme)]
        texts = [label(name, color=color, size=SMALL) for name in (filled, hollow)]
        super().__init__(dots[0], texts[0], dots[1], texts[1])
        x = _RIGHT - 0.6
        for part, gap in zip(reversed(self), (0.12, 0.35, 0.12, 0.0), strict=True):
            part.move_to([x, 0, 0], aligned_edge=RIGHT)
            x = part.get_left()[0] - gap
        for dot, text in zip(dots, texts, strict=True):
            text.set_on(_BASE + _HEIGHT + 0.3)
            dot.set_y(_BASE + _HEIGHT + 0.4)


def _hollow(dot: Dot, theme: Theme) -> Dot:
    return dot.set_stroke(dot.get_color(), width=2).set_fill(theme.ground, opacity=1.0)

"""A list of steps with the distances between two paths."""

from collections.abc import Sequence
from typing import Final

from manim import (
    LEFT,
    RIGHT,
    Animation,
    AnimationGroup,
    FadeIn,
    Indicate,
    LaggedStart,
    Line,
    Succession,
    VGroup,
)
from rnnviz.scenes.trajectory.paths import Paths

from rnnviz.mobjects.bars import Bars
from rnnviz.mobjects.labels import LabelColumn, inside
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.shown_states import state_symbols
from rnnviz.mobjects.text import SMALL, Ink, fitted_label, formula, label
from rnnviz.mobjects.theme import Role, Theme

_LEFT: Final = 3.05
_TOP: Final = 2.75
_HEIGHT: Final = 4.5
_BARS: Final = 4.55
_LONGEST: Final = 1.25
_WORD: Final = 1.35
_ABOVE: Final = 0.3
_WIDEST: Final = 3.5
_SMALLEST: Final = 0.8


class StepList(VGroup):
    """The steps as rows: the words of the first path, and the distance between both states.

    Of a path alone it is the distance from the state before. ``measured`` names the distance.

    Shapes: distances (steps,)
    """

    def __init__(self, paths: Paths, measured: Ink, theme: Theme):
        self.distances = paths.shown_distances
        (own, other), steps = paths.words, paths.window.steps
        pitch = min(0.5, _HEIGHT / len(steps))
        longest = float(self.distances.max()) or 1.0
        self.ys = [_TOP - index * pitch - 0.35 for index in range(len(steps))]
        self.own = LabelColumn(
            own,
            _LEFT,
            self.ys,
            color=theme.color("input"),
            size=0.33,
            width=_WORD,
            edge=LEFT,
        )
        self.bars = Bars(
            self.distances,
            [y + 0.09 for y in self.ys],
            zero=_BARS,
            unit=_LONGEST / longest,
            thickness=pitch * 0.52,
            colors=[theme.color("hidden")] * len(self.ys),
        )
        self.numbers = VGroup()
        for bar, distance, y in zip(self.bars, self.distances, self.ys, strict=True):
            text = label(number(distance), color=theme.color("text"), size=SMALL)
            text.move_to([bar.get_right()[0] + 0.1, 0.0, 0.0], aligned_edge=LEFT)
            self.numbers.add(text.set_on(y))
        parted = paths.shown_parting
        roles: tuple[Role, Role] = ("hidden", "text")
        self.marks = VGroup()
        for word, role, x in zip((own[parted], other[parted]), roles, (_LEFT, 4.95), strict=True):
            line = Line(LEFT * 0.2, RIGHT * 0.2, stroke_width=5, color=theme.color(role))
            name = fitted_label(word, color=theme.color(role), width=1.2, size=0.33)
            mark = VGroup(line, name).arrange(RIGHT, buff=0.12)
            self.marks.add(mark.move_to([x, _TOP + _ABOVE, 0.0], aligned_edge=LEFT))
        self.title = measured
        self.title.move_to([_BARS, self.ys[-1] - 0.5, 0.0], aligned_edge=LEFT)
        inside(self.title)
        super().__init__(self.own)

    def appear(self) -> Animation:
        """Show the words, one after the other."""
        coming = [FadeIn(word, shift=0.2 * RIGHT) for word in self.own]
        return LaggedStart(*coming, lag_ratio=0.3, run_time=1.2)

    def name_paths(self) -> Animation:
        """Show which path belongs to which input."""
        return FadeIn(self.marks, run_time=0.8)

    def measure(self, *dots: VGroup) -> Animation:
        """Grow the distances as bars, from the first step to the last, and show the points.

        ``dots`` are those of the steps, on one path or on both.
        """
        rows = [
            AnimationGroup(
                self.bars.grow(index),
                FadeIn(text),
                *[Indicate(path[index], color=None, scale_factor=2.0) for path in dots],
            )
            for index, text in enumerate(self.numbers)
        ]
        return Succession(
            FadeIn(self.title, run_time=0.5), LaggedStart(*rows, lag_ratio=0.7, run_time=4.5)
        )


def distance_name(names: Sequence[str], theme: Theme, *, before: bool = False) -> Ink:
    """Return the formula of the distance to the other path, or to the state before.

    Several states are one vector, which is named by the first of them where all have no room.
    """
    for shown in (tuple(names), tuple(names[:1])):
        own = state_symbols(shown, "t")
        other = state_symbols(shown, "t-1") if before else own.replace("_(", "'_(")
        if len(names) > 1:
            more = "" if shown == tuple(names) else ", dots"
            own, other = f"({own}{more})", f"({other}{more})"
        name = formula(f"norm({own} - {other})", color=theme.color("text"), size=0.42)
        if name.width * _SMALLEST <= _WIDEST:
            break
    return name.scale(min(1.0, _WIDEST / name.width))

"""The unrolled network beside its one set of weights."""

from typing import Any, Final

from manim import RIGHT, UP, Animation, AnimationGroup, Indicate, VGroup

from rnnviz.mobjects.chain import StateChain
from rnnviz.mobjects.emphasis import dim, undim
from rnnviz.mobjects.morph import morph, paired_glyphs
from rnnviz.mobjects.shown_states import ShownStates
from rnnviz.mobjects.text import formula
from rnnviz.mobjects.theme import Theme
from rnnviz.trace import Trace

_WIDTH: Final = 10.2
_MOST_PITCH: Final = 1.7
_MOST_STEPS: Final = 8
_Y: Final = 0.1
_ASIDE: Final = 1.5


class SharedChain(StateChain):
    """A chain with the names of its weights, which makes room at its left.

    Units: ``limit`` is the end of the states' colours
    """

    def __init__(self, trace: Trace, shown: ShownStates, theme: Theme, *, limit: float):
        window = shown.window
        super().__init__(
            window.steps,
            window.words(trace),
            shown.of(),
            theme,
            width=_WIDTH,
            most_pitch=_MOST_PITCH,
            limit=limit,
        )
        self.shift(_Y * UP)
        self.into, self.over = self.matrix_marks()

    def move_aside(self) -> list[Any]:
        """Return animations that move the chain right, with its states and names."""
        whole = (self, self.into, self.over, *self.strips)
        return [part.animate.shift(_ASIDE * RIGHT) for part in whole]

    def rest_names(self) -> list[Any]:
        """Return animations that let the names of the weights rest."""
        return dim(self.into, self.over)

    def wake_uses(self) -> list[Any]:
        """Return animations that light every W."""
        return undim(self.over)

    def number_uses(self) -> Animation:
        """Turn every W into the one of its step."""
        color = self.theme.color("weight")
        self.numbered = VGroup(
            *[
                formula(f"W_({step})", color=color, size=0.36).move_to(mark)
                for step, mark in zip(self.steps[1:], self.over, strict=True)
            ]
        )
        return _turned(self.over, self.numbered)

    def share_again(self) -> Animation:
        """Turn the numbered weights into the one W again."""
        return _turned(self.numbered, self.over)

    def flash_uses(self) -> Animation:
        """Flash every W at once."""
        color = self.theme.color("text")
        marks = [Indicate(mark, color=color, scale_factor=1.3) for mark in self.over]
        return AnimationGroup(*marks, run_time=1.4)


def _turned(old: VGroup, new: VGroup) -> Animation:
    """Turn names into others, each where it stands."""
    pairs = zip(old, new, strict=True)
    return AnimationGroup(*[morph(one, other, paired_glyphs(one, other)) for one, other in pairs])


def most_steps(trace: Trace) -> int:
    """Return how many steps have room for the names of their gradients: fewer, if these are long.

    Example: 8 for a sequence of 9 steps, 7 for one of 10
    """
    return max(2, _MOST_STEPS + 1 - len(str(trace.steps)))

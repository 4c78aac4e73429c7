"""What happens in several beats of the gates: formulas turn, a unit is followed and multiplied."""

from collections.abc import Sequence

from manim import (
    DOWN,
    Animation,
    AnimationGroup,
    FadeIn,
    Indicate,
    LaggedStart,
    ReplacementTransform,
    Transform,
)
from rnnviz.scenes.gates import equations
from rnnviz.scenes.gates.conveyor import Conveyor
from rnnviz.scenes.gates.followed_unit import FollowedUnit
from rnnviz.scenes.gates.unit_grid import KeptProduct, UnitGrid
from rnnviz.scenes.gates.word_axis import WordAxis

from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.numbers import number
from rnnviz.scene.storyboard import Storyboard
from rnnviz.trace import Trace


class UnitMoves(Storyboard):
    """One formula at the top, the gates of some units, and the one that is followed."""

    equation: Equation
    units: Sequence[int]
    words: WordAxis

    def turn_into(self, equation: Equation) -> Animation:
        """Let the formula become another."""
        before, self.equation = self.equation, equation
        return before.turn_into(equation)

    def show_units(self, trace: Trace, gate: str, unit: FollowedUnit, belt: Conveyor) -> None:
        """Show a gate of all units drawn, beginning with that of the unit on the belt."""
        self.grid = UnitGrid(trace, gate, self.units, self.words, self.theme, self.say)
        self.mark = self.grid.frame_of(unit, row=False)
        leaves = belt.keep.leaves
        coming = AnimationGroup(
            ReplacementTransform(leaves, self.mark), FadeIn(self.words), self.grid.appear()
        )
        self.play(LaggedStart(self.make_room(keep=[leaves]), coming, lag_ratio=0.4))
        self.play(Indicate(self.mark, color=None))

    def multiply(self, gate: str, unit: FollowedUnit) -> None:
        """Multiply the gate's values of a unit, step by step: what is left of a word."""
        self.play(Transform(self.mark, self.grid.frame_of(unit, row=True)))
        self.kept = KeptProduct(self.grid, unit, self.theme)
        self.play(self.kept.out_of_grid(self.mark))
        left = number(float(unit.left[-1]))
        self.equation = equations.product_equation(gate, left, self.theme)
        self.play(self.kept.multiply(), FadeIn(self.equation, shift=0.15 * DOWN))
        self.play(self.equation.light("left"), Indicate(self.kept.marks[-1], color=None))

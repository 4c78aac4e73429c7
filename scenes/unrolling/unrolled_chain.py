"""The loop of a recurrent layer, cut and drawn out into one copy of the layer for each step."""

from collections.abc import Iterator, Sequence
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
    ReplacementTransform,
    Succession,
    UpdateFromAlphaFunc,
    VGroup,
    VMobject,
    rate_functions,
)

from rnnviz.mobjects import layout
from rnnviz.mobjects.arrows import FlowArrow, straight
from rnnviz.mobjects.chain import StateChain
from rnnviz.mobjects.emphasis import dim, undim
from rnnviz.mobjects.flow import travel
from rnnviz.mobjects.morph import morph, paired_glyphs
from rnnviz.mobjects.network import CELL_HEIGHT, FoldedNetwork, layer_box, title_of
from rnnviz.mobjects.shown_states import ShownStates, Values, state_symbol, strip_of
from rnnviz.mobjects.text import formula
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.window import Window
from rnnviz.trace import Trace

_WIDTH: Final = 11.7
_MOST_PITCH: Final = 1.42
_CHIP: Final = 0.28
"""The share of its size to which a state shrinks on its way."""
_LAST_X: Final = -0.5
"""Where the last state moves to make room for what is read from it."""
_MARGIN: Final = 0.2
_START, _START_WIDE = 0.62, 0.8
"""The width of the box before the first step, for one state and for several, in widths of a box."""


class UnrolledChain(StateChain):
    """A chain with the state before its first step, made out of a folded network.

    ``into`` are the names of the weights at the inputs, none of a custom cell, and ``over`` those
    at the arrows between states.
    """

    def __init__(self, trace: Trace, window: Window, theme: Theme):
        shown = ShownStates(trace, window)
        super().__init__(
            window.steps,
            window.words(trace),
            shown.of(),
            theme,
            width=_WIDTH,
            most_pitch=_MOST_PITCH,
            limit=shown.limit,
        )
        self.start = StartState(shown.names, shown.before(window.steps[0]), self)
        self.into, between = self.matrix_marks(trace=trace)
        first = between[0].copy().next_to(self.start.wire, UP, buff=0.22)
        self.over = VGroup(first, *between)
        self.shift(self.pitch / 2 * RIGHT)

    def shift(self, *vectors: np.ndarray) -> "UnrolledChain":
        """Move the chain with all that is not shown yet."""
        for part in (self.start, self.into, self.over):
            part.shift(*vectors)
        super().shift(*vectors)
        return self

    def cut(self, folded: FoldedNetwork, run_time: float = 2.6) -> Animation:
        """Cut the loop at its arrowhead: its end swings out to the right, to the next step."""
        first, old = self.cells[0], folded.cell
        along = {"U": self.into, "W": self.over[1:], "f": self.over[1:]}
        kept = [name for name in along if name in folded.marks]
        out = [folded.marks[name] for name in folded.marks if name not in along]
        out += [*folded.outside[1:], *folded.arrows[1:]]
        word = Succession(FadeOut(folded.input, run_time=0.4), FadeIn(self.words[0], run_time=0.6))
        return AnimationGroup(
            FadeOut(folded.loop, run_time=0.02),
            _uncurl(folded.loop, self.passes[0]),
            *[FadeOut(part, run_time=0.5) for part in out],
            ReplacementTransform(old.box, first.box),
            morph(old.title, first.title, paired_glyphs(old.title, first.title), run_time=1.0),
            ReplacementTransform(folded.into, self.inputs[0]),
            *[ReplacementTransform(folded.marks[name], along[name][0]) for name in kept],
            word,
            run_time=run_time,
        )

    def pull_out(self, run_time: float = 4.4) -> Animation:
        """Draw the copies of the layer out like cards, and leave one at every step."""
        cards = [VGroup(cell.box, wire) for cell, wire in zip(self.cells, self.inputs, strict=True)]
        names = [
            VGroup(cell.title, word) for cell, word in zip(self.cells, self.words, strict=True)
        ]
        homes = [card.get_center() for card in cards]
        for index, cell in enumerate(self.cells):
            cell.box.set_z_index(-index)

        def draw(whole: VGroup, share: float) -> None:
            done = share * (len(cards) - 1)
            for index in range(1, len(cards)):
                cards[index].move_to(homes[0] + min(index, done) * self.pitch * RIGHT)
                names[index].set_fill(opacity=float(np.clip(4.0 * (done - index) + 1.0, 0.0, 1.0)))
            for index in range(1, len(self.passes)):
                self.passes[index].set_fill(opacity=float(done > index))
                self.passes[index].set_reach(float(np.clip(done - index, 0.01, 1.0)))

        drawn = VGroup(*cards[1:], *names[1:], *self.passes[1:])
        return UpdateFromAlphaFunc(
            drawn,
            draw,
            introducer=True,
            run_time=run_time,
            rate_func=rate_functions.ease_in_out_sine,
        )

    def begin(self) -> Animation:
        """Let all steps rest, and show the state before the first one."""
        resting = (self.cells, self.passes, self.inputs, self.words, self.into, self.over[1:])
        arriving = AnimationGroup(self.start.appear(), FadeIn(self.over[0]), lag_ratio=0.6)
        return AnimationGroup(*dim(*resting), arriving)

    def read(self, index: int, run_time: float) -> Iterator[Animation]:
        """Show one step: its input and the state before enter the layer, and become its state."""
        cell, strip, arrow = self.cells[index], self.strips[index], self.inputs[index]
        source: VMobject
        source, wire = self.start.strip, self.start.wire
        if index:
            source, wire = self.strips[index - 1], self.passes[index - 1]
        lit = [*undim(self.words[index], arrow, self.into[index]), undim(cell)[0].wake()]
        if index:
            lit += [*undim(wire, self.over[index]), self.cells[index - 1].animate.settle()]
        yield AnimationGroup(*lit, run_time=0.2 * run_time)
        drop = Dot(arrow.path[0], radius=0.1, color=self.theme.color("input"))
        small = source.copy().scale(_CHIP)  # lower than the name of W over the wire
        chip = small.copy().move_to(cell.box)
        entering = travel(drop, arrow, into=drop.copy().move_to(cell.box))
        yield AnimationGroup(entering, travel(small, wire, into=chip), run_time=0.45 * run_time)
        yield ReplacementTransform(chip, strip, run_time=0.35 * run_time)

    def finish(self) -> Animation:
        """End the last step."""
        return self.cells[-1].animate.settle()

    def move_aside(self) -> Animation:
        """Move left, so that the last state has room beside it, and let all others rest.

        Steps that would leave the frame fade out.
        """
        shift = (_LAST_X - self.cells[-1].get_x()) * RIGHT
        gone: list[VMobject] = []
        resting: list[VMobject] = []
        for index, box in enumerate((self.start.box, *(cell.box for cell in self.cells))):
            leaves = box.get_left()[0] + shift[0] < layout.LEFT_EDGE + _MARGIN
            (gone if leaves else resting).extend(self._around(index))
        kept = (self.cells[-1], self.strips[-1])
        return AnimationGroup(
            *[FadeOut(part, shift=shift) for part in gone],
            *[part.animate.shift(shift) for part in kept],
            *[part.shift(shift) for part in dim(*resting)],
            run_time=1.4,
        )

    def _around(self, index: int) -> list[VMobject]:
        """Return what rests of a step when the last state is read; step 0 is before the first."""
        if index == 0:
            return [self.start.box, self.start.strip, self.start.title]
        wire = self.start.wire if index == 1 else self.passes[index - 2]
        place = index - 1
        parts = [wire, self.over[place], self.words[place], self.inputs[place], self.into[place]]
        if index < len(self.cells):
            parts += [self.cells[place], self.strips[place]]
        return parts


class StartState(VGroup):
    """The states before the first step shown, and their arrow into that step.

    Their values are None if they are not known; a box then holds none.
    """

    def __init__(self, names: Sequence[str], before: Values | None, chain: StateChain):
        theme, box = chain.theme, chain.cells[0].box
        share = _START_WIDE if len(names) > 1 else _START
        self.box = layer_box(share * box.width, CELL_HEIGHT, "hidden", theme)
        self.box.move_to(box).shift(chain.pitch * LEFT)
        self.strip: VMobject = VGroup()
        if before is not None:
            self.strip = strip_of(
                before,
                theme,
                limit=chain.limit,
                height=CELL_HEIGHT * 0.86,
                width=box.width * 0.42,
            )
        self.strip.move_to(self.box)
        step = chain.steps[0] - 1
        symbols = [state_symbol(name, step) for name in names]
        if len(names) > 1:
            self.title = title_of(symbols, theme, width=0.92 * chain.pitch)
        else:
            known = before is None or before[names[0]].any()
            name = symbols[0] if known else f"{symbols[0]} = 0"
            self.title = formula(name, color=theme.color("hidden"), size=0.46)
        self.title.next_to(self.box, UP, buff=0.16).align_to(chain.cells[0].title, DOWN)
        self.wire = FlowArrow(
            straight(self.box.get_right(), box.get_left(), gap=0.03),
            color=theme.color("hidden"),
            thickness=0.04,
        )
        super().__init__(self.box, self.strip, self.title, self.wire)

    def appear(self) -> Animation:
        """Show the state with its name, then its arrow."""
        state = FadeIn(self.box, self.strip, self.title, shift=0.3 * RIGHT)
        return Succession(state, self.wire.grow())


def _uncurl(loop: FlowArrow, wire: FlowArrow) -> Animation:
    """Straighten the loop into an arrow: every turn of its path shrinks to none."""
    start, end = loop.path[0], wire.path[0]
    thick, thin = loop.thickness, wire.thickness
    pieces = np.diff(loop.path, axis=0)
    angles = np.unwrap(np.arctan2(pieces[:, 1], pieces[:, 0]))
    lengths = np.linalg.norm(pieces, axis=1)
    shrunk = np.linalg.norm(wire.path[-1] - end) / lengths.sum()

    def bend(arrow: VMobject, share: float) -> None:
        turned = (1.0 - share) * angles
        long = (1.0 + share**2 * (shrunk - 1.0)) * lengths
        steps = np.stack([long * np.cos(turned), long * np.sin(turned), 0 * turned], axis=1)
        begin = (1.0 - share) * start + share * end
        arrow.track.set_points_as_corners(np.vstack([begin, begin + np.cumsum(steps, axis=0)]))
        arrow.thickness = (1.0 - share) * thick + share * thin
        arrow.set_reach(1.0)

    return UpdateFromAlphaFunc(
        wire, bend, introducer=True, rate_func=rate_functions.ease_in_out_sine
    )

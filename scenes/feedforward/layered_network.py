"""A network drawn as layers of nodes, each node connected to all nodes of the next layer."""

from collections.abc import Sequence
from typing import Final, Self

import numpy as np
from manim import (
    LEFT,
    Animation,
    AnimationGroup,
    Circle,
    Create,
    FadeIn,
    FadeOut,
    LaggedStart,
    Line,
    ReplacementTransform,
    Succession,
    UpdateFromAlphaFunc,
    VGroup,
    VMobject,
)
from rnnviz.scenes.feedforward.drawn_part import DrawnPart, names_of
from rnnviz.scenes.feedforward.node_row import NodeRow

from rnnviz.mobjects import layout
from rnnviz.mobjects.arrows import FlowArrow, along
from rnnviz.mobjects.copies import copy_becomes
from rnnviz.mobjects.flow import travel
from rnnviz.mobjects.labels import LabelColumn, LabelRow
from rnnviz.mobjects.network import FoldedNetwork
from rnnviz.mobjects.text import SMALL, Ink, formula, label
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.wording import Say
from rnnviz.trace import Trace

INPUT_Y: Final = -1.08
HIDDEN_Y: Final = -0.06
OUTPUT_Y: Final = 0.9
CENTRE_X: Final = 0.55
ROW_WIDTH: Final = 11.2
_ROOM: Final = 10.5
_UNDER_INPUT: Final = 0.53
_LOOP_X: Final = 6.4
_RIGHT_OF_WORDS: Final = 3.3
_LOOP_CORNER: Final = 0.42
_LEAST_CARRIED: Final = 0.02


class LayeredNetwork(VGroup):
    """Input, hidden and output nodes, and later those of the state that is fed back.

    Words stand below the input nodes until the nodes move closer together.

    Units:  ``limit`` gets the end of the colour scale, for nodes and connections
    """

    def __init__(
        self,
        part: DrawnPart,
        theme: Theme,
        say: Say,
        *,
        input_names: Sequence[str],
        output_names: Sequence[str],
        limit: float,
    ):
        self.part, self.theme, self.say, self.limit = part, theme, say, limit
        inputs, units, outputs = len(part.inputs), len(part.units), len(part.outputs)
        self.output_pitch = min(1.88, ROW_WIDTH / outputs)
        input_pitch = min(0.95, ROW_WIDTH / inputs)
        self.input = NodeRow(
            inputs, theme, role="input", y=INPUT_Y, pitch=input_pitch, centre=CENTRE_X
        )
        self.input_names = LabelRow(
            input_names,
            [node.get_x() for node in self.input],
            INPUT_Y - _UNDER_INPUT,
            color=theme.color("input"),
            size=SMALL,
            width=input_pitch * 0.88,
        )
        self.hidden = NodeRow(units, theme, role="hidden", y=HIDDEN_Y, pitch=0.9, centre=CENTRE_X)
        self.output = NodeRow(
            outputs, theme, role="output", y=OUTPUT_Y, pitch=self.output_pitch, centre=CENTRE_X
        )
        self.output_names = LabelRow(
            output_names,
            [node.get_x() for node in self.output],
            OUTPUT_Y + 0.34,
            color=theme.color("output"),
            size=0.33,
            width=self.output_pitch * 0.92,
        )
        named: dict[Role, NodeRow] = {
            "input": self.input,
            "hidden": self.hidden,
            "output": self.output,
        }
        texts = {"input": say("input"), "hidden": say("hidden layer"), "output": say("output")}
        self.titles = LabelColumn(
            list(texts.values()),
            layout.LEFT_EDGE,
            [row.get_y() - 0.09 for row in named.values()],
            color=[theme.color(role) for role in named],
            size=0.33,
            edge=LEFT,
        )
        self.links = {
            "U": self._links(self.input, self.hidden),
            "V": self._links(self.hidden, self.output),
        }
        self.lit = VGroup()
        super().__init__(
            *self.links.values(),
            self.input,
            self.input_names,
            self.hidden,
            self.output,
            self.output_names,
            self.titles,
        )

    @classmethod
    def of(
        cls, trace: Trace, runs: Sequence[Trace], part: DrawnPart, theme: Theme, say: Say
    ) -> Self:
        """Return the network of a trace, with a colour scale for all values of some runs."""
        largest = []
        for run in runs:
            assert run.y is not None
            x, states = run.x[:, :, part.inputs], run.h[0, 0][:, :, part.units]
            u, w, v = weights_of(run, part)
            largest += [np.abs(each).max() for each in (x, states, run.y[:, :, part.outputs])]
            for weight, values in ((u, x), (w, states), (v, states)):
                largest.append((np.abs(weight) * np.abs(values).max(axis=(0, 1))).max())
        return cls(
            part,
            theme,
            say,
            input_names=names_of(trace.metadata.input_labels, part.inputs, "x"),
            output_names=names_of(trace.metadata.output_labels, part.outputs, "y"),
            limit=float(max(largest)),
        )

    def take(self, run: Trace) -> Self:
        """Take the weights of a network."""
        self.U, self.W, self.V = weights_of(run, self.part)
        return self

    def appear(self) -> Animation:
        """Show the layers from the input up, with their connections."""
        u, v = self.links["U"], self.links["V"]
        low, middle, high = self.titles
        return Succession(
            AnimationGroup(FadeIn(low), self.input.appear(), run_time=1.0),
            LaggedStart(*map(FadeIn, self.input_names), lag_ratio=0.2, run_time=1.0),
            AnimationGroup(FadeIn(middle), self.hidden.appear(), run_time=0.8),
            LaggedStart(*[Create(line) for line in u], lag_ratio=0.02, run_time=1.2),
            AnimationGroup(FadeIn(high), self.output.appear(), run_time=0.8),
            LaggedStart(*[Create(line) for line in v], lag_ratio=0.02, run_time=1.0),
        )

    def enter(self, x: np.ndarray, word: Ink, run_time: float = 0.45) -> Animation:
        """Move a copy of a word to its input node, or its name below, and show the input."""
        place = int(np.abs(x[self.part.inputs]).argmax())
        row = self.input_names if len(self.input_names) else self.input
        return AnimationGroup(
            _between_rows(word, row[place]),
            self.input.recolor(x[self.part.inputs], self.limit),
            run_time=run_time,
        )

    def reach_hidden(self, h: np.ndarray, run_time: float = 0.75) -> Animation:
        """Draw the weighted inputs and the weighted state up to the hidden units.

        Shapes: h (hidden,)
        """
        lines = self._carried(self.U, self.input, self.hidden)
        if "W" in self.links:
            lines.add(*self._carried(self.W, self.back, self.hidden))
        return self._rise(lines, self.hidden, h[self.part.units], run_time)

    def reach_output(self, y: np.ndarray) -> Animation:
        """Draw the weighted hidden values up to the outputs."""
        lines = self._carried(self.V, self.hidden, self.output)
        return self._rise(lines, self.output, y[self.part.outputs], run_time=0.75)

    def clear(self) -> Animation:
        """Remove the values, and keep the network."""
        rows = [self.input, self.hidden, self.output]
        return AnimationGroup(*self.fade_lines(), *[row.empty() for row in rows], run_time=0.6)

    def fade_lines(self) -> list[Animation]:
        """Remove the lines of what was carried last."""
        faded = [FadeOut(self.lit)] if len(self.lit) else []
        self.lit = VGroup()
        return faded

    def make_room(self) -> Animation:
        """Move the inputs to the left, to make room beside them; there is none for their names."""
        inputs, units = len(self.input), len(self.hidden)
        pitch = min(0.72, _ROOM / (inputs + units + 0.8))
        left = CENTRE_X - ROW_WIDTH / 2
        self.back, target = (
            NodeRow(
                count,
                self.theme,
                role=role,
                y=INPUT_Y,
                pitch=pitch,
                centre=left + (before + count / 2) * pitch,
            )
            for count, role, before in ((units, "hidden", inputs + 0.8), (inputs, "input", 0.0))
        )
        moves = [
            node.animate.match_width(place).move_to(place)
            for node, place in zip(self.input, target, strict=True)
        ]
        links = self._links(target, self.hidden)
        moves += [
            line.animate.put_start_and_end_on(new.get_start(), new.get_end())
            for line, new in zip(self.links["U"], links, strict=True)
        ]
        gone, self.input_names = self.input_names, VGroup()
        self.remove(gone)
        return AnimationGroup(FadeOut(gone, run_time=0.5), *moves, run_time=1.4)

    def close_loop(self) -> Animation:
        """Copy the hidden units beside the inputs, and draw the loop to them."""
        self.links["W"] = self._links(self.back, self.hidden)
        self.links["W"].set_stroke(self.theme.dimmed("weight", 0.6))
        self.loop = FlowArrow(
            _around(self.hidden, self.back), color=self.theme.color("hidden"), thickness=0.05
        )
        color = self.theme.color("hidden")
        self.back_name = label(self.say("fed back"), color=color, size=0.33)
        self.back_name.move_to([max(self.back.get_x(), _RIGHT_OF_WORDS), 0.0, 0.0])
        self.back_name.set_on(INPUT_Y - 0.6)
        self.weight_name = formula("W", color=self.theme.color("weight"), size=0.46)
        beside = (self.back[-1].get_x() + self.hidden[-1].get_x()) / 2 + 0.6
        self.weight_name.move_to([beside, (INPUT_Y + HIDDEN_Y) / 2, 0.0])
        self.add(self.back, self.loop, self.links["W"], self.back_name, self.weight_name)
        return Succession(
            AnimationGroup(
                *[
                    copy_becomes(node, copy)
                    for node, copy in zip(self.hidden, self.back, strict=True)
                ],
                FadeIn(self.back_name),
                run_time=1.4,
            ),
            self.loop.grow(run_time=1.4),
            AnimationGroup(
                LaggedStart(*[Create(line) for line in self.links["W"]], lag_ratio=0.02),
                FadeIn(self.weight_name),
                run_time=1.4,
            ),
        )

    def come_back(self, h: np.ndarray, run_time: float = 0.6) -> Animation:
        """Move the hidden values along the loop, the one at its start first.

        Shapes: h (hidden,), those that the hidden nodes show
        """
        shown = h[self.part.units]
        self.back.values = np.asarray(shown, dtype=float)
        pairs = list(zip(self.hidden, self.back, shown, strict=True))[::-1]
        moves = []
        for node, goal, value in pairs:
            color = self.theme.shade("signed", value / self.limit)
            arrived = goal.animate(run_time=0.05).set_fill(color)
            moves.append(
                Succession(travel(node, self.loop, into=goal, run_time=0.6 * run_time), arrived)
            )
        faded = self.fade_lines()
        moving = LaggedStart(*moves, lag_ratio=0.1, run_time=run_time)
        return AnimationGroup(moving, *faded, run_time=run_time)

    def begin_with(self, h: np.ndarray) -> Animation:
        """Show the state before the first input where it is fed back.

        Shapes: h (hidden,)
        """
        return self.back.recolor(h[self.part.units], self.limit)

    def fold_into(self, folded: FoldedNetwork) -> Animation:
        """Turn each layer into one symbol of the folded network, and the loop into its loop."""
        named = folded.cell.title, folded.into, folded.out, folded.matrices
        rest = [*self.links.values(), self.back, self.back_name, self.weight_name, self.titles]
        return Succession(
            AnimationGroup(FadeOut(*rest), *self.fade_lines(), run_time=0.5),
            AnimationGroup(
                ReplacementTransform(self.hidden, folded.cell.box),
                FadeOut(self.input, target_position=folded.input, scale=0.2),
                FadeIn(folded.input),
                FadeOut(self.output, target_position=folded.output, scale=0.2),
                FadeOut(self.output_names, target_position=folded.output, scale=0.2),
                FadeIn(folded.output),
                ReplacementTransform(self.loop, folded.loop),
                run_time=1.4,
            ),
            AnimationGroup(*map(FadeIn, named), run_time=0.6),
        )

    def _rise(self, lines: VGroup, row: NodeRow, values: np.ndarray, run_time: float) -> Animation:
        self.lit.add(*lines)
        rising = [Create(line) for line in lines]
        moves = [AnimationGroup(*rising, run_time=0.6 * run_time)] if rising else []
        colors = AnimationGroup(row.recolor(values, self.limit), run_time=0.4 * run_time)
        return Succession(*moves, colors)

    def _carried(self, weights: np.ndarray, low: NodeRow, high: NodeRow) -> VGroup:
        """Return lines coloured by weight times value, leaving out those near zero."""
        lines = VGroup()
        for i, above in enumerate(high):
            for j, below in enumerate(low):
                carried = float(weights[i, j] * low.values[j]) / self.limit
                if abs(carried) >= _LEAST_CARRIED:
                    line = _line(below, above).set_stroke(
                        self.theme.shade("signed", carried),
                        width=1.5 + 4.5 * min(1.0, abs(carried)),
                    )
                    line.carried = carried * self.limit
                    lines.add(line.set_z_index(1))
        return lines

    def _links(self, low: NodeRow, high: NodeRow) -> VGroup:
        color = self.theme.faint()
        return VGroup(
            *[_line(below, above).set_stroke(color, width=1.0) for above in high for below in low]
        )


def weights_of(run: Trace, part: DrawnPart) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the drawn parts of U, W and V."""
    return (
        run.U[np.ix_(part.units, part.inputs)],
        run.W[np.ix_(part.units, part.units)],
        run.V[np.ix_(part.outputs, part.units)],
    )


def _between_rows(word: Ink, node: VMobject) -> Animation:
    """Move a copy of a word up, along between words and nodes, and into a node or its name."""
    middle = (word.get_top()[1] + node.get_bottom()[1]) / 2
    places = [word.get_center(), [word.get_x(), middle, 0], [node.get_x(), middle, 0]]
    path, whole = np.array([*places, node.get_center()]), word.copy()
    rise = (middle - path[0][1]) / np.abs(np.diff(path, axis=0)).sum()

    def move(copy: Ink, share: float) -> None:
        copy.become(whole).scale(1.0 - 0.7 * min(1.0, share / rise)).move_to(along(path, share))
        copy.set_opacity(1.0 - share)

    return UpdateFromAlphaFunc(word.copy(), move, introducer=True, remover=True)


def _line(below: Circle, above: Circle) -> Line:
    return Line(below.get_center(), above.get_center())


def _around(hidden: NodeRow, back: NodeRow) -> np.ndarray:
    """Return the path from the right of the hidden layer down to the nodes it is fed back to."""
    high, low = hidden.get_y(), back.get_y()
    r = _LOOP_CORNER
    quarter = np.linspace(0.0, np.pi / 2, 12)
    upper = [[_LOOP_X - r + r * np.sin(a), high - r + r * np.cos(a), 0.0] for a in quarter]
    lower = [[_LOOP_X - r + r * np.cos(a), low + r - r * np.sin(a), 0.0] for a in quarter]
    start = hidden.get_right() + 0.12 * np.array([1.0, 0.0, 0.0])
    end = back.get_right() + 0.08 * np.array([1.0, 0.0, 0.0])
    return np.array([start, *upper, *lower, end])

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
    Transform,
    TransformFromCopy,
    VGroup,
)
from rnnviz.scenes.feedforward.drawn_part import DrawnPart, names_of
from rnnviz.scenes.feedforward.node_row import NodeRow

from rnnviz.mobjects import layout
from rnnviz.mobjects.arrows import FlowArrow
from rnnviz.mobjects.labels import LabelColumn, LabelRow
from rnnviz.mobjects.network import FoldedNetwork
from rnnviz.mobjects.text import SMALL, formula, label
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.wording import Say
from rnnviz.trace import Trace

INPUT_Y: Final = -1.42
HIDDEN_Y: Final = 0.08
OUTPUT_Y: Final = 1.4
CENTRE_X: Final = 0.55
ROW_WIDTH: Final = 11.2
_ROOM: Final = 10.5
_LOOP_X: Final = 6.4
_LOOP_CORNER: Final = 0.42
_LEAST_CARRIED: Final = 0.02


class LayeredNetwork(VGroup):
    """Input, hidden and output nodes, and later those of the state that is fed back.

    Shapes: weights U (units, inputs), W (units, units), V (outputs, units)
    Units:  ``limit`` gets the end of the colour scale, for nodes and connections; ``given`` is the
            index of the input that is labelled throughout
    """

    def __init__(
        self,
        weights: Sequence[np.ndarray],
        theme: Theme,
        say: Say,
        *,
        input_names: Sequence[str],
        output_names: Sequence[str],
        given: int,
        limit: float,
    ):
        self.U, self.W, self.V = weights
        self.theme, self.say, self.limit, self.given = theme, say, limit, given
        units, inputs = self.U.shape
        outputs = len(self.V)
        self.output_pitch = min(1.88, ROW_WIDTH / outputs)
        input_pitch = min(1.1, ROW_WIDTH / inputs)
        self.input = NodeRow(
            inputs, theme, role="input", y=INPUT_Y, pitch=input_pitch, centre=CENTRE_X
        )
        self.hidden = NodeRow(units, theme, role="hidden", y=HIDDEN_Y, pitch=0.9, centre=CENTRE_X)
        self.output = NodeRow(
            outputs, theme, role="output", y=OUTPUT_Y, pitch=self.output_pitch, centre=CENTRE_X
        )
        self.words = LabelRow(
            input_names,
            [node.get_x() for node in self.input],
            INPUT_Y - 0.6,
            color=theme.dimmed("input", 0.6),
            size=SMALL,
            width=input_pitch * 0.92,
        )
        self.output_names = LabelRow(
            output_names,
            [node.get_x() for node in self.output],
            OUTPUT_Y + 0.36,
            color=theme.color("output"),
            size=SMALL,
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
            size=SMALL,
            edge=LEFT,
        )
        self.links = {
            "U": self._links(self.input, self.hidden),
            "V": self._links(self.hidden, self.output),
        }
        self.lit = VGroup()
        self.weight_name = formula("W = 0", color=theme.color("note"), size=0.42)
        self.weight_name.move_to([_LOOP_X - 0.85, HIDDEN_Y, 0.0])
        super().__init__(
            *self.links.values(),
            self.input,
            self.hidden,
            self.output,
            self.words,
            self.output_names,
        )

    @classmethod
    def of(
        cls, trace: Trace, runs: Sequence[Trace], part: DrawnPart, theme: Theme, say: Say
    ) -> Self:
        """Return the network of a trace, with a colour scale for all values of some runs."""
        labels = trace.metadata
        x = runs[0].x[0, 0]
        u = trace.U[np.ix_(part.units, part.inputs)]
        w = trace.W[np.ix_(part.units, part.units)]
        v = trace.V[np.ix_(part.outputs, part.units)]
        largest = [np.abs(x[part.inputs]).max(), np.abs(u * x[part.inputs]).max()]
        for run in runs:
            assert run.y is not None
            states = run.h[0, 0, :, 0][:, part.units]
            largest += [np.abs(states).max(), np.abs(run.y[:, 0, part.outputs]).max()]
            largest.append(max(np.abs(v * state).max() for state in states))
            largest.append(np.abs(w * states[0]).max())
        return cls(
            (u, w, v),
            theme,
            say,
            input_names=names_of(labels.input_labels, part.inputs, "x"),
            output_names=names_of(labels.output_labels, part.outputs, "y"),
            given=int(np.abs(x[part.inputs]).argmax()),
            limit=float(max(largest)),
        )

    def appear(self) -> Animation:
        """Show the layers from the input up, with their connections."""
        u, v = self.links["U"], self.links["V"]
        low, middle, high = self.titles
        return Succession(
            AnimationGroup(FadeIn(low), self.input.appear(), FadeIn(self.words), run_time=1.2),
            AnimationGroup(FadeIn(middle), self.hidden.appear(), run_time=0.8),
            LaggedStart(*[Create(line) for line in u], lag_ratio=0.02, run_time=1.4),
            AnimationGroup(
                FadeIn(high), self.output.appear(), FadeIn(self.output_names), run_time=0.8
            ),
            LaggedStart(*[Create(line) for line in v], lag_ratio=0.02, run_time=1.2),
            FadeIn(self.weight_name, run_time=0.4),
        )

    def enter(self, x: np.ndarray) -> Animation:
        """Show an input at its nodes, and light its name up."""
        word = self.words[self.given]
        return AnimationGroup(
            self.input.recolor(x, self.limit), word.animate.set_color(self.theme.color("input"))
        )

    def reach_hidden(self, h: np.ndarray) -> Animation:
        """Draw the weighted inputs and the weighted state up to the hidden units."""
        lines = self._carried(self.U, self.input, self.hidden)
        if "W" in self.links:
            lines.add(*self._carried(self.W, self.back, self.hidden))
        return self._rise(lines, self.hidden, h)

    def reach_output(self, y: np.ndarray) -> Animation:
        """Draw the weighted hidden values up to the outputs."""
        return self._rise(self._carried(self.V, self.hidden, self.output), self.output, y)

    def clear(self) -> Animation:
        """Remove the values, and keep the network."""
        rows = [self.input, self.hidden, self.output]
        faded = [FadeOut(self.lit)] if len(self.lit) else []
        self.lit = VGroup()
        return AnimationGroup(
            *faded,
            *[row.empty() for row in rows],
            self.words[self.given].animate.set_color(self.theme.dimmed("input", 0.6)),
        )

    def make_room(self) -> Animation:
        """Move the inputs to the left, keeping the name of the one that is given."""
        inputs, units = len(self.input), len(self.hidden)
        pitch = min(0.72, _ROOM / (inputs + units + 0.8))
        left = CENTRE_X - ROW_WIDTH / 2
        self.back = NodeRow(
            units,
            self.theme,
            role="hidden",
            y=INPUT_Y,
            pitch=pitch,
            centre=left + (inputs + 0.8 + units / 2) * pitch,
        )
        target = NodeRow(
            inputs,
            self.theme,
            role="input",
            y=INPUT_Y,
            pitch=pitch,
            centre=left + inputs / 2 * pitch,
        )
        word = self.words[self.given]
        others = VGroup(*[name for name in self.words if name is not word])
        there = target[self.given].get_x()
        inside = max(there, layout.LEFT_EDGE + 1.6 + word.width / 2)
        moves = [
            node.animate.match_width(place).move_to(place)
            for node, place in zip(self.input, target, strict=True)
        ]
        links = self._links(target, self.hidden)
        moves += [
            line.animate.put_start_and_end_on(new.get_start(), new.get_end())
            for line, new in zip(self.links["U"], links, strict=True)
        ]
        moves.append(word.animate.set_x(inside))
        return AnimationGroup(FadeOut(others), *moves, run_time=1.6)

    def close_loop(self) -> Animation:
        """Copy the hidden units beside the inputs, and draw the loop to them."""
        self.links["W"] = self._links(self.back, self.hidden)
        self.loop = FlowArrow(
            _around(self.hidden, self.back), color=self.theme.color("hidden"), thickness=0.05
        )
        color = self.theme.color("hidden")
        self.back_name = label(self.say("fed back"), color=color, size=SMALL)
        self.back_name.move_to(self.back).set_on(INPUT_Y - 0.6)
        none, self.weight_name = (
            self.weight_name,
            formula("W", color=self.theme.color("weight"), size=0.46),
        )
        self.weight_name.move_to([_LOOP_X - 0.6, (INPUT_Y + HIDDEN_Y) / 2 + 0.15, 0.0])
        self.add(self.back, self.loop, self.links["W"], self.back_name, self.weight_name)
        return Succession(
            AnimationGroup(
                *[
                    TransformFromCopy(node, copy)
                    for node, copy in zip(self.hidden, self.back, strict=True)
                ],
                FadeIn(self.back_name),
                FadeOut(none),
                run_time=1.4,
            ),
            self.loop.grow(run_time=1.4),
            AnimationGroup(
                LaggedStart(*[Create(line) for line in self.links["W"]], lag_ratio=0.02),
                FadeIn(self.weight_name),
                run_time=1.4,
            ),
        )

    def come_back(self, h: np.ndarray) -> Animation:
        """Move the hidden values around the loop, beside the next input."""
        self.back.values = np.asarray(h, dtype=float)
        travelling = [
            node.copy().set_fill(self.theme.signed(value / self.limit)).set_z_index(3)
            for node, value in zip(self.hidden, h, strict=True)
        ]
        goals = [
            node.copy().set_fill(self.theme.signed(value / self.limit))
            for node, value in zip(self.back, h, strict=True)
        ]
        moves = LaggedStart(
            *[
                Transform(travelling[index], goals[index], path_arc=-1.6, remover=True)
                for index in reversed(range(len(goals)))
            ],
            lag_ratio=0.1,
        )
        return Succession(moves, AnimationGroup(self.back.recolor(h, self.limit), run_time=0.2))

    def rest_at_zero(self) -> Animation:
        """Show zeros where the state is fed back."""
        return self.back.recolor(np.zeros(len(self.back)), self.limit)

    def fold_into(self, folded: FoldedNetwork) -> Animation:
        """Turn each layer into one symbol of the folded network, and the loop into its loop."""
        arrows = [FadeIn(folded.into), FadeIn(folded.out), FadeIn(folded.matrices)]
        rest = [*self.links.values(), self.back, self.back_name, self.weight_name, self.titles]
        return Succession(
            AnimationGroup(FadeOut(*rest, self.lit), run_time=0.7),
            AnimationGroup(
                ReplacementTransform(self.hidden, folded.cell.box),
                FadeIn(folded.cell.title),
                FadeOut(self.input, target_position=folded.input, scale=0.2),
                ReplacementTransform(self.words[self.given], folded.input),
                FadeOut(self.output, target_position=folded.output, scale=0.2),
                FadeOut(self.output_names, target_position=folded.output, scale=0.2),
                FadeIn(folded.output),
                ReplacementTransform(self.loop, folded.loop),
                run_time=1.8,
            ),
            AnimationGroup(*arrows, run_time=0.8),
        )

    def _rise(self, lines: VGroup, row: NodeRow, values: np.ndarray) -> Animation:
        self.lit.add(*lines)
        rising = [Create(line) for line in lines]
        moves = [AnimationGroup(*rising, run_time=1.2)] if rising else []
        return Succession(*moves, AnimationGroup(row.recolor(values, self.limit), run_time=0.6))

    def _carried(self, weights: np.ndarray, low: NodeRow, high: NodeRow) -> VGroup:
        """Return lines coloured by weight times value, leaving out those near zero."""
        lines = VGroup()
        for i, above in enumerate(high):
            for j, below in enumerate(low):
                carried = float(weights[i, j] * low.values[j]) / self.limit
                if abs(carried) >= _LEAST_CARRIED:
                    line = _line(below, above).set_stroke(
                        self.theme.signed(carried), width=1.5 + 4.5 * min(1.0, abs(carried))
                    )
                    line.carried = carried * self.limit
                    lines.add(line.set_z_index(1))
        return lines

    def _links(self, low: NodeRow, high: NodeRow) -> VGroup:
        color = self.theme.dimmed("note", 0.4)
        return VGroup(
            *[_line(below, above).set_stroke(color, width=1.0) for above in high for below in low]
        )


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

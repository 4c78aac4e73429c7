"""A network drawn as layers of nodes, each node connected to all nodes of the next layer."""

from collections.abc import Sequence
from dataclasses import dataclass
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

from rnnviz.mobjects import layout
from rnnviz.mobjects.arrows import FlowArrow
from rnnviz.mobjects.network import FoldedNetwork
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.typography import NOTE, SMALL, fitted_label, formula, label
from rnnviz.mobjects.wording import Say
from rnnviz.system.short_repr import ShortRepr
from rnnviz.text.plain_text import lowered
from rnnviz.trace import Trace

INPUT_Y: Final = -1.42
HIDDEN_Y: Final = 0.08
OUTPUT_Y: Final = 1.4
CENTRE_X: Final = 0.55
ROW_WIDTH: Final = 11.2
MOST_INPUTS: Final = 12
MOST_UNITS: Final = 8
MOST_OUTPUTS: Final = 6
_ROOM: Final = 10.5
_LOOP_X: Final = 6.4
_LOOP_CORNER: Final = 0.42
_LEAST_CARRIED: Final = 0.02


@dataclass(frozen=True, repr=False)
class DrawnPart(ShortRepr):
    """Which entries of each layer are drawn, by their indices."""

    inputs: np.ndarray
    units: np.ndarray
    outputs: np.ndarray

    @classmethod
    def of(cls, trace: Trace, x: np.ndarray, answers: np.ndarray) -> "DrawnPart":
        """The first inputs and the greatest of them, the first units, the greatest answers.

        Shapes: x (input,), answers (times, output)
        """
        inputs = np.arange(min(len(x), MOST_INPUTS))
        greatest = int(np.abs(x).argmax())
        if greatest not in inputs:
            inputs[-1] = greatest
        order = np.argsort(-np.abs(answers).max(axis=0), kind="stable")
        return cls(
            inputs,
            np.arange(min(trace.hidden_size, MOST_UNITS)),
            np.sort(order[:MOST_OUTPUTS]),
        )

    def note(self, trace: Trace, say: Say) -> tuple[str, ...]:
        """What the source line says of what is left out."""
        layers = (
            (say("{count} inputs"), len(self.inputs), trace.input_size),
            (say("{count} units"), len(self.units), trace.hidden_size),
            (say("{count} outputs"), len(self.outputs), trace.output_size),
        )
        parts = [text.format(count=shown) for text, shown, count in layers if shown < count]
        return (say("drawn: {parts}").format(parts=", ".join(parts)),) if parts else ()


class NodeRow(VGroup):
    """The nodes of one layer in a row, filled with the colours of their values."""

    def __init__(
        self, count: int, theme: Theme, *, role: Role, y: float, pitch: float, centre: float
    ):
        self.theme = theme
        self.role: Role = role
        self.values = np.zeros(count)
        xs = (np.arange(count) - (count - 1) / 2) * pitch + centre
        super().__init__(
            *[
                Circle(
                    min(0.23, 0.4 * pitch),
                    stroke_width=2.5,
                    stroke_color=theme.color(role),
                    fill_color=theme.surface,
                    fill_opacity=1.0,
                ).move_to([x, y, 0.0])
                for x in xs
            ]
        )
        self.set_z_index(2)

    def take(self, values: np.ndarray, limit: float) -> Animation:
        """The nodes take the colours of other values."""
        self.values = np.asarray(values, dtype=float)
        return AnimationGroup(
            *[
                node.animate.set_fill(self.theme.signed(value / limit))
                for node, value in zip(self, self.values, strict=True)
            ]
        )

    def empty(self) -> Animation:
        """The nodes hold nothing."""
        self.values = np.zeros(len(self))
        return AnimationGroup(*[node.animate.set_fill(self.theme.surface) for node in self])


class LayeredNetwork(VGroup):
    """Input, hidden and output nodes, and later the nodes of the state that is fed back.

    What is drawn are the entries ``inputs``, ``units`` and ``outputs`` of the layers.

    Shapes: U (units, inputs), W (units, units), V (outputs, units): the weights of these
    Units:  ``limit`` gets the ends of the colour scale, in nodes and in connections
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
        self.words = VGroup(
            *[
                self._name(name, "input", node, input_pitch).set_on(INPUT_Y - 0.6)
                for name, node in zip(input_names, self.input, strict=True)
            ]
        )
        self.words.set_color(theme.dimmed("input", 0.6))
        self.answers = VGroup(
            *[
                self._name(name, "output", node, self.output_pitch).set_on(OUTPUT_Y + 0.36)
                for name, node in zip(output_names, self.output, strict=True)
            ]
        )
        named: dict[Role, NodeRow] = {
            "input": self.input,
            "hidden": self.hidden,
            "output": self.output,
        }
        texts = {"input": say("input"), "hidden": say("hidden layer"), "output": say("output")}
        self.titles = VGroup(
            *[
                label(texts[role], color=theme.color(role), size=SMALL)
                .move_to([layout.LEFT_EDGE, 0.0, 0.0], LEFT)
                .set_on(row.get_y() - 0.09)
                for role, row in named.items()
            ]
        )
        self.links = {
            "U": self._links(self.input, self.hidden),
            "V": self._links(self.hidden, self.output),
        }
        self.lit = VGroup()
        self.weight_name = formula("W = 0", color=theme.color("note"), size=0.42)
        self.weight_name.move_to([_LOOP_X - 0.85, HIDDEN_Y, 0.0])
        super().__init__(
            *self.links.values(), self.input, self.hidden, self.output, self.words, self.answers
        )

    @classmethod
    def of(
        cls, trace: Trace, runs: Sequence[Trace], part: DrawnPart, theme: Theme, say: Say
    ) -> Self:
        """The network of a trace, with one scale of colours for all that some runs show."""
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
            input_names=_names(labels.input_labels, part.inputs, "x"),
            output_names=_names(labels.output_labels, part.outputs, "y"),
            given=int(np.abs(x[part.inputs]).argmax()),
            limit=float(max(largest)),
        )

    def appear(self) -> Animation:
        """The layers come from the input up, each connected to the one before."""
        u, v = self.links["U"], self.links["V"]
        low, middle, high = self.titles
        return Succession(
            AnimationGroup(FadeIn(low), _nodes_in(self.input), FadeIn(self.words), run_time=1.2),
            AnimationGroup(FadeIn(middle), _nodes_in(self.hidden), run_time=0.8),
            LaggedStart(*[Create(line) for line in u], lag_ratio=0.02, run_time=1.4),
            AnimationGroup(
                FadeIn(high), _nodes_in(self.output), FadeIn(self.answers), run_time=0.8
            ),
            LaggedStart(*[Create(line) for line in v], lag_ratio=0.02, run_time=1.2),
            FadeIn(self.weight_name, run_time=0.4),
        )

    def enter(self, x: np.ndarray) -> Animation:
        """An input stands at its nodes, and its name lights up."""
        word = self.words[self.given]
        return AnimationGroup(
            self.input.take(x, self.limit),
            word.animate.set_color(self.theme.color("input")),
        )

    def reach_hidden(self, h: np.ndarray) -> Animation:
        """The weighted inputs, and what was fed back, run up to the hidden units."""
        lines = self._carried(self.U, self.input, self.hidden)
        if "W" in self.links:
            lines.add(*self._carried(self.W, self.back, self.hidden))
        return self._rise(lines, self.hidden, h)

    def reach_output(self, y: np.ndarray) -> Animation:
        """The weighted hidden values run up to the outputs."""
        return self._rise(self._carried(self.V, self.hidden, self.output), self.output, y)

    def clear(self) -> Animation:
        """The values go, the network stays."""
        rows = [self.input, self.hidden, self.output]
        faded = [FadeOut(self.lit)] if len(self.lit) else []
        self.lit = VGroup()
        return AnimationGroup(
            *faded,
            *[row.empty() for row in rows],
            self.words[self.given].animate.set_color(self.theme.dimmed("input", 0.6)),
        )

    def make_room(self) -> Animation:
        """The inputs move together to the left; the word that is given keeps its name."""
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
        """The hidden units come a second time, beside the inputs, and the loop leads to them."""
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
        """The hidden values go around the loop, and stand beside the next input."""
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
        return Succession(moves, AnimationGroup(self.back.take(h, self.limit), run_time=0.2))

    def rest_at_zero(self) -> Animation:
        """Zeros stand where the state comes back."""
        return self.back.take(np.zeros(len(self.back)), self.limit)

    def fold_into(self, folded: FoldedNetwork) -> Animation:
        """Each layer becomes one sign of the folded network, the loop its loop."""
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
                FadeOut(self.answers, target_position=folded.output, scale=0.2),
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
        return Succession(*moves, AnimationGroup(row.take(values, self.limit), run_time=0.6))

    def _carried(self, weights: np.ndarray, low: NodeRow, high: NodeRow) -> VGroup:
        """A line for each weight times value, coloured by it; near zero there is none."""
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

    def _name(self, text: str, role: Role, node: Circle, pitch: float) -> VGroup:
        ink = fitted_label(
            text, color=self.theme.color(role), width=pitch * 0.92, size=SMALL, smallest=NOTE
        )
        return ink.move_to(node)


def _names(labels: Sequence[str], part: np.ndarray, letter: str) -> list[str]:
    """The labels of some entries, or x₁, x₂, …"""
    if labels:
        return [labels[index] for index in part]
    return [f"{letter}{lowered(index + 1)}" for index in part]


def _line(below: Circle, above: Circle) -> Line:
    return Line(below.get_center(), above.get_center())


def _nodes_in(row: NodeRow) -> Animation:
    return LaggedStart(*[FadeIn(node, scale=0.5) for node in row], lag_ratio=0.1)


def _around(hidden: NodeRow, back: NodeRow) -> np.ndarray:
    """The way out of the hidden layer on its right, down, and to the nodes that it is fed to."""
    high, low = hidden.get_y(), back.get_y()
    r = _LOOP_CORNER
    quarter = np.linspace(0.0, np.pi / 2, 12)
    upper = [[_LOOP_X - r + r * np.sin(a), high - r + r * np.cos(a), 0.0] for a in quarter]
    lower = [[_LOOP_X - r + r * np.cos(a), low + r - r * np.sin(a), 0.0] for a in quarter]
    start = hidden.get_right() + 0.12 * np.array([1.0, 0.0, 0.0])
    end = back.get_right() + 0.08 * np.array([1.0, 0.0, 0.0])
    return np.array([start, *upper, *lower, end])

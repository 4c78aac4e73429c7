"""Rows of numbers: two biases and their sum, outputs and their softmax."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    Animation,
    AnimationGroup,
    Create,
    FadeIn,
    FadeOut,
    LaggedStart,
    Line,
    Succession,
    VGroup,
)
from rnnviz.scenes.pytorch.module_parts import ShapedArray

from rnnviz.experiments.pytorch_modules import ModuleRun
from rnnviz.mobjects.labels import LabelColumn, LabelRow
from rnnviz.mobjects.matrix import MOST_ROWS
from rnnviz.mobjects.morph import morph, paired_glyphs
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.prediction import output_names
from rnnviz.mobjects.text import SMALL, Ink, code, formula, label
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.wording import Say
from rnnviz.trace import Trace

MOST_COLUMNS: Final = 8
_ROW: Final = 0.8
_NAME_ROOM: Final = 2.4


class NumberRows(VGroup):
    """Rows of written numbers, each with a name on its left and a note on its right.

    Shapes: values and texts (rows, columns)
    Units:  the numbers begin at x = ``place`` and are ``width`` wide; ``top`` is the first baseline
    """

    def __init__(
        self,
        names: Sequence[Ink],
        values: np.ndarray,
        texts: Sequence[Sequence[str]],
        theme: Theme,
        *,
        roles: Sequence[Role],
        top: float,
        place: float,
        width: float,
        notes: Sequence[str] = (),
        heads: Sequence[str] = (),
    ):
        self.theme = theme
        self.values = np.asarray(values, dtype=float)
        columns = self.values.shape[1]
        pitch = min(1.4, width / columns)
        left = place + (width - pitch * columns) / 2
        xs = left + pitch * (np.arange(columns) + 0.5)
        ys = [top - index * _ROW for index in range(len(names))]
        self.heads = LabelRow(
            heads,
            xs[: len(heads)],
            top + 0.66,
            color=theme.color("note"),
            size=SMALL,
            width=pitch * 0.94,
        )
        self.numbers = [
            LabelRow(row, xs, y, color=theme.color(role), size=0.3)
            for row, y, role in zip(texts, ys, roles, strict=True)
        ]
        self.notes = LabelColumn(
            notes,
            xs[-1] + pitch / 2 + 0.25,
            ys[: len(notes)],
            color=theme.color("text"),
            size=0.32,
            edge=LEFT,
        )
        self.names = [
            name.move_to([left - 0.25, y + 0.1, 0.0], RIGHT)
            for name, y in zip(names, ys, strict=True)
        ]
        super().__init__(self.heads, *self.names, *self.numbers, *self.notes)

    def add_up(self) -> Animation:
        """Draw a line above the last row, the sum of the others."""
        y = (self.numbers[-2].get_bottom()[1] + self.numbers[-1].get_top()[1]) / 2
        ends = [self.names[-2].get_left()[0], y, 0.0], [self.numbers[-1].get_right()[0], y, 0.0]
        self.rule = Line(*ends, stroke_width=1.5, color=self.theme.color("note"))
        self.add(self.rule)
        return Create(self.rule)

    def out_of(self, index: int, array: ShapedArray) -> Animation:
        """Show one row out of an array: its name and its cells move to where the numbers come."""
        name, numbers = self.names[index], self.numbers[index]
        cells = array.grid.cells[: len(numbers)]
        rest = array.grid.cells[len(numbers) :]
        moves = [
            Succession(
                cell.animate.move_to(text),
                AnimationGroup(FadeOut(cell, scale=0.3), FadeIn(text)),
            )
            for cell, text in zip(cells, numbers, strict=True)
        ]
        return AnimationGroup(
            FadeOut(array.frame, array.size_text, *rest, run_time=0.5),
            morph(array.named, name, paired_glyphs(array.named, name), run_time=1.0),
            LaggedStart(*moves, lag_ratio=0.15, run_time=2.0),
        )

    def appear(self, index: int) -> Animation:
        """Show one row, number by number."""
        heads = [FadeIn(self.heads)] if not index and len(self.heads) else []
        parts = [self.names[index], *self.numbers[index], *self.notes[index : index + 1]]
        row = LaggedStart(*[FadeIn(part, shift=0.1 * DOWN) for part in parts], lag_ratio=0.25)
        return AnimationGroup(*heads, row, run_time=1.5)


def bias_rows(run: ModuleRun, theme: Theme) -> NumberRows:
    """Return the two biases of the recurrent layer and their sum, of the first units."""
    kinds = ("bias_ih_l0", "bias_hh_l0")
    both = [run.parameters[f"rnn.{kind}"][:MOST_COLUMNS] for kind in kinds]
    values = np.array([*both, both[0] + both[1]])
    names = [
        code(f"bias_{kind}_l0", color=theme.color("weight"), size=0.28) for kind in ("ih", "hh")
    ]
    total = formula('italic("b")', color=theme.color("text"), size=0.5)
    return NumberRows(
        [*names, total],
        values,
        [[number(float(value)) for value in row] for row in values],
        theme,
        roles=("weight", "weight", "text"),
        top=0.95,
        place=-4.2,
        width=10.6,
    )


def output_rows(trace: Trace, run: ModuleRun, theme: Theme, say: Say) -> NumberRows:
    """Return the outputs at the last step, above their softmax or the target."""
    outputs = run.tensors["output"][-1]
    shown = slice(MOST_COLUMNS)
    first = formula(f"o_({trace.steps})", color=theme.color("output"), size=0.42)
    if trace.metadata.loss == "squared":
        targets = trace.targets[-1, 0, shown]
        values = np.array([outputs[shown], np.nan_to_num(targets)])
        below = label(say("wanted"), color=theme.color("text"), size=0.32)
        texts, notes = [list(map(_text, row)) for row in (outputs[shown], targets)], []
    else:
        softmax = np.exp(outputs - outputs.max())
        softmax /= softmax.sum()
        values = np.array([outputs[shown], softmax[shown]])
        below = formula(f'"softmax"(o_({trace.steps}))', color=theme.color("text"), size=0.42)
        if below.width > _NAME_ROOM:
            below.scale_to_fit_width(_NAME_ROOM)
        texts = [[number(float(v)) for v in values[0]], [percent(float(v)) for v in values[1]]]
        sums = number(float(outputs.sum())), percent(float(softmax.sum()))
        notes = [say("sum {value}").format(value=value) for value in sums]
    return NumberRows(
        [first, below],
        values,
        texts,
        theme,
        roles=("output", "text"),
        top=-0.35,
        place=-3.9,
        width=8.4,
        notes=notes,
        heads=output_names(trace, range(len(outputs)))[shown],
    )


def _text(value: float) -> str:
    """Return a number, or a dash if there is no target."""
    return "–" if np.isnan(value) else number(float(value))


def in_part_note(run: ModuleRun, say: Say) -> tuple[str, ...]:
    """Return the note for the source line if arrays are drawn in part."""
    arrays = [*run.parameters.values(), *run.tensors.values()]
    lengths = len(run.parameters["rnn.bias_ih_l0"]), len(run.parameters["fc.bias"])
    longest = max(max(array.shape) for array in arrays)
    if longest <= MOST_ROWS and max(lengths) <= MOST_COLUMNS:
        return ()
    return (say("long axes drawn in part"),)

"""Gates that keep and forget: an LSTM and a GRU on a sentence, beside a plain RNN."""

from collections.abc import Mapping
from typing import ClassVar

from manim import DOWN, FadeIn, FadeOut, LaggedStart
from rnnviz.scenes.gates.equations import gradient_title, gru_equation, lstm_equation
from rnnviz.scenes.gates.gradient_lines import GradientLines
from rnnviz.scenes.gates.retention_row import RetentionRow
from rnnviz.scenes.gates.unit_grid import MOST_UNITS, UnitGrid, UnitValues
from rnnviz.scenes.gates.unit_step import UnitStep
from rnnviz.scenes.gates.word_axis import MOST_STEPS, WordAxis
from rnnviz.scenes.gates.wording import cell_by_cell, kept_or_lost

from rnnviz import measure
from rnnviz.cells.gru import Gru
from rnnviz.cells.lstm import Lstm
from rnnviz.experiments.studies import longest_retention, study_of
from rnnviz.mobjects.accuracy_by_gap import AccuracyByGap
from rnnviz.mobjects.color_scale import HeatScale
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.window import Window, units_note
from rnnviz.scene.beats import beat
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.translation import N_

GATED = (Lstm.name, Gru.name)


class Gates(Storyboard):
    """Recorded gates, what they keep of a word, and its gradient."""

    name = "gates"
    title = N_("Gates that keep and forget")
    summary = N_("LSTM and GRU at work on the same task, beside the plain network.")
    task = "sentence"
    needs = ("sentence", "one-layer")
    experiments: ClassVar = {"study": study_of}

    def setup(self) -> None:
        self.study = self.context.experiments["study"]
        self.clue = self.study.clue
        gap = self.study.learnt_by_all
        self.runs = {cell: self.study.best(cell, gap) for cell in self.study.cells}
        own = self.trace
        self.shown = {
            cell: own if own.metadata.cell == cell else self.runs[cell].trace for cell in GATED
        }
        self.retention = {
            cell: longest_retention(trace, self.clue, most=MOST_UNITS)
            for cell, trace in self.shown.items()
        }
        self.trace = self.shown.get(own.metadata.cell, self.shown[Lstm.name])
        self.words = WordAxis.of(self.shown[Lstm.name], self.clue, self.theme)

    def notes(self) -> tuple[str, ...]:
        return (
            *Window.last(self.trace, MOST_STEPS).note(self.say),
            *units_note(self.trace, MOST_UNITS, self.say),
        )

    def facts(self) -> Mapping[str, str]:
        lstm = self.shown[Lstm.name]
        forget, update = measure.gates(lstm)["f"], measure.gates(self.shown[Gru.name])["z"]
        return {
            "clue": lstm.metadata.step_labels[0][self.clue],
            "units": str(lstm.cell_size),
            "share": percent(float((forget > 0.5).mean())),
            "unit": str(self.retention[Lstm.name].unit + 1),
            "kept": number(self.retention[Lstm.name].part),
            "lag": str(lstm.steps - 1 - self.clue),
            "z_clue": number(float(update[self.clue].mean())),
            "z_after": number(float(update[self.clue + 1 :].mean())),
            "gap": str(self.study.settings.gaps[-1]),
            "verdict": kept_or_lost(self.study, self.say),
            **cell_by_cell(self.study, self.runs),
        }

    @beat(
        "Beside its state $h$, an LSTM has a cell $c$. Its gate $f$, between 0 and 1, says what "
        "part of the cell is kept, its gate $i$ how much is written."
    )
    def cell_and_gates(self) -> None:
        self.equation = lstm_equation(self.theme)
        self.play(FadeIn(self.equation, shift=0.15 * DOWN), FadeIn(self.words))
        self.step = UnitStep(self.shown[Lstm.name], self.retention[Lstm.name], self.say, self.theme)
        self.play(FadeIn(self.step))
        for parts in ("keep", "before"), ("write",), ("c",):
            self.play(self.equation.light(*parts), self.step.equation.light(*parts))
            self.wait(0.7)

    @beat(
        "Recorded at each {item}: the gate $f$ of {units} units, one in each row. In {share} of "
        "all places it keeps more than half."
    )
    def forget_gate(self) -> None:
        self.grid = UnitGrid(UnitValues.of_gate(self.shown[Lstm.name], "f"), self.words, self.theme)
        self.scale = HeatScale(self.theme, end="1")
        self.play(FadeOut(self.step), self.equation.light("keep"), FadeIn(self.scale))
        self.play(self.grid.appear())

    @beat("And the cell itself, {item} by {item}: what is kept, and what is written to it.")
    def cell_state(self) -> None:
        values = UnitValues.of_cell(self.shown[Lstm.name])
        scale = self.color_scale(values.limit)
        self.play(FadeOut(self.scale), FadeIn(scale), self.equation.light("c"))
        self.grid, change = self.grid.turn_into(values, self.words)
        self.play(change)
        self.scale = scale

    @beat(
        "From {clue} to the end, the product of $f$ in unit {unit} is {kept}: that part of what it "
        "held is still there, {lag} steps later."
    )
    def what_is_kept(self) -> None:
        self.row = RetentionRow(self.grid, self.retention[Lstm.name], self.theme)
        self.play(self.equation.light("keep", "before"))
        self.play(self.row.appear())

    @beat(
        "A GRU has no cell. Its gate $z$ says what part of the state itself is kept: on average "
        "{z_clue} at {clue}, {z_after} after it."
    )
    def state_is_kept(self) -> None:
        gru = self.shown[Gru.name]
        equation, scale = gru_equation(self.theme), HeatScale(self.theme, end="1")
        self.play(self.equation.turn_into(equation), FadeOut(self.row, self.scale), FadeIn(scale))
        self.words, *changes = self.words.turn_into(WordAxis.of(gru, self.clue, self.theme))
        self.grid, change = self.grid.turn_into(UnitValues.of_gate(gru, "z"), self.words)
        self.play(change, equation.light("keep", "before"), *changes)
        self.row = RetentionRow(self.grid, self.retention[Gru.name], self.theme, factors=True)
        self.play(self.row.appear())
        self.equation, self.scale = equation, scale

    @beat(
        "What does the loss feel? Before training, each step back leaves a part of the gradient: "
        "{rnn_rate} in the RNN, {lstm_rate} in the LSTM, {gru_rate} in the GRU."
    )
    def before_training(self) -> None:
        title = gradient_title(self.theme)
        words, *changes = self.words.turn_into(
            WordAxis.of(self.runs[Lstm.name].trace, self.clue, self.theme)
        )
        self.before, self.after = GradientLines.of(self.runs, words, self.theme)
        self.play(
            FadeOut(self.grid, self.row, self.scale), self.equation.turn_into(title), *changes
        )
        self.play(FadeIn(self.before.axis))
        self.play(self.before.appear())
        self.words, self.equation = words, title

    @beat(
        "After training, the state at {clue} has this part of the last gradient: {rnn_left} in the "
        "RNN, {lstm_left} in the LSTM, {gru_left} in the GRU."
    )
    def after_training(self) -> None:
        self.play(self.before.turn_into(self.after))

    @beat(
        "With {gap} {items} in between, RNNs get {rnn_right} right, LSTMs {lstm_right}, GRUs "
        "{gru_right}. {verdict}"
    )
    def farther_back(self) -> None:
        axes = AccuracyByGap(self.study, self.theme, self.say)
        lines = axes.results.values()
        self.play(FadeOut(self.after, self.after.axis, self.words, self.equation))
        self.play(FadeIn(axes))
        self.play(LaggedStart(*[one.appear() for one in lines], lag_ratio=0.5))

"""Long-term dependencies: one word decides, the gap grows, and networks are trained."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from manim import DOWN, UP, FadeIn, FadeOut, LaggedStart
from rnnviz.scenes.long_dependency.sentence_heat import (
    SENTENCE_Y,
    SentenceHeat,
    saliency_equation,
    stacked,
)
from rnnviz.scenes.long_dependency.wording import (
    clues,
    enough_to_learn,
    how_well,
    most_salient,
    saliency,
)

from rnnviz.cells.rnn import Rnn
from rnnviz.experiments.studies import clue_of, other_stories, study_of
from rnnviz.mobjects.accuracy_by_gap import (
    AccuracyByGap,
    CellResults,
    GapAxes,
    means_of,
    results_of,
)
from rnnviz.mobjects.color_scale import HeatScale
from rnnviz.mobjects.numbers import number, percent
from rnnviz.scene.beats import beat
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.translation import N_

PLAIN = Rnn.name


class LongDependency(Storyboard):
    """A word far back decides the last one; what networks learn of it at each gap is measured."""

    name = "long-dependency"
    title = N_("When the answer lies far back")
    summary = N_("The gap grows; what the networks still learn was measured.")
    task = "sentence"
    needs = ("sentence", "gradients")
    experiments: ClassVar = {"study": study_of, "others": other_stories}

    def setup(self) -> None:
        self.study = self.context.experiments["study"]
        self.stories = (self.trace, *self.context.experiments["others"])
        self.gaps = self.study.settings.gaps
        firsts = [self.study.of(PLAIN, gap)[0] for gap in self.gaps]
        self.farthest = firsts[-1]
        longer = [run.trace for run in firsts if run.trace.steps > self.trace.steps]
        self.longer = longer or [self.farthest.trace]

    def notes(self) -> tuple[str, ...]:
        settings = self.study.settings
        text = self.say("compared: {hidden} units, at most {epochs} epochs")
        return (text.format(hidden=settings.hidden, epochs=settings.epochs),)

    def facts(self) -> Mapping[str, str]:
        means = {cell: self.study.accuracies(cell).mean(axis=1) for cell in self.study.cells}
        far = self.farthest.trace
        values = saliency(far)
        signal = means_of(self.study.signal_before(PLAIN))[-1]
        return {
            "clue": self.trace.metadata.step_labels[0][self.study.clue],
            "clues": clues(self.stories, self.say),
            "felt": most_salient(self.trace, self.say),
            "back": str(far.steps - self.study.clue),
            "gap": str(self.gaps[-1]),
            "first": str(self.gaps[0]),
            "ratio": number(float(values[self.study.clue] / values[-1])),
            "verdict": how_well(self.farthest.accuracy, self.study, self.say),
            "seeds": str(len(self.study.settings.seeds)),
            "near": percent(float(means[PLAIN][0])),
            "far": percent(float(means[PLAIN][-1])),
            "chance": percent(self.study.chance),
            **{cell: percent(float(means[cell][-1])) for cell in means if cell != PLAIN},
            "signal": number(signal),
            "enough": enough_to_learn(signal, self.say),
            **{name: str(count) for name, count in self.study.growth().items()},
        }

    @beat("What comes last? One {item} decides it: {clues}.")
    def one_word_decides(self) -> None:
        self.sentences = stacked(
            [SentenceHeat.of(trace, clue_of(trace), self.theme) for trace in self.stories]
        )
        self.play(LaggedStart(*[one.appear() for one in self.sentences], lag_ratio=0.7))
        self.play(*[one.show_answer() for one in self.sentences])

    @beat(
        "The brighter the {item}, the more a small change of it would move the loss of this "
        "trained network. {felt}"
    )
    def heat(self) -> None:
        self.equation = saliency_equation(self.theme)
        self.scale = HeatScale(self.theme, end="100%")
        self.play(FadeIn(self.equation, shift=0.15 * DOWN), FadeIn(self.scale))
        self.play(self.equation.light("saliency"))
        for sentence, trace in zip(self.sentences, self.stories, strict=True):
            self.play(sentence.heat_up(saliency(trace)))

    @beat(
        "Now let {gap} {items} stand in between. {clue} decides as before, but it lies {back} "
        "{items} before the answer."
    )
    def gap_grows(self) -> None:
        shown, *others = self.sentences
        self.play(FadeOut(self.equation, self.scale, *others))
        for trace in self.longer:
            longer = SentenceHeat.of(trace, self.study.clue, self.theme).with_answer()
            self.play(shown.grow_into(longer.shift(SENTENCE_Y * UP)))
            self.wait(0.5)
            shown = longer
        self.grown = shown

    @beat(
        "A plain RNN, trained on such sentences: its loss feels {clue} {ratio} times as much as "
        "the last {item}. {verdict}"
    )
    def what_is_felt(self) -> None:
        self.play(FadeIn(self.equation), FadeIn(self.scale))
        self.play(self.grown.heat_up(saliency(self.farthest.trace)))

    @beat(
        "For each gap, {seeds} such networks were trained: {near} of the answers are right with "
        "{first} {items} in between, {far} with {gap}. A guess gets {chance}."
    )
    def accuracy_falls(self) -> None:
        self.axes = AccuracyByGap(self.study, self.theme, self.say)
        self.play(FadeOut(self.grown, self.equation, self.scale))
        self.play(FadeIn(self.axes))
        self.play(self.axes.results[PLAIN].appear())

    @beat(
        "The same for LSTM and GRU: with {gap} {items} in between, the LSTM gets {lstm} right, "
        "the GRU {gru}."
    )
    def with_gates(self) -> None:
        others = [one for cell, one in self.axes.results.items() if cell != PLAIN]
        self.play(LaggedStart(*[one.appear() for one in others], lag_ratio=0.8))

    @beat(
        "Before training, with {gap} {items} in between, a plain RNN's first gradient is about "
        "{signal} of its last. {enough}"
    )
    def before_training(self) -> None:
        self.play(FadeOut(self.axes, *self.axes.results.values()))
        name = self.say("gradient at the first state over the last, log scale")
        self.axes = GapAxes(self.study, self.theme, self.say, name, values=self.study.signals())
        self.signals = self.results(self.study.signal_before)
        self.play(FadeIn(self.axes))
        self.play(LaggedStart(*[one.appear() for one in self.signals.values()], lag_ratio=0.6))

    @beat(
        "Training raised it in {grown} of {learnt} networks that learnt, and in {grown_too} of "
        "{failed} that did not."
    )
    def after_training(self) -> None:
        after = self.results(self.study.signal_after)
        self.play(*[self.signals[cell].turn_into(after[cell]) for cell in after])

    def results(self, table: Callable[[str], Any]) -> Mapping[str, CellResults]:
        """Return a table of the study as dots and lines."""
        return results_of(self.study, table, self.axes)

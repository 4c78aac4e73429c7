"""Two recordings of one sequence side by side: states, answers, and gradients."""

from collections.abc import Mapping

from manim import AnimationGroup, FadeIn, Indicate, LaggedStart
from rnnviz.scenes.compare import wording
from rnnviz.scenes.compare.answers import Answer
from rnnviz.scenes.compare.named import NamedSide
from rnnviz.scenes.compare.places import AXIS_Y, ENTRIES, TITLES
from rnnviz.scenes.compare.share_chart import ShareChart
from rnnviz.scenes.compare.shared_words import SharedWords
from rnnviz.scenes.compare.sides import Side
from rnnviz.scenes.compare.state_row import StateRow, limits_of, scales_of

from rnnviz.cells.lstm import Lstm
from rnnviz.cells.rnn import Rnn
from rnnviz.experiments.studies import compared_pair
from rnnviz.mobjects.emphasis import dim, undim
from rnnviz.scene.beats import beat
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.translation import N_
from rnnviz.trace import Trace

FILL = 4.5
"""Seconds."""


class Compare(Storyboard):
    """Two networks read one sequence: their states, their answers, and how far gradients reach."""

    name = "compare"
    title = N_("Two networks side by side")
    summary = N_("Two recordings of one sequence: states, answers, and gradients by lag.")
    task = "sentence"
    needs = ("one-sequence", "common-loss")
    traces = 2
    widest_source = 7.0

    @classmethod
    def default_traces(cls, trace: Trace) -> tuple[Trace, ...]:
        return compared_pair(trace, Rnn.name, Lstm.name)

    variants = ("rnnviz.scenes.compare.without_outputs:CompareWithoutOutputs",)

    def setup(self) -> None:
        self.sides = Side.both((self.trace, *self.other_traces), self.say)
        self.window = self.sides[0].window
        self.limits = limits_of(self.sides)

    def notes(self) -> tuple[str, ...]:
        chosen = [note for side in self.sides for note in side.states.note(self.say)]
        return (*self.window.note(self.say), *dict.fromkeys(chosen))

    def facts(self) -> Mapping[str, str]:
        return {**wording.facts_of(self.sides, self.say), **self.answer_facts()}

    def answer_facts(self) -> Mapping[str, str]:
        """Return what the caption of the answers says."""
        return {"answers": wording.answer_text(self.sides, self.say)}

    @beat("Two networks, {first} and {second}, {units}, read the same {items}.")
    def one_sequence(self) -> None:
        self.words = SharedWords(self.trace, self.window, self.theme)
        self.named = [
            NamedSide(side, y, self.theme, self.say)
            for side, y in zip(self.sides, TITLES, strict=True)
        ]
        self.play(LaggedStart(*[FadeIn(each) for each in self.named], lag_ratio=0.5))
        self.play(self.words.appear())

    @beat(
        "Each {item} changes the states of both. A column of cells is what a step passes on. "
        "{first}: {first_states}; {second}: {second_states}."
    )
    def states(self) -> None:
        self.rows = [
            StateRow(side, self.words.places, self.limits, self.theme) for side in self.sides
        ]
        steps = [
            AnimationGroup(*[row.fill(index) for row in self.rows])
            for index in range(len(self.window.steps))
        ]
        scales = FadeIn(scales_of(self.limits, self.theme), run_time=0.4)
        self.play(scales, LaggedStart(*steps, lag_ratio=0.5, run_time=FILL))

    @beat("The output comes from the last state. At step {step}: {answers}")
    def answers(self) -> None:
        shown = [
            Answer(side, row[-1], self.theme, self.say)
            for side, row in zip(self.sides, self.rows, strict=True)
        ]
        self.play(LaggedStart(*[each.grow() for each in shown], lag_ratio=0.8))

    @beat(
        "Now back from the loss at step {step}: how large is its gradient at each state before? "
        "{first}: ×{rate} per step back on average."
    )
    def back_in_the_first(self) -> None:
        heading = self.say("gradient at each state ÷ that at step {step}, log scale")
        heading = heading.format(step=self.sides[0].loss_step)
        self.chart = ShareChart(self.sides, self.words.places, heading, self.theme)
        first, second = self.named
        names = [part for each in self.named for part in (each.sample, each.title)]
        gone = self.make_room(keep=[self.words, *names])
        aside = [each.go_aside(y) for each, y in zip(self.named, ENTRIES, strict=True)]
        moving = AnimationGroup(self.words.move_top(AXIS_Y), *aside)
        self.play(LaggedStart(gone, moving, lag_ratio=0.4))
        self.play(FadeIn(self.chart), *dim(second))
        self.play(self.chart.lines[0].draw())
        self.play(self.chart.write(wording.rate_text(self.sides[0], self.say), first))

    @beat("{second}: ×{other_rate} per step back. {left}")
    def back_in_the_second(self) -> None:
        second = self.named[1]
        self.play(*undim(second))
        self.play(self.chart.lines[1].draw())
        self.play(self.chart.write(wording.rate_text(self.sides[1], self.say), second))
        texts = [wording.share_text(side, self.say) for side in self.sides]
        self.play(*[self.chart.write(text, to) for text, to in zip(texts, self.named, strict=True)])

    @beat(
        "The gradient tells how much a small change of a state changes the loss. Where it is near "
        "0, training cannot learn from the {items} before."
    )
    def what_it_means(self) -> None:
        outcomes = [wording.outcome(side, self.say) for side in self.sides]
        self.play(
            *[self.chart.write(text, to) for text, to in zip(outcomes, self.named, strict=True)]
        )
        self.play(*[Indicate(line.marks[-1], color=None) for line in self.chart.lines])

"""Long-term dependencies: one word decides, the gap grows, and networks are trained."""

from collections.abc import Mapping
from typing import ClassVar

from manim import UP, AnimationGroup, FadeIn, LaggedStart, ReplacementTransform, Succession
from rnnviz.scenes.long_dependency import wording
from rnnviz.scenes.long_dependency.importance import ImportanceBars
from rnnviz.scenes.long_dependency.places import ABOVE, ALONE, BELOW, WITH_BARS
from rnnviz.scenes.long_dependency.start_rows import StartRows
from rnnviz.scenes.long_dependency.strands import Strands
from rnnviz.scenes.long_dependency.swapped import SwappedWord

from rnnviz.cells.lstm import Lstm
from rnnviz.experiments.studies import clue_of, other_stories, starts_of, study_of, with_gap
from rnnviz.experiments.swapped_words import swaps, swaps_with_words_between
from rnnviz.mobjects.accuracy_by_gap import AccuracyByGap
from rnnviz.mobjects.word_lane import WordLane
from rnnviz.mobjects.wording import item_names
from rnnviz.scene.beats import beat
from rnnviz.scene.source_line import now_shown
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.translation import N_


class LongDependency(Storyboard):
    """A word far back decides the last one; what networks learn of it at each gap is measured."""

    name = "long-dependency"
    title = N_("When the answer lies far back")
    summary = N_("The gap grows; what the networks still learn was measured.")
    task = "sentence"
    needs = ("run-again",)
    strands: Strands
    experiments: ClassVar = {
        "study": study_of,
        "others": other_stories,
        "swaps": swaps,
        "swaps between": swaps_with_words_between,
        "starts": starts_of,
    }
    variants = ("rnnviz.scenes.long_dependency.own_data:OfOwnData",)

    def setup(self) -> None:
        self.study = self.context.experiments["study"]
        self.swaps = self.context.experiments["swaps"]
        self.swaps_between = self.context.experiments["swaps between"]
        self.between = with_gap(self.study)
        self.starts = self.context.experiments["starts"]
        self.stories = (self.trace, *self.context.experiments["others"])
        self.clue = clue_of(self.trace)
        self.items = item_names(self.trace, self.say)

    def notes(self) -> tuple[str, ...]:
        settings = self.study.settings
        text = self.say("compared: {hidden} units, at most {epochs} epochs")
        return (text.format(hidden=settings.hidden, epochs=settings.epochs),)

    def facts(self) -> Mapping[str, str]:
        return {
            **wording.facts_of(self.study, self.swaps, self.starts, self.stories, self.say),
            **wording.facts_between(self.between, self.swaps_between, self.say),
        }

    @beat("What comes last? One {item} decides it: {clues}.")
    def one_word_decides(self) -> None:
        heights = (ABOVE, BELOW) if len(self.stories) > 1 else (ALONE,)
        lanes = [
            WordLane.of(trace, clue_of(trace), self.theme, y=y)
            for trace, y in zip(self.stories, heights, strict=False)
        ]
        self.lane = lanes[0]
        self.play(LaggedStart(*[one.appear() for one in lanes], lag_ratio=0.6))
        self.play(*[one.show_answer() for one in lanes])

    @beat("Swap {clue} for {other}, and run the trained network again: {flip}")
    def swapped_word(self) -> None:
        upper = self.lane_at(ABOVE)
        self.swapped = SwappedWord(upper, BELOW, self.swaps, self.clue, self.theme, self.say)
        self.swap_below(upper)

    def swap_below(self, upper: WordLane) -> None:
        """Swap the word in a copy of the sentence below it."""
        self.play(self.make_room(keep=[self.lane]), self.lane.grow_into(upper, run_time=1.0))
        self.lane = upper
        self.play(self.swapped.copy_down())
        self.play(self.swapped.swap())
        self.play(FadeIn(self.swapped.numbers, shift=0.15 * UP))

    @beat(
        "Now {between} {items} come between; another RNN learnt this. Swap each {item} for "
        "all others that fit there (dim: no other). {matters}"
    )
    def swap_each(self) -> None:
        lane = WordLane.of(self.between, self.study.clue, self.theme, y=WITH_BARS).with_answer()
        names = wording.measure_names(self.swaps_between, self.items, self.say)
        measures = wording.importance(self.swaps_between), wording.saliency(self.between)
        self.bars = ImportanceBars(lane, *measures, names, self.theme)
        self.play(
            self.make_room(keep=[self.lane]),
            self.lane.grow_into(lane, run_time=1.4),
            self.name_source(now_shown(self.between, self.say)),
        )
        self.lane = lane
        self.play(self.bars.grow(0))

    @beat(
        "{steepest} It tells what a tiny change would do. Which {item} decides is seen by swapping."
    )
    def beside_the_gradient(self) -> None:
        self.play(self.bars.grow(1))

    @beat(
        "How far can that go? {seeds} plain RNNs are trained for each distance, and a strand snaps "
        "where one only guesses: {guessing}."
    )
    def pushed_apart(self) -> None:
        gone = AnimationGroup(self.make_room(keep=[self.lane]), self.name_source())
        for place, gap in enumerate(self.study.settings.gaps):
            text = self.say("{gap} {items} added").format(gap=gap, **self.items)
            strands = Strands.of(self.study, gap, text, self.theme)
            if not place:
                self.play(gone, self.lane.grow_into(strands.lane, run_time=1.2))
                self.play(strands.draw())
            else:
                self.play(self.lane.grow_into(strands.lane), self.strands.stretch_into(strands))
            self.lane, self.strands = strands.lane, strands
            if strands.snapped.any():
                self.play(strands.snap())
            self.wait(0.6)

    @beat(
        "The same for LSTM and GRU, recurrent networks with gates (next scene). With {gap} {items} "
        "added: RNN {rnn} right, LSTM {lstm}, GRU {gru}."
    )
    def with_gates(self) -> None:
        self.axes = AccuracyByGap(self.study, self.theme, self.say)
        plain, *others = [self.axes.results[cell] for cell in self.study.cells]
        dots = plain.dots_of_last_gap()
        self.play(self.make_room(keep=self.strands.strands))
        self.play(FadeIn(self.axes), self.strands.become(dots))
        self.play(plain.appear(there=dots))
        self.play(LaggedStart(*[one.appear() for one in others], lag_ratio=0.7))

    @beat(
        "At each {item} an LSTM keeps a share of its memory. PyTorch starts it near {half}: "
        "after {later} {items} {faded} is left, and {learnt_by_default} of {seeds} learn."
    )
    def the_start(self) -> None:
        texts = wording.start_texts(self.starts, self.facts(), self.items, self.say)
        self.rows = StartRows(self.starts, *texts, self.theme)
        name = self.axes.results[Lstm.name].title
        heading = ReplacementTransform(name, self.rows.heading)
        coming = Succession(heading, FadeIn(self.rows.titles))
        self.play(LaggedStart(self.make_room(keep=[name]), coming, lag_ratio=0.4))
        self.play(self.rows.appear(0))

    @beat(
        "The LSTMs before had help: the share is a sigmoid, and a bias of {bias} in it makes it "
        "{gate}. Now {lasting} is left of what {clue} wrote, and {learnt} of {seeds} learn."
    )
    def another_start(self) -> None:
        self.play(self.rows.appear(1))

    def lane_at(self, y: float) -> WordLane:
        """Return the trace's sentence at another height."""
        return WordLane.of(self.trace, self.clue, self.theme, y=y).with_answer()

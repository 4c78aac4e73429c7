"""A feedforward network, and the loop that lets its output depend on earlier inputs."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from manim import LEFT, UP, FadeIn, FadeOut, LaggedStart
from rnnviz.scenes.feedforward.answer_bars import AnswerBars
from rnnviz.scenes.feedforward.drawn_part import DrawnPart
from rnnviz.scenes.feedforward.layered_network import LayeredNetwork
from rnnviz.scenes.feedforward.score_bars import ScoreBars
from rnnviz.scenes.feedforward.word_row import WordRow
from rnnviz.scenes.feedforward.wording import facts_of, plain_network, row_name, words_of, y_of

from rnnviz.experiments.other_inputs import another_input, parting
from rnnviz.experiments.windows import cut_off, loop_compared
from rnnviz.mobjects import layout
from rnnviz.mobjects.network import FoldedNetwork
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.word_lane import shown_words
from rnnviz.mobjects.wording import in_a_caption
from rnnviz.scene.beats import beat
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.translation import N_
from rnnviz.trace import Trace

MOST_WORDS = 9
FIRST_SECONDS, SECONDS = 1.3, 0.8  # for each of the first two words, and for another


class Feedforward(Storyboard):
    """A sentence read without a loop, which forgets all but the last word, and with it."""

    name = "feedforward"
    title = N_("From a plain network to a loop")
    summary = N_("Without a loop only the last word counts; with it, earlier words do.")
    task = "sentence"
    needs = ("plain-rnn", "run-again")
    experiments: ClassVar = {"plain": cut_off, "looped": another_input, "score": loop_compared}

    def setup(self) -> None:
        self.plain: Trace = self.context.experiments["plain"]
        self.looped: Trace = self.context.experiments["looped"]
        self.score = self.context.experiments["score"]
        self.write = number if self.trace.metadata.loss == "squared" else percent
        self.place = parting(self.looped)
        self.shown = shown_words(self.looped.steps, MOST_WORDS, self.place)
        self.steps = [step for step in self.shown if step is not None]
        self.part = DrawnPart.of(
            self.trace, self.looped.x[self.steps].max(axis=1), y_of(self.looped, 0)[-1:]
        )

    def notes(self) -> tuple[str, ...]:
        return self.part.note(self.trace, self.say)

    def facts(self) -> Mapping[str, str]:
        return facts_of(self.trace, self.plain, self.looped, self.score, self.say)

    @beat("The task: {task}")
    def task_first(self) -> None:
        own, _ = both = words_of(self.looped)
        self.own, self.other = (in_a_caption(words[self.place]) for words in both)
        texts = ["…" if step is None else in_a_caption(own[step]) for step in self.shown]
        self.row = WordRow(texts, self.theme)
        self.row_name = self.row.title(row_name(self.trace, self.say))
        runs = self.plain, self.looped
        self.network = LayeredNetwork.of(self.trace, runs, self.part, self.theme, self.say)
        self.play(self.row.appear(), run_time=1.6)
        self.play(LaggedStart(*map(FadeIn, self.network.output_names), lag_ratio=0.2, run_time=1.2))

    @beat(
        "A plain network for one {item}: {inputs}, {units} hidden units, {outputs} outputs. A"
        " line multiplies by its weight, a circle adds up."
    )
    def layers(self) -> None:
        self.play(
            LaggedStart(self.row.settle(), self.network.appear(), lag_ratio=0.8),
            FadeIn(self.row_name),
            self.name_source(plain_network(self.trace, self.notes(), self.say)),
        )

    @beat("It sees only the last {item}, “{last}”. Colours show the numbers. {guess}")
    def last_word_alone(self) -> None:
        self.network.take(self.plain)
        self.scale = self.color_scale(self.network.limit)
        self.answers = AnswerBars(
            self.all_answers(),
            [node.get_x() for node in self.network.output],
            self.theme,
            full=None if self.write is number else 1.0,
            write=self.write,
            pitch=self.network.output_pitch,
        )
        self.read(self.plain, 0, self.steps[-1], FadeIn(self.scale))
        self.answer(self.plain, 0)

    @beat("Change an earlier {item}, “{word}” to “{other}”: {same}")
    def same_answer(self) -> None:
        self.read_instead(self.other)
        self.read(self.plain, 1, self.steps[-1])
        self.answer(self.plain, 1)

    @beat(
        "Now feed the hidden values back as {units} more inputs, with weights $W$ of their own. "
        "That is the loop."
    )
    def loop(self) -> None:
        self.play(
            self.network.clear(),
            self.row.swap(self.shown.index(self.place), self.own),
            self.make_room(keep=[self.network, self.row, self.row_name]),
            self.name_source(),
        )
        self.play(self.network.make_room())
        self.play(self.network.close_loop())

    @beat(
        "From the first {item} on, the hidden values go round the loop to the next. Thick lines "
        "bring large numbers. The answer: {looped}."
    )
    def with_loop(self) -> None:
        self.network.take(self.looped)
        self.answers = self.answers.fresh()
        self.read_all(self.looped, 0, self.steps, FadeIn(self.scale))

    @beat("Once more, with “{other}” instead of “{word}”: {changed}")
    def another_word(self) -> None:
        self.read_instead(self.other)
        self.read_all(self.looped, 1, self.steps[self.steps.index(self.place) :])

    @beat("This is a recurrent network. {verdict}")
    def recurrent(self) -> None:
        folded = FoldedNetwork(self.theme).shift(layout.FOLDED_Y * UP)
        if self.score is not None:
            folded.shift(4.2 * LEFT)
        gone = self.make_room(keep=[self.network, self.network.lit])
        self.play(gone, self.network.fold_into(folded))
        self.play(LaggedStart(*map(FadeIn, folded.names(self.say)), lag_ratio=0.3))
        if self.score is not None and self.score.with_loop is not None:
            self.play(ScoreBars(self.score, self.theme, self.say).grow())
        self.play(folded.pulse())

    def read(
        self, run: Trace, sequence: int, step: int, *also: object, seconds: float = 1.2
    ) -> None:
        """Take the input of a step up to the hidden layer."""
        place = self.shown.index(step)
        word, lit = self.row.words[place], self.row.read(place, 0.4 * seconds)
        self.play(self.network.enter(run.x[step, sequence], word, 0.4 * seconds), *lit, *also)
        self.play(self.network.reach_hidden(run.h[0, 0, step, sequence], 0.6 * seconds))

    def read_instead(self, word: str) -> None:
        """Put a word in the place where the sequences differ; values and answer leave."""
        swap = self.row.swap(self.shown.index(self.place), word)
        self.play(swap, self.network.clear(), FadeOut(self.answers))
        self.answers = self.answers.fresh()

    def read_all(self, run: Trace, sequence: int, steps: Sequence[int], *also: object) -> None:
        """Take inputs through the network, and its state along the loop, up to the answer."""
        for index, step in enumerate(steps):
            before = run.states_before()[step, sequence]
            if index:
                self.play(self.network.come_back(before))
            else:
                self.play(self.network.begin_with(before), *also)
            self.read(run, sequence, step, seconds=FIRST_SECONDS if index < 2 else SECONDS)
        self.answer(run, sequence)

    def answer(self, run: Trace, sequence: int) -> None:
        """Take the last hidden values up to the answer."""
        y = y_of(run, sequence)[-1]
        self.play(self.network.reach_output(y))
        self.play(self.answers.show(y[self.part.outputs]))

    def all_answers(self) -> list[float]:
        """Return all outputs that will be shown."""
        ends = [y_of(run, row)[-1] for run in (self.plain, self.looped) for row in range(2)]
        return [float(value) for y in ends for value in y[self.part.outputs]]

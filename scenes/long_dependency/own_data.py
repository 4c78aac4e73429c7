"""The storyboard for recordings of other tasks than sentences: which input decides."""

from collections.abc import Mapping
from typing import ClassVar

from rnnviz.scenes.long_dependency import wording
from rnnviz.scenes.long_dependency.importance import ImportanceBars
from rnnviz.scenes.long_dependency.places import ABOVE, ALONE, BELOW, FLOOR, WITH_BARS
from rnnviz.scenes.long_dependency.storyboard import LongDependency
from rnnviz.scenes.long_dependency.swapped import SwappedWord

from rnnviz.experiments.swapped_inputs import steps_of, swapped_inputs
from rnnviz.mobjects.window import Window
from rnnviz.mobjects.word_lane import WordLane
from rnnviz.mobjects.wording import in_a_caption, item_names
from rnnviz.scene.beats import beat
from rnnviz.trace import CLASSES, Trace


class OfOwnData(LongDependency):
    """Which input of any recording decides: each is swapped, and the gradient is shown beside it.

    The networks that are trained for each gap are those of sentences, and are left out.
    """

    needs = ("gradient-path",)
    experiments: ClassVar = {"swaps": swapped_inputs}
    pushed_apart = None
    with_gates = None
    the_start = None
    another_start = None

    @classmethod
    def plays(cls, trace: Trace) -> bool:
        """Whether the recording is of no sentence."""
        return trace.metadata.task != "sentence"

    def setup(self) -> None:
        whole = self.context.trace
        self.swaps = self.context.experiments["swaps"]
        self.clue = wording.most_important(self.swaps)
        self.items = item_names(self.trace, self.say)
        self.values = whole.metadata.loss not in CLASSES
        first, last = steps_of(whole)
        self.window = Window(tuple(range(first + 1, last + 2)), int(whole.mask[:, 0].sum()))
        self.felt = wording.saliency_of(whole, self.window)

    def notes(self) -> tuple[str, ...]:
        return self.window.note(self.say)

    def facts(self) -> Mapping[str, str]:
        return wording.own_facts(self.swaps, self.felt, self.values, self.say)

    @beat("A sequence, and what the network answers at its end. Which {item} decides it?")
    def one_word_decides(self) -> None:
        self.lane = self.lane_at(ALONE, answered=False)
        self.play(self.lane.appear())
        self.play(self.lane.show_answer())

    @beat("Swap “{clue}” for “{other}”, and run the network again: {flip}")
    def swapped_word(self) -> None:
        upper = self.lane_at(ABOVE)
        below = max(BELOW, FLOOR + ABOVE - float(upper.words.get_bottom()[1]))
        self.swapped = SwappedWord(
            upper, below, self.swaps, self.clue, self.theme, self.say, values=self.values
        )
        self.swap_below(upper)

    @beat(
        "Swap each {item} for others of the sequence, one at a time, and see how the answer "
        "changes. {most}"
    )
    def swap_each(self) -> None:
        lane = self.lane_at(WITH_BARS)
        names = wording.own_measure_names(self.swaps, self.items, self.say)
        changes = wording.importance(self.swaps, relative=True)
        self.bars = ImportanceBars(lane, changes, self.felt, names, self.theme)
        self.play(self.make_room(keep=[self.lane]), self.lane.grow_into(lane, run_time=1.4))
        self.lane = lane
        self.play(self.bars.grow(0))

    @beat(
        "A gradient tells what a tiny change of an input would do, a swap what a large one does: "
        "{steepest}"
    )
    def beside_the_gradient(self) -> None:
        self.play(self.bars.grow(1))

    def lane_at(self, y: float, *, answered: bool = True) -> WordLane:
        """Return the recorded sequence at a height, with the network's own answer."""
        swaps = self.swaps
        answer = in_a_caption(swaps.answer)
        words = [in_a_caption(word) for word in swaps.words]
        lane = WordLane(words, answer, self.theme, clue=self.clue, y=y)
        return lane.with_answer() if answered else lane

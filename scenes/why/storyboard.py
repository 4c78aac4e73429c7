"""Why recurrent networks: a window of fixed length against a memory, really trained."""

from collections.abc import Mapping
from typing import ClassVar

from manim import RIGHT, UP, FadeIn, FadeOut, Succession, VGroup
from rnnviz.scenes.why.choices import Choices
from rnnviz.scenes.why.memory import STATE_LIMIT, Memory
from rnnviz.scenes.why.result_grid import ResultGrid
from rnnviz.scenes.why.sight import Sight
from rnnviz.scenes.why.two_ways import TwoWays
from rnnviz.scenes.why.wording import costs_of, facts_of, knows

from rnnviz.experiments.studies import clue_of
from rnnviz.experiments.windows import memory_by_gap, windows_by_gap
from rnnviz.mobjects import layout
from rnnviz.mobjects.numbers import percent
from rnnviz.mobjects.text import label
from rnnviz.mobjects.word_lane import WordLane
from rnnviz.mobjects.wording import item_names
from rnnviz.scene.beats import beat
from rnnviz.scene.source_line import network_name, network_size
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.translation import N_

LANE_Y = 0.3


class Why(Storyboard):
    """A sentence grows out of the window of a plain network; a network with memory follows it."""

    name = "why"
    title = N_("Why a network needs a memory")
    summary = N_("A sentence outgrows every window; a network with memory reads on.")
    task = "sentence"
    needs = ("sentence",)
    experiments: ClassVar = {"windows": windows_by_gap, "memory": memory_by_gap}
    sight: Sight
    share: VGroup
    known = True

    def setup(self) -> None:
        self.found = self.context.experiments["windows"]
        self.networks = self.context.experiments["memory"]
        self.narrow, self.wide = self.found.windows
        self.items = item_names(self.trace, self.say)

    def notes(self) -> tuple[str, ...]:
        text = self.say("compared: windows and GRUs, {hidden} units")
        return (text.format(hidden=self.networks[0].hidden_size),)

    def facts(self) -> Mapping[str, str]:
        return facts_of(self.found, self.networks, self.say)

    @beat("What comes last? One {item} decides it: {clue}.")
    def sentence(self) -> None:
        self.lane = self.lane_of(0, answered=False)
        self.play(self.lane.appear())
        self.play(self.lane.show_answer())

    @beat(
        "A plain network has a fixed number of inputs: a window, say the last {narrow} {items}. "
        "{clue} {near}: it learns to get {near_right} right."
    )
    def window(self) -> None:
        self.sight = self.sight_of(self.narrow)
        self.play(FadeIn(self.sight.bracket, self.sight.title, shift=0.3 * UP), *self.sight.look())
        self.wait(2.5)
        self.tell(self.found.windows[self.narrow][0])

    @beat(
        "Now {middle} more {items} come in between, and it is trained again. {clue} {mid}: it gets "
        "{mid_right} right, {verdict}."
    )
    def outgrown(self) -> None:
        self.grow(1, self.narrow)
        self.tell(self.found.windows[self.narrow][1])
        self.play(Choices(self.trace.metadata.output_labels, self.theme, self.say).appear())

    @beat(
        "A window of {wide} {items}: {clue} {wider}, {wider_right} right. But with {far} in "
        "between, {clue} {beyond}: {beyond_right}. There is always a longer sentence."
    )
    def wider(self) -> None:
        other = self.sight_of(self.wide)
        self.play(*self.sight.move_to_that_of(other), *other.look(), FadeOut(self.share))
        self.sight = other
        self.tell(self.found.windows[self.wide][1])
        self.wait(0.6)
        self.grow(2, self.wide)
        self.tell(self.found.windows[self.wide][2])

    @beat(
        "A network with memory reads {item} by {item}. It keeps what it has read in a state: "
        "{units} numbers, drawn as colours, that every {item} changes. {memory_right} right."
    )
    def memory(self) -> None:
        network = self.networks[-1]
        dimmed = self.theme.dimmed("input")
        title = self.say("state")
        self.state_shown = Memory(self.lane, network, title, self.theme)
        self.play(
            self.make_room(keep=[self.lane, self.lane.question]),
            self.lane.words.animate.set_color(dimmed),
            self.lane.ring.animate.set_stroke(self.theme.color("input")),
            self.name_source(network_name(network, self.say)),
            FadeIn(self.color_scale(STATE_LIMIT)),
        )
        self.play(self.state_shown.read())
        self.tell(self.found.memory[-1])

    @beat(
        "A window answers while {clue} is inside, and guesses beyond. The network with memory "
        "answers at every length."
    )
    def compared(self) -> None:
        text = self.say("window of {count} {items}")
        names = [text.format(count=count, **self.items) for count in self.found.windows]
        self.grid = ResultGrid(
            [*names, self.say("memory")],
            [str(gap) for gap in self.found.gaps],
            self.say("right answers, by {items} in between").format(**self.items),
            [*self.found.windows.values(), self.found.memory],
            self.theme,
        )
        (found,), box = self.share, self.lane.box
        gone = self.make_room(keep=[found, box])
        self.play(self.grid.take_last(box, found), gone, self.name_source())
        self.play(self.grid.appear())

    @beat(
        "Most large language models today are transformers: they compare all pairs of {items}. A "
        "recurrent network pays for one step a {item}, but has one state."
    )
    def today(self) -> None:
        network = self.networks[0]
        ways = TwoWays(network, costs_of(network, self.say), self.theme)
        drawn = self.say("drawn: {network}, for the task of this trace")
        self.play(
            self.grid.leave(),
            ways.appear(0),
            self.name_source(drawn.format(network=network_size(network, self.say))),
        )
        self.play(ways.appear(1), FadeIn(self.color_scale(STATE_LIMIT)))

    def lane_of(self, place: int, *, answered: bool = True) -> WordLane:
        """Return the sentence at a gap."""
        trace = self.networks[place]
        lane = WordLane.of(trace, clue_of(trace), self.theme, y=LANE_Y)
        return lane.with_answer() if answered else lane

    def sight_of(self, window: int) -> Sight:
        """Return a window of the sentence that is shown."""
        title = self.say("window: {count} {items}").format(count=window, **self.items)
        return Sight(self.lane, window, title, self.theme)

    def grow(self, place: int, window: int) -> None:
        """Let the sentence grow to a gap, under a window that keeps its length."""
        lane, before = self.lane_of(place), self.lane
        self.lane = lane
        other = self.sight_of(window)
        gone = [self.share] if self.known else [self.share, before.question]
        self.known = True
        self.play(before.grow_into(lane), *self.sight.move_to_that_of(other), FadeOut(*gone))
        self.play(*other.look())
        self.sight = other

    def tell(self, share: float) -> None:
        """Show a share of right answers below the answer, which is "?" for a mere guess."""
        text = self.say("{share} right").format(share=percent(float(share)))
        self.share = VGroup(label(text, color=self.theme.color("output"), size=0.42))
        self.share.move_to([self.lane.box.get_x(), self.lane.bottom - 0.3, 0.0])
        self.share.shift(min(0.0, layout.RIGHT_EDGE - self.share.get_right()[0]) * RIGHT)
        before, self.known = self.known, knows(self.found, share)
        marks = [self.lane.answer, self.lane.question]
        old, new = marks if before else reversed(marks)
        turned = Succession(FadeOut(old, run_time=0.3), FadeIn(new, run_time=0.5))
        changed = [turned] if before != self.known else []
        self.play(FadeIn(self.share, scale=1.3), *changed)

"""One unbroken shot around the network: forward through time, one sum, and the gradient back."""

from typing import ClassVar

from manim import FadeIn, FadeOut
from rnnviz.scenes.space import views
from rnnviz.scenes.space.legend import HeightLegend
from rnnviz.scenes.space.moves import SpaceMoves
from rnnviz.scenes.space.network_space import NetworkSpace
from rnnviz.scenes.space.opening import appear, empty, rise
from rnnviz.scenes.space.passing import Passing
from rnnviz.scenes.space.unit_sum import UnitSumPicture
from rnnviz.scenes.space.way_back import WayBack

from rnnviz.experiments.retraining import before_training
from rnnviz.mobjects.stage3d import Stage3D, change, during
from rnnviz.scene.beats import beat
from rnnviz.text.translation import N_


class Space(SpaceMoves):
    """The states from above, the computation along time, one unit, and the gradient back.

    Outputs are shown where a Linear makes one of the states at each step.
    """

    name = "space"
    title = N_("The network in three dimensions")
    summary = N_("Time, layer and unit as three axes: forward in one shot, and the gradient back.")
    task = "sentence"
    needs = ("gradient-path",)
    widest_source = 7.6
    all_moves = True

    experiments: ClassVar = {"start": before_training}
    variants = ("rnnviz.scenes.space.of_cell:SpaceOfCell",)

    def notes(self) -> tuple[str, ...]:
        return (*self.window.note(self.say), *self.contents.note(self.say))

    @beat(
        "Each column is the state after one {item}. "
        "Height shows the size of a number, colour its sign."
    )
    def one_sheet(self) -> None:
        self.space = NetworkSpace(self.trace, self.window, self.theme)
        self.show_stage(Stage3D(views.above(self.space), self.space.parts))
        self.legend = HeightLegend(self.space.limit, self.say("height = |value|"), self.theme)
        self.play(self.stage.shot(*appear(self.space), run_time=3.0), FadeIn(self.legend))
        self.play(
            self.stage.shot(*rise(self.space), to=views.beside_states(self.space), run_time=3.5)
        )

    @beat(
        "Back to the start: only the {items}{blocks}{given} are given. "
        "Empty outlines are values still to be computed."
    )
    def nothing_yet(self) -> None:
        self.play(self.stage.shot(*empty(self.space), to=views.forward(self.space), run_time=4.5))

    @beat(
        "The {item} comes in through $U$, the previous state through $W$; together they make the "
        "new one{output}. {counts}"
    )
    def forward(self) -> None:
        texts = self.say("a line: weight × value; the largest 6"), self.say("6 largest products")
        self.note = self.legend.beside(*texts, until=self.end_of_notes())
        self.pass_on(Passing(self.space, summed=True), FadeIn(self.note))

    @beat(
        "Entry {unit} of the state at step {step}, worked out: three numbers add up, and {bent}. "
        "That is the height of its block."
    )
    def one_unit(self) -> None:
        self.picture = UnitSumPicture(self.sum, self.space)
        leaving = [during(0.0, 0.4, track) for track in self.passing.leave()]
        leaving += self.passing.hide_answer()
        view = views.near(self.space, self.sum.step, self.sum.unit)
        coming = self.picture.single_out()
        self.play(self.stage.shot(*leaving, *coming, to=view, run_time=2.5))
        self.space.flows.remove(*self.passing.strands)
        self.space.signs.remove(*self.passing.marks)
        self.space.flows.add(*self.picture.strands)
        self.space.signs.add(*self.picture.signs)
        for index in range(len(self.picture.terms)):
            self.play(self.stage.shot(*self.picture.arrive(index), run_time=1.4))
        self.play(
            FadeIn(self.picture.formula),
            self.stage.shot(*self.picture.merge(), within=views.BELOW, run_time=1.5),
        )
        self.play(self.stage.shot(*self.picture.press(), run_time=2.0))

    @beat("{start}")
    def untrained(self) -> None:
        self.go_back_to_all(self.picture.leave(), FadeOut(self.picture.formula, self.note))
        self.space.flows.remove(*self.picture.strands)
        self.space.signs.remove(*self.picture.signs)
        self.turn_into_start()

    @beat(
        "The loss $L_({last})$ {wrong}. Its gradient goes back: the wider the "
        "arc, the more a nudge of that state changes $L_({last})$."
    )
    def way_back(self) -> None:
        self.way = WayBack(self.space, self.start, self.path, self.say)
        self.space.signs.add(*self.way.signs)
        gone = [] if self.guess is None else [change(self.guess.shown, ..., 0.0)]
        text = self.say("arcs, frames: gradient's size")
        self.note = self.legend.beside(text, until=self.end_of_notes())
        self.play(
            FadeIn(self.note),
            self.stage.shot(
                during(0.0, 0.3, *gone),
                *self.way.begin(),
                to=views.backward(self.space),
                run_time=3.5,
            ),
        )
        self.space.flows.add(self.way.tube)
        self.stage.drift = -0.5
        self.play(self.stage.shot(*self.way.run(), run_time=7.0))

    @beat("{fate}")
    def compared(self) -> None:
        self.play(self.stage.shot(*self.way.compare(), run_time=4.0))

    @beat("Seen from above, the widths become bars: {lengths}")
    def bars(self) -> None:
        self.stage.drift = 0.0
        self.play(
            self.stage.shot(*self.way.lie_flat(), to=self.way.over_chart(), run_time=3.0),
            FadeOut(self.legend, self.note),
        )
        self.play(self.stage.shot(*self.way.fade_sheet(0.0), run_time=2.0), *self.way.grow_bars())

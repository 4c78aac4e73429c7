"""A feedforward network, and the loop that lets its output depend on earlier inputs."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from manim import DOWN, UP, FadeIn, FadeOut
from rnnviz.scenes.feedforward.drawn_part import DrawnPart
from rnnviz.scenes.feedforward.layered_network import LayeredNetwork
from rnnviz.scenes.feedforward.output_pairs import OutputPairs

from rnnviz.experiments.repeated_input import given_twice, step_to_repeat
from rnnviz.mobjects import layout
from rnnviz.mobjects.equation import step_equation
from rnnviz.mobjects.network import FoldedNetwork
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.window import Window
from rnnviz.mobjects.wording import in_a_caption
from rnnviz.scene.beats import beat
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.plain_text import isolated
from rnnviz.text.translation import N_
from rnnviz.trace import Trace


class Feedforward(Storyboard):
    """One input given twice: to a plain network, then to the same network with its loop."""

    name = "feedforward"
    title = N_("From a plain network to a loop")
    summary = N_("Fed its own hidden result, a network gives the same input another answer.")
    task = "sentence"
    needs = ("plain-rnn",)
    experiments: ClassVar = {
        "plain": given_twice(feedback=False),
        "looped": given_twice(feedback=True),
    }

    def setup(self) -> None:
        self.plain: Trace = self.context.experiments["plain"]
        self.looped: Trace = self.context.experiments["looped"]
        self.part = DrawnPart.of(self.trace, self.plain.x[0, 0], y_of(self.looped))
        self.write = number if self.trace.metadata.loss == "squared" else percent

    def notes(self) -> tuple[str, ...]:
        return self.part.note(self.trace, self.say)

    def facts(self) -> Mapping[str, str]:
        words = Window.last(self.trace, self.trace.steps).words(self.trace)
        return {
            "inputs": str(self.trace.input_size),
            "units": str(self.trace.hidden_size),
            "outputs": str(self.trace.output_size),
            "word": in_a_caption(words[step_to_repeat(self.trace)]),
            "before": self.answer(0),
            "now": self.answer(1),
            "change": self.change(),
        }

    @beat(
        "A plain network: {inputs} inputs, a hidden layer of {units} units, {outputs} outputs. "
        "Each is connected to all of the next layer."
    )
    def layers(self) -> None:
        self.network = LayeredNetwork.of(
            self.trace, (self.plain, self.looped), self.part, self.theme, self.say
        )
        self.play(self.network.appear())

    @beat("“{word}” goes in. Through the weights, layer by layer, it becomes an answer: {before}.")
    def first_time(self) -> None:
        self.scale = self.color_scale(self.network.limit)
        self.outputs = self.outputs_of(self.plain)
        self.play(FadeIn(self.scale))
        self.run_through(self.plain, 0)

    @beat("The same {item} once more: exactly the same answer. Nothing is left of the first time.")
    def second_time(self) -> None:
        self.play(self.network.clear())
        self.run_through(self.plain, 1)

    @beat(
        "Now we keep the hidden result, and feed it back as {units} more inputs, with weights "
        "$W$ of their own. That is the loop."
    )
    def loop(self) -> None:
        self.play(self.network.clear(), FadeOut(self.outputs))
        self.play(self.network.make_room())
        self.play(self.network.close_loop())

    @beat(
        "“{word}” again, for the first time. Nothing has been kept yet, only zeros come back: "
        "the answer is as before."
    )
    def with_zeros(self) -> None:
        self.outputs = self.outputs_of(self.looped)
        self.play(self.network.rest_at_zero())
        self.run_through(self.looped, 0)

    @beat(
        "And a second time. Now the first hidden result comes in with it, and the answer {change}."
    )
    def with_state(self) -> None:
        self.play(self.network.come_back(self.looped.h[0, 0, 0, 0, self.part.units]))
        self.play(self.network.clear())
        self.run_through(self.looped, 1)

    @beat(
        "This is a recurrent network. Its state comes back to it, so that an answer depends on "
        "what came before, too."
    )
    def recurrent(self) -> None:
        folded = FoldedNetwork(self.theme).shift(layout.FOLDED_Y * UP)
        equation = step_equation("t", "t-1", self.theme).shift(layout.FORMULA_Y * UP)
        self.play(FadeOut(self.outputs), FadeOut(self.scale))
        self.play(self.network.fold_into(folded))
        self.play(FadeIn(equation, shift=0.15 * DOWN))
        self.play(equation.light("W", "before"))
        self.play(folded.pulse())

    def run_through(self, run: Trace, time: int) -> None:
        """Take one input of a run through the network, up to its output."""
        self.play(self.network.enter(run.x[time, 0, self.part.inputs]))
        self.play(self.network.reach_hidden(run.h[0, 0, time, 0, self.part.units]))
        self.play(self.network.reach_output(y_of(run)[time, self.part.outputs]))
        self.play(self.outputs.grow(time))

    def outputs_of(self, run: Trace) -> OutputPairs:
        """Return both outputs of a run as bars."""
        return OutputPairs(
            y_of(run)[:, self.part.outputs],
            [node.get_x() for node in self.network.output],
            self.theme,
            full=None if self.write is number else 1.0,
            write=self.write,
            names=(self.say("first time"), self.say("second time")),
            distance=self.network.output_pitch,
        )

    def answer(self, time: int) -> str:
        """Name the likeliest class of the network with its loop, or its output value."""
        y = y_of(self.looped)[time]
        if self.write is number:
            return number(float(y[0]))
        best = int(y.argmax())
        labels = self.trace.metadata.output_labels
        output = isolated(in_a_caption(labels[best])) if labels else str(best + 1)
        return self.say("{output}, {share}").format(output=output, share=percent(float(y[best])))

    def change(self) -> str:
        """Say how the second output differs from the first."""
        facts = {"before": self.answer(0), "now": self.answer(1)}
        if facts["before"] == facts["now"]:
            return self.say("changes too little to be read")
        return self.say("is {now}, no longer {before}").format(**facts)


def y_of(run: Trace) -> np.ndarray:
    """Return the outputs y of a run: (time, output)."""
    assert run.y is not None
    return run.y[:, 0]

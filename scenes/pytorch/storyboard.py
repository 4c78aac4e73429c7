"""The network as a class of PyTorch: its lines, its tensors, and the arguments of nn.RNN."""

from collections.abc import Mapping
from typing import ClassVar

from manim import DOWN, UP, FadeIn, LaggedStart
from rnnviz.scenes.pytorch.code import CodeListing
from rnnviz.scenes.pytorch.module_arguments import ArgumentPicture, bias_equation
from rnnviz.scenes.pytorch.module_parts import ModuleParameters
from rnnviz.scenes.pytorch.module_rows import bias_rows, in_part_note, output_rows
from rnnviz.scenes.pytorch.tensor_flow import TensorFlow

from rnnviz.experiments.pytorch_modules import (
    ARGUMENTS,
    ModuleRun,
    argument_runs,
    class_run,
    lines_of,
)
from rnnviz.mobjects import layout
from rnnviz.mobjects.numbers import number
from rnnviz.scene.beats import beat
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.translation import N_


class Pytorch(Storyboard):
    """The class line by line beside the network that it makes, then the arguments of nn.RNN."""

    name = "pytorch"
    title = N_("The same network in PyTorch")
    summary = N_("The class line by line, the shapes, and each argument of nn.RNN.")
    task = "sentence"
    needs = ("plain-rnn", "biases")
    experiments: ClassVar = {"class": class_run, "arguments": argument_runs}

    def setup(self) -> None:
        self.module: ModuleRun = self.context.experiments["class"]

    def notes(self) -> tuple[str, ...]:
        return in_part_note(self.module, self.say)

    def facts(self) -> Mapping[str, str]:
        return {
            "steps": str(self.trace.steps),
            "outputs": str(self.trace.output_size),
            "scores": self.scores(),
            "dropout": str(ARGUMENTS["dropout"]["dropout"]),
        }

    @beat(
        "In PyTorch a network is a class. nn.RNN creates the recurrent layer's weights: ih from "
        "input to hidden, hh from hidden to hidden; l0 is the first layer."
    )
    def recurrent_layer(self) -> None:
        self.code = CodeListing(lines_of("__init__"), self.theme)
        self.parameters = ModuleParameters(self.module, self.theme)
        self.scale = self.color_scale(self.parameters.limit)
        self.play(self.code.appear())
        self.play(self.code.light("self.rnn ="), FadeIn(self.scale))
        self.play(self.parameters.rnn.appear())

    @beat("nn.Linear creates the output layer's weights: $V$, and its bias $c$.")
    def output_layer(self) -> None:
        self.play(self.code.light("self.fc ="))
        self.play(self.parameters.fc.appear())

    @beat(
        'nn.RNN has two biases, but they always get added: together they are the one $italic("b")$.'
    )
    def two_biases(self) -> None:
        self.rows = bias_rows(self.module, self.theme)
        equation = bias_equation(self.theme).shift(layout.FORMULA_Y * UP)
        biases = self.parameters.biases
        self.play(self.make_room(keep=biases))
        moves = [self.rows.out_of(place, each) for place, each in enumerate(biases)]
        self.play(FadeIn(equation, shift=0.15 * DOWN), LaggedStart(*moves, lag_ratio=0.4))
        self.play(self.rows.add_up())
        self.play(self.rows.appear(2))

    @beat(
        "forward runs all steps in one call: x is 1 sequence of {steps} steps. r_out holds the "
        "state of every step, hidden only the last."
    )
    def all_steps(self) -> None:
        self.code = CodeListing(lines_of("forward"), self.theme)
        self.flow = TensorFlow(self.module, self.theme)
        self.scale = self.flow.color_scale()
        coming = FadeIn(self.code, self.flow.tensors["x"], self.scale)
        self.play(LaggedStart(self.make_room(), coming, lag_ratio=0.1))
        self.play(self.code.light("r_out, hidden ="))
        self.play(self.flow.through_rnn())

    @beat(
        "The first axis of r_out is the batch, here 1 sequence. view removes it; -1 stands for as "
        "many rows as there are, {steps} states."
    )
    def without_the_batch(self) -> None:
        self.play(self.code.light("r_out = "))
        self.play(self.flow.lay_flat())

    @beat("fc turns each of these states into {outputs} numbers.")
    def each_state(self) -> None:
        self.play(self.code.light("output ="))
        self.play(self.flow.through_fc())

    @beat("There is no softmax in the class. {scores}")
    def scores_returned(self) -> None:
        rows = output_rows(self.trace, self.module, self.theme, self.say)
        room = self.make_room(keep=[self.code, self.code.bar])
        self.play(self.code.light("return"), LaggedStart(room, rows.appear(0), lag_ratio=0.1))
        self.play(rows.appear(1))
        self.rows = rows

    @beat(
        "num_layers=2 puts a second layer on the first, with weights of its own. It reads the "
        "first layer's states; (1) and (2) are the layers."
    )
    def layers(self) -> None:
        self.picture = self.picture_of("plain")
        self.play(LaggedStart(self.picture.appear(), self.make_room(), lag_ratio=0.2))
        self.change_to("two layers")

    @beat(
        "dropout={dropout}: in training, each value from layer (1) to (2) becomes 0 with "
        "probability {dropout}, so that layer (2) relies on no single value."
    )
    def dropout(self) -> None:
        self.change_to("dropout")

    @beat(
        "bidirectional=True adds a layer that reads from the end. At each step r_out holds both "
        "states, side by side."
    )
    def directions(self) -> None:
        self.change_to("two directions")

    @beat(
        "nonlinearity='relu' puts ReLU in the place of tanh: negative sums become 0, positive ones "
        "stay. Nothing else changes."
    )
    def nonlinearity(self) -> None:
        self.change_to("relu")

    @beat("bias=False leaves out $b$: two parameter arrays fewer.")
    def bias(self) -> None:
        self.change_to("no bias")

    @beat(
        "Without batch_first=True time is the first axis, and the batch the second. Mix them up "
        "and PyTorch says nothing: it takes sequences for steps."
    )
    def axes(self) -> None:
        self.change_to("time first")
        self.play(self.picture.point_out("shape of x", "shape of r_out", "shape of hidden"))

    def change_to(self, name: str) -> None:
        """Turn the picture into that of other arguments."""
        new = self.picture_of(name)
        self.play(self.picture.turn_into(new))
        self.picture = new

    def picture_of(self, name: str) -> ArgumentPicture:
        """Return the network that nn.RNN makes with some arguments."""
        run = self.context.experiments["arguments"][name]
        return ArgumentPicture(ARGUMENTS[name], run, self.theme, self.say)

    def scores(self) -> str:
        """Say what the outputs are."""
        if self.trace.metadata.loss == "squared":
            return self.say("For the squared loss the output is the answer itself.")
        text = self.say(
            "nn.CrossEntropyLoss applies it: at step {step} the scores add up to {sum}, their "
            "softmax to 1."
        )
        total = float(self.module.tensors["output"][-1].sum())
        return text.format(step=self.trace.steps, sum=number(total))

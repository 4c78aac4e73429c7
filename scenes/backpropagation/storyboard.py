"""The chain rule for one loss: its paths back, a term for each, up to autograd's own number."""

from typing import ClassVar

from manim import DOWN, FadeIn, FadeOut, Indicate
from rnnviz.scenes.backpropagation import equations, factors, frames
from rnnviz.scenes.backpropagation.moves import ChainMoves

from rnnviz.experiments import last_loss_alone
from rnnviz.scene.beats import beat
from rnnviz.text.translation import N_

MOST_STEPS = 8


class Backpropagation(ChainMoves):
    """One loss at the end of a chain: the paths to each use of W, their terms, and the sum."""

    name = "backpropagation"
    title = N_("Back through time, path by path")
    summary = N_("The chain rule for one loss in recorded numbers, up to autograd's result.")
    task = "sentence"
    needs = ("one-loss", "run-again")
    least_steps = 2
    experiments: ClassVar = {"alone": last_loss_alone(MOST_STEPS)}
    variants = (
        "rnnviz.scenes.backpropagation.any_cell:CustomCell",
        "rnnviz.scenes.backpropagation.any_cell:AnyCell",
    )

    @beat(
        "One loss, $L_({last})$, after the last {item}. What are its gradients for $V$, $W$ and "
        "$U$?"
    )
    def one_loss(self) -> None:
        self.chain = self.chain_of(range(1, self.last + 1), frames.WHOLE)
        self.equation = self.loss_formula()
        self.play(self.chain.appear())
        self.play(FadeIn(self.equation, shift=0.15 * DOWN), *self.chain.call_weights())
        if self.trace.metadata.loss == "cross-entropy":
            self.play(self.explain(self.say("$y^*$ is 1 for the right answer, 0 for the others")))

    @beat(
        "With $h_({given})$ given, two paths lead from $L_({last})$ to $W$. The chain rule: "
        "effects one after another multiply, effects side by side add."
    )
    def two_paths(self) -> None:
        equation = equations.paths_equation(self.last, 2, self.theme)
        steps = range(self.last - 2, self.last + 1)
        self.move_chain(steps, frames.NEAR, equation)
        self.paths = [self.chain.path_to(step, self.rule) for step in (self.last, self.last - 1)]
        meaning = self.explain(
            self.say(
                "$partial L \\/ partial W$: how $L$ changes with each entry of $W$ · "
                "$partial^+$: through this use alone"
            )
        )
        keys = [self.say_width(self.say("width: size of the gradient")), meaning]
        for step, path in zip((self.last, self.last - 1), self.paths, strict=True):
            use = Indicate(self.chain.uses[step], scale_factor=1.6, color=None)
            self.play(path.flow(1.6), equation.light(f"at{step}", f"direct{step}"), use, *keys)
            keys = []

    @beat(
        "$partial^+$ counts one use of $W$ alone: the state before it depends on $W$, too, but is "
        "held constant here."
    )
    def held_constant(self) -> None:
        self.hold_states_constant()

    @beat(
        "First $V$. The gradient of each entry is that of its score times the value of its unit. "
        "All at once: a column times a row ($h^T$: $h$ as a row)."
    )
    def output_weights(self) -> None:
        equation = equations.output_equation(self.last, self.theme)
        self.move_chain(self.chain.numbers, frames.TOP, equation, *self.paths, self.held)
        self.play(self.say_colors())
        sources = {0: self.chain.loss, 2: self.chain.steps[self.last].strip}
        self.form(factors.of_v(self.rule, self.alone, self.states.few, self.theme), sources)

    @beat(
        "Each unit acts on all scores, through a column of $V$. Its gradient adds up what comes "
        "back through these weights: a row of $V^T$."
    )
    def into_the_state(self) -> None:
        equation = equations.state_equation(self.last, self.theme)
        product = factors.into_state(self.rule, self.alone, self.states.few, self.theme)
        self.show_product(product, equation, {0: self.chain.use_of_v, 2: self.chain.loss})
        self.play(self.chain.receive(self.last, self.product, self.rule))

    @beat(
        "One weight of step {last}: multiply the slopes on the way back ($1 - h^2$ for tanh). "
        "$L_({last})$ changes {product} times as much as the weight."
    )
    def one_weight(self) -> None:
        self.show_one_weight()

    @beat(
        "All weights at once: gradient times slope, unit by unit ($dot.o$), then times "
        "$h_({before})$ as a row: the first term."
    )
    def first_term(self) -> None:
        self.show_term(self.last)

    @beat(
        "One step further back, to $h_({before})$: multiply by the same slopes, then by $W^T$. For "
        "each unit, it adds up what comes back from all units."
    )
    def one_step_back(self) -> None:
        self.show_step_back(self.last)

    @beat(
        "At $h_({before})$, the same product with $h_({given})$ is the second term. The terms of "
        "both uses add up."
    )
    def second_term(self) -> None:
        self.show_term(self.last - 1)
        both = self.turn_formula(equations.paths_equation(self.last, 2, self.theme))
        self.play(both, FadeOut(self.product, run_time=0.4))
        self.add_up(self.sum_of(self.rule.terms_w[-2:][::-1]))

    @beat(
        "But $h_({given})$ depends on $W$, too. One more step back: one more path, one more term."
    )
    def third_step(self) -> None:
        terms = min(3, self.last)
        equation = equations.paths_equation(self.last, terms, self.theme)
        steps = range(max(0, self.last - 3), self.last + 1)
        self.move_chain(steps, frames.TOP_FOUR, equation, self.sums)
        step = max(self.chain.numbers[1], self.last - 2)
        self.flow = self.chain.path_to(step, self.rule)
        width = self.say_width(self.say("width: size of the gradient"))
        self.play(self.flow.flow(1.6), equation.light(f"at{step}", f"direct{step}"), width)
        self.play(self.chain.receive_at_once(step, self.rule))

    @beat(
        "And so on, from right to left. Slopes shrink the gradient, $W^T$ makes it smaller or "
        "larger. {when}, it is {reach} times as large at $h_1$ as at $h_({last})$."
    )
    def way_back(self) -> None:
        equation = equations.way_back_equation(self.last, self.theme)
        self.move_chain(range(1, self.last + 1), frames.MIDDLE, equation, self.flow)
        self.flow = self.chain.flow_to_first(self.rule)
        meaning = self.say(
            "diag: multiplies unit by unit, as $dot.o$ · "
            "orange columns: each coloured up to its largest value"
        )
        passing = equation.light("factors"), self.flow.flow(run_time=2.0)
        self.play(*passing, self.explain(meaning))
        self.play(self.chain.fill_gradients(self.rule))

    @beat(
        "All paths in one formula. Read it by the numbers: steps 1 to 3 make the term of use $k$, "
        "as before; 4 adds the terms up. For $U$, only 3 differs: $x_k$."
    )
    def general(self) -> None:
        of_w = equations.general_equation("W", self.last, self.theme, with_notes=True)
        self.read_by_numbers(of_w)
        of_u = equations.general_equation("U", self.last, self.theme, with_notes=True)
        self.play(self.turn_formula(of_u), *self.marks.follow(of_u))
        self.play(of_u.light("state"), *self.chain.call_inputs())

    @beat(
        "One term for each use of $W$ (none in step 1, as $h_0 = 0$). Their sum is the gradient "
        "that PyTorch finds, up to rounding."
    )
    def all_paths(self) -> None:
        equation = equations.general_equation("W", self.last, self.theme)
        self.move_chain(self.chain.numbers, frames.END, equation, self.flow, self.marks)
        drops, cards = self.chain.all_terms(self.rule)
        width = self.say_width(self.say("width: size of the term"))
        coming = drops.flow(1.2, lag_ratio=0.3), FadeIn(cards, lag_ratio=0.3, run_time=1.2)
        self.play(*coming, width)
        names = self.names_of_sums(self.facts()["apart"])
        self.add_up(self.sum_of(self.rule.terms_w[1:][::-1], names, self.total))
        self.play(self.sums.compare())

"""What the recorded gradient does on its way back, in words."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from rnnviz.scenes.space.contents import Contents
from rnnviz.scenes.space.loss_path import LossPath
from rnnviz.scenes.space.unit_sum import UnitSum

from rnnviz.cells.base import TANH
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.window import Window
from rnnviz.mobjects.wording import Say
from rnnviz.scene.source_line import network_size
from rnnviz.text.plain_text import Phrase
from rnnviz.trace import Trace

_GUESS: Final = 2.0
_GONE: Final = 0.05
_DIP: Final = 0.5
_GROWN: Final = 2.0


def facts_of(
    trace: Trace, before: Trace, shown: Contents, path: LossPath, say: Say
) -> Mapping[str, str]:
    """Return what the captions say of a network, and of what it was before training."""
    with_outputs = bool(len(shown.outputs))
    output = Phrase(say(", and $V$ its output")) if with_outputs else ""
    return {
        "last": str(path.loss),
        "blocks": what_a_tall_block_is(trace, shown.window, say),
        "given": what_is_given(shown, path, say),
        "output": output,
        "counts": which_outputs_count(trace, say) if with_outputs else "",
        "start": what_is_shown_now(trace, before, shown, say),
        "wrong": how_wrong(with_outputs, say),
        "fate": Phrase(what_the_gradient_does(path, say)),
        "lengths": what_the_bars_are(path, say),
    }


def facts_of_unit(one: UnitSum, window: Window, say: Say) -> Mapping[str, str]:
    """Return what the caption says of one unit's sum."""
    bent = say("tanh squeezes the sum to between −1 and 1")
    if one.nonlinearity != TANH:
        bent = say("relu turns a sum below 0 into 0")
    return {"step": str(window.steps[one.step]), "unit": str(one.entry), "bent": bent}


def network_shown(trace: Trace, before: Trace, notes: Sequence[str], say: Say) -> tuple[str, str]:
    """Return what the source line says of the network that is shown for the way back.

    The second text is shorter, without the notes.
    """
    size, when = network_size(trace, say), () if before is trace else (say("before training"),)
    return " · ".join((size, *notes, *when)), " · ".join((size, *when))


def what_a_tall_block_is(trace: Trace, window: Window, say: Say) -> str:
    """Say what the one block of each input is, if all inputs are one-hot."""
    x = trace.x[window.indices, 0]
    one_hot = x.shape[1] > 1 and ((x == 0) | (x == 1)).all() and (x.sum(axis=1) == 1).all()
    return say(" (the tall block is the 1 of a one-hot vector)") if one_hot else ""


def what_is_given(shown: Contents, path: LossPath, say: Say) -> str:
    """Name the state that is given besides the inputs, if it was recorded."""
    first = shown.window.steps[0]
    if not shown.known:
        return ""
    if path.names == ("h",):
        return Phrase(say(" and $h_({before})$").format(before=first - 1))
    return say(" and the state before step {first}").format(first=first)


def how_wrong(with_outputs: bool, say: Say) -> str:
    """Say what the loss tells."""
    if with_outputs:
        return say("is how wrong this answer is")
    return say("is what training makes small")


def what_the_bars_are(path: LossPath, say: Say) -> str:
    """Say of what the bars are the lengths."""
    if path.names == ("h",):
        return Phrase(
            say(
                "the length of the gradient at each state $h_k$, which is how strongly the loss "
                "depends on it."
            )
        )
    return say(
        "the length of the gradient at all that each step passes on, which is how strongly the "
        "loss depends on it."
    )


def which_outputs_count(trace: Trace, say: Say) -> str:
    """Say that only the last output is used, if only the last step has a loss."""
    return say("Only the last one counts.") if trace.loss_steps == (trace.steps - 1,) else ""


def what_is_shown_now(trace: Trace, before: Trace, shown: Contents, say: Say) -> str:
    """Say that the network is shown as it was before training, and what it answers."""
    if before is trace and not len(shown.outputs):
        return say("The whole network again: inputs and states at every step.")
    if before is trace:
        return say("The whole network again: inputs, states and outputs at every step.")
    text = say("The same network before it was trained: other weights, so other states.")
    if trace.metadata.loss == "squared" or before.y is None or not len(shown.outputs):
        return text
    y = before.y[shown.window.steps[-1] - 1, 0]
    if float(y.max()) < _GUESS / len(y):
        text = say(
            "The same network before it was trained: other weights, so other states. Its likeliest "
            "answer gets only {share}, little more than a guess."
        )
    return text.format(share=percent(float(y.max())))


def what_the_gradient_does(path: LossPath, say: Say) -> str:
    """Say whether the gradient dies out from the last step shown to the first, dips, or grows."""
    norms, steps = path.norms, path.window.steps

    def at(place: int) -> str:
        if path.names == ("h",):
            return f"$h_({steps[place]})$"
        return f"$t = {steps[place]}$"

    lowest = int(norms.argmin())
    last = float(norms[-1])
    left = share_left(norms)
    least = float(norms[lowest]) / last if last > 0 else 0.0
    if left < _GONE:
        text = say(
            "The gradient dies out: at {first} it is only {left} of what it is at {last}. So a "
            "nudge of {first} hardly changes the loss."
        )
    elif left > _GROWN:
        text = say("At {first} the gradient is {times} times what it is at {last}: it has grown.")
    elif least < _DIP * min(left, 1.0):
        text = say(
            "At {lowest} the gradient is down to {least} of what it is at {last}, yet at {first} "
            "it is {left}: some steps shrink it, others enlarge it."
        )
    else:
        text = say("At {first} the gradient is {left} of what it is at {last}: it has not faded.")
    return text.format(
        first=at(0),
        last=at(-1),
        lowest=at(lowest),
        left=percent(left),
        least=percent(least),
        times=number(left),
    )


def share_left(norms: np.ndarray) -> float:
    """Return the first of some norms as a share of the last; 0 if that is 0."""
    return float(norms[0]) / float(norms[-1]) if norms[-1] > 0 else 0.0

"""What captions say of the numbers of a gradient."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from rnnviz.scenes.vanishing_gradient.equations import PERCENT_UP_TO
from rnnviz.scenes.vanishing_gradient.last_gradient import (
    LastGradient,
    Norms,
    rate_per_step_back,
    whole_percents,
)

from rnnviz import measure
from rnnviz.measure import GradientPath
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.wording import Say
from rnnviz.text.plain_text import Phrase, isolated
from rnnviz.trace import Trace

_VANISHED: Final = 0.05
_ON_A_LINE: Final = 0.9


def facts_of(gradient: LastGradient, say: Say) -> Mapping[str, str]:
    """Return what captions say of a gradient at the states shown."""
    norms = gradient.norms
    return {
        "last": str(gradient.loss),
        "bars": which_bars(gradient.trace, gradient.names, say),
        "each_step": each_step_back(gradient.trace, gradient.path, say),
        "ratios": about_ratios(norms, say),
        "back": str(len(gradient.window.steps) - 1),
        "left": what_is_left(norms, say),
        "seen": how_much_is_seen(norms, say),
        "shape": shape_on_log_axis(norms, say),
        "rates": rates(norms, say),
    }


def facts_of_terms(gradient: LastGradient, say: Say) -> Mapping[str, str]:
    """Return what captions say of the terms of W."""
    near = gradient.near
    share = sum(whole_percents(gradient.shares)[-near:])
    return {
        "last_terms": last_terms(near, say),
        "near_share": f"{share}%",
        "far_share": f"{100 - share}%",
        "what_w_learns": what_w_learns(gradient, say),
    }


def what_w_learns(gradient: LastGradient, say: Say) -> str:
    """Say that the gradient of W tells of the last steps, if fewer than half hold most of it."""
    used = np.count_nonzero(gradient.shares)
    if 2 * gradient.near < used:
        return Phrase(say("So $W$ learns mostly from late steps."))
    return ""


def facts_of_other_weights(half: float, own: float, triple: float, say: Say) -> Mapping[str, str]:
    """Return what captions say of the factors for every step back with other weights.

    Units:  half, own, triple are the factors with half of W, with W, and with three times W
    """
    text = say("Other weights also give other states, so here no order shows.")
    if half < own < triple:
        text = Phrase(say("The larger $W$, the more is left."))
        if half < 1 < triple:
            text = say("Small weights let a gradient vanish, large ones let it grow.")
    return {"half": number(half), "triple": number(triple), "what_w_does": text}


def which_network(as_recorded: bool, say: Say) -> str:
    """Say whether the network is shown as it was before training."""
    if as_recorded:
        return say("Take the network as it was recorded.")
    return say("Back to the start: before training, all weights are random.")


def which_bars(trace: Trace, names: Sequence[str], say: Say) -> str:
    """Say what the bars of a step are."""
    if len(names) == 1:
        return say("Its length is drawn as a bar.")
    if trace.c is not None:
        return Phrase(
            say(
                "An LSTM passes two states on, so each step has two bars: $h_k$ and, brighter, its "
                "memory $c_k$."
            )
        )
    one, other = map(isolated, names)
    text = say("Two states are passed on, so each step has two bars: {one} and, brighter, {other}.")
    return text.format(one=one, other=other)


def each_step_back(trace: Trace, path: GradientPath, say: Say) -> str:
    """Say by what a step back multiplies the gradient in a trace's cell."""
    if path.direct:
        return say(
            "Each step back multiplies by that step's derivatives, and adds what the loss reads "
            "there itself."
        )
    if not has_step_equation(trace, path):
        return say("Each step back multiplies the gradient by that step's derivatives.")
    if trace.c is not None:
        return Phrase(
            say(
                "At $c$, each step back multiplies by the forget gate $f_k$ and adds what comes "
                "through $h$."
            )
        )
    if trace.is_custom or trace.cell.gated:
        return say(
            "Each step back multiplies the gradient by the Jacobian of the step, transposed."
        )
    return Phrase(say("Each step back multiplies the gradient by the slopes and by $W^T$."))


def has_step_equation(trace: Trace, path: GradientPath) -> bool:
    """Whether one step back is one formula: not where a loss reads earlier states as well."""
    if path.direct:
        return False
    return not trace.is_custom or (
        trace.step_jacobian is not None and len(trace.metadata.states) == 1
    )


def about_ratios(norms: Norms, say: Say) -> str:
    """Say what steps back do to the length of a gradient."""
    shorter = np.concatenate([each[:-1] < each[1:] for each in norms.values()])
    if shorter.all():
        return say("it gets shorter every time.")
    if shorter.any():
        return say("some steps shorten it, others lengthen it.")
    return say("it never gets shorter.")


def left_of(norms: np.ndarray) -> float:
    """Return the share of a gradient that is left at the first step, of that where it begins.

    Shapes: norms (steps,), in the order of time
    """
    return float(norms[0] / norms[np.flatnonzero(norms)[-1]])


def what_is_left(norms: Norms, say: Say) -> str:
    """Say what is left of the gradient at the first step shown."""
    lefts = {name: left_of(each) for name, each in norms.items()}
    if len(lefts) == 1:
        (only,) = lefts.values()
        if only > PERCENT_UP_TO:
            return say("the gradient is {times} times as long.").format(times=number(only))
        return say("{left} of the gradient is left.").format(left=percent(only))
    items = [
        say("{left} at {state}").format(
            left=percent(left) if left <= PERCENT_UP_TO else f"×{number(left)}",
            state=isolated(name),
        )
        for name, left in lefts.items()
    ]
    return say("what is left is {items}.").format(items=say(", ").join(items))


def how_much_is_seen(norms: Norms, say: Say) -> str:
    """Say what a linear scale shows of the farthest gradients, one for each state."""
    lefts = [left_of(each) for each in norms.values()]
    if max(lefts) < _VANISHED:
        return say("On this scale it has vanished.")
    if max(lefts) < 1:
        return say("It has shrunk.")
    return say("It has not shrunk.") if min(lefts) >= 1 else ""


def shape_on_log_axis(norms: Norms, say: Say) -> str:
    """Say whether a line describes the values of each state."""
    if min(measure.r_squared(each) for each in norms.values()) > _ON_A_LINE:
        return say("lie close to a line") if len(norms) == 1 else say("lie close to two lines")
    return say("do not lie on a line") if len(norms) == 1 else say("do not all lie on two lines")


def rates(norms: Norms, say: Say) -> str:
    """Return the factor for every step back, of each state."""
    found = {name: number(rate_per_step_back(each)) for name, each in norms.items()}
    if len(found) == 1:
        return f"×{next(iter(found.values()))}"
    items = [
        say("×{rate} at {state}").format(rate=rate, state=isolated(name))
        for name, rate in found.items()
    ]
    return say(", ").join(items)


def last_terms(near: int, say: Say) -> str:
    """Name the terms of W that hold most of all."""
    return say("The last one holds") if near == 1 else say("The last {near} hold").format(near=near)

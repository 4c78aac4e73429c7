"""Words of the captions, chosen by what was measured."""

from collections.abc import Mapping, Sequence

from rnnviz.scenes.compare.answers import (
    is_classifier,
    output_of,
    right_share,
    single_value,
)
from rnnviz.scenes.compare.sides import Side

from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.wording import Say


def facts_of(sides: Sequence[Side], say: Say) -> Mapping[str, str]:
    """Return what the captions say of both networks."""
    first, second = sides
    return {
        "first": first.name,
        "second": second.name,
        "units": _number_of_units(sides, say),
        "first_states": listed(first.states.names, say),
        "second_states": listed(second.states.names, say),
        "step": str(first.loss_step),
        "rate": number(first.rate),
        "other_rate": number(second.rate),
        "left": _left_text(sides, say),
    }


def answer_text(sides: Sequence[Side], say: Say) -> str:
    """Say what both networks put out."""
    first, second = sides
    names = {"first": first.name, "second": second.name, "step": first.loss_step}
    if is_classifier(first) and is_classifier(second):
        text = say("{first} gives the right answer {share}, {second} {other}.")
        shares = {"share": percent(right_share(first)), "other": percent(right_share(second))}
        return text.format(**names, **shares)
    right = single_value(first)
    if right is not None and right == single_value(second):
        text = say("{first} predicts {value}, {second} {other}; {right} is right.")
        values = [number(float(output_of(side)[0])) for side in sides]
        return text.format(**names, value=values[0], other=values[1], right=number(right))
    return say("Each network has outputs of its own.")


def outcome(side: Side, say: Say) -> str:
    """Return a network's answer in a few words."""
    if is_classifier(side):
        return say("right answer {share}").format(share=percent(right_share(side)))
    return say("loss {loss}").format(loss=number(float(side.at_loss(side.trace.loss))))


def rate_text(side: Side, say: Say) -> str:
    """Return the average factor of a step back."""
    return say("×{rate} per step").format(rate=number(side.rate))


def share_text(side: Side, say: Say) -> str:
    """Return the share at the first step that is shown."""
    step, share = side.window.steps[0], float(side.shares[0])
    return say("at step {step}: {share}").format(step=step, share=number(share))


def listed(names: Sequence[str], say: Say) -> str:
    """Return names with “and” before the last."""
    if len(names) == 1:
        return names[0]
    return say("{names} and {last}").format(names=", ".join(names[:-1]), last=names[-1])


def _number_of_units(sides: Sequence[Side], say: Say) -> str:
    first, second = (side.trace.hidden_size for side in sides)
    if first == second:
        return say("both with {units} units").format(units=first)
    return say("with {units} and {other} units").format(units=first, other=second)


def _left_text(sides: Sequence[Side], say: Say) -> str:
    """Say of which network more of the gradient is left at the first step shown."""
    less, more = sorted(sides, key=lambda side: float(side.shares[0]))
    step = less.window.steps[0]
    left, most = (number(float(side.shares[0])) for side in (less, more))
    if left == most:
        text = say("At step {step} it is {left} times that at step {last} in both.")
    else:
        text = say(
            "At step {step} it is {most} times that at step {last} in {more}, "
            "{left} times in {less}."
        )
    last = less.window.steps[-1]
    return text.format(step=step, last=last, most=most, left=left, more=more.name, less=less.name)

"""What captions of this scene say only of some recordings."""

from collections.abc import Mapping
from typing import Final

from rnnviz.scenes.weight_sharing.weight_part import WeightPart, is_whole

from rnnviz.mobjects.wording import Say
from rnnviz.text.plain_text import Phrase
from rnnviz.text.translation import N_
from rnnviz.trace import Trace

_NUMERALS: Final[Mapping[int, str]] = {
    2: N_("two"),
    3: N_("three"),
    4: N_("four"),
    5: N_("five"),
    6: N_("six"),
    7: N_("seven"),
}


def first_step_apart(trace: Trace, changed: Trace) -> int:
    """Return the first step (1-based) at which the states of two traces differ."""
    apart = (trace.h != changed.h).any(axis=(0, 1, 3, 4))
    return int(apart.argmax()) + 1


def what_moves(trace: Trace, changed: Trace, say: Say) -> str:
    """Say which states change with W, and why the first one may not."""
    first = first_step_apart(trace, changed)
    text = say("every state from $h_({first})$ on moves, as far as its bar shows.")
    if first == 2 and not trace.states_before()[0].any():
        text = say(
            "every state from $h_({first})$ on moves, as far as its bar shows. At step 1, $W$ "
            "multiplies only $h_0 = 0$."
        )
    return Phrase(text.format(first=first))


def what_arrays(trace: Trace, part: WeightPart, say: Say) -> str:
    """Say how many arrays and numbers the network has, or its layer that is shown."""
    arrays = [whole for whole, _ in part.arrays(trace).values()]
    text = say("This layer is {arrays} arrays: {count}")
    if is_whole(trace):
        text = say("The whole network is {arrays} arrays: {count}")
    count = sum(array.size for array in arrays)
    return text.format(arrays=say(_NUMERALS[len(arrays)]), count=count)


def gradient_of_first_use(trace: Trace, say: Say) -> str:
    """Say why the first use of W has no gradient, if it multiplies a state that is zero."""
    if trace.states_before()[0].any():
        return ""
    return Phrase(say("That of $W_1$ is 0, since $h_0 = 0$."))

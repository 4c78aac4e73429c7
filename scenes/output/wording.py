"""What the captions say of the numbers of one output."""

from collections.abc import Mapping

import numpy as np
from rnnviz.scenes.output.output_numbers import OutputNumbers, power_text

from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.wording import Say, in_a_caption
from rnnviz.text.plain_text import Phrase

_WEAK = 0.05
_SURE = 0.9


def facts_of(numbers: OutputNumbers, trained_with: str, say: Say) -> Mapping[str, str]:
    """Return what the captions say of scores, probabilities, the loss and its gradients."""
    count = len(numbers.full_y)
    entropy, squared = (each[numbers.other] for each in numbers.gradients(numbers.other))
    share = float(numbers.y[numbers.target])
    return {
        "step": str(numbers.step + 1),
        "count": str(count),
        "total": power_text(numbers.total),
        "best": in_a_caption(numbers.names[numbers.best]),
        "best_share": percent(float(numbers.y[numbers.best])),
        "wanted": in_a_caption(numbers.names[numbers.target]),
        "share": number(share, 3),
        "cost": cost_of(number(float(-np.log(share))), trained_with, say),
        "guess": number(float(np.log(count))),
        "other": in_a_caption(numbers.names[numbers.other]),
        "entropy": number(float(entropy)),
        "squared": number(float(squared)),
        "pull": how_strong(float(abs(squared / entropy)), float(numbers.y.max()), say),
    }


def cost_of(loss: str, trained_with: str, say: Say) -> str:
    """Say what the cross-entropy is, which the network need not have been trained with."""
    if trained_with == "cross-entropy":
        text = say("The loss $L$ is −ln of that: {loss}.")
    else:
        text = say("With cross-entropy, the loss $L$ is −ln of that: {loss}.")
    return Phrase(text.format(loss=loss))


def how_strong(ratio: float, sureness: float, say: Say) -> str:
    """Say how the gradient of the squared loss compares with that of cross-entropy."""
    if ratio < _WEAK and sureness > _SURE:
        return say("sure but wrong, the network barely learns.")
    if ratio < 1:
        return say("a weaker pull.")
    return say("no weaker a pull.")

"""Numbers of the captions and formulas."""

from collections.abc import Mapping

import numpy as np

from rnnviz import measure
from rnnviz.experiments.explosion import Explosion
from rnnviz.measure.cliff import AIM, cliff_answer, cliff_error, cliff_gradient
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.wording import Say
from rnnviz.text.plain_text import Phrase


def facts_of_trainings(found: Explosion, say: Say) -> Mapping[str, str]:
    """Return what captions say of the training that explodes, and of that with clipping."""
    free, at = found.unclipped, found.unclipped.jump
    return {
        "ruin": what_is_left(found, say),
        "loss_after": number(float(free.update_loss[at])),
        "norm_after": number(float(free.update_norm[at])),
        "clip": number(found.clip, 1),
        "stretch": number(measure.spectral_norm(free.last.W)),
        "clipped_last": number(float(found.clipped.update_loss[-1])),
    }


def what_is_left(found: Explosion, say: Say) -> str:
    """Say what the explosion leaves of the network, and where its loss ends.

    If every state is 0 and no epoch has changed the largest singular value of W, all slopes of
    ReLU are 0, and with them the gradient of W.
    """
    free = found.unclipped
    text = say(
        "All {updates} updates only undo the harm: the loss ends at {last}. Always predicting the "
        "mean gives {chance}."
    )
    if not free.last.h.any() and not np.ptp(free.sigma_1):
        text = say(
            "The leap left every unit at 0, where ReLU is flat: $W$ learns no more. The loss ends "
            "at {last}; always predicting the mean gives {chance}."
        )
    return Phrase(
        text.format(
            updates=len(free.update_loss),
            last=number(float(free.update_loss[-1])),
            chance=number(found.chance_loss),
        )
    )


def facts_of_descents(
    thrown: np.ndarray, kept: np.ndarray, rate: float, longest: float
) -> Mapping[str, str]:
    """Return what captions say of two descents, of which one is thrown off in its last step.

    Shapes: thrown, kept (steps + 1, 2)
    """
    edge, foot, landing = thrown[-3:]
    return {
        "aim": number(AIM, 1),
        "leap": str(len(thrown) - 2),
        "moved": number(float(np.linalg.norm(foot - edge))),
        "above": number(cliff_answer(*edge)),
        "below": number(cliff_answer(*foot)),
        "steep": number(_steepness(foot)),
        "rate": number(rate),
        "far": number(float(np.linalg.norm(landing - foot))),
        "error_thrown": number(float(cliff_error(*landing))),
        "longest": number(longest, 1),
        "count": str(len(kept) - 1),
        "back": str(1 + int(np.diff([cliff_error(*point) for point in kept]).argmax())),
        "error_kept": number(float(cliff_error(*kept[-1]))),
    }


def clipped_at_the_foot(thrown: np.ndarray, longest: float) -> tuple[str, str, str]:
    """Return the gradient's length where a descent is thrown off, its factor, and the limit."""
    length = _steepness(thrown[-2])
    return number(length), number(min(1.0, longest / length)), number(longest, 1)


def _steepness(point: np.ndarray) -> float:
    return float(np.linalg.norm(cliff_gradient(*point)))

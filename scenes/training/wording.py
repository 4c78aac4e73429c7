"""Words of the captions, chosen by what the training did."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from rnnviz.scenes.training.curves import is_accuracy, scores
from rnnviz.scenes.training.prediction_bars import target_outputs

from rnnviz.experiments.retraining import NEW_SEQUENCES, Retraining
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.wording import Say
from rnnviz.trace import CLASSES, Trace

_VISIBLE: Final = 0.03
"""The share of a colour scale from which a change is seen."""
_SAME: Final = 1e-4
"""How far apart, as a share of the way, two trainings end that count as the same."""


def learning_facts(trace: Trace, retraining: Retraining, step: int, say: Say) -> Mapping[str, str]:
    """Return facts about a training and the prediction at ``step`` (1-based)."""
    quality, chance = scores(retraining)
    return {
        **_prediction_facts(trace, target_outputs(trace, retraining.y, step), step, say),
        "loss": number(float(retraining.example_loss[0, step - 1]), 3),
        "epochs": str(int(retraining.epochs[-1])),
        "alpha": f"{retraining.learning_rate:g}",
        "unseen": _unseen_text(retraining, say),
        "updates": str(retraining.updates),
        "count": str(NEW_SEQUENCES),
        **_change("loss", retraining.loss, number, say),
        **_change("score", quality, percent, say),
        "measure": say("Right answers")
        if is_accuracy(retraining)
        else say("The loss, relative to the best blind guess"),
        "chance": percent(chance),
    }


def _unseen_text(retraining: Retraining, say: Say) -> str:
    """Say so where a step of Adam, about α, is too small a part of the colours of W to be seen."""
    visible = retraining.learning_rate > _VISIBLE * float(np.abs(retraining.W).max())
    return "" if visible else say(", too small to see here")


def _change(
    name: str, values: np.ndarray, text: Callable[[float], str], say: Say
) -> Mapping[str, str]:
    first, last = float(values[0]), float(values[-1])
    return {
        f"first_{name}": text(first),
        f"last_{name}": text(last),
        f"{name}_goes": say("falls") if last < first else say("rises"),
    }


def _prediction_facts(trace: Trace, outputs: np.ndarray, step: int, say: Say) -> Mapping[str, str]:
    """Describe the prediction before training, and its change."""
    if trace.metadata.loss in CLASSES:
        facts = _change("answer", outputs, percent, say)
        before = say("the right one gets {first_answer}.")
        after = say(
            "the probability of the right one {answer_goes} from {first_answer} to {last_answer}."
        )
    else:
        target = number(float(trace.targets[step - 1, 0, 0]))
        facts = {**_change("answer", outputs, number, say), "wanted": target}
        before = say("{first_answer}, where {wanted} is right.")
        after = say("it goes from {first_answer} to {last_answer}, where {wanted} is right.")
    return {"answer": before.format(**facts), "answers": after.format(**facts)}


def repeated_note(apart: float, say: Say) -> tuple[str, ...]:
    """Return the note for the source line if the training was repeated with other rounding."""
    if apart < _SAME:
        return ()
    text = say("trained again: weights differ by {share}")
    return (text.format(share=percent(apart)),)

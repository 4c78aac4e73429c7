"""What captions say of a training, by what it did."""

from collections.abc import Callable, Mapping

import numpy as np
from rnnviz.scenes.training.curves import counts_hits, scores
from rnnviz.scenes.training.state_strips import right_answers

from rnnviz.experiments.retraining import NEW_SEQUENCES, Course
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.wording import Say
from rnnviz.trace import CLASSES, Trace


def learning_facts(trace: Trace, course: Course, step: int, say: Say) -> Mapping[str, str]:
    """The numbers of a training, and which way they went; ``step`` (1-based) is the answer's."""
    sizes = np.abs(course.h).mean(axis=(1, 2))
    quality, chance = scores(course)
    return {
        **_answers_told(trace, right_answers(trace, course.y, step), step, say),
        "loss": number(float(course.example_loss[0, step - 1]), 3),
        "updates": str(int(course.epochs[1]) * course.updates_per_epoch),
        "epochs": str(int(course.epochs[-1])),
        "count": str(NEW_SEQUENCES),
        **_change("loss", course.loss, number, say),
        **_change("size", sizes, number, say),
        **_change("score", quality, percent, say),
        "measure": say("Right answers")
        if counts_hits(course)
        else say("The loss, relative to the best blind guess"),
        "chance": percent(chance),
    }


def _change(
    name: str, values: np.ndarray, text: Callable[[float], str], say: Say
) -> Mapping[str, str]:
    first, last = float(values[0]), float(values[-1])
    return {
        f"first_{name}": text(first),
        f"last_{name}": text(last),
        f"{name}_goes": say("falls") if last < first else say("rises"),
    }


def _answers_told(trace: Trace, right: np.ndarray, step: int, say: Say) -> Mapping[str, str]:
    """What an untrained network says, and what becomes of it."""
    if trace.metadata.loss in CLASSES:
        told = _change("answer", right, percent, say)
        before = say("the right one gets {first_answer}.")
        after = say(
            "the probability of the right one {answer_goes} from {first_answer} to {last_answer}."
        )
    else:
        wanted = number(float(trace.targets[step - 1, 0, 0]))
        told = {**_change("answer", right, number, say), "wanted": wanted}
        before = say("{first_answer}, where {wanted} is right.")
        after = say("it goes from {first_answer} to {last_answer}, where {wanted} is right.")
    return {"answer": before.format(**told), "answers": after.format(**told)}

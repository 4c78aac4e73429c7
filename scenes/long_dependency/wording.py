"""Words of the captions, chosen by what was measured."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from rnnviz import measure
from rnnviz.experiments.studies import Study, clue_of
from rnnviz.mobjects.numbers import percent
from rnnviz.mobjects.wording import Say
from rnnviz.text.plain_text import isolated
from rnnviz.trace import Trace

_BARELY: Final = 1e-3


def saliency(trace: Trace) -> np.ndarray:
    """Return ‖∂L_t/∂x_k‖ of the last loss of a trace's first sequence: (time,)."""
    return measure.input_saliency(trace)[-1, :, 0]


def clues(stories: Sequence[Trace], say: Say) -> str:
    """Return the word that decides a sentence, or the two words that decide two sentences."""
    found = [trace.metadata.step_labels[0][clue_of(trace)] for trace in stories]
    if len(found) == 1:
        return found[0]
    return say("{one}, and {other} below").format(one=isolated(found[0]), other=isolated(found[1]))


def most_salient(trace: Trace, say: Say) -> str:
    """Name the word with the greatest saliency, beside the word that decides."""
    values = saliency(trace)
    words = trace.metadata.step_labels[0]
    most, clue = int(values.argmax()), clue_of(trace)
    if most == clue:
        return say("It feels “{word}” most.").format(word=isolated(words[clue]))
    text = say("It feels “{word}” most, “{clue}” {share} as much.")
    share = percent(float(values[clue] / values[most]))
    return text.format(word=isolated(words[most]), clue=isolated(words[clue]), share=share)


def how_well(accuracy: float, study: Study, say: Say) -> str:
    """Say whether a network's accuracy is above that of guessing."""
    if accuracy < study.near_chance:
        return say("It does no better than a guess.")
    return say("It gets {right} right.").format(right=percent(accuracy))


def enough_to_learn(signal: float, say: Say) -> str:
    """Say whether a gradient from far back is large enough to learn from."""
    if signal < _BARELY:
        return say("Training can hardly feel it.")
    return say("Training can feel it.")

"""What a study of trained networks says, in words that follow what was measured."""

from collections.abc import Mapping, Sequence
from typing import Final

from rnnviz import measure
from rnnviz.cells.lstm import Lstm
from rnnviz.experiments.studies import Run, Study, carried_shares, clue_of
from rnnviz.mobjects.sentence_heat import felt_of
from rnnviz.mobjects.typography import number, percent
from rnnviz.mobjects.wording import Say
from rnnviz.text.plain_text import isolated
from rnnviz.trace import Trace

_BARELY: Final = 1e-3


def clues(stories: Sequence[Trace], say: Say) -> str:
    """The words that decide: of one story, or of two, one below the other."""
    found = [trace.metadata.step_labels[0][clue_of(trace)] for trace in stories]
    if len(found) == 1:
        return found[0]
    return say("{one}, and {other} below").format(one=isolated(found[0]), other=isolated(found[1]))


def most_felt(trace: Trace, say: Say) -> str:
    """What the last loss of a trace feels most, beside the word that decides."""
    felt = felt_of(trace)
    words = trace.metadata.step_labels[0]
    most, clue = int(felt.argmax()), clue_of(trace)
    if most == clue:
        return say("It feels “{word}” most.").format(word=isolated(words[clue]))
    text = say("It feels “{word}” most, “{clue}” {share} as much.")
    share = percent(float(felt[clue] / felt[most]))
    return text.format(word=isolated(words[most]), clue=isolated(words[clue]), share=share)


def how_well(accuracy: float, study: Study, say: Say) -> str:
    """Whether a network answers well, or guesses."""
    if accuracy < study.guessing:
        return say("It does no better than a guess.")
    return say("It gets {right} right.").format(right=percent(accuracy))


def enough_to_learn(signal: float, say: Say) -> str:
    """Whether a gradient from far back is worth speaking of."""
    if signal < _BARELY:
        return say("Training can hardly feel it.")
    return say("Training can feel it.")


def kept_or_lost(study: Study, say: Say) -> str:
    """Whether LSTMs have learnt to keep what they need over the greatest gap."""
    if study.accuracies(Lstm.name)[-1].mean() < study.guessing:
        return say("The LSTM could keep the word, but has not learnt to.")
    return say("The LSTM has learnt to keep the word.")


def cell_by_cell(study: Study, runs: Mapping[str, Run]) -> Mapping[str, str]:
    """Of one network of each cell what a step back leaves of the gradient before training
    (``rnn_rate``) and what is left at the word that decides after it (``rnn_left``); of all of them
    how many answers are right over the greatest gap (``rnn_right``).
    """
    facts = {}
    for cell, run in runs.items():
        rate, _ = measure.log_line(carried_shares(run.untrained)[::-1])
        facts[f"{cell}_rate"] = number(rate)
        facts[f"{cell}_left"] = number(float(carried_shares(run.trace)[study.clue]))
        facts[f"{cell}_right"] = percent(float(study.accuracies(cell)[-1].mean()))
    return facts

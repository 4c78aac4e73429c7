"""Words of the captions, chosen by what was measured."""

from collections.abc import Mapping

from rnnviz import measure
from rnnviz.experiments.studies import Run, Study, carried_shares
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.wording import Say


def kept_or_lost(study: Study, say: Say) -> str:
    """Say whether LSTMs have learnt to keep the word over the greatest gap."""
    if study.accuracies("lstm")[-1].mean() < study.near_chance:
        return say("The LSTM could keep the word, but has not learnt to.")
    return say("The LSTM has learnt to keep the word.")


def cell_by_cell(study: Study, runs: Mapping[str, Run]) -> Mapping[str, str]:
    """Return facts about each cell, such as ``rnn_rate``, ``rnn_left`` and ``rnn_right``.

    The rate is the factor of the gradient for each step back before training, what is left is the
    share at the word that decides after training, and right is the accuracy over the greatest gap.
    """
    facts = {}
    for cell, run in runs.items():
        rate, _ = measure.log_line(carried_shares(run.untrained)[::-1])
        facts[f"{cell}_rate"] = number(rate)
        facts[f"{cell}_left"] = number(float(carried_shares(run.trace)[study.clue]))
        facts[f"{cell}_right"] = percent(float(study.accuracies(cell)[-1].mean()))
    return facts

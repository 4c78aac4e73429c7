"""What the captions say of each cell, as it was measured."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from rnnviz.scenes.gates.answers import answer_shares, right_answer
from rnnviz.scenes.gates.followed_unit import FollowedUnit
from rnnviz.scenes.gates.unit_grid import gate_values

from rnnviz import measure
from rnnviz.cells.gru import Gru
from rnnviz.cells.lstm import Lstm
from rnnviz.experiments.studies import Run, Study, carried_shares
from rnnviz.mobjects.numbers import decimals, number, percent
from rnnviz.mobjects.window import Window
from rnnviz.mobjects.wording import Say, in_a_caption
from rnnviz.scene.source_line import now_shown
from rnnviz.text.plain_text import Phrase
from rnnviz.trace import Trace

_HALF: Final = 0.5
_KEEPING: Final = ("f", "z")
"""The gates that scale the old state."""


def cell_by_cell(study: Study, runs: Mapping[str, Run], gap: int) -> Mapping[str, str]:
    """Return facts of a study and each cell, such as ``rnn_rate``, ``rnn_answer``, ``rnn_learnt``.

    The rate is the factor of the gradient for each step back before training, trained is that
    after it, kept is the mean before training of a gated cell's gate that keeps, the answer is the
    probability of the right one, and learnt is the number of networks that learnt.
    """
    facts = {"gap": str(gap), "seeds": str(len(study.settings.seeds))}
    for cell, run in runs.items():
        for name, trace in (("rate", run.untrained), ("trained", run.trace)):
            rate, _ = measure.log_line(carried_shares(trace)[::-1])
            facts[f"{cell}_{name}"] = number(rate)
        gates = measure.gates(run.untrained) if run.untrained.cell.gated else {}
        for gate in _KEEPING:
            if gate in gates:
                facts[f"{cell}_kept"] = decimals(float(gates[gate][:, 0].mean()))
        facts[f"{cell}_answer"] = percent(answer_shares(run.trace)[right_answer(run.trace)])
        facts[f"{cell}_learnt"] = str(sum(each.learnt for each in study.of(cell, gap)))
    return facts


def rates_of(facts: Mapping[str, str], cells: Iterable[str], say: Say) -> Mapping[str, str]:
    """Return for each cell the factor of its gradient per step back, before and after training."""
    text = say("gradient ×{before} → ×{after}")
    return {
        cell: text.format(before=facts[f"{cell}_rate"], after=facts[f"{cell}_trained"])
        for cell in cells
    }


def unit_facts(unit: FollowedUnit, say: Say) -> Mapping[str, str]:
    """Return what captions say of a unit that is followed."""
    state = say("That is the state $h_t$, which the output and the next step see.")
    if unit.projected:
        state = say("A projection makes the state $h_t$ of it, which the next step sees.")
    return {
        "clue": in_a_caption(unit.word),
        "unit": str(unit.unit + 1),
        "keep": decimals(unit.keep),
        "write": decimals(unit.write),
        "read": decimals(float(unit.read or 0.0)),
        "state": Phrase(state),
        "reset": decimals(float(unit.reset or 0.0)),
        "kept": number(float(unit.left[-1])),
        "lag": str(len(unit.left) - 1),
    }


def both_units(followed: Mapping[str, FollowedUnit], say: Say) -> Mapping[str, str]:
    """Return what captions say of the units of an LSTM and, later, of a GRU that are followed."""
    of_gru = unit_facts(followed[Gru.name], say)
    later = {name: of_gru[name] for name in ("reset", "kept", "lag")}
    own = {f"gru_{name}": of_gru[name] for name in ("unit", "keep")}
    return {**unit_facts(followed[Lstm.name], say), **later, **own}


def kept_on_average(trace: Trace, gate: str, units: Sequence[int], window: Window) -> str:
    """Return the mean of a gate over some units and the steps shown."""
    return decimals(float(gate_values(trace, gate)[window.indices][:, list(units)].mean()))


def named_gate_facts(trace: Trace, gate: str, unit: int, window: Window) -> Mapping[str, str]:
    """Return what captions say of one unit of a gate that the user's code names."""
    values, words = gate_values(trace, gate)[window.indices, unit], window.words(trace)
    low, high = int(values.argmin()), int(values.argmax())
    return {
        "gate": in_a_caption(gate),
        "unit": str(unit + 1),
        "low": decimals(float(values[low])),
        "low_word": in_a_caption(words[low]),
        "high": decimals(float(values[high])),
        "high_word": in_a_caption(words[high]),
    }


def keeping_first(gru: Trace, units: Sequence[int], unit: FollowedUnit) -> list[int]:
    """Return units in another order: first those that let a word in, and keep it afterwards."""
    _, _, held = _at_a_word(gru, units, unit)
    return [units[place] for place in np.argsort(~held, kind="stable")]


def _at_a_word(
    gru: Trace, units: Sequence[int], unit: FollowedUnit
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return update gates at a word, on average after it, and which of them hold the word."""
    gates = measure.gates(gru)["z"][:, 0, list(units)]
    at, later = gates[unit.step], gates[unit.step + 1 :].mean(axis=0)
    return at, later, (at < _HALF) & (later > _HALF)


def gate_facts(gru: Trace, units: Sequence[int], unit: FollowedUnit, say: Say) -> Mapping[str, str]:
    """Say how many update gates of some units let a word in, and keep it at the words after it."""
    at, later, held = _at_a_word(gru, units, unit)
    text = say("None lets “{clue}” in and then keeps it.").format(clue=unit.word)
    if held.any():
        low, high = (decimals(float(values[held].mean())) for values in (at, later))
        text = say("The upper {count} drop to {low} at “{clue}”, then stay at {high}.").format(
            count=int(held.sum()), low=low, clue=unit.word, high=high
        )
    return {"drawn": str(len(units)), "gates": text}


def shown_part(trace: Trace, window: Window, say: Say) -> str:
    """Return what the source line says of a network of which some steps are shown."""
    return " · ".join((now_shown(trace, say), *window.note(say)))


def comparison_note(study: Study, say: Say) -> str:
    """Return what the source line says where networks of all cells are compared."""
    settings = study.settings
    text = say("RNN, LSTM and GRU with {units} units; the LSTM's forget bias starts at {bias}")
    return text.format(units=settings.hidden, bias=settings.forget_bias)

"""What captions of this scene say only of some recordings."""

from collections.abc import Sequence
from typing import Final

from rnnviz.scenes.inputs.column_pick import weights_symbol
from rnnviz.scenes.inputs.two_orders import TwoOrders

from rnnviz.experiments.task_examples import Example
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.wording import Say, item_names
from rnnviz.text.plain_text import Phrase
from rnnviz.text.translation import N_
from rnnviz.trace import Trace

_SOURCES: Final = (
    N_("daily adjusted close of GOOG, 2004-08-19 to 2008-10-14, matplotlib sample data"),
)
"""What tasks whose examples are shown call their data, for the translation."""


def how_many_words(sentence: Example, say: Say) -> str:
    """Say how many words a sentence has, and how many different ones."""
    count, different = len(sentence.step_labels), len(sentence.input_labels)
    if count == different:
        return say("{tokens} words, all distinct").format(tokens=count)
    text = say("{tokens} words, {different} of them distinct")
    return text.format(tokens=count, different=different)


def what_u_does(trace: Trace, *, one_hot: bool, say: Say) -> str:
    """Say what U does with these inputs."""
    symbol = f"${weights_symbol(trace)}$"
    if trace.cell.gated:
        return Phrase(_of_a_gate(trace, symbol, one_hot=one_hot, say=say))
    if not one_hot:
        return Phrase(say("Multiplying by $U$ adds up its columns, each times its entry."))
    text = say(
        "Each {item} has its own column of $U$. Multiplying by $U$, the 1 picks it out: "
        "{units} numbers, the {item}'s embedding."
    )
    return Phrase(text.format(units=len(trace.U), **item_names(trace, say)))


def _of_a_gate(trace: Trace, symbol: str, *, one_hot: bool, say: Say) -> str:
    text = say("Multiplying by {symbol}, the candidate's rows of $U$, adds up columns.")
    if one_hot:
        text = say(
            "Multiplying by {symbol}, the candidate's rows of $U$, the 1 picks out one column: "
            "{units} numbers."
        )
    return text.format(symbol=symbol, units=trace.cell_size)


def how_it_enters(trace: Trace, say: Say) -> str:
    """Say as how many numbers an input enters, and that training has found them, if it has."""
    names = item_names(trace, say)
    count = len(trace.cell.gates)
    if trace.cell.gated:
        text = say("So each {item} enters as {units} numbers for each of {count} gates.")
    elif trace.metadata.epochs:
        text = say("So each {item} enters as {units} numbers that training has found.")
    else:
        text = say("So each {item} enters as {units} numbers.")
    return text.format(units=trace.cell_size, count=count, **names)


def what_comes_again(trace: Trace, words: Sequence[str], *, one_hot: bool, say: Say) -> str:
    """Say that equal inputs give the same numbers."""
    if one_hot and len(set(words)) < len(words):
        names = item_names(trace, say)
        return say("The same {item} gets the same numbers each time.").format(**names)
    return say("Equal inputs get equal numbers.")


def what_is_stored(trace: Trace, say: Say) -> str:
    """Say what a network passes on: its state or, of an LSTM, both."""
    if trace.c is None:
        return say("state")
    return Phrase(say("hidden state $h$ and cell state $c$, together $s$"))


def how_far_apart(orders: TwoOrders, step: int, say: Say) -> str:
    """Say whether the other order gives another last state."""
    distance, size, symbol = orders.distance, orders.size, orders.symbol
    if distance < 1e-9:
        return say("The states at the end are the same: here order does not matter.")
    text = say(
        "Yet the last states are {distance} apart, where the length of {state} is {size}: a state "
        "holds the order, too."
    )
    return Phrase(
        text.format(distance=number(distance), state=f"${symbol}_({step})$", size=number(size))
    )

"""What captions of this scene say only of some recordings."""

from collections.abc import Iterable, Mapping

from rnnviz import measure
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.prediction import output_names
from rnnviz.mobjects.shown_states import ShownStates, state_symbols
from rnnviz.mobjects.wording import Say, in_a_caption, item_names
from rnnviz.text.plain_text import Phrase
from rnnviz.trace import CLASSES, VALUES, Trace


def what_layer_it_is(whole: Trace, say: Say) -> str:
    """Say which layer of a network is shown."""
    if whole.layers > 1:
        text = say("This network has {layers} recurrent layers, and the last one has a loop too")
        return text.format(layers=whole.layers)
    if whole.directions > 1:
        return say("This network reads in two directions; the layer that reads forward has a loop")
    return say("A recurrent network has one hidden layer and a loop")


def what_the_layer_reads(whole: Trace, say: Say) -> str:
    """Return what x_t is where it is not the input, or an empty text."""
    return say("state of the layer below at step $t$") if whole.layers > 1 else ""


def facts_of_states(shown: ShownStates, first: int, say: Say) -> Mapping[str, str]:
    """Return the formulas of states at steps, from the first one shown, and how they are drawn."""
    names, count = shown.names, sum(shown.sizes.values())
    chosen = sum(map(len, shown.units.values())) < count
    cells = say("one coloured cell for each unit")
    if chosen:
        cells = say("one coloured cell for each unit shown")
    if len(names) > 1:
        cells = say("a column for each of its parts, {cells}").format(cells=cells)
    same = say("$U$ and $W$") if not shown.trace.is_custom else say("code $f$")
    return {
        "state": symbol(names, "t"),
        "first": symbol(names, first),
        "second": symbol(names, first + 1),
        "cells": cells,
        "same": Phrase(same),
    }


def symbol(names: Iterable[str], index: str | int) -> str:
    """Return the formula of a state, which may have several parts, for a caption."""
    parts = state_symbols(names, index)
    return Phrase(f"$({parts})$" if "," in parts else f"${parts}$")


def how_it_starts(trace: Trace, shown: ShownStates, step: int, say: Say) -> str:
    """Say what the state before a step (1-based) is."""
    before = shown.before(step)
    state = symbol(shown.names, step - 1)
    if before is None:
        text = say("With the state {state}, which the cell's own code sets.")
    elif any(values.any() for values in before.values()):
        text = say("Here, with {state}.")
    else:
        text = say("Before the first {item} there is nothing to remember, so {state} is zero.")
    return Phrase(text.format(state=state, **item_names(trace, say)))


def where_it_is_read(whole: Trace, shown: ShownStates, say: Say) -> str:
    """Say which states the output at the last step shown is read from."""
    step = shown.window.steps[-1]
    read = symbol(tuple(measure.states_read(shown.trace)), step)
    if whole.directions > 1:
        text = say("The answer is read from {state} and the other direction's state.")
    elif reads_one_state(whole):
        text = say("The answer is read from {state} alone.")
    else:
        text = say("The answer is read from the states.")
    return Phrase(text.format(state=read))


def reads_one_state(whole: Trace) -> bool:
    """Whether an output is known to depend on no other state than that of its own step."""
    if whole.directions > 1:
        return False
    linear = whole.metadata.output_layer is not None
    return linear or (whole.has_gradients and whole.grad_direct_by_loss is None)


def how_it_is_read(trace: Trace, say: Say) -> str:
    """Say how an output comes from its state."""
    scores = trace.metadata.loss in CLASSES
    if trace.metadata.output_layer is None:
        if scores:
            return say("The output layers make scores of it, softmax probabilities.")
        return say("The output layers turn it into the prediction.")
    if not scores:
        return Phrase(say("$V$ and the bias $c$ turn it into the prediction."))
    return Phrase(
        say(
            "$V$ and the bias $c$ make scores of it; softmax takes $e$ to each score, divided by "
            "their sum."
        )
    )


def what_is_read(trace: Trace, step: int, say: Say) -> str:
    """Say what the output at a step (1-based) is: the likeliest class, or the first value.

    It is an empty text where there is none, or where the loss is not one that rnnviz knows.
    """
    if trace.y is None or trace.metadata.loss not in (*CLASSES, *VALUES):
        return ""
    y = trace.y[min(step, len(trace.y)) - 1, 0]
    if trace.metadata.loss in VALUES:
        return say("It predicts {value}.").format(value=number(float(y[0])))
    best = int(y.argmax())
    answer = in_a_caption(output_names(trace, (best,))[0])
    return say("“{answer}” gets {share}.").format(answer=answer, share=percent(float(y[best])))

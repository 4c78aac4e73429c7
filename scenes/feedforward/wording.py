"""Words of the captions, chosen by what was recorded."""

from collections.abc import Mapping, Sequence

import numpy as np

from rnnviz.experiments.other_inputs import parting
from rnnviz.experiments.windows import WithoutLoop
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.window import Window
from rnnviz.mobjects.wording import Say, in_a_caption, item_names
from rnnviz.text.plain_text import isolated
from rnnviz.trace import Trace


def facts_of(
    trace: Trace, plain: Trace, looped: Trace, score: WithoutLoop | None, say: Say
) -> Mapping[str, str]:
    """Return what the captions say of two sequences, with the loop and without it."""
    own, other = words_of(looped)
    place = parting(looped)
    return {
        "task": _task(trace, say).format(outputs=trace.output_size, **item_names(trace, say)),
        "inputs": _inputs(trace, say),
        "units": str(trace.hidden_size),
        "outputs": str(trace.output_size),
        "last": in_a_caption(own[-1]),
        "guess": _guess(plain, say),
        "word": in_a_caption(own[place]),
        "other": in_a_caption(other[place]),
        "same": _same(trace, plain, say),
        "looped": answer(looped, 0, say),
        "changed": _changed(looped, say),
        "verdict": _verdict(score, say),
    }


def plain_network(trace: Trace, notes: Sequence[str], say: Say) -> str:
    """Return what the source line says while the network without its loop is shown."""
    network = say("plain network with {units} units, no loop").format(units=trace.hidden_size)
    return " · ".join((network, *notes))


def row_name(trace: Trace, say: Say) -> str:
    """Return the name of the row of inputs that are read one after the other."""
    return say("sentence") if trace.metadata.task == "sentence" else say("sequence")


def words_of(pair: Trace) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the labels of the inputs of both sequences, or x₁, x₂, …"""
    whole = Window.last(pair, pair.steps)
    if not pair.metadata.step_labels:
        return whole.words(pair), whole.words(pair)
    own, other = pair.metadata.step_labels
    return own, other


def y_of(run: Trace, sequence: int) -> np.ndarray:
    """Return the outputs of a sequence: (time, output)."""
    assert run.y is not None
    return run.y[:, sequence]


def answer(run: Trace, sequence: int, say: Say) -> str:
    """Name the likeliest class of the last output, or its value."""
    y = y_of(run, sequence)[-1]
    if run.metadata.loss == "squared":
        return number(float(y[0]))
    best = int(y.argmax())
    labels = run.metadata.output_labels
    output = isolated(in_a_caption(labels[best])) if labels else str(best + 1)
    return say("{output}, {share}").format(output=output, share=percent(float(y[best])))


def _guess(plain: Trace, say: Say) -> str:
    text = say("The outputs are probabilities; highest: {answer}.")
    if plain.metadata.loss == "squared":
        text = say("Its best guess is {answer}.")
    return text.format(answer=answer(plain, 0, say))


def _inputs(trace: Trace, say: Say) -> str:
    if trace.metadata.task == "sentence":
        return say("one input for each of {count} known words").format(count=trace.input_size)
    return say("{count} inputs").format(count=trace.input_size)


def _task(trace: Trace, say: Say) -> str:
    if trace.metadata.task != "sentence":
        return say("read the {items} one by one, and answer after the last.")
    if trace.metadata.task_options.get("story") == "city":
        return say("complete the sentence. Which language is it?")
    return say("complete the sentence with one of {outputs} answers.")


def _same(trace: Trace, plain: Trace, say: Say) -> str:
    if np.array_equal(y_of(plain, 0)[-1], y_of(plain, 1)[-1]):
        return say("exactly the same answer. It cannot know.")
    text = say("it sees that {item} itself, so the answer changes.")
    return text.format(**item_names(trace, say))


def _changed(looped: Trace, say: Say) -> str:
    before, now = answer(looped, 0, say), answer(looped, 1, say)
    if before == now:
        return say("the answer changes too little to be read.")
    return say("now the answer is {now}.").format(now=now)


def _verdict(score: WithoutLoop | None, say: Say) -> str:
    if score is None or score.with_loop is None:
        return say("Its state comes back to it, so an answer depends on what came before, too.")
    if score.without > score.chance:
        text = say(
            "Trained with the loop, it gets {with_loop} of new sentences right; trained without "
            "it, {without}. A guess gets {chance}."
        )
    else:
        text = say(
            "Trained with the loop, it gets {with_loop} of new sentences right; trained without "
            "it, {without}, no better than a guess: {chance}."
        )
    return text.format(
        with_loop=percent(score.with_loop),
        without=percent(score.without),
        chance=percent(score.chance),
    )

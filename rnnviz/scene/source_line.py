"""The line in the corner that names the network that is shown."""

from collections.abc import Mapping
from typing import Final

from rnnviz.mobjects.wording import Say
from rnnviz.text.translation import N_
from rnnviz.trace import Trace

_PURPOSES: Final[Mapping[str, str]] = {
    "sentence": N_("says the last word of a sentence"),
    "prices": N_("predicts tomorrow's price from the days so far"),
    "weather": N_("predicts tomorrow's temperature from the days so far"),
    "series": N_("predicts the next value of a series"),
    "text": N_("predicts what comes next in a text"),
    "adding": N_("adds two marked numbers"),
    "copying": N_("repeats what it has read"),
    "temporal-order": N_("tells the order of two marks"),
}
N_("custom cell")


def network_name(trace: Trace, say: Say) -> str:
    """Return what a trace's network is, in a few words: its cell, its size, and its task.

    Example: 'RNN with 8 units; predicts tomorrow’s price from the days so far'
    """
    network = network_size(trace, say)
    purpose = _PURPOSES.get(trace.metadata.task)
    if purpose is None:
        return network
    return say("{network}; {purpose}").format(network=network, purpose=say(purpose))


def network_size(trace: Trace, say: Say) -> str:
    """Return a trace's cell and size.

    Example: 'LSTM with 2 layers of 32 units'
    """
    if trace.is_custom:
        states = ", ".join(str(state) for state in trace.metadata.states)
        return say("{cell} with {states}").format(cell=say(trace.cell.title), states=states)
    text = say("{cell} with {units} units")
    if trace.layers > 1:
        text = say("{cell} with {layers} layers of {units} units")
    if trace.directions > 1:
        text = say("bidirectional {network}").format(network=text)
    return text.format(cell=trace.cell.title, units=trace.hidden_size, layers=trace.layers)


def layer_note(trace: Trace, layer: int, say: Say) -> tuple[str, ...]:
    """Return what the source line adds where one of several layers or directions is shown."""
    place = range(trace.layers)[layer] + 1
    notes = []
    if trace.layers > 1:
        notes.append(say("layer {layer}").format(layer=place))
    if trace.directions > 1:
        notes.append(say("forward direction"))
    return tuple(notes)


def now_shown(trace: Trace, say: Say) -> str:
    """Return what a line says when the network that is shown has changed."""
    return say("now: {network}").format(network=network_name(trace, say))

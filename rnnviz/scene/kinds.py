"""The kinds of networks that a recording may be of, and why a scene does not play one.

``make catalogue`` asks every scene about a small recording of each kind, and writes the answers
into the catalogue and ``docs/scenes.md``.
"""

from collections.abc import Mapping
from typing import Final

from rnnviz.text.translation import N_

KINDS: Final[Mapping[str, str]] = {
    "tanh-rnn": N_("tanh RNN"),
    "relu-rnn": N_("ReLU RNN"),
    "gru": N_("GRU"),
    "lstm": N_("LSTM"),
    "projected-lstm": N_("LSTM with a projection"),
    "stacked": N_("several layers"),
    "bidirectional": N_("two directions"),
    "custom": N_("a cell of your own"),
    "custom-two-states": N_("a cell of your own with two states"),
    "custom-gates": N_("a cell of your own that names its gates"),
    "own-output": N_("an output that is not one Linear"),
    "values": N_("values instead of classes"),
    "last-step": N_("one loss, at the last step"),
    "losses-last": N_("gradients of the last loss only"),
    "batch": N_("several sequences"),
    "lengths": N_("sequences of different lengths"),
    "wide": N_("512 units"),
}

REASONS: Final[Mapping[str, str]] = {
    "plain-rnn": N_("it shows the equations of a tanh RNN of one layer"),
    "tanh-rnn": N_("it shows what the slopes of tanh do"),
    "one-layer": N_("it shows one layer in one direction"),
    "outputs": N_("it shows an output at each step"),
    "linear-output": N_("it shows how a state becomes an output"),
    "classes": N_("it turns scores into probabilities of classes"),
    "target": N_("it compares an output with its target"),
    "biases": N_("it shows both biases of PyTorch"),
    "gradients": N_("it needs the gradients of all losses"),
    "summed-gradients": N_("it needs the gradient of the summed loss"),
    "gradient-path": N_("it follows the gradient of one loss back over several steps"),
    "one-loss": N_("it follows one loss back through all steps"),
    "common-loss": N_("it follows the loss of one later step back"),
    "later-loss": N_("it shows steps before a loss"),
    "gates": N_("it shows gates"),
    "weights": N_("it shows what the recurrent weights do"),
    "sentence": N_("it is about the task 'sentence'"),
    "training": N_("it shows how rnnviz trained the network"),
    "run-again": N_("it runs the network again on other data"),
    "plane-of-states": N_("it shows states in a plane"),
}
"""For each need of a scene, what it shows that a recording which lacks it does not have."""

"""The scenes that rnnviz ships, as import strings: listing them loads nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from rnnviz.errors import SceneError
from rnnviz.text.translation import N_


@dataclass(frozen=True)
class SceneEntry:
    """One scene: where it is, what it is about, and what a trace must hold for it."""

    name: str
    target: str
    task: str
    title: str
    summary: str
    needs: tuple[str, ...] = field(default=())


_ENTRIES = (
    SceneEntry(
        name="feedforward",
        target="rnnviz.scenes.feedforward.storyboard:Feedforward",
        task="sentence",
        title=N_("From a plain network to a loop"),
        summary=N_("Fed its own hidden result, a network gives the same input another answer."),
        needs=("plain-rnn",),
    ),
    SceneEntry(
        name="inputs",
        target="rnnviz.scenes.inputs.storyboard:Inputs",
        task="sentence",
        title=N_("What goes in, step by step"),
        summary=N_("Words, prices and weather as vectors, and why their order matters."),
        needs=("one-layer", "run-again"),
    ),
    SceneEntry(
        name="unrolling",
        target="rnnviz.scenes.unrolling.storyboard:Unrolling",
        task="sentence",
        title=N_("One layer, used at every step"),
        summary=N_("The loop opens into a chain of steps; words enter, states are passed on."),
        needs=("plain-rnn",),
    ),
    SceneEntry(
        name="space",
        target="rnnviz.scenes.space.storyboard:Space",
        task="sentence",
        title=N_("The network in three dimensions"),
        summary=N_("Time, layer and unit as three axes, with every recorded value as a cell."),
        needs=("plain-rnn",),
    ),
    SceneEntry(
        name="hidden-state",
        target="rnnviz.scenes.hidden_state.storyboard:HiddenState",
        task="sentence",
        title=N_("One step, unit by unit"),
        summary=N_("The numbers of one step: two products, their sum, and the tanh of it."),
        needs=("plain-rnn",),
    ),
    SceneEntry(
        name="output",
        target="rnnviz.scenes.output.storyboard:Output",
        task="sentence",
        title=N_("From a state to an answer"),
        summary=N_("Scores become probabilities, a loss, and the first gradient."),
        needs=("plain-rnn", "classes", "gradients"),
    ),
    SceneEntry(
        name="weight-sharing",
        target="rnnviz.scenes.weight_sharing.storyboard:WeightSharing",
        task="sentence",
        title=N_("One set of weights for all steps"),
        summary=N_(
            "One entry of W is nudged and every state follows; the gradients of all steps add up."
        ),
        needs=("plain-rnn", "gradients"),
    ),
    SceneEntry(
        name="tanh",
        target="rnnviz.scenes.tanh.storyboard:Tanh",
        task="sentence",
        title=N_("The curve that squashes"),
        summary=N_("Where the recorded sums lie on tanh, and what its slope does to a product."),
        needs=("plain-rnn", "gradients"),
    ),
    SceneEntry(
        name="backpropagation",
        target="rnnviz.scenes.backpropagation.storyboard:Backpropagation",
        task="prices",
        title=N_("Back through time, factor by factor"),
        summary=N_("The chain rule for one loss in recorded numbers, up to autograd's result."),
        needs=("plain-rnn", "gradients", "gradient-path", "run-again"),
    ),
    SceneEntry(
        name="training",
        target="rnnviz.scenes.training.storyboard:Training",
        task="sentence",
        title=N_("How a network learns"),
        summary=N_("Loss, weights, states and prediction over the recorded epochs."),
        needs=("one-layer", "outputs", "training"),
    ),
    SceneEntry(
        name="vanishing-gradient",
        target="rnnviz.scenes.vanishing_gradient.storyboard:VanishingGradient",
        task="prices",
        title=N_("How a gradient fades over time"),
        summary=N_("From one loss back through time, step by step, on a linear and a log scale."),
        needs=("plain-rnn", "gradients", "gradient-path"),
    ),
    SceneEntry(
        name="exploding-gradient",
        target="rnnviz.scenes.exploding_gradient.storyboard:ExplodingGradient",
        task="prices",
        title=N_("How a gradient explodes, and what clipping does"),
        summary=N_("Large weights, a cliff in the loss, and a gradient cut to length."),
        needs=("plain-rnn", "gradients", "gradient-path", "run-again"),
    ),
    SceneEntry(
        name="long-dependency",
        target="rnnviz.scenes.long_dependency.storyboard:LongDependency",
        task="sentence",
        title=N_("When the answer lies far back"),
        summary=N_("The gap grows; what the networks still learn was measured."),
        needs=("sentence", "gradients"),
    ),
    SceneEntry(
        name="gates",
        target="rnnviz.scenes.gates.storyboard:Gates",
        task="sentence",
        title=N_("Gates that keep and forget"),
        summary=N_("LSTM and GRU at work on the same task, beside the plain network."),
        needs=("sentence", "one-layer"),
    ),
    SceneEntry(
        name="trajectory",
        target="rnnviz.scenes.trajectory.storyboard:Trajectory",
        task="sentence",
        title=N_("A sentence as a path"),
        summary=N_("Hidden states in their principal plane, and where they come to rest."),
        needs=("plain-rnn", "run-again", "plane-of-states"),
    ),
    SceneEntry(
        name="pytorch",
        target="rnnviz.scenes.pytorch.storyboard:Pytorch",
        task="sentence",
        title=N_("The same network in PyTorch"),
        summary=N_("The class line by line, the shapes, and each argument of nn.RNN."),
        needs=("plain-rnn", "biases"),
    ),
)
SCENES: Mapping[str, SceneEntry] = {entry.name: entry for entry in _ENTRIES}


def find(name: str) -> SceneEntry:
    """The entry of a scene.

    Raises: SceneError for an unknown name, with the near matches
    """
    if name in SCENES:
        return SCENES[name]
    near = get_close_matches(name, SCENES, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(SCENES)}"
    raise SceneError(f"there is no scene {name!r}; {hint}")

"""The scenes that rnnviz ships, as import strings: listing them loads nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from rnnviz.errors import SceneError
from rnnviz.translation import N_


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
        name="unrolling",
        target="rnnviz.scenes.unrolling:Unrolling",
        task="sentence",
        title=N_("One layer, used at every step"),
        summary=N_("The loop opens into a chain of steps; words enter, states are passed on."),
        needs=("plain-rnn",),
    ),
    SceneEntry(
        name="space",
        target="rnnviz.scenes.space:Space",
        task="sentence",
        title=N_("The network in three dimensions"),
        summary=N_("Time, layer and unit as three axes, with every recorded value as a cell."),
        needs=("plain-rnn",),
    ),
    SceneEntry(
        name="weight-sharing",
        target="rnnviz.scenes.weight_sharing:WeightSharing",
        task="sentence",
        title=N_("One set of weights for all steps"),
        summary=N_(
            "One entry of W is nudged and every state follows; the gradients of all steps add up."
        ),
        needs=("plain-rnn", "gradients"),
    ),
    SceneEntry(
        name="vanishing-gradient",
        target="rnnviz.scenes.vanishing_gradient:VanishingGradient",
        task="prices",
        title=N_("How a gradient fades over time"),
        summary=N_("From one loss back through time, step by step, on a linear and a log scale."),
        needs=("plain-rnn", "gradients"),
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

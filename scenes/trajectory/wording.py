"""Words of the captions, chosen by what was measured."""

from collections.abc import Mapping
from typing import Final

from rnnviz.scenes.trajectory.clusters import Clusters
from rnnviz.scenes.trajectory.paths import Paths

from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.wording import Say

_DRAWABLE: Final = 3
_FORGOTTEN: Final = 0.01
_NEARER: Final = 0.5
_APART: Final = 0.95
_MIXED: Final = 0.6
_COVERED: Final = 0.8


def path_facts(paths: Paths, say: Say) -> Mapping[str, str]:
    """Return what the captions say of the first path."""
    units = paths.h.shape[-1]
    return {
        "units": str(units),
        "states": states_text(paths, say),
        "drawn": say(", which nobody can draw") if units > _DRAWABLE else "",
        "share": percent(float(paths.components.shares.sum())),
    }


def states_text(paths: Paths, say: Say) -> str:
    """Say what is a point: all numbers that a step passes on."""
    names, units = paths.shown.names, paths.h.shape[-1]
    if len(names) == 1:
        return say("the state is {units} numbers").format(units=units)
    listed = ", ".join(names)
    return say("the states {names} are {units} numbers").format(names=listed, units=units)


def farthest(paths: Paths) -> Mapping[str, str]:
    """Return the longest of the moves that are shown, and its step."""
    moves = paths.shown_distances
    place = int(moves.argmax())
    return {"longest": number(float(moves[place])), "at": str(paths.window.steps[place])}


def parting_text(paths: Paths, say: Say) -> str:
    """Say whether the other input makes a difference."""
    if paths.distances.max() == 0.0:
        return say("The states do not notice it.")
    text = say("The paths coincide until step {step}, then separate.")
    return text.format(step=paths.parted + 1)


def fate_text(paths: Paths, say: Say) -> str:
    """Say how the distance ends."""
    left = paths.distances[-1] / max(paths.distances.max(), 1e-300)
    if left < _FORGOTTEN:
        return say("The difference is forgotten.")
    if left < _NEARER:
        return say("They come nearer again.")
    return say("They stay apart: the state remembers the difference.")


def many_text(clusters: Clusters, say: Say) -> str:
    """Say what the many sequences are."""
    many = clusters.many
    if not many.gap:
        text = say("Now {count} sequences: the same inputs in random orders.")
    elif many.companion:
        text = say(
            "Now {count} longer sentences, with {gap} random words before the end, and another "
            "network that was trained on such, in a plane of its own."
        )
    else:
        text = say(
            "Now {count} new sentences, with {gap} random words between the word that decides and "
            "the end."
        )
    alike = say(" All begin in one point.") if clusters.alike else ""
    return text.format(count=many.trace.batch, gap=many.gap) + alike


def together_text(clusters: Clusters, say: Say) -> str:
    """Say so where most dots lie on another of their colour at the end."""
    if clusters.hidden_dots < _COVERED * clusters.many.trace.batch:
        return ""
    return say("; many lie on top of each other")


def cluster_text(clusters: Clusters, say: Say) -> str:
    """Say whether states of one answer lie together."""
    if len(clusters.shown) < 2:
        return say("All of them have the same answer.")
    right, count = clusters.right, clusters.many.trace.batch
    if right == count:
        text = say("They cluster: each last state is nearest to the mean of its own answer.")
    elif right >= _APART * count:
        text = say(
            "They cluster: {right} of {count} last states are nearest to the mean of their own "
            "answer."
        )
    elif right >= _MIXED * count:
        text = say(
            "They overlap: {right} of {count} last states are nearest to the mean of their own "
            "answer."
        )
    else:
        text = say(
            "They mix: only {right} of {count} last states are nearest to the mean of their own "
            "answer."
        )
    return text.format(right=right, count=count)

"""Words of the captions, chosen by what was measured."""

from typing import Final

from rnnviz.scenes.trajectory.paths import Paths

from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.wording import Say

_FORGOTTEN: Final = 0.01
_NEARER: Final = 0.5
_AT_REST: Final = 1e-3


def parting_text(paths: Paths, say: Say) -> str:
    """Say whether the other input makes a difference."""
    if paths.distances.max() == 0.0:
        return say("The states do not notice it.")
    return say("Up to there both paths are one; there they part.")


def fate_text(paths: Paths, say: Say) -> str:
    """Say how the distance ends."""
    left = paths.distances[-1] / max(paths.distances.max(), 1e-300)
    if left < _FORGOTTEN:
        return say("The difference is forgotten.")
    if left < _NEARER:
        return say("They come nearer again.")
    return say("They stay apart: the state remembers the difference.")


def findings_text(paths: Paths, say: Say) -> str:
    """Say how many fixed points the search found."""
    count = len(paths.found.states)
    starts = int(paths.found.starts.sum()) + paths.found.lost
    if count == 0:
        return say("From {starts} starts a search found none.").format(starts=starts)
    if count == 1:
        return say("From {starts} starts a search found one fixed point.").format(starts=starts)
    text = say("From {starts} starts a search found {count} fixed points.")
    return text.format(starts=starts, count=count)


def stability_text(paths: Paths, say: Say) -> str:
    """Say how many of the fixed points are stable."""
    stable, count = int(paths.found.stable.sum()), len(paths.found.stable)
    if count == 0:
        return say("Here there is none to ask.")
    if count == 1:
        return say("Here it fades: stable.") if stable else say("Here it grows: not stable.")
    if stable == 0:
        return say("None of the {count} is stable.").format(count=count)
    return say("{stable} of {count} are stable.").format(stable=stable, count=count)


def rest_text(paths: Paths, say: Say) -> str:
    """Say whether the last step still moved the state."""
    move = float(paths.moves[-1])
    if move < _AT_REST:
        return say("The state comes to rest: a step moves it no more.")
    text = say("The state does not come to rest: the last step still moves it by {move}.")
    return text.format(move=number(move))

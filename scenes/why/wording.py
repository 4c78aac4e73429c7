"""Words of the captions, chosen by what was measured."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rnnviz.experiments.studies import clue_of
from rnnviz.experiments.windows import WindowsByGap
from rnnviz.mobjects.numbers import percent
from rnnviz.mobjects.wording import Say, item_names
from rnnviz.text.plain_text import isolated
from rnnviz.trace import Trace

_GUESS = 1.5


class Costs(NamedTuple):
    """What one way of reading is called, does for two lengths of a sentence, and keeps."""

    title: str
    counts: tuple[str, ...]
    keeps: str


def facts_of(found: WindowsByGap, networks: Sequence[Trace], say: Say) -> Mapping[str, str]:
    """Return what the captions say of two windows and a memory at three gaps."""
    narrow, wide = found.windows
    _, middle, far = found.gaps
    first = networks[0]

    def where(window: int, place: int) -> str:
        return say("is inside") if found.sees[window][place] else say("is outside")

    def right(window: int, place: int) -> str:
        return percent(float(found.windows[window][place]))

    return {
        "clue": isolated(first.metadata.step_labels[0][clue_of(first)]),
        "narrow": str(narrow),
        "wide": str(wide),
        "middle": str(middle),
        "far": str(far),
        "near": where(narrow, 0),
        "near_right": right(narrow, 0),
        "mid": where(narrow, 1),
        "mid_right": right(narrow, 1),
        "wider": where(wide, 1),
        "wider_right": right(wide, 1),
        "beyond": where(wide, 2),
        "beyond_right": right(wide, 2),
        "verdict": _beside_a_guess(found, float(found.windows[narrow][1]), say),
        "units": str(networks[-1].hidden_size),
        "memory_right": percent(float(found.memory[-1])),
    }


def knows(found: WindowsByGap, share: float) -> bool:
    """Return whether a share of right answers is well above that of a guess."""
    return share > _GUESS * found.chance


def _beside_a_guess(found: WindowsByGap, share: float, say: Say) -> str:
    if share > found.chance:
        text = say("where a guess gets {chance}")
    else:
        text = say("no better than a guess: {chance}")
    return text.format(chance=percent(found.chance))


def costs_of(network: Trace, say: Say) -> tuple[Costs, Costs]:
    """Return what a transformer and a recurrent network pay for a sentence, and for a longer one.

    Units:  a transformer's comparisons of pairs, a recurrent network's steps
    """
    short, long = network.steps, 2 * network.steps
    names = item_names(network, say)
    pairs, steps = say("{words} {items}: {count} pairs"), say("{words} {items}: {count} steps")
    text = say("everything must fit into {count} numbers")
    return (
        Costs(
            say("transformer"),
            tuple(pairs.format(words=n, count=pairs_of(n), **names) for n in (short, long)),
            say("all {items} stay at hand").format(**names),
        ),
        Costs(
            say("recurrent network"),
            tuple(steps.format(words=n, count=n, **names) for n in (short, long)),
            text.format(count=network.hidden_size),
        ),
    )


def pairs_of(words: int) -> int:
    """Return the number of pairs of words."""
    return words * (words - 1) // 2

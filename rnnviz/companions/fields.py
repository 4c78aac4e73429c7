"""What the fields of a JSON object must hold, and which of them does not, in words."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

_MOST_SHOWN: Final = 40
_LARGEST: Final = 2**63 - 1


class Unfit(Exception):
    """A field that does not hold what it must: which one, and what it holds."""


@dataclass(frozen=True)
class Kind:
    """What a field may hold: in words, and whether a value is such."""

    told: str
    fits: Callable[[Any], bool]


TEXT: Final = Kind("text", lambda value: isinstance(value, str))
TRUTH: Final = Kind("true or false", lambda value: isinstance(value, bool))
OBJECT: Final = Kind("an object", lambda value: isinstance(value, dict))
OBJECTS: Final = Kind(
    "a list of objects",
    lambda value: isinstance(value, list) and all(map(OBJECT.fits, value)),
)


def whole(least: int) -> Kind:
    """A whole number that an array's axis can have."""
    return Kind(
        f"a whole number from {least}",
        lambda value: type(value) is int and least <= value <= _LARGEST,
    )


def number(most: float = sys.float_info.max) -> Kind:
    """A number that is not negative; an infinite one only if ``most`` is."""
    ending = "" if most >= sys.float_info.max else f" to {most:g}"
    return Kind(
        f"a number from 0{ending}",
        lambda value: type(value) in (int, float) and 0 <= value <= most,
    )


def one_of(*choices: str) -> Kind:
    """One of several words."""
    return Kind(
        f"one of {', '.join(choices)}", lambda value: isinstance(value, str) and value in choices
    )


def several(each: Kind, *, different: bool = False) -> Kind:
    """A list that is not empty."""
    return Kind(
        f"a list of one or more, each {each.told}" + (" and there once" if different else ""),
        lambda value: (
            isinstance(value, list)
            and len(value) > 0
            and all(map(each.fits, value))
            and (not different or len(set(value)) == len(value))
        ),
    )


def or_null(kind: Kind) -> Kind:
    """A kind, or nothing."""
    return Kind(f"{kind.told}, or null", lambda value: value is None or kind.fits(value))


def checked(read: Mapping[str, Any], kinds: Mapping[str, Kind], within: str = "") -> dict[str, Any]:
    """An object's fields, its lists as tuples; ``within`` is how the name of each begins.

    Raises: Unfit for a field that is missing, is none of them, or holds something else
    """
    for name in sorted(kinds.keys() ^ read.keys()):
        raise Unfit(f"{within}{name} is {'missing' if name in kinds else 'no field of it'}")
    for name, kind in kinds.items():
        if not kind.fits(read[name]):
            raise Unfit(f"{within}{name} is {_shown(read[name])}, not {kind.told}")
    return {key: tuple(each) if isinstance(each, list) else each for key, each in read.items()}


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"

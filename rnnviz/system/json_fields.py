"""What the fields of a JSON object must hold, and which of them does not, in words.

All that rnnviz takes in as JSON is checked here: what stands in a trace beside its arrays, in a
sweep, and beside a video.
"""

import json
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

_MOST_SHOWN: Final = 40
_DEEPEST: Final = 16
"""How deep objects and lists may stand in each other."""
_LARGEST: Final = 2**63 - 1


class Unfit(Exception):
    """A field that does not hold what it must: which one, and what it holds."""


@dataclass(frozen=True)
class Kind:
    """What a field may hold: in words, and whether a value is such."""

    told: str
    fits: Callable[[Any], bool]


def is_text(value: Any) -> bool:
    """Whether a value is text that every file and every program takes.

    A NUL ends a text for many, and half a pair of surrogates has no place in UTF-8.
    """
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def readable(text: str) -> str:
    """A text with a sign in the place of what no text may have: a file's name may have it."""
    return "".join(mark if is_text(mark) else "\N{REPLACEMENT CHARACTER}" for mark in text)


def printable(text: str) -> str:
    """A text for a terminal: what would steer it, or cannot be seen, as Python writes it."""
    return "".join(
        mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in text
    )


def _is_json(value: Any, depth: int = _DEEPEST) -> bool:
    if value is None or isinstance(value, bool | int) or is_text(value):
        return True
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        parts = [*value.keys(), *value.values()]
        return depth > 0 and all(map(is_text, value)) and all(_is_json(p, depth - 1) for p in parts)
    return (
        isinstance(value, list | tuple)
        and depth > 0
        and all(_is_json(part, depth - 1) for part in value)
    )


TEXT: Final = Kind("text without NUL and lone surrogates", is_text)
TRUTH: Final = Kind("true or false", lambda value: isinstance(value, bool))
OBJECT: Final = Kind("an object", lambda value: isinstance(value, dict))
OBJECTS: Final = Kind(
    "a list of objects",
    lambda value: isinstance(value, list) and all(map(OBJECT.fits, value)),
)


JSON_OBJECT: Final = Kind(
    f"an object of JSON, at most {_DEEPEST} deep, with finite numbers and proper text",
    lambda value: isinstance(value, dict) and _is_json(value),
)
REAL: Final = Kind(
    "a finite number",
    lambda value: (
        isinstance(value, int | float) and type(value) is not bool and math.isfinite(value)
    ),
)


def named(each: Kind) -> Kind:
    """An object, each of whose fields holds the same."""
    return Kind(
        f"an object, each field of it {each.told}",
        lambda value: (
            isinstance(value, dict)
            and all(map(is_text, value))
            and all(map(each.fits, value.values()))
        ),
    )


def listed(each: Kind) -> Kind:
    """A list, maybe empty."""
    return Kind(
        f"a list, each {each.told}",
        lambda value: isinstance(value, list | tuple) and all(map(each.fits, value)),
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
        told = _shown(name)[1:-1]
        raise Unfit(f"{within}{told} is {'missing' if name in kinds else 'no field of it'}")
    for name, kind in kinds.items():
        if not kind.fits(read[name]):
            raise Unfit(f"{within}{name} is {_shown(read[name])}, not {kind.told}")
    return {key: tuple(each) if isinstance(each, list) else each for key, each in read.items()}


def _shown(value: Any) -> str:
    """The beginning of a value as JSON, all of it in ASCII; of what is no JSON, its type."""
    try:
        text = json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return f"of type {type(value).__name__}"
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"

"""Beats: the units of a scene, and which of them to render."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rnnviz.errors import SceneError


@dataclass(frozen=True)
class Beat:
    """One idea of a scene: what is said, in each language, and what is played."""

    number: int
    name: str
    captions: Mapping[str, str]
    play: Callable[[Any], None]


def beat(**captions: str) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Mark a method as a beat, with its caption in each language: ``@beat(en=…, zh=…)``."""

    def mark(method: Callable[[Any], None]) -> Callable[[Any], None]:
        method.captions = captions  # type: ignore[attr-defined]
        return method

    return mark


def beats_of(scene: type) -> tuple[Beat, ...]:
    """The beats of a scene class, in the order in which they are written."""
    methods = [method for method in vars(scene).values() if hasattr(method, "captions")]
    return tuple(
        Beat(number, method.__name__, method.captions, method)
        for number, method in enumerate(methods, start=1)
    )


def check_selection(selection: tuple[int, ...] | None, count: int, scene: str) -> None:
    """Refuse beats that a scene does not have."""
    missing = [number for number in selection or () if not 1 <= number <= count]
    if missing:
        raise SceneError(
            f"scene {scene!r} has beats 1 to {count}, not {missing[0]}; "
            f"choose with --beats N or --beats FIRST-LAST"
        )

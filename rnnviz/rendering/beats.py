"""Beats: the units of a scene, and which of them to render."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rnnviz.errors import SceneError


@dataclass(frozen=True)
class Beat:
    """One idea of a scene: what is said, in English, and what is played."""

    number: int
    name: str
    caption: str
    play: Callable[[Any], None]


def beat(caption: str) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Mark a method as a beat, with its caption, which the catalogues translate."""

    def mark(method: Callable[[Any], None]) -> Callable[[Any], None]:
        method.caption = caption  # type: ignore[attr-defined]
        return method

    return mark


def beats_of(scene: type) -> tuple[Beat, ...]:
    """The beats of a scene class, in the order in which they are written."""
    methods = [(name, made) for name, made in vars(scene).items() if hasattr(made, "caption")]
    return tuple(
        Beat(number, name, method.caption, method)
        for number, (name, method) in enumerate(methods, start=1)
    )


def check_selection(selection: tuple[int, ...] | None, count: int, scene: str) -> None:
    """Refuse beats that a scene does not have."""
    missing = [number for number in selection or () if not 1 <= number <= count]
    if missing:
        raise SceneError(
            f"scene {scene!r} has beats 1 to {count}, not {missing[0]}; "
            f"choose with --beats N or --beats FIRST-LAST"
        )

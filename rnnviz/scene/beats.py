"""Beats: the units of a scene."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rnnviz.errors import SceneError
from rnnviz.text.translation import is_translated, languages


@dataclass(frozen=True)
class Beat:
    """One idea of a scene: its caption in English, and what is played."""

    number: int
    name: str
    caption: str
    play: Callable[[Any], None]


def beat(caption: str) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Mark a method as a beat; the catalogues translate its caption."""

    def mark(method: Callable[[Any], None]) -> Callable[[Any], None]:
        method.caption = caption  # type: ignore[attr-defined]
        return method

    return mark


def beats_of(scene: type) -> tuple[Beat, ...]:
    """Return the beats of a scene class: inherited ones first, then its own.

    A method with the name of an inherited beat replaces it, and keeps its caption unless it has
    its own; ``None`` leaves the beat out.

    Raises: SceneError for a beat that is replaced by something else
    """
    found: dict[str, tuple[str, Callable[[Any], None]] | None] = {}
    for each in reversed(scene.__mro__):
        for name, made in vars(each).items():
            inherited = found.get(name)
            if callable(made) and hasattr(made, "caption"):
                found[name] = (made.caption, made)
            elif inherited is not None and made is None:
                found[name] = None
            elif inherited is not None and callable(made):
                found[name] = (inherited[0], made)
            elif inherited is not None:
                raise SceneError(
                    f"{name!r} of class {each.__name__!r} is {made!r}, but a beat in a base class; "
                    "rename it, or write None to leave the beat out"
                )
    beats = [(name, *beat) for name, beat in found.items() if beat is not None]
    return tuple(Beat(number, *beat) for number, beat in enumerate(beats, start=1))


def spoken_in(beats: Sequence[Beat]) -> tuple[str, ...]:
    """Return the languages of captions: that of the code, and those with a translation."""
    return tuple(
        language
        for language in languages()
        if any(is_translated(each.caption, language) for each in beats)
    )


def untranslated(beats: Sequence[Beat], language: str) -> int:
    """Return the number of captions without a translation into a language."""
    return sum(not is_translated(each.caption, language) for each in beats)


def check_selection(selection: tuple[int, ...] | None, count: int, scene: str) -> None:
    """Check that a scene has the selected beats.

    Raises: SceneError
    """
    missing = [number for number in selection or () if not 1 <= number <= count]
    if missing:
        raise SceneError(
            f"scene {scene!r} has beats 1 to {count}, not {missing[0]}; "
            f"choose with --beats N or --beats FIRST-LAST"
        )

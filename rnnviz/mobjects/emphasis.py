"""Dims what rests, and lights it again."""

from typing import Any, Final

REST: Final = 0.45
"""The opacity of what rests, which is to be seen but not to be looked at."""


def dim(*mobjects: Any) -> list[Any]:
    """Return animations that let mobjects rest, with all their parts."""
    return [mobject.animate.fade(1.0 - REST) for mobject in mobjects]


def undim(*mobjects: Any) -> list[Any]:
    """Return animations that give mobjects that rest the opacity they had before."""
    return [mobject.animate.fade(1.0 - 1.0 / REST) for mobject in mobjects]

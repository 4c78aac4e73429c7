"""Manim's transforms with less work: only what differs between start and target is interpolated.

A text that fades in has the outlines that it ends with. Manim interpolates them with themselves in
each frame, which costs more than drawing them, and changes their last bits, so that they seem to
move.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
from manim import Animation, AnimationGroup, Mobject, Transform, VMobject
from manim.utils.bezier import interpolate

_METHOD: Final = "interpolate_mobject"
STYLE: Final = (
    "fill_rgbas",
    "stroke_rgbas",
    "background_stroke_rgbas",
    "stroke_width",
    "background_stroke_width",
    "sheen_direction",
    "sheen_factor",
)
"""Attributes that Manim interpolates beside the points."""

_Step = Callable[[float], object]


@contextmanager
def tweening(animations: Iterable[Animation]) -> Iterator[None]:
    """Let transforms in this context, also those in groups, interpolate only what differs."""
    quick = [each for each in single(animations) if _is_plain(each)]
    for each in quick:
        setattr(each, _METHOD, _Tween(each))
    try:
        yield
    finally:
        for each in quick:
            delattr(each, _METHOD)


class _Tween:
    """One transform's ``interpolate_mobject``, which determines once what differs."""

    def __init__(self, transform: Any) -> None:
        self._transform = transform
        self._ends: tuple[Any, ...] = ()
        self._family: list[Mobject] = []
        self._steps: list[_Step] = []

    def __call__(self, alpha: float) -> None:
        transform = self._transform
        ends = (transform.starting_mobject, transform.target_copy)
        family = _family(transform.mobject)
        if ends != self._ends or family != self._family:
            members = list(transform.get_all_families_zipped())
            self._steps = [self._step(*each) for each in members]
            self._ends, self._family = ends, family
        count = len(self._steps)
        for place, step in enumerate(self._steps):
            step(transform.get_sub_alpha(alpha, place, count))

    def _step(self, mobject: Any, start: Any, target: Any) -> _Step:
        transform = self._transform
        if not is_ordinary(mobject) or start.updaters or target.updaters:
            return lambda alpha: transform.interpolate_submobject(mobject, start, target, alpha)
        straight = transform.path_func is interpolate
        kept: list[tuple[str, Any, Any]] = []
        mixed: list[tuple[str, Any, Any]] = []
        for name in ("points", *STYLE) if straight else STYLE:
            ends = getattr(start, name), getattr(target, name)
            (kept if np.array_equal(*ends) else mixed).append((name, *ends))

        def step(alpha: float) -> None:
            if not straight:
                mobject.points = transform.path_func(start.points, target.points, alpha)
            for name, _, end in kept:
                setattr(mobject, name, _copied(end))
            for name, begin, end in mixed:
                value = _copied(end) if alpha == 1 else interpolate(begin, end, alpha)
                setattr(mobject, name, value)

        return step


def single(animations: Iterable[Animation]) -> Iterator[Animation]:
    """Yield single animations, those of groups one by one."""
    for each in animations:
        if isinstance(each, AnimationGroup):
            yield from single(each.animations)
        else:
            yield each


def _is_plain(animation: Animation) -> bool:
    """Whether it interpolates start and target as transforms usually do."""
    kind: Any = type(animation)
    return (
        isinstance(animation, Transform)
        and kind.interpolate_mobject is Animation.interpolate_mobject
        and kind.interpolate_submobject is Transform.interpolate_submobject
        and kind.get_all_families_zipped is Transform.get_all_families_zipped
        and _METHOD not in vars(animation)
    )


def is_ordinary(mobject: Any) -> bool:
    """Whether a mobject is an outline that Manim interpolates as usual."""
    kind = type(mobject)
    return (
        isinstance(mobject, VMobject)
        and kind.interpolate is Mobject.interpolate
        and kind.interpolate_color is VMobject.interpolate_color
    )


def _family(mobject: Mobject) -> list[Mobject]:
    found = [mobject] if len(mobject.points) else []
    for part in mobject.submobjects:
        found += _family(part)
    return found


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else value

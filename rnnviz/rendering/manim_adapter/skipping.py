"""Skips animations that are not drawn: the scene is left in their end state.

Manim copies every mobject of an animation twice and interpolates the copies before it reaches the
end of the animation. Where the end follows from the mobject and its target alone, it is set here at
once; any other animation begins and finishes as in Manim. Groups of animations are left to Manim,
so that everything happens in its order.
"""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from manim import (
    AnimationGroup,
    Create,
    FadeIn,
    FadeOut,
    Group,
    GrowFromEdge,
    MoveToTarget,
    ReplacementTransform,
    Scene,
    Succession,
    Transform,
    TransformFromCopy,
    straight_path,
)
from manim.animation.transform import _MethodAnimation

from rnnviz.rendering.manim_adapter.tweening import STYLE, is_ordinary, single

_END_AS_THEY_ARE: Final = (Create, FadeIn, FadeOut, GrowFromEdge, TransformFromCopy)
_BECOME_TARGET: Final = (MoveToTarget, ReplacementTransform, Transform, _MethodAnimation)
_ALIGNED: Final = ("points", "fill_rgbas", "stroke_rgbas", "background_stroke_rgbas")
"""Attributes that Manim makes equally long before it interpolates two mobjects."""
_METHODS: Final = ("begin", "update_mobjects", "interpolate", "finish", "clean_up_from_scene")


def skip(scene: Scene) -> None:
    """Put a scene into the end state of the animations that it is about to play."""
    animations = tuple(scene.animations or ())
    still = not any(part.updaters for mobject in scene.mobjects for part in _parts(mobject))
    skipped = (
        [_Skipped(each) for each in single(animations)] if still and _apart(animations) else []
    )
    try:
        for animation in animations:
            animation._setup_scene(scene)
            animation.begin()
        scene.play_internal()
    finally:
        for each in skipped:
            each.restore()


class _Skipped:
    """Replaces an animation's methods; restores them if its end is not known."""

    def __init__(self, animation: Any) -> None:
        self._animation = animation
        self._ended = False
        for name in _METHODS:
            setattr(animation, name, getattr(self, f"_{name}"))

    def restore(self) -> None:
        """Restore the animation's own methods."""
        for name in _METHODS:
            vars(self._animation).pop(name, None)

    def _begin(self) -> None:
        if not _is_known(self._animation):
            self.restore()
            self._animation.begin()

    def _update_mobjects(self, dt: float) -> None:
        pass

    def _interpolate(self, alpha: float) -> None:
        if alpha == 1:
            self._end()

    def _finish(self) -> None:
        self._end()
        if type(self._animation) is _MethodAnimation:
            for each in self._animation.methods:
                each.method.__func__(self._animation.mobject, *each.args, **each.kwargs)
            self._ended = False
            self._end()

    def _clean_up_from_scene(self, scene: Scene) -> None:
        animation = self._animation
        # FadeOut's own restores a mobject that has faded; this one never faded
        kind: Any = Transform if isinstance(animation, FadeOut) else type(animation)
        kind.clean_up_from_scene(animation, scene)

    def _end(self) -> None:
        if not self._ended and type(self._animation) in _BECOME_TARGET:
            _set_to(self._animation.mobject, self._animation.target_mobject)
        self._ended = True


def _apart(animations: Iterable[Any]) -> bool:
    """Whether no two animations that run at the same time change the same mobject."""
    seen: set[int] = set()
    for animation in animations:
        ours = _changed_by(animation)
        if ours is None or seen & ours:
            return False
        seen |= ours
    return True


def _changed_by(animation: Any) -> set[int] | None:
    """Return the mobjects that an animation changes, or None if its parts change the same one."""
    if not isinstance(animation, AnimationGroup):
        return {id(part) for part in _parts(animation.mobject)}
    # Succession restores what has faded out at its end, as it was before
    fades = any(isinstance(part, FadeOut) for part in single(animation.animations))
    if (fades or not isinstance(animation, Succession)) and not _apart(animation.animations):
        return None
    changed: set[int] = set()
    for part in animation.animations:
        found = _changed_by(part)
        if found is None:
            return None
        changed |= found
    return changed


def _is_known(animation: Any) -> bool:
    """Whether an animation ends with its mobject unchanged, or equal to its target."""
    kind = type(animation)
    if kind not in (*_END_AS_THEY_ARE, *_BECOME_TARGET):
        return False
    if (animation.rate_func(0), animation.rate_func(1)) != (0, 1):
        return False
    if kind in (*_BECOME_TARGET, TransformFromCopy):
        straight = animation.path_func is straight_path()
        return straight and _match(animation.mobject, animation.target_mobject)
    return all(map(_is_plain, _parts(animation.mobject)))


def _is_plain(mobject: Any) -> bool:
    """Whether a mobject is an outline that Manim interpolates as usual, or a group of them."""
    return type(mobject) is Group or is_ordinary(mobject)


def _match(one: Any, other: Any) -> bool:
    """Whether the parts of two mobjects correspond, so that Manim aligns nothing."""
    ours, theirs = _parts(one), _parts(other)
    return len(ours) == len(theirs) and all(
        _is_plain(a)
        and _is_plain(b)
        and len(a.submobjects) == len(b.submobjects)
        and not b.updaters
        and all(len(getattr(a, name, ())) == len(getattr(b, name, ())) for name in _ALIGNED)
        for a, b in zip(ours, theirs, strict=True)
    )


def _set_to(mobject: Any, target: Any) -> None:
    """Give each part of a mobject the outline and colours of its counterpart."""
    for part, wanted in zip(_parts(mobject), _parts(target), strict=True):
        if len(part.points):
            for name in ("points", *STYLE):
                value = getattr(wanted, name)
                setattr(part, name, value.copy() if isinstance(value, np.ndarray) else value)


def _parts(mobject: Any) -> list[Any]:
    """Return a mobject and all its parts, in order, with repetitions."""
    found = [mobject]
    for part in mobject.submobjects:
        found += _parts(part)
    return found

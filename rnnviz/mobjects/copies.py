"""Copies of mobjects, and animations of them. Making a mobject takes far longer than copying it."""

from copy import copy
from typing import Any, TypeVar

import numpy as np
from manim import TransformFromCopy, VMobject

Shape = TypeVar("Shape", bound=VMobject)


def copied(mobject: Shape) -> Shape:
    """Copy a mobject that has no parts: its lists and arrays, which others would change."""
    duplicate = copy(mobject)
    for name, value in vars(mobject).items():
        if isinstance(value, (list, np.ndarray)):
            setattr(duplicate, name, value.copy())
    return duplicate


def copy_becomes(source: VMobject, target: VMobject, **settings: Any) -> TransformFromCopy:
    """Turn a copy of a drawing into another, which is not seen before.

    Manim's own animation, if it is not the first of a group, puts the target on the stage at once.
    """
    return TransformFromCopy(source, target, introducer=True, **settings)

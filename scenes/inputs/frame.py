"""What all drawings of this scene share."""

from typing import Final

from manim import Rectangle, VGroup

CLEARED: Final = 0.2
"""Seconds after which what leaves the stage is hardly seen, and something else may come."""


def framed(drawing: VGroup, color: object, buff: float = 0.1) -> Rectangle:
    """Return a frame around a drawing."""
    return Rectangle(
        width=drawing.width + buff,
        height=drawing.height + buff,
        stroke_width=1.8,
        stroke_color=color,
    ).move_to(drawing)

"""A frame around cells."""

from manim import Rectangle, VGroup


def framed(drawing: VGroup, color: object, buff: float = 0.1) -> Rectangle:
    """Return a frame around a drawing."""
    return Rectangle(
        width=drawing.width + buff,
        height=drawing.height + buff,
        stroke_width=1.8,
        stroke_color=color,
    ).move_to(drawing)

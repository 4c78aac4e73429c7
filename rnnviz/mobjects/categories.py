"""Colours of categories in a theme."""

from manim import ManimColor

from rnnviz.mobjects.theme import Theme
from rnnviz.text.categories import ON_DARK, ON_LIGHT


def category_colors(theme: Theme) -> list[ManimColor]:
    """Return a colour for each of six categories, and last that of all others."""
    dark = sum(ManimColor(theme.ground).to_rgb()) < sum(ManimColor(theme.text).to_rgb())
    return [*map(ManimColor, ON_DARK if dark else ON_LIGHT), theme.color("note")]

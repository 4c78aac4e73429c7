"""The look that pages share: colours of a palette, and the style of type and controls."""

from importlib.resources import files

from rnnviz.text.palette import COLORS, Palette


def css_colors(palette: Palette) -> str:
    """Return a palette as CSS declarations: its scheme, and a variable for each colour."""
    variables = " ".join(f"--{name}: {getattr(palette, name)};" for name in COLORS)
    return f"color-scheme: {palette.scheme}; {variables}"


def base_style() -> str:
    """Return the style sheet with which the style of every page begins."""
    return (files("rnnviz") / "explorer" / "page" / "base.css").read_text(encoding="utf-8")

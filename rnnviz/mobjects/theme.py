"""The colours of all pictures, each with one meaning, in a dark and a light theme."""

from dataclasses import asdict
from functools import cache
from typing import Final

import numpy as np
from manim import ManimColor

from rnnviz.text import palette
from rnnviz.text.palette import VISIBLE, Palette, Ramp, Role, contrast, least_strength, mixed

__all__ = ["DARK", "LIGHT", "THEMES", "Ramp", "Role", "Theme", "theme_of"]

_INKS: Final = ("#000000", "#FFFFFF")


class Theme(Palette):
    """A palette with Manim's colours."""

    def color(self, role: Role) -> ManimColor:
        """Return the colour of a role."""
        return ManimColor(getattr(self, role))

    def dimmed(self, role: Role, strength: float = 0.45) -> ManimColor:
        """Return a role's colour mixed with the background, at a strength from 0 to 1.

        It is never weaker than what is still visible: a contrast of 2.5 with the background.
        """
        color = getattr(self, role)
        least = least_strength(self.ground, color, VISIBLE)
        return ManimColor(mixed(self.ground, color, max(strength, least)))

    def faint(self) -> ManimColor:
        """Return the colour of grid lines and outlines that data is read against."""
        return ManimColor(self.grid)

    def on(self, color: ManimColor) -> ManimColor:
        """Return black or white, whichever is easier to read on a colour."""
        return ManimColor(max(_INKS, key=lambda ink: contrast(ink, color.to_hex())))

    def shade(self, ramp: Ramp, value: float) -> ManimColor:
        """Return the colour of a value, clipped to −1 … +1 for "signed" and else to 0 … 1.

        ``ramp`` says what the value is: "signed", "gradient" (its magnitude), "gate",
        "probability" or "error".
        """
        stops = self.ramp(ramp)
        low = -1.0 if ramp == "signed" else 0.0
        knots, channels = _scale(stops, low)
        place = float(np.clip(value, low, 1.0))
        return ManimColor([float(np.interp(place, knots, channel)) for channel in channels])


@cache
def _scale(stops: tuple[str, ...], low: float) -> tuple[np.ndarray, np.ndarray]:
    rgb = np.array([ManimColor(stop).to_rgb() for stop in stops])
    return np.linspace(low, 1.0, len(stops)), rgb.T


def theme_of(theme: str | Palette) -> Theme:
    """Return a palette, or that of a built-in theme, with Manim's colours."""
    return THEMES[theme] if isinstance(theme, str) else Theme(**asdict(theme))


DARK, LIGHT = (Theme(**asdict(each)) for each in (palette.DARK, palette.LIGHT))
THEMES = {theme.name: theme for theme in (DARK, LIGHT)}

"""The colours of all pictures, each with one meaning, in a dark and a light theme."""

from dataclasses import asdict
from functools import cache
from typing import Literal

import numpy as np
from manim import ManimColor

from rnnviz.text import palette
from rnnviz.text.palette import Palette

Role = Literal["input", "hidden", "output", "weight", "gradient", "text", "note"]


class Theme(Palette):
    """A palette with Manim's colours."""

    def color(self, role: Role) -> ManimColor:
        """Return the colour of a role."""
        return ManimColor(getattr(self, role))

    def dimmed(self, role: Role, strength: float = 0.3) -> ManimColor:
        """Return a role's colour mixed with the background, at a strength from 0 to 1."""
        return ManimColor(self.ground).interpolate(self.color(role), strength)

    def on(self, color: ManimColor) -> ManimColor:
        """Return the background or text colour, whichever is easier to read on a colour."""
        weights = np.array([0.2126, 0.7152, 0.0722])
        inks = (ManimColor(self.ground), ManimColor(self.text))
        lightness = float(weights @ color.to_rgb())
        return max(inks, key=lambda ink: abs(float(weights @ ink.to_rgb()) - lightness))

    def signed(self, value: float) -> ManimColor:
        """Return the colour of a signed value, clipped to −1 … +1."""
        return _along(self.signed_stops, (float(np.clip(value, -1.0, 1.0)) + 1.0) / 2.0)

    def magnitude(self, value: float) -> ManimColor:
        """Return the colour of a magnitude, clipped to 0 … 1."""
        return _along(self.magnitude_stops, float(np.clip(value, 0.0, 1.0)))


def _along(stops: tuple[str, ...], position: float) -> ManimColor:
    knots, channels = _scale(stops)
    return ManimColor([float(np.interp(position, knots, channel)) for channel in channels])


@cache
def _scale(stops: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    rgb = np.array([ManimColor(stop).to_rgb() for stop in stops])
    return np.linspace(0.0, 1.0, len(stops)), rgb.T


DARK, LIGHT = (Theme(**asdict(each)) for each in (palette.DARK, palette.LIGHT))
THEMES = {theme.name: theme for theme in (DARK, LIGHT)}

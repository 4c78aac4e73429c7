"""The colours of every picture: one meaning each, in a dark and a light theme."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from manim import ManimColor

Role = Literal["input", "hidden", "output", "weight", "gradient", "text", "note"]


@dataclass(frozen=True)
class Theme:
    """What each kind of thing is coloured with.

    ``signed_stops`` colour −1 … 0 … +1 and ``magnitude_stops`` 0 … 1, evenly spaced.
    """

    name: str
    ground: str
    surface: str
    text: str
    note: str
    input: str
    hidden: str
    output: str
    weight: str
    gradient: str
    signed_stops: tuple[str, ...]
    magnitude_stops: tuple[str, ...]

    def color(self, role: Role) -> ManimColor:
        """The colour that a role owns."""
        return ManimColor(getattr(self, role))

    def dimmed(self, role: Role, strength: float = 0.3) -> ManimColor:
        """A role's colour with only ``strength`` of it left above the ground."""
        return ManimColor(self.ground).interpolate(self.color(role), strength)

    def on(self, color: ManimColor) -> ManimColor:
        """The one of ground and text that reads better upon a colour."""
        weights = np.array([0.2126, 0.7152, 0.0722])
        inks = (ManimColor(self.ground), ManimColor(self.text))
        lightness = float(weights @ color.to_rgb())
        return max(inks, key=lambda ink: abs(float(weights @ ink.to_rgb()) - lightness))

    def signed(self, value: float) -> ManimColor:
        """The colour of a signed value; −1 and +1 are the ends, what lies beyond is clipped."""
        return _along(self.signed_stops, (float(np.clip(value, -1.0, 1.0)) + 1.0) / 2.0)

    def magnitude(self, value: float) -> ManimColor:
        """The colour of a magnitude from 0 to 1; what lies beyond is clipped."""
        return _along(self.magnitude_stops, float(np.clip(value, 0.0, 1.0)))


def _along(stops: Sequence[str], position: float) -> ManimColor:
    rgb = np.array([ManimColor(stop).to_rgb() for stop in stops])
    knots = np.linspace(0.0, 1.0, len(stops))
    return ManimColor([float(np.interp(position, knots, channel)) for channel in rgb.T])


DARK = Theme(
    name="dark",
    ground="#0F1217",
    surface="#161C24",
    text="#E6E8EB",
    note="#8A929E",
    input="#18B7FF",
    hidden="#3AB798",
    output="#EFBE4F",
    weight="#B09AD1",
    gradient="#F57040",
    signed_stops=("#A8DEFF", "#4E9CD8", "#2A5F8C", "#262E39", "#8A4630", "#DC7049", "#FFC2A3"),
    magnitude_stops=("#4A4A52", "#8E5A48", "#C4643F", "#F57040"),
)
LIGHT = Theme(
    name="light",
    ground="#FFFFFF",
    surface="#F5F7F9",
    text="#1A1E24",
    note="#5C6570",
    input="#136FB4",
    hidden="#157E69",
    output="#85673E",
    weight="#6D3DC0",
    gradient="#C93900",
    signed_stops=("#063B6B", "#2373B5", "#8DBDE3", "#E9ECEF", "#F0B090", "#CB5526", "#7A1F05"),
    magnitude_stops=("#C9C4C2", "#D69B84", "#D0653A", "#C93900"),
)
THEMES = {theme.name: theme for theme in (DARK, LIGHT)}

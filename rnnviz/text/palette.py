"""The colours of all pictures and figures, one meaning each, for the dark and light themes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Palette:
    """The colour of each kind of object, as ``#RRGGBB``.

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


DARK: Final = Palette(
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
LIGHT: Final = Palette(
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
PALETTES: Final[Mapping[str, Palette]] = {palette.name: palette for palette in (DARK, LIGHT)}

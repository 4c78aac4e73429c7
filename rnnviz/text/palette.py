"""The colours of all pictures and figures, one meaning each, for the dark and light themes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from operator import mul
from typing import Final, Literal, get_args

Role = Literal[
    "text",
    "note",
    "input",
    "hidden",
    "output",
    "weight",
    "gradient",
    "rnn",
    "lstm",
    "gru",
    "gate",
    "error",
]
"""What a colour of lines and text stands for."""
ROLES: Final[tuple[Role, ...]] = get_args(Role)
Ramp = Literal["signed", "gradient", "gate", "probability", "error"]
"""What the colours of values stand for: from −1 to +1 for signed values, else from 0 to 1."""
RAMPS: Final[tuple[Ramp, ...]] = get_args(Ramp)

READABLE: Final = 4.5
"""The least contrast of text with what is behind it."""
VISIBLE: Final = 2.5
"""The least contrast of what is dimmed with the background."""
_STEPS: Final = 8
_LUMINANCE: Final = (0.2126, 0.7152, 0.0722)
_TO_CONES: Final = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_TO_LAB: Final = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
_FROM_LAB: Final = (
    (1.0, 0.3963377774, 0.2158037573),
    (1.0, -0.1055613458, -0.0638541728),
    (1.0, -0.0894841775, -1.2914855480),
)
_FROM_CONES: Final = (
    (4.0767416621, -3.3077115913, 0.2309699292),
    (-1.2684380046, 2.6097574011, -0.3413193965),
    (-0.0041960863, -0.7034186147, 1.7076147010),
)

_Three = tuple[float, float, float]


@dataclass(frozen=True)
class Palette:
    """The colour of each kind of object, as ``#RRGGBB``.

    ``grid`` is for lines that data is read against, ``surface`` for boxes. The ramps run from
    ``zero`` to ``positive`` and ``negative``, ``gradient``, ``gate``, ``output`` (probabilities)
    and ``error``. ``type_scale`` multiplies the size of type, and ``fonts`` are for characters that
    rnnviz Sans lacks, unless other fonts are given.
    """

    name: str
    ground: str
    surface: str
    grid: str
    text: str
    note: str
    input: str
    hidden: str
    output: str
    weight: str
    gradient: str
    rnn: str
    lstm: str
    gru: str
    gate: str
    error: str
    zero: str
    positive: str
    negative: str
    type_scale: float = 1.0
    fonts: tuple[str, ...] = ()

    @property
    def scheme(self) -> Literal["dark", "light"]:
        """Whether the background is dark or light."""
        return scheme_of(self.ground)

    def ramp(self, name: Ramp) -> tuple[str, ...]:
        """Return the colours of evenly spaced values, of −1 … +1 for "signed", else of 0 … 1.

        Example: >>> DARK.ramp("gate")[0] == DARK.zero
                 True
        """
        if name == "signed":
            below, above = (between(self.zero, end) for end in (self.negative, self.positive))
            return (*below[:0:-1], *above)
        return between(self.zero, self.output if name == "probability" else getattr(self, name))


DARK: Final = Palette(
    name="dark",
    ground="#0F1217",
    surface="#161C24",
    grid="#3A424D",
    text="#E6E8EB",
    note="#8A929E",
    input="#18B7FF",
    hidden="#3AB798",
    output="#EFBE4F",
    weight="#B09AD1",
    gradient="#F57040",
    rnn="#C269CD",
    lstm="#E1DE4F",
    gru="#99D3DA",
    gate="#78D86E",
    error="#D5DAE0",
    zero="#353C47",
    positive="#EE1F7B",
    negative="#5B77FC",
)
LIGHT: Final = Palette(
    name="light",
    ground="#FFFFFF",
    surface="#F5F7F9",
    grid="#CDD3D9",
    text="#1A1E24",
    note="#5C6570",
    input="#136FB4",
    hidden="#157E69",
    output="#85673E",
    weight="#6D3DC0",
    gradient="#C93900",
    rnn="#792084",
    lstm="#444207",
    gru="#084551",
    gate="#21771A",
    error="#353B43",
    zero="#DFE3E7",
    positive="#9E0652",
    negative="#4335CC",
)
COLORS: Final = tuple(
    each.name for each in fields(Palette) if each.name not in ("name", "type_scale", "fonts")
)
"""What has a colour in a palette."""
PALETTES: Final[Mapping[str, Palette]] = {palette.name: palette for palette in (DARK, LIGHT)}


def luminance(color: str) -> float:
    """Return the relative luminance of a colour ``#RRGGBB``, from 0 for black to 1 for white.

    Source: WCAG 2.2, "relative luminance"
    """
    return sum(map(mul, _LUMINANCE, _linear(color)))


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21.

    Source: WCAG 2.2, "contrast ratio"

    Example: >>> contrast("#000000", "#FFFFFF")
             21.0
    """
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def scheme_of(ground: str) -> Literal["dark", "light"]:
    """Return whether a background is dark or light."""
    return "light" if contrast(ground, "#000000") > contrast(ground, "#FFFFFF") else "dark"


def mixed(ground: str, color: str, strength: float) -> str:
    """Return a colour mixed with the background, at a strength from 0 to 1."""
    return _hex(
        behind + (above - behind) * strength
        for behind, above in zip(_rgb(ground), _rgb(color), strict=True)
    )


@cache
def least_strength(ground: str, color: str, least: float) -> float:
    """Return the strength at which a colour mixed with the background has a contrast with it.

    It is 1 for a colour that has less contrast. The result is exact to 1/256.
    """
    steps = (step / 256 for step in range(257))
    return next((one for one in steps if contrast(ground, mixed(ground, color, one)) >= least), 1.0)


@cache
def between(start: str, end: str) -> tuple[str, ...]:
    """Return colours from one to another in equal steps of perceived difference.

    Source: Ottosson 2020, "A perceptual color space for image processing" (Oklab)
    """
    first, last = _lab(start), _lab(end)
    inner = [
        _from_lab(
            tuple(low + (high - low) * step / _STEPS for low, high in zip(first, last, strict=True))
        )
        for step in range(1, _STEPS)
    ]
    return (start, *inner, end)


def _lab(color: str) -> _Three:
    return _times(_TO_LAB, [cone ** (1 / 3) for cone in _times(_TO_CONES, _linear(color))])


def _from_lab(lab: Sequence[float]) -> str:
    linear = _times(_FROM_CONES, [cone**3 for cone in _times(_FROM_LAB, lab)])
    return _hex(map(_encoded, linear))


def _times(matrix: tuple[_Three, ...], values: Sequence[float]) -> _Three:
    first, second, third = (sum(map(mul, row, values)) for row in matrix)
    return first, second, third


def _encoded(linear: float) -> float:
    inside = min(max(linear, 0.0), 1.0)
    return 12.92 * inside if inside <= 0.0031308 else 1.055 * inside ** (1 / 2.4) - 0.055


def _linear(color: str) -> _Three:
    red, green, blue = (
        one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in _rgb(color)
    )
    return red, green, blue


def _rgb(color: str) -> _Three:
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _hex(rgb: Iterable[float]) -> str:
    return "#" + "".join(f"{round(255 * channel):02X}" for channel in rgb)

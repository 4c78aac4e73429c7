"""Recorded values as text."""

from typing import Final

import numpy as np

MINUS: Final = "−"
_SUPERSCRIPT: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_ROUNDING: Final = 1e-9
"""How far below 100% a sum of rounded shares may fall."""


def number(value: float, digits: int = 2) -> str:
    """Return a value with ``digits`` significant digits."""
    if value == 0:
        return "0"
    magnitude = int(np.floor(np.log10(abs(value))))
    rounded = round(value, digits - 1 - magnitude)
    if abs(rounded) >= 10 ** (magnitude + 1):
        magnitude += 1
    if -4 <= magnitude < 5:
        text = f"{rounded:.{max(0, digits - 1 - magnitude)}f}"
    else:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        text = scientific(mantissa, int(exponent))
    return text.replace("-", MINUS)


def scientific(mantissa: str, exponent: int) -> str:
    """Return a mantissa times a power of ten: 1.2·10⁻⁷."""
    return f"{mantissa}·10{str(exponent).translate(_SUPERSCRIPT)}"


def decimals(value: float) -> str:
    """Return a value with two decimals, so that written terms add up; fewer for large values."""
    size = abs(value)
    places = 2 if size < 9.995 else 1 if size < 99.95 else 0
    text = f"{size:.{places}f}"
    return f"{MINUS}{text}" if value < 0 and float(text) else text


def in_formula(value: float, digits: int = 3) -> str:
    """Return a value with ``digits`` significant digits in Typst's notation."""
    text = number(value, digits)
    return f'"{text}"' if "·" in text else text.replace(MINUS, "-")


def percent(share: float) -> str:
    """Return a share as a percentage of two significant digits, 100% only if it is all."""
    value = 100.0 * share
    if 99.5 <= value < 100.0 - _ROUNDING:
        return ">99%"
    return f"{value:.0f}%" if value >= 10 else f"{number(value)}%"

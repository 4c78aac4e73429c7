"""The rows of answers, which all drawings of an output share."""

from typing import Final

ROW: Final = 0.56
"""The distance between rows."""
MIDDLE: Final = 0.1
DROP: Final = 0.1
"""How far the baseline of a row's text lies below its middle."""


def row_ys(count: int) -> list[float]:
    """Return the height of the middle of each row, from the top."""
    return [MIDDLE + ((count - 1) / 2 - row) * ROW for row in range(count)]

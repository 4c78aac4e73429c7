"""Where things stand in this scene."""

from typing import Final

MOST_STEPS: Final = 28
LEFT_X: Final = -6.5
RIGHT_X: Final = 3.34
"""The ends of the steps, which both networks share."""
BARS_X: Final = 5.2
COLUMN_X: Final = 4.36
COLUMN_RIGHT: Final = 6.68
"""The zero line of bars, and the room of texts, beside them."""
STRIP: Final = 1.55
ROWS: Final = (2.3, -0.95)
"""The middles of the states of the first and the second network."""
TITLES: Final = (3.4, -2.15)
WORDS_Y: Final = 1.28
WORDS_DEPTH: Final = 1.06
AXIS_Y: Final = -1.2
"""The upper ends of the words between the rows, and below the chart."""
CHART_BASE: Final = -1.0
CHART_HEIGHT: Final = 4.0
ENTRIES: Final = (2.45, 0.35)
"""Where the networks' names stand beside the chart."""

"""Where the words stand in this scene."""

from typing import Final

ALONE: Final = 0.4
ABOVE: Final = 1.5
BELOW: Final = -1.1
"""The middles of one sentence, and of two."""
FLOOR: Final = -2.2
"""The lowest end of the words of the lower sentence."""
WITH_BARS: Final = 1.75
WITH_STRANDS: Final = -0.6
"""The middles of a sentence with bars below it, and with strands above it."""

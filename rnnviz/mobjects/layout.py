"""Places in the frame, in Manim units (the frame is 14.2 × 8)."""

from typing import Final

SAFE_WIDTH: Final = 13.4
SAFE_HEIGHT: Final = 7.5

FORMULA_Y: Final = 3.05
CAPTION_Y: Final = -2.88
SOURCE_Y: Final = -3.62

LEFT_EDGE: Final = -SAFE_WIDTH / 2
RIGHT_EDGE: Final = SAFE_WIDTH / 2
TOP_EDGE: Final = SAFE_HEIGHT / 2
BOTTOM_EDGE: Final = -SAFE_HEIGHT / 2

CHAIN_Y: Final = 0.15
FOLDED_Y: Final = 0.3
ASIDE: Final = (-3.4, FORMULA_Y, 0.0)
CENTRE_Y: Final = 0.5
LOW_CHAIN_Y: Final = -0.12

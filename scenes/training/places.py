"""Where things stand in this scene."""

from typing import Final

STAGE_Y: Final = 0.35
"""The middle of states and answer as long as they have the stage for themselves."""
DASHBOARD_Y: Final = -0.9
"""The middle of states and answer below what the whole training shows."""
ABOVE_Y: Final = 2.2
"""The middle of the curve and of W above them."""
CURVE_X: Final = -2.6
W_X: Final = 4.0
CLEARED: Final = 0.2
"""Seconds after which what leaves the stage is hardly seen, and something else may come."""

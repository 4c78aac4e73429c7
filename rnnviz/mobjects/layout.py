"""Places in the frame, in Manim units: a stage of 14.2 × 8, in frames of several shapes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 128 / 9
"""The width of every frame."""

SAFE_WIDTH: Final = 13.4
SAFE_HEIGHT: Final = 7.5
_MARGIN: Final = 0.25
_CAPTION_HEIGHT: Final = 1.06
_ABOVE_LEGENDS: Final = 0.22
"""How far above the middle of a legend a caption ends, in a legend of the usual size."""

FORMULA_Y: Final = 3.05
CAPTION_Y: Final = -2.88
SOURCE_Y: Final = -3.62

LEFT_EDGE: Final = -SAFE_WIDTH / 2
RIGHT_EDGE: Final = SAFE_WIDTH / 2
TOP_EDGE: Final = SAFE_HEIGHT / 2
BOTTOM_EDGE: Final = -SAFE_HEIGHT / 2
STAGE_BOTTOM: Final = -2.35
LEGEND_TOP: Final = -3.3
"""Captions are above this height, and legends beside the source line below it."""

CHAIN_Y: Final = 0.15
FOLDED_Y: Final = 0.3
ASIDE: Final = (-3.4, FORMULA_Y, 0.0)
CENTRE_Y: Final = 0.5
LOW_CHAIN_Y: Final = -0.12


@dataclass(frozen=True)
class Frame:
    """The shape of a frame, and where captions and the source line are in it.

    A frame that is taller than 16:9 stretches the stage upwards, and has larger captions below it
    and, if there is room, a title above it, since it is often seen on a phone.

    Units:  ``middle`` is the height of the frame's middle; ``stretch`` is the factor of heights on
            the stage; ``stage_type`` enlarges texts on the stage, ``type_scale`` captions and the
            source line, and ``legend_scale`` the legends above that line; ``caption_top`` is where
            a caption begins, which in 16:9 is centred on ``CAPTION_Y``; ``title_y`` is the lower
            end of the title, and ``low`` the room below the source line
    """

    aspect: str
    ratio: float
    middle: float = 0.0
    stretch: float = 1.0
    stage_type: float = 1.0
    type_scale: float = 1.0
    legend_scale: float = 1.0
    caption_top: float | None = None
    title_y: float | None = None
    low: float = 0.0

    @property
    def is_tall(self) -> bool:
        """Whether the frame is taller than 16:9."""
        return self.caption_top is not None

    @property
    def height(self) -> float:
        """The height in Manim units."""
        return WIDTH / self.ratio

    @property
    def top(self) -> float:
        """The upper end of what may be drawn on."""
        return self.middle + self.height / 2 - _MARGIN

    @property
    def bottom(self) -> float:
        """The lower end of what may be drawn on."""
        return self.middle - self.height / 2 + _MARGIN

    @property
    def source_y(self) -> float:
        """The middle of the source line."""
        return self.bottom + self.low + (SOURCE_Y - BOTTOM_EDGE) * self.type_scale

    @property
    def legend_y(self) -> float:
        """The middle of legends, which in 16:9 are beside the source line."""
        return self.source_y + (0.36 * self.type_scale if self.is_tall else 0.0)

    @property
    def caption_height(self) -> float:
        """The height that a caption may have; in a tall frame it ends above the legends."""
        if self.caption_top is None:
            return _CAPTION_HEIGHT
        return self.caption_top - self.legend_y - _ABOVE_LEGENDS * self.legend_scale


FRAMES: Final[Mapping[str, Frame]] = {
    frame.aspect: frame
    for frame in (
        Frame("16:9", 16 / 9),
        Frame("4:3", 4 / 3, -0.23, 1.18, 1.0, 1.25, 1.1, -2.75),
        Frame("1:1", 1.0, 0.54, 1.37, 1.15, 1.5, 1.25, -2.95, 6.35),
        Frame("9:16", 9 / 16, 0.96, 1.8, 1.15, 2.2, 1.4, -3.2, 9.5, 0.9),
    )
}

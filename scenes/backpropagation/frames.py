"""Where the chain of backpropagation stands: whole, near, shrunk to the top."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Frame:
    """The middle of a chain's boxes, their size, and the distance of steps.

    ``room`` leaves room in each box for a gradient beside the state, ``card`` is how far the
    middle of a term lies below the chain's, with the side of its square, if terms are shown; the
    inputs of the first ``given`` steps are not shown. ``note_y`` is the height of a note on a
    symbol.
    """

    y: float
    pitch: float
    box: tuple[float, float]
    room: bool = True
    card: tuple[float, float] | None = (0.92, 0.64)
    given: int = 1
    note_y: float = 2.08


_ALL: Final = 10**6
WHOLE: Final = Frame(y=0.15, pitch=1.42, box=(0.78, 1.9), room=False, given=0)
NEAR: Final = Frame(y=0.0, pitch=3.5, box=(1.1, 1.9))
TOP: Final = Frame(y=1.42, pitch=3.5, box=(0.9, 0.84), card=(0.76, 0.42), given=_ALL)
TOP_FOUR: Final = Frame(y=0.6, pitch=2.75, box=(0.95, 1.5), card=(1.3, 0.8))
MIDDLE: Final = Frame(y=0.6, pitch=1.42, box=(0.78, 1.6), card=None, given=0, note_y=-1.75)
END: Final = Frame(y=1.3, pitch=1.42, box=(0.74, 0.92), card=(1.36, 0.7), given=_ALL)

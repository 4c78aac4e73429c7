"""What the catalogue knows of a figure; each module in ``plots/`` holds its own as ``FIGURE``."""

from dataclasses import dataclass
from typing import Final

COVERING_CELLS: Final = "its cells would cover those of another"


@dataclass(frozen=True)
class FigureEntry:
    """One figure: the function that draws it, what it shows, and what it is drawn from.

    ``target`` is ``module:function``. ``drawn_from`` is 'trace', 'history' (of a training), 'study'
    (many trainings) or 'nothing'; ``task`` is recorded where no trace is given. ``height`` is a
    share of the width, None for the style's; a figure that ``fills_width`` is made higher where its
    words need it. ``no_overlay`` is the reason why several traces cannot share its axes, if so.
    """

    name: str
    target: str
    summary: str
    drawn_from: str = "trace"
    task: str = "sentence"
    height: float | None = None
    fills_width: bool = False
    no_overlay: str | None = None

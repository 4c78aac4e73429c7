"""The figures that rnnviz draws, read from a list that ``make catalogue`` writes.

Listing figures imports none of them, and no Matplotlib.
"""

import json
from collections.abc import Mapping
from difflib import get_close_matches
from importlib.resources import files
from typing import Final

from rnnviz.errors import FigureError
from rnnviz.figures.entry import FigureEntry

FIGURES: Final[Mapping[str, FigureEntry]] = {
    each["name"]: FigureEntry(**each)
    for each in json.loads((files(__package__) / "catalogue.json").read_text("utf-8"))
}


def find(name: str) -> FigureEntry:
    """Return the entry of a figure.

    Raises: FigureError for an unknown name, with the near matches
    """
    if name in FIGURES:
        return FIGURES[name]
    near = get_close_matches(name, FIGURES, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"choose {', '.join(FIGURES)}"
    raise FigureError(f"unknown figure {name!r}; {hint}")

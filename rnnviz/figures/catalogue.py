"""The figures that rnnviz draws, read from a list that ``make catalogue`` writes.

Listing figures imports none of them, and no Matplotlib.
"""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from rnnviz.errors import FigureError
from rnnviz.figures.entry import FigureEntry
from rnnviz.system.choices import suggestion

FIGURES: Final[Mapping[str, FigureEntry]] = {
    each["name"]: FigureEntry(**each)
    for each in json.loads((files(__package__) / "catalogue.json").read_text("utf-8"))
}


def find(name: str) -> FigureEntry:
    """Return the entry of a figure.

    Raises: FigureError for an unknown name, with the near matches
    """
    if name not in FIGURES:
        raise FigureError(f"unknown figure {name!r}; {suggestion(name, FIGURES)}")
    return FIGURES[name]

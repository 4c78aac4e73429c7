"""File names derived from data: make them distinct, and write them as URLs."""

import os
from collections.abc import Sequence
from unicodedata import normalize
from urllib.parse import quote


def distinct(names: Sequence[str]) -> list[str]:
    """Append a number to each name that some file system would take for an earlier one.

    Example: >>> distinct(["gates", "tanh", "Gates"])
             ['gates', 'tanh', 'Gates-2']
    """
    result: list[str] = []
    taken: set[str] = set()
    for name in names:
        candidate, number = name, 1
        while _folded(candidate) in taken:
            number += 1
            candidate = f"{name}-{number}"
        taken.add(_folded(candidate))
        result.append(candidate)
    return result


def address(name: str) -> str:
    """Return the relative URL of a file name, percent-encoded.

    Example: >>> address("my talk (1) 100%.mp4")
             'my%20talk%20%281%29%20100%25.mp4'
    """
    return quote(os.fsencode(name), safe="")


def _folded(name: str) -> str:
    return normalize("NFC", name).casefold()

"""Names of files that are made of data, and how addresses and TeX write them."""

import os
from collections.abc import Sequence
from unicodedata import normalize
from urllib.parse import quote


def distinct(names: Sequence[str]) -> list[str]:
    """Names as they are, but for a number after each that some system takes for an earlier one.

    Example: >>> distinct(["gates", "tanh", "Gates"])
             ['gates', 'tanh', 'Gates-2']
    """
    made: list[str] = []
    taken: set[str] = set()
    for name in names:
        shown, number = name, 1
        while _folded(shown) in taken:
            number += 1
            shown = f"{name}-{number}"
        taken.add(_folded(shown))
        made.append(shown)
    return made


def address(name: str) -> str:
    """A file's name as a relative address: percent-encoded, all that an address may not hold.

    Example: >>> address("my talk (1) 100%.mp4")
             'my%20talk%20%281%29%20100%25.mp4'
    """
    return quote(os.fsencode(name), safe="")


def _folded(name: str) -> str:
    return normalize("NFC", name).casefold()

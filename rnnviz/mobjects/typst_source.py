"""Typst sources compiled to shapes, and the parts of formulas among them.

A part of a formula is ``{{ body : name }}``; parts may hold others. To find the shapes of each,
the formula is compiled a second time with a colour for each part, which moves nothing.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
import typst

from rnnviz.errors import TextError
from rnnviz.mobjects.svg_shapes import Shape, shapes_of
from rnnviz.text.font_files import Font
from rnnviz.text.fonts import FAMILY

POINTS_PER_EM: Final = 10
"""The em height in Typst's points."""
_HEAD: Final = (
    "#set page(width: auto, height: auto, margin: 0pt, fill: none)\n"
    "#set text(size: {size}pt, font: ({families}), fallback: false, top-edge: "
    '"baseline", bottom-edge: "descender")\n'
    '#show math.equation: set text(font: "New Computer Modern Math", fallback: false)\n'
)
_PLAIN: Final = "#let partof(color, body) = body\n"
_COLORED: Final = "#let partof(color, body) = text(fill: rgb(color), body)\n"
_TOKEN: Final = re.compile(r'("(?:\\.|[^"\\])*"|\{\{|\}\})')
_NAMED: Final = re.compile(r"(.*):\s*([A-Za-z_][\w-]*)\s*", re.DOTALL)
_COMMAS: Final = re.compile(r'("(?:\\.|[^"\\])*"|\\.|[(),;])')
_FONT_FOLDER: Final = files("rnnviz") / "fonts"
_FONTS_IN_MEMORY: Final = 4


@dataclass
class _Part:
    """A part by its name, and the number of the part that holds it."""

    parent: int | None
    name: str = ""


def head(fonts: tuple[Font, ...]) -> str:
    """Return what comes before every source; it names custom fonts by their content."""
    families = ", ".join(json.dumps(name) for name in (*(font.family for font in fonts), FAMILY))
    return _HEAD.format(size=POINTS_PER_EM, families=families)


def compiled(source: str, fonts: tuple[Font, ...]) -> list[Shape]:
    """Return the shapes of a text in Typst's notation.

    Units: of the shapes, Typst's points; y = 0 is the first baseline
    """
    svg = typst.compile(
        (head(fonts) + source).encode(),
        root=str(_FONT_FOLDER),  # Typst's own default, the working directory, may be gone
        font_paths=_typst_fonts(fonts),
        format="svg",
    )
    assert isinstance(svg, bytes)
    return shapes_of(svg)


def compiled_formula(
    source: str, fonts: tuple[Font, ...]
) -> tuple[list[Shape], Mapping[str, tuple[int, ...]]]:
    """Return the shapes of a formula, and the indices of those of each part.

    Units:  of the shapes, Typst's points
    Raises: TextError for a part without a name or an end, or one that depends on its colour
    """
    marked, parts = _marked(source)
    shapes = compiled(f"{_PLAIN}$ {marked} $", fonts)
    if not parts:
        return shapes, {}
    colored = compiled(f"{_COLORED}$ {marked} $", fonts)
    if len(colored) != len(shapes) or not all(
        np.array_equal(one.points, other.points) for one, other in zip(shapes, colored, strict=True)
    ):
        raise TextError(
            f"formula {source!r} looks otherwise in another colour; its parts cannot be told "
            "apart. Remove what depends on the colour, or the part around it"
        )
    return shapes, _members(colored, parts)


def _marked(source: str) -> tuple[str, Sequence[_Part]]:
    """Return the formula with ``partof(color, body)`` for each part, and the parts."""
    parts: list[_Part] = []
    pieces: list[list[str]] = [[]]
    opened: list[int] = []
    for token in _TOKEN.split(source):
        if token == "{{":
            parts.append(_Part(opened[-1] if opened else None))
            opened.append(len(parts) - 1)
            pieces.append([])
        elif token == "}}" and opened:
            number = opened.pop()
            named = _NAMED.fullmatch("".join(pieces.pop()))
            if named is None:
                raise TextError(_unnamed(source))
            parts[number].name = named[2]
            body = _one_argument(named[1].strip())
            pieces[-1].append(f'partof("{_color(number)}", {body})')
        else:
            pieces[-1].append(token)
    if opened:
        raise TextError(_unnamed(source))
    return "".join(pieces[0]), parts


def _one_argument(body: str) -> str:
    """Return a part's body with commas that would end it as an argument escaped: in h_t, c_t."""
    depth, pieces = 0, []
    for piece in _COMMAS.split(body):
        depth += {"(": 1, ")": -1}.get(piece, 0)
        pieces.append(f"\\{piece}" if piece in (",", ";") and depth == 0 else piece)
    return "".join(pieces)


def _unnamed(source: str) -> str:
    return (
        f"formula {source!r} has a part without a name or an end; "
        "write a part as {{ body : name }}"
    )


def _color(number: int) -> str:
    return f"#{number + 1:06x}"


def _members(shapes: Sequence[Shape], parts: Sequence[_Part]) -> Mapping[str, tuple[int, ...]]:
    """Return the indices of the shapes of each part, told by their colours."""
    numbers = {_color(number): number for number in range(len(parts))}
    members: dict[str, list[int]] = {part.name: [] for part in parts}
    for place, shape in enumerate(shapes):
        number = numbers.get(shape.stroke if shape.fill == "none" else shape.fill)
        while number is not None:
            if place not in members[parts[number].name]:
                members[parts[number].name].append(place)
            number = parts[number].parent
    return {name: tuple(places) for name, places in members.items()}


@lru_cache(maxsize=_FONTS_IN_MEMORY)
def _typst_fonts(fonts: tuple[Font, ...]) -> Any:
    """Return rnnviz's, Typst's and the custom fonts, read once."""
    folders = [_FONT_FOLDER, *(font.folder for font in fonts)]
    return typst.Fonts(include_system_fonts=False, font_paths=list(map(str, folders)))

"""The shapes of an SVG as Typst writes it: glyphs and lines, as cubic Bézier curves.

Typst writes paths of few commands, which take a hundredth of the time that reading any SVG takes.
Clip paths, images and gradients are left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import starmap
from typing import Final
from xml.etree import ElementTree

import numpy as np

from rnnviz.system.short_repr import ShortRepr

_SVG: Final = "{http://www.w3.org/2000/svg}"
_REFERENCE: Final = "{http://www.w3.org/1999/xlink}href"
_COMMAND: Final = re.compile("([MmLlHhVvCcQqZz])([^MmLlHhVvCcQqZz]*)")
_TRANSFORM: Final = re.compile(r"(\w+)\(([^)]*)\)")
_SEPARATOR: Final = re.compile(r"[\s,]+")
_TOUCHING: Final = 1e-4
"""Ends of a path no farther apart than this are one point; in the units of the SVG."""
_OUTLINES_IN_MEMORY: Final = 1024
_WITH_OPACITY: Final = len("#rrggbbaa")

_Matrix = tuple[float, float, float, float, float, float]
_IDENTITY: Final = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False, repr=False)
class Shape(ShortRepr):
    """A glyph or a line.

    Shapes: points is (4 × curves, 2): start, two controls and end of each curve
    Units:  points and stroke width (0 without a stroke) as in the SVG, y downward
    """

    points: np.ndarray
    fill: str
    stroke: str
    stroke_width: float

    @property
    def fill_opacity(self) -> float:
        """The opacity of the fill, 0 without one."""
        if self.fill == "none":
            return 0.0
        return int(self.fill[-2:], 16) / 255 if len(self.fill) == _WITH_OPACITY else 1.0


def shapes_of(svg: bytes) -> list[Shape]:
    """Return all shapes of Typst's SVG that have an outline, in the order they are drawn.

    Raises: ValueError for a command or a transform that Typst does not write
    """
    root = ElementTree.fromstring(svg)
    symbols = {
        f"#{symbol.get('id')}": path.get("d", "")
        for symbol in root.iter(f"{_SVG}symbol")
        for path in symbol.iter(f"{_SVG}path")
    }
    return [shape for shape in _shapes(root, _IDENTITY, symbols) if len(shape.points)]


def _shapes(
    parent: ElementTree.Element, outer: _Matrix, symbols: dict[str, str]
) -> Iterator[Shape]:
    for element in parent:
        matrix = _transformed(outer, element.get("transform", ""))
        if element.tag == f"{_SVG}use":
            place = _translation(float(element.get("x", 0)), float(element.get("y", 0)))
            moved = _product(matrix, place)
            yield _shape(element, symbols.get(element.get(_REFERENCE, ""), ""), moved)
        elif element.tag == f"{_SVG}path":
            yield _shape(element, element.get("d", ""), matrix)
        elif element.tag == f"{_SVG}g":
            yield from _shapes(element, matrix, symbols)


def _shape(element: ElementTree.Element, path: str, matrix: _Matrix) -> Shape:
    a, b, c, d, *offset = matrix
    stroke = element.get("stroke", "none")
    width = float(element.get("stroke-width", 1)) * abs(a * d - b * c) ** 0.5
    return Shape(
        _curves(path) @ np.array([[a, b], [c, d]]) + offset,
        element.get("fill", "#000000"),
        stroke,
        width if stroke != "none" else 0.0,
    )


@lru_cache(maxsize=_OUTLINES_IN_MEMORY)
def _curves(path: str) -> np.ndarray:
    """Return the curves of a path, (4 × curves, 2); coordinates are complex on the way."""
    points: list[complex] = []
    here = start = 0j

    def cubic(first: complex, second: complex, end: complex) -> None:
        nonlocal here
        points.extend((here, first, second, end))
        here = end

    def line(end: complex) -> None:
        cubic((here + here + end) / 3, (here + end + end) / 3, end)

    for command, text in _COMMAND.findall(path):
        numbers = list(map(float, _SEPARATOR.split(text.strip()))) if text.strip() else []
        origin = here if command.islower() else 0j
        match command.lower():
            case "h":
                (x,) = numbers
                line(complex(origin.real + x, here.imag))
            case "v":
                (y,) = numbers
                line(complex(here.real, origin.imag + y))
            case "z":
                if abs(here - start) > _TOUCHING:
                    line(start)
                here = start
            case kind:
                pairs = zip(numbers[::2], numbers[1::2], strict=True)
                match kind, [origin + place for place in starmap(complex, pairs)]:
                    case "m", [end]:
                        here = start = end
                    case "l", [end]:
                        line(end)
                    case "q", [control, end]:
                        cubic((here + 2 * control) / 3, (2 * control + end) / 3, end)
                    case "c", [first, second, end]:
                        cubic(first, second, end)
                    case _:
                        raise ValueError(f"unknown path {path!r}")
    result = np.array(points, dtype=complex).view(float).reshape(-1, 2)
    result.flags.writeable = False
    return result


def _transformed(outer: _Matrix, transform: str) -> _Matrix:
    for name, text in _TRANSFORM.findall(transform):
        numbers = tuple(map(float, _SEPARATOR.split(text.strip())))
        match name, numbers:
            case "matrix", (a, b, c, d, e, f):
                outer = _product(outer, (a, b, c, d, e, f))
            case "translate", (x, *rest):
                outer = _product(outer, _translation(x, *rest))
            case "scale", (x, *rest):
                outer = _product(outer, (x, 0.0, 0.0, (*rest, x)[0], 0.0, 0.0))
            case _:
                raise ValueError(f"unknown transform {transform!r}")
    return outer


def _translation(x: float, y: float = 0.0) -> _Matrix:
    return 1.0, 0.0, 0.0, 1.0, x, y


def _product(outer: _Matrix, inner: _Matrix) -> _Matrix:
    """Return the matrix that applies the inner one first."""
    a, b, c, d, e, f = outer
    p, q, r, s, x, y = inner
    return (
        a * p + c * q,
        b * p + d * q,
        a * r + c * s,
        b * r + d * s,
        a * x + c * y + e,
        b * x + d * y + f,
    )

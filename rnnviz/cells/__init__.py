"""The recurrent cells, one module each; a module added here makes its cell available everywhere."""

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from inspect import isabstract
from typing import Final

from rnnviz.cells.base import SUFFIXES, Cell
from rnnviz.cells.custom import Custom
from rnnviz.errors import CellError

__all__ = ["CUSTOM", "SUFFIXES", "Cell", "cell", "known_cells", "names", "nonlinearities"]

_NO_CELLS: Final = ("base", "custom", "steps")
"""Modules that every cell shares, the last of which loads NumPy; and the cell without equations."""
CUSTOM: Final = Custom.name
"""The name of the cell that is the user's own code, which only a recording has."""


@cache
def known_cells() -> Mapping[str, type[Cell]]:
    """Every cell that a module of this package defines, by name, oldest first."""
    found = [
        each
        for module in pkgutil.iter_modules(__path__)
        if module.name not in _NO_CELLS
        for each in vars(import_module(f"{__name__}.{module.name}")).values()
        if isinstance(each, type) and issubclass(each, Cell) and not isabstract(each)
    ]
    return {each.name: each for each in sorted(found, key=lambda each: (each.year, each.name))}


def cell(name: str, nonlinearity: str = "tanh") -> Cell:
    """Return the cell of this name.

    Raises: CellError if there is no such cell, or it has no such nonlinearity
    Example: >>> cell("gru").gates
             ('r', 'z', 'n')
    """
    if name == CUSTOM:
        return Custom()
    kind = known_cells().get(name)
    if kind is None:
        raise CellError(f"unknown cell {name!r}; choose one of {', '.join(known_cells())}")
    if nonlinearity not in kind.nonlinearities:
        every = known_cells().values()
        with_it = [each.name for each in every if nonlinearity in each.nonlinearities]
        remedy = f"leave it out, or choose cell {with_it[0]!r}" if with_it else "leave it out"
        if len(kind.nonlinearities) > 1:
            remedy = f"choose one of {', '.join(kind.nonlinearities)}"
        raise CellError(f"cell {name!r} has no nonlinearity {nonlinearity!r}; {remedy}")
    return kind(nonlinearity)


def names() -> tuple[str, ...]:
    """The names of all cells, as options and metadata have them."""
    return tuple(known_cells())


def nonlinearities() -> tuple[str, ...]:
    """Every nonlinearity that some cell can have."""
    listed = [each for kind in known_cells().values() for each in kind.nonlinearities]
    return tuple(dict.fromkeys(listed))

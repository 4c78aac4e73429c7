"""Names and modules of a package that are imported on first use.

A package lists its public names once, as imports under ``if TYPE_CHECKING:``. Editors and type
checkers read them there; at run time the same lines say which module each name comes from.
"""

import ast
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from sys import modules
from types import ModuleType
from typing import Any


def attribute(package: str, name: str) -> Any:
    """Import a public name of a package, or one of its modules, and keep it in the package.

    Raises: AttributeError if the package has neither
    """
    home = package if name.startswith("_") else _homes(package).get(name, package)
    value = submodule(package, name) if home == package else _member(import_module(home), name)
    setattr(modules[package], name, value)
    return value


def names(package: str) -> list[str]:
    """Return all names of a package for ``dir()``, those included that are not imported yet."""
    return sorted({*vars(modules[package]), *modules[package].__all__})


def submodule(package: str, name: str) -> ModuleType:
    """Import and return a public module of a package.

    Raises: AttributeError if there is none of this name
    """
    full = f"{package}.{name}"
    if name.startswith("_") or find_spec(full) is None:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    return import_module(full)


def _member(module: ModuleType, name: str) -> Any:
    """Return what ``from module import name`` does."""
    try:
        return getattr(module, name)
    except AttributeError:
        return submodule(module.__name__, name)


@cache
def _homes(package: str) -> dict[str, str]:
    """Return the module that a package imports each name from for type checkers."""
    source = Path(str(modules[package].__file__)).read_bytes()
    return {
        alias.name: str(node.module)
        for block in ast.parse(source).body
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

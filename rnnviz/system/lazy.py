"""Modules that their package imports when they are first used."""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType


def submodule(package: str, name: str) -> ModuleType:
    """Import and return a public module of a package.

    Raises: AttributeError if there is none of this name
    """
    full = f"{package}.{name}"
    if name.startswith("_") or find_spec(full) is None:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    return import_module(full)

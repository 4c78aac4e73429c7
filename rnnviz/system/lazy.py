"""Modules that are there as attributes of their package without having been imported."""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType


def submodule(package: str, name: str) -> ModuleType:
    """A public module of a package, imported when it is first asked for.

    Raises: AttributeError if there is none of this name
    """
    full = f"{package}.{name}"
    if name.startswith("_") or find_spec(full) is None:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    return import_module(full)

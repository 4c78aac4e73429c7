"""State outside the scene that one beat can change and the next one starts from."""

import ast
import random
import sys
from collections.abc import Iterator, Mapping
from functools import partialmethod
from pathlib import Path
from typing import Any

import numpy as np
from manim import Animation, Mobject


def global_state(modules: Mapping[Path, ast.Module]) -> Mapping[str, Any]:
    """Return data in the user's modules, defaults set for Manim's classes, and random generators.

    ``modules`` are the user's files with their syntax trees.
    """
    return {
        "modules": {str(path): dict(_data_of(path, tree)) for path, tree in modules.items()},
        "defaults": dict(_defaults()),
        "random": (random.getstate(), np.random.get_state()),
    }


def _data_of(path: Path, tree: ast.Module) -> Iterator[tuple[str, Any]]:
    """Yield the variables of a module, if it is loaded; its functions belong to its code."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None) or ""
        if file.endswith(path.name) and Path(file).resolve() == path:
            held = vars(module)
            yield from ((name, held[name]) for name in sorted(_variables(tree)) if name in held)


def _variables(tree: ast.AST) -> Iterator[str]:
    """Yield the names assigned in a module, or declared global in a function of it."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Global):
            yield from node.names
        else:
            local = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            yield from _globals(node) if local else _variables(node)


def _globals(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield from node.names


def _defaults() -> Iterator[tuple[str, Any]]:
    """Yield classes with the defaults that ``set_default`` gave them."""
    kinds: list[Any] = [Animation, Mobject]
    for kind in kinds:
        kinds += kind.__subclasses__()
        given = vars(kind).get("__init__")
        if isinstance(given, partialmethod):
            yield f"{kind.__module__}.{kind.__qualname__}", vars(given)

"""Import paths of version 0.1.0 that have moved; they work, with a DeprecationWarning."""

import sys
import warnings
from collections.abc import Callable, Mapping
from functools import partial, wraps
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final, TypeVar

_F = TypeVar("_F", bound=Callable[..., Any])

_SCENE: Final = "rnnviz.scene"
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "rnnviz.drawing": (),
    "rnnviz.drawing.storyboard": ("Storyboard",),
    "rnnviz.drawing.views": (),
    "rnnviz.drawing.views.chain": ("StateChain",),
    "rnnviz.drawing.views.prediction": ("Prediction",),
    "rnnviz.drawing.window": ("Window",),
    "rnnviz.rendering.beats": ("beat",),
}
"""The old modules, and the names in them that are now in ``rnnviz.scene``."""
_FIGURES: Final = (
    *("accuracy", "cliff", "gates", "gradient_by_lag", "gradient_table", "products", "saliency"),
    *("saturation", "spectrum", "states", "tanh", "training", "trajectory", "unrolled"),
    "weight_shares",
)
_PLACES: Final[Mapping[str, str]] = {
    "rnnviz.drawing.layout": _SCENE,
    **{f"rnnviz.figures.{name}": "rnnviz.figures" for name in _FIGURES},
}
"""Old modules whose place is taken by a module or function of the same name in these packages."""


class _MovedModules:
    """Finds and loads the old modules, once all other finders have found nothing.

    It is a MetaPathFinder and a Loader without their base classes, which take long to import.
    """

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return the spec of an old module, or None for any other name."""
        if name not in _NAMES and name not in _PLACES:
            return None
        loader: Any = self
        return ModuleSpec(name, loader, is_package=_NAMES.get(name) == ())

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Let Python make the module."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Fill an old module, or replace it."""
        old = module.__name__
        if old in _PLACES:
            value = _moved(_PLACES[old], old, old.rpartition(".")[2])
            sys.modules[old] = also_at_old_path(value) if callable(value) else value
        else:
            vars(module)["__getattr__"] = partial(_name_in, old)


def install() -> None:
    """Let Python find the old modules."""
    if not any(isinstance(finder, _MovedModules) for finder in sys.meta_path):
        sys.meta_path.append(_MovedModules())


def also_at_old_path(function: _F) -> _F:
    """Let ``rnnviz.figures.NAME.NAME`` be called, which was a function in a module of its name."""
    name = function.__name__

    @wraps(function)
    def moved(*args: Any, **options: Any) -> Any:
        _warn(f"rnnviz.figures.{name}.{name}", f"rnnviz.figures.{name}")
        return function(*args, **options)

    setattr(function, name, moved)
    return function


def _name_in(old: str, name: str) -> Any:
    """Return a name of an old module."""
    if name not in _NAMES[old]:
        raise AttributeError(f"module {old!r} has no attribute {name!r}")
    return _moved(_SCENE, f"{old}.{name}", name)


def _moved(home: str, old: str, name: str) -> Any:
    """Return a name from where it is now, and warn of its old path."""
    _warn(old, f"from {home} import {name}", level=4)
    return getattr(import_module(home), name)


def _warn(old: str, new: str, level: int = 3) -> None:
    message = f"{old} has moved and will be removed; use: {new}"
    warnings.warn(message, DeprecationWarning, stacklevel=level)

"""Loads the class of a scene, from a registered name or a user's file."""

import importlib
import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

from rnnviz.errors import SceneError
from rnnviz.scene import catalogue as registry
from rnnviz.scene.beats import beats_of
from rnnviz.scene.failures import FAILURES, described, naming_failures
from rnnviz.trace import Trace

_IN_FILE: Final = re.compile(r"(?P<file>.+\.py)(?::(?P<name>[^/\\]*))?")
_HINT: Final = "derive a class from rnnviz.scene.Storyboard"


@dataclass(frozen=True)
class LoadedScene:
    """A scene ready to be played: its class, its default task, and what it needs of a trace.

    Another process loads it by its ``spec``.
    """

    name: str
    spec: str
    scene: Any
    task: str
    needs: tuple[str, ...]

    def of(self, *traces: Trace) -> "LoadedScene":
        """Return the scene as it plays its recordings, which may be by one of its variants.

        Raises: SceneError if a variant cannot be imported
        """
        for variant in variants_of(self.scene):
            if variant.plays(*traces):
                return replace(self, scene=variant, needs=needs_of(variant))
        return self


def file_of(spec: str) -> Path | None:
    """Return the file that a spec names, or None for a registered name."""
    found = _IN_FILE.fullmatch(spec)
    return Path(found["file"]) if found else None


def class_of(spec: str) -> str:
    """Return the class that a spec names in a file, or an empty string."""
    found = _IN_FILE.fullmatch(spec)
    return (found["name"] or "") if found else ""


def name_of(spec: str) -> str:
    """Return a scene's name: the registered one, or that of its class if given, or of its file."""
    found = _IN_FILE.fullmatch(spec)
    if found is None:
        return Path(spec).stem
    name = found["name"] or ""
    return name.lower() if name.isidentifier() else Path(found["file"]).stem


def load_scene(spec: str) -> LoadedScene:
    """Load the scene that ``spec`` names: a registered name, ``FILE.py`` or ``FILE.py:CLASS``.

    Raises: SceneError if there is no such scene, file or class
    """
    found = _IN_FILE.fullmatch(spec)
    if found is None:
        entry = registry.find(spec)
        module, _, attribute = entry.target.partition(":")
        scene = getattr(importlib.import_module(module), attribute)
        return LoadedScene(entry.name, entry.name, scene, entry.task, entry.needs)
    file = Path(found["file"])
    scene = _class_in(file, found["name"] or "")
    _check(scene)
    own = f"{file.resolve()}:{scene.__name__}"
    return LoadedScene(name_of(spec), own, scene, scene.task, needs_of(scene))


def needs_of(scene: Any) -> tuple[str, ...]:
    """Return what a scene needs of a trace: its ``needs``, after those of its base classes."""
    classes = reversed(scene.__mro__)
    return tuple(dict.fromkeys(need for each in classes for need in vars(each).get("needs", ())))


def variants_of(scene: Any) -> tuple[Any, ...]:
    """Import the classes that play a scene instead for some recordings.

    Raises: SceneError if one cannot be imported
    """
    home = next((each for each in scene.__mro__ if "variants" in vars(each)), scene)
    return tuple(_variant(home, target) for target in scene.variants)


def _variant(scene: Any, target: str) -> Any:
    """Import the class that a scene's class names, by its module or within its own."""
    path, _, name = target.rpartition(":")
    path = path or scene.__module__
    what = f"variant {target!r} of class {scene.__name__!r}"
    source = getattr(sys.modules[scene.__module__], "__file__", "")  # a notebook has none
    with naming_failures(what, source):
        module = sys.modules.get(path) or importlib.import_module(path)
    found = getattr(module, name, None)
    if not inspect.isclass(found) or not hasattr(found, "plays"):
        raise SceneError(
            f"{what} is no storyboard in module {path!r}; give the class as 'module:Class', or as "
            "'Class' if it is in the scene's own file"
        )
    return found


def _class_in(path: Path, name: str) -> Any:
    if not os.path.isfile(path):
        raise SceneError(f"no scene file {str(path)!r}; give the path of a Python file")
    module = _import_file(path)
    own = {
        attribute: value
        for attribute, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == module.__name__ and beats_of(value)
    }
    # a mixin has beats, but is not a scene
    own = {name: value for name, value in own.items() if hasattr(value, "play_beat")} or own
    if name in own:
        return own[name]
    alone = {name: own[name] for name in own if name not in _own_variants(own.values())}
    if not name and len(alone) == 1:
        return next(iter(alone.values()))
    found = f"it has {', '.join(own)}" if own else "it has no class with beats"
    wanted = f"class {name!r}" if name else "single scene"
    raise SceneError(
        f"no {wanted} in {str(path)!r}; {found}; {_HINT} and name it as {path.name}:CLASS"
    )


def _own_variants(scenes: Iterable[Any]) -> set[str]:
    """Return the names of classes that scenes of the same file name as their variants."""
    named = [getattr(scene, "variants", ()) for scene in scenes]
    return {name for each in named if isinstance(each, tuple) for name in each}


def _check(scene: Any) -> None:
    """Check that a class can be played.

    Raises: SceneError
    """
    name = scene.__name__
    if not hasattr(scene, "play_beat"):
        raise SceneError(f"class {name!r} has beats but is not a storyboard; {_HINT}")
    for what, kind, wanted in (
        ("task", str, "the name of a task"),
        ("needs", tuple, "a tuple of what a trace must hold"),
        ("least_steps", int, "a number of steps"),
        ("traces", int, "the number of recordings that the scene shows"),
        ("experiments", Mapping, "a function of the trace for each name, or leave it out"),
        ("depends_on", tuple, "a tuple of paths, patterns, variables and modules"),
        ("variants", tuple, "a tuple of classes, each as 'module:Class' or 'Class'"),
    ):
        got = getattr(scene, what)
        if not isinstance(got, kind):
            raise SceneError(f"{what!r} of class {name!r} is {got!r}; give {wanted}")
    for target in scene.variants:
        if not isinstance(target, str):
            raise SceneError(
                f"'variants' of class {name!r} has {target!r}; name a class, as 'module:Class' or "
                "'Class'"
            )
    for dependency in scene.depends_on:
        if not isinstance(dependency, str) or not dependency:
            raise SceneError(
                f"'depends_on' of class {name!r} has {dependency!r}; give a path, a pattern, or "
                "the name of a variable or module"
            )
    for beat in beats_of(scene):
        if not isinstance(beat.caption, str) or not beat.caption.strip():
            raise SceneError(
                f"beat {beat.name!r} of class {name!r} has the caption {beat.caption!r}; "
                'write a text, as in @beat("Words enter one by one.")'
            )


class _FromSource(SourceFileLoader):
    """Compiles a file each time that it is loaded.

    A compiled file is kept for a source of the same size and second of change; the edit of one
    number, within a second, has both.
    """

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def _import_file(path: Path) -> ModuleType:
    name = f"rnnviz_user_{path.stem}"
    loader = _FromSource(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    if spec is None or spec.loader is None:
        raise SceneError(f"cannot import {str(path)!r}; give a Python file")
    module = importlib.util.module_from_spec(spec)
    beside = str(path.resolve().parent)
    if beside not in sys.path:
        sys.path.append(beside)  # last, so that files beside the scene hide no library
    sys.modules[spec.name] = module  # dataclasses and pickle look for it there
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        sys.modules.pop(spec.name, None)
        if not isinstance(error, FAILURES):
            raise
        reason = described(error, str(spec.origin))
        hint = _path_hint(error, path.resolve())
        raise SceneError(f"cannot import {str(path)!r}: {reason}{hint}") from error
    return module


def _path_hint(error: BaseException, path: Path) -> str:
    """Return a hint for a module in a folder above a scene's file, where Python does not look."""
    if not isinstance(error, ImportError):
        return ""
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    for folder in path.parents:
        if missing and ((folder / missing).is_dir() or (folder / f"{missing}.py").is_file()):
            return f"; {missing!r} is in {str(folder)!r}: set PYTHONPATH to that folder"
        if "relative import" in str(error) and not (folder / "__init__.py").exists():
            package = ".".join(path.relative_to(folder).parent.parts) or "package"
            return (
                f"; a scene file is not part of a package: use an absolute import, from {package} "
                f"import …, and set PYTHONPATH to {str(folder)!r}"
            )
    return ""

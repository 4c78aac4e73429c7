"""Digests of the code that determines each beat: the storyboard and everything it imports.

The code is read, not run, so a change on disk takes effect at the next render. A beat's digest
leaves out the methods of the other beats.
"""

import ast
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from rnnviz.rendering.cache.imports import (
    closure,
    digest,
    module_at,
    parsed,
    texts_in,
    translations,
)
from rnnviz.rendering.cache.library import is_as_loaded, is_ours, unique_value
from rnnviz.scene.beats import beats_of


@dataclass(frozen=True)
class Code:
    """The file of a scene, and by beat name a digest of the code that determines each beat."""

    file: str
    beats: Mapping[str, str]


def code_of(scene: Any, language: str) -> Code:
    """Return the digests of the code of a scene's class, which has just been loaded.

    If a module that it imports has changed on disk since this process loaded it, each call returns
    new digests, which match nothing in the cache.
    """
    source = _source_of(scene)
    scene_file = Path(source).resolve()
    tree = parsed(scene_file)
    shared = _shared(scene_file, closure(scene_file), language)
    beats = _beats_in(tree, scene)

    def digest_of(name: str) -> str:
        own = _with_beat(tree, name, beats)
        content = (
            name.encode() + shared + digest(own) + translations(texts_in(own), scene_file, language)
        )
        return sha256(content).hexdigest()

    return Code(source, {beat.name: digest_of(beat.name) for beat in beats_of(scene)})


def code_in(file: Path, language: str) -> str | None:
    """Return a digest of a user's scene file and the modules beside it, read without running them.

    Returns None if a file cannot be read.
    """
    scene_file = file.resolve()
    try:
        module = module_at(scene_file)
        shared = _shared(scene_file, closure(scene_file, library=False), language)
    except (OSError, SyntaxError, ValueError):
        return None
    return sha256(
        shared + module.digest + translations(module.texts, scene_file, language)
    ).hexdigest()


def imported_by(scene: Any) -> frozenset[Path]:
    """Return the files that a scene's class imports, of the library and beside the scene."""
    scene_file = Path(_source_of(scene)).resolve()
    return frozenset(closure(scene_file) - {scene_file})


def own_modules(scene: Any, observed: Iterable[Path]) -> Mapping[Path, ast.Module]:
    """Return the syntax trees of the user's files that make up a scene's class.

    ``observed`` are the modules that were observed loading; the library's are left out.
    """
    scene_file = Path(_source_of(scene)).resolve()
    if is_ours(scene_file):
        return {}
    files = closure(scene_file, library=False)
    files |= {path for path in observed if path.is_file() and not is_ours(path)}
    return {file: parsed(file) for file in sorted(files)}


def _shared(scene_file: Path, files: Iterable[Path], language: str) -> bytes:
    """Return a digest of the modules that a scene's file imports."""
    shared = sha256()
    for path in sorted(files):
        module = module_at(path)
        now = module.digest
        if path != scene_file:
            shared.update(now + translations(module.texts, path, language))
        if (path != scene_file or is_ours(scene_file)) and not is_as_loaded(path, now.hex()):
            shared.update(unique_value().encode())
    return shared.digest()


def _source_of(scene: Any) -> str:
    return str(sys.modules[scene.__module__].__file__)


def _beats_in(tree: ast.Module, scene: Any) -> dict[str, list[ast.FunctionDef]]:
    """Return each beat's methods, from the scene's class and its base classes in the same file."""
    classes = {each.__name__ for each in scene.__mro__ if each.__module__ == scene.__module__}
    found: dict[str, list[ast.FunctionDef]] = {beat.name: [] for beat in beats_of(scene)}
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name in classes:
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name in found:
                    found[method.name].append(method)
    return found


def _with_beat(
    tree: ast.Module, name: str, beats: Mapping[str, list[ast.FunctionDef]]
) -> ast.Module:
    """Return the module with one beat only, and the beats that it or a helper refers to."""
    kept = {name}
    while True:
        left_out = {
            id(method)
            for other, methods in beats.items()
            for method in methods
            if other not in kept
        }
        reduced = _without_methods(tree, left_out)
        named = {
            getattr(node, attribute, None)
            for node in ast.walk(reduced)
            for attribute in ("attr", "id", "value")
            if isinstance(getattr(node, attribute, None), str)
        }
        wanted = {name for name in beats if name in named} - kept
        if not wanted:
            return reduced
        kept |= wanted


def _without_methods(tree: ast.Module, left_out: set[int]) -> ast.Module:
    """Copy a module without some of the methods in its classes, which are given by ``id``."""
    body = [
        ast.ClassDef(
            **{
                **{field: getattr(node, field) for field in node._fields},
                "body": [part for part in node.body if id(part) not in left_out],
            }
        )
        if isinstance(node, ast.ClassDef)
        else node
        for node in tree.body
    ]
    return ast.Module(body=body, type_ignores=[])

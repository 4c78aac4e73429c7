"""Digests of the code that decides each beat: the storyboard's, and that of all it imports.

The code is read, not run, so that a change on the disk counts from the next render on. A beat's
digest leaves out the methods of the other beats.
"""

import ast
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from rnnviz.rendering.cache.imports import closure, digest, parsed, translations
from rnnviz.rendering.cache.library import is_as_loaded, is_ours, unknown
from rnnviz.scene.beats import beats_of


@dataclass(frozen=True)
class Code:
    """The file of a scene, and for each beat, by its name, a digest of the code that decides it."""

    file: str
    beats: Mapping[str, str]


def code_of(scene: Any, language: str) -> Code:
    """Return the digests of the code of a scene's class, which has just been loaded.

    Once a module that it imports changed under this process, which runs what it loaded, the
    digests are new each time.
    """
    source = _source_of(scene)
    home = Path(source).resolve()
    tree = parsed(home)
    shared = _shared(home, closure(home, tree), language)
    beats = _beats_in(tree, scene)

    def digest_of(name: str) -> str:
        own = _with(tree, name, beats)
        content = name.encode() + shared + digest(own) + translations(own, home, language)
        return sha256(content).hexdigest()

    return Code(source, {beat.name: digest_of(beat.name) for beat in beats_of(scene)})


def code_in(file: Path, language: str) -> str | None:
    """Return a digest of a user's scene file and what it imports from beside it, without running.

    None if it cannot be read.
    """
    home = file.resolve()
    try:
        tree = parsed(home)
        shared = _shared(home, closure(home, tree, library=False), language)
    except (OSError, SyntaxError, ValueError):
        return None
    return sha256(shared + digest(tree) + translations(tree, home, language)).hexdigest()


def imported_by(scene: Any) -> frozenset[Path]:
    """Return the files of the library, and beside the scene, that a scene's class imports."""
    home = Path(_source_of(scene)).resolve()
    return frozenset(closure(home, parsed(home)) - {home})


def own_modules(scene: Any, observed: Iterable[Path]) -> Mapping[Path, ast.Module]:
    """Return the syntax trees of the user's files that a scene's class is made of.

    ``observed`` are the modules that were seen loading; those of the library are left out.
    """
    home = Path(_source_of(scene)).resolve()
    if is_ours(home):
        return {}
    files = closure(home, parsed(home), library=False)
    files |= {path for path in observed if path.is_file() and not is_ours(path)}
    return {file: parsed(file) for file in sorted(files)}


def _shared(home: Path, files: Iterable[Path], language: str) -> bytes:
    """Return a digest of the modules that a scene's file imports."""
    shared = sha256()
    for path in sorted(files):
        tree = parsed(path)
        now = digest(tree)
        if path != home:
            shared.update(now + translations(tree, path, language))
        if (path != home or is_ours(home)) and not is_as_loaded(path, now.hex()):
            shared.update(unknown().encode())
    return shared.digest()


def _source_of(scene: Any) -> str:
    return str(sys.modules[scene.__module__].__file__)


def _beats_in(tree: ast.Module, scene: Any) -> dict[str, list[ast.FunctionDef]]:
    """Return each beat's methods: in a scene's class, and in those of its file it inherits from."""
    classes = {each.__name__ for each in scene.__mro__ if each.__module__ == scene.__module__}
    found: dict[str, list[ast.FunctionDef]] = {beat.name: [] for beat in beats_of(scene)}
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name in classes:
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name in found:
                    found[method.name].append(method)
    return found


def _with(tree: ast.Module, name: str, beats: Mapping[str, list[ast.FunctionDef]]) -> ast.Module:
    """Return the module with one beat, and those beats that it or a helper names."""
    kept = {name}
    while True:
        left_out = {
            id(method)
            for other, methods in beats.items()
            for method in methods
            if other not in kept
        }
        reduced = _without(tree, left_out)
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


def _without(tree: ast.Module, left_out: set[int]) -> ast.Module:
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

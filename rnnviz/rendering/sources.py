"""The code that decides a beat: the storyboard's, and that of all it imports.

Read, not run, so that a change on the disk counts from the next render on. A beat's own key leaves
out the other beats' methods.
"""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import rnnviz
from rnnviz.rendering.beats import beats_of
from rnnviz.translation import SOURCE_LANGUAGE, translated

_PACKAGE: Final = "rnnviz"
_SCENES: Final = "rnnviz.scenes"
_MARK: Final = "beat"


def whole_library() -> str:
    """A digest of all source files, fonts and catalogues of the library and its scenes."""
    digest = sha256()
    for folder in (_library(), _scenes()):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(f"{path.relative_to(folder)} {path.stat().st_size} ".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def fonts() -> str:
    """A digest of the fonts that the library ships."""
    digest = sha256()
    for path in sorted((_library() / "fonts").iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def code_of(scene: Any, language: str) -> Mapping[str, str]:
    """For each beat of a scene's class, by its name, a digest of the code that decides it."""
    home = _path_of(scene)
    tree = _parsed(home, home.stat().st_mtime_ns)
    imported = sorted(imported_by(scene))
    shared = sha256()
    for path in imported:
        other = _parsed(path, path.stat().st_mtime_ns)
        shared.update(_digest(other, language))
    beats = _beats_in(tree, scene.__name__)
    return {
        name: sha256(shared.digest() + _digest(_with(tree, name, beats), language)).hexdigest()
        for name in beats
    }


def imported_by(scene: Any) -> frozenset[Path]:
    """The files of the library, and beside the scene, that a scene's class is made with."""
    home = _path_of(scene)
    return frozenset(_closure(home, _parsed(home, home.stat().st_mtime_ns)) - {home})


def _path_of(scene: Any) -> Path:
    return Path(beats_of(scene)[0].play.__code__.co_filename).resolve()


def _beats_in(tree: ast.Module, scene: str) -> dict[str, ast.FunctionDef]:
    return {
        method.name: method
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == scene
        for method in node.body
        if isinstance(method, ast.FunctionDef) and any(map(_marks_a_beat, method.decorator_list))
    }


def _marks_a_beat(decorator: ast.expr) -> bool:
    return (
        isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Name)
        and decorator.func.id == _MARK
    )


def _with(tree: ast.Module, name: str, beats: Mapping[str, ast.FunctionDef]) -> ast.Module:
    """The module with one beat, and those that it or a helper names."""
    kept = {name}
    while True:
        left_out = {id(method) for other, method in beats.items() if other not in kept}
        reduced = _Without(left_out).reduce(tree)
        named = {
            getattr(node, "attr", None) or getattr(node, "id", None) for node in ast.walk(reduced)
        }
        wanted = {name for name in beats if name in named} - kept
        if not wanted:
            return reduced
        kept |= wanted


class _Without:
    """Copies a module without some of the methods in its classes."""

    def __init__(self, left_out: set[int]) -> None:
        self._left_out = left_out

    def reduce(self, tree: ast.Module) -> ast.Module:
        body = [
            ast.ClassDef(
                **{
                    **{field: getattr(node, field) for field in node._fields},
                    "body": [part for part in node.body if id(part) not in self._left_out],
                }
            )
            if isinstance(node, ast.ClassDef)
            else node
            for node in tree.body
        ]
        return ast.Module(body=body, type_ignores=[])


def _digest(tree: ast.Module, language: str) -> bytes:
    """Of what a module does, not of how it is laid out, and of the texts that it says."""
    digest = sha256(ast.dump(tree).encode())
    if language != SOURCE_LANGUAGE:
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                digest.update(translated(node.value, language).encode())
    return digest.digest()


@cache
def _parsed(path: Path, changed: int) -> ast.Module:
    return ast.parse(path.read_bytes())


def _closure(home: Path, tree: ast.Module) -> set[Path]:
    """The files of the library, of its scenes, and beside the scene that it imports, all told."""
    found = {home}
    waiting = [tree]
    while waiting:
        module = waiting.pop()
        for name in _imported(module):
            file = _file_of(name, home.parent)
            if file is not None and file not in found:
                found.add(file)
                waiting.append(_parsed(file, file.stat().st_mtime_ns))
    return found


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _file_of(name: str, beside: Path) -> Path | None:
    """Where a module is, if it is ours or stands beside the scene; the others have versions."""
    if name == _PACKAGE or name.startswith(_PACKAGE + "."):
        if name.startswith(_SCENES + "."):
            base = _scenes() / name.removeprefix(_SCENES + ".").replace(".", "/")
        else:
            base = _library() / name.removeprefix(_PACKAGE).lstrip(".").replace(".", "/")
    else:
        base = beside / name.replace(".", "/")
    for path in (base.with_name(base.name + ".py"), base / "__init__.py"):
        if path.is_file():
            return path.resolve()
    return None


def _library() -> Path:
    return Path(str(rnnviz.__file__)).parent.resolve()


def _scenes() -> Path:
    """``rnnviz.scenes`` in an installed library, the folder beside it in a checkout."""
    inside = _library() / "scenes"
    return inside if inside.is_dir() else _library().parent / "scenes"

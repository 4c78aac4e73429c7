"""The modules that a scene's file imports, found by reading the files, not by running them."""

import ast
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from os.path import isfile
from pathlib import Path

from rnnviz.rendering.cache import library as library_files
from rnnviz.rendering.cache.library import is_ours
from rnnviz.text.translation import SOURCE_LANGUAGE, translated

_PACKAGE = "rnnviz"
_SCENES = "rnnviz.scenes"


def closure(scene_file: Path, tree: ast.Module, library: bool = True) -> set[Path]:
    """Return the scene's file and all it imports from beside it, and from the library if wanted.

    Modules that are imported in other ways are observed when they are loaded.
    """
    return _reached(scene_file, tree, library)[0]


def names_in_closure(scene_file: Path, tree: ast.Module) -> set[str]:
    """Return the names of all modules that a scene's file and the modules beside it import."""
    return _reached(scene_file, tree, library=False)[1]


def _reached(scene_file: Path, tree: ast.Module, library: bool) -> tuple[set[Path], set[str]]:
    beside = scene_file.parent
    found = {scene_file}
    known: set[str] = set()
    waiting = _imported(tree, scene_file, beside)
    while waiting:
        known |= waiting
        files = {_file_of(name, beside) for name in waiting}
        new = {file for file in files if file and (library or not is_ours(file))} - found
        found |= new
        imported = (_imported(parsed(file), file, beside) for file in new)
        waiting = frozenset().union(*imported) - known
    return found, known


def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a file as it is now.

    Raises: OSError, SyntaxError or ValueError if it cannot be read
    """
    return _parsed(path, path.stat().st_mtime_ns)


@cache
def digest(tree: ast.Module) -> bytes:
    """Return a digest of what a module does, regardless of layout and comments."""
    return sha256(ast.dump(tree).encode()).digest()


def translations(tree: ast.Module, path: Path, language: str) -> bytes:
    """Return a digest of a module's texts in a language."""
    if is_ours(path) and language == SOURCE_LANGUAGE:
        return b""
    texts = sha256()
    for text in _texts(tree):
        texts.update(translated(text, language).encode(errors="surrogatepass"))
    return texts.digest()


@cache
def _parsed(path: Path, changed: int) -> ast.Module:
    return ast.parse(path.read_bytes())


@cache
def _texts(tree: ast.Module) -> tuple[str, ...]:
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return tuple(value for value in constants if isinstance(value, str))


def _imported(tree: ast.Module, path: Path, beside: Path) -> frozenset[str]:
    """Return the names of the modules that a module imports, and of the packages they are in."""
    inside = path.parent.relative_to(beside).parts if path.is_relative_to(beside) else ()
    return _imported_inside(tree, inside)


@cache
def _imported_inside(tree: ast.Module, inside: tuple[str, ...]) -> frozenset[str]:
    """As above, of a module in a package beside the scene, or in none.

    The library's modules are the same for scenes in any folder, and are read once.
    """
    return frozenset(_names_in(tree, inside))


def _names_in(tree: ast.Module, inside: tuple[str, ...]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif not isinstance(node, ast.ImportFrom):
            continue
        else:
            package = inside[: len(inside) - node.level + 1] if node.level else ()
            module = ".".join((*package, *([node.module] if node.module else [])))
            names = [module, *(f"{module}.{alias.name}".lstrip(".") for alias in node.names)]
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1) if name)


def _file_of(name: str, beside: Path) -> Path | None:
    """Return a module's file if it is rnnviz's or beside the scene; others are known by version."""
    if name == _PACKAGE or name.startswith(_PACKAGE + "."):
        if name.startswith(_SCENES + "."):
            folder, inside = library_files.scenes_folder(), name.removeprefix(_SCENES + ".")
        else:
            folder, inside = library_files.library_folder(), name.removeprefix(_PACKAGE)
    else:
        folder, inside = beside, name
    # strings, since a path object takes longer to make than a file to look for
    base = "/".join((str(folder), *inside.lstrip(".").split(".")))
    for path in (f"{base.rstrip('/')}.py", f"{base}/__init__.py"):
        if isfile(path):
            return Path(path).resolve()
    return None

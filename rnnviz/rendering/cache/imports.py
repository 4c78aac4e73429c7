"""The modules that a scene's file imports, found by reading the files, not by running them."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from os.path import isfile
from pathlib import Path

from rnnviz.rendering.cache import library as library_files
from rnnviz.rendering.cache.library import is_ours
from rnnviz.system.short_repr import ShortRepr
from rnnviz.text.translation import SOURCE_LANGUAGE, translated

_PACKAGE = "rnnviz"
_SCENES = "rnnviz.scenes"
_TREES_IN_MEMORY = 32
"""Syntax trees of a user's files, or of the scenes that are played."""


@dataclass(frozen=True, eq=False, repr=False)
class Module(ShortRepr):
    """What is remembered of a module; the library's syntax trees would take 70 MB.

    ``digest`` is that of its code, ``texts`` are its texts, and ``imports`` what its import
    statements name: the level of a relative import or 0, and names of modules.
    """

    digest: bytes
    texts: tuple[str, ...]
    imports: tuple[tuple[int, tuple[str, ...]], ...]


def closure(scene_file: Path, library: bool = True) -> set[Path]:
    """Return the scene's file and all it imports from beside it, and from the library if wanted.

    Modules that are imported in other ways are observed when they are loaded.
    """
    return _reached(scene_file, library)[0]


def names_in_closure(scene_file: Path) -> set[str]:
    """Return the names of all modules that a scene's file and the modules beside it import."""
    return _reached(scene_file, library=False)[1]


def _reached(scene_file: Path, library: bool) -> tuple[set[Path], set[str]]:
    beside = scene_file.parent
    found = {scene_file}
    known: set[str] = set()
    waiting = _imported(module_at(scene_file), scene_file, beside)
    while waiting:
        known |= waiting
        files = {_file_of(name, beside) for name in waiting}
        new = {file for file in files if file and (library or not is_ours(file))} - found
        found |= new
        imported = (_imported(module_at(file), file, beside) for file in new)
        waiting = frozenset().union(*imported) - known
    return found, known


def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a file as it is now.

    Raises: OSError, SyntaxError or ValueError if it cannot be read
    """
    return _parsed(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=_TREES_IN_MEMORY)
def _parsed(path: Path, changed: int) -> ast.Module:
    return ast.parse(path.read_bytes())


def module_at(path: Path) -> Module:
    """Return what a file holds now.

    Raises: OSError, SyntaxError or ValueError if it cannot be read
    """
    return _module(path, path.stat().st_mtime_ns)


def digest(tree: ast.Module) -> bytes:
    """Return a digest of what a module does, regardless of layout and comments."""
    return sha256(ast.dump(tree).encode()).digest()


def translations(texts: Iterable[str], path: Path, language: str) -> bytes:
    """Return a digest of a module's texts in a language."""
    if is_ours(path) and language == SOURCE_LANGUAGE:
        return b""
    translation = sha256()
    for text in texts:
        translation.update(translated(text, language).encode(errors="surrogatepass"))
    return translation.digest()


@cache
def _module(path: Path, changed: int) -> Module:
    tree = ast.parse(path.read_bytes())
    return Module(digest(tree), texts_in(tree), tuple(_imports_in(tree)))


def texts_in(tree: ast.Module) -> tuple[str, ...]:
    """Return all texts in a module."""
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return tuple(value for value in constants if isinstance(value, str))


def _imports_in(tree: ast.Module) -> Iterator[tuple[int, tuple[str, ...]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield 0, tuple(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names = (f"{module}.{alias.name}".lstrip(".") for alias in node.names)
            yield node.level, (module, *names)


def _imported(module: Module, path: Path, beside: Path) -> frozenset[str]:
    """Return the names of the modules that a module imports, and of the packages they are in."""
    inside = path.parent.relative_to(beside).parts if path.is_relative_to(beside) else ()
    return _imported_inside(module, inside)


@cache
def _imported_inside(module: Module, inside: tuple[str, ...]) -> frozenset[str]:
    """As above, of a module in a package beside the scene, or in none.

    The library's modules are the same for scenes in any folder, and are read once.
    """
    return frozenset(_names_in(module, inside))


def _names_in(module: Module, inside: tuple[str, ...]) -> Iterator[str]:
    for level, names in module.imports:
        package = inside[: len(inside) - level + 1] if level else ()
        for name in names:
            parts = [*package, *(name.split(".") if name else ())]
            yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))


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

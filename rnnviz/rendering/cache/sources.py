"""The code that decides a beat: the storyboard's, and that of all it imports.

Read, not run, so that a change on the disk counts from the next render on. A beat's own key leaves
out the other beats' methods.
"""

import ast
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import rnnviz
from rnnviz.scene.beats import beats_of
from rnnviz.system.cache import checksum
from rnnviz.text.translation import SOURCE_LANGUAGE, translated

_PACKAGE: Final = "rnnviz"
_SCENES: Final = "rnnviz.scenes"
_LONGEST_NAME: Final = 255
_DOTTED: Final = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_LOADED: Final[dict[Path, str]] = {}
"""What source files held when this process first read them, just before or after loading them."""


@dataclass(frozen=True)
class Code:
    """The file of a scene, and for each beat, by its name, a digest of the code that decides it."""

    file: str
    beats: Mapping[str, str]


def whole_library() -> str:
    """A digest of all source files, fonts and catalogues of the library and its scenes.

    Another one each time once they changed under this process, which runs what it had loaded.
    """
    now = _whole_library()
    return now if now == _LOADED.setdefault(_library(), now) else _unknown()


def _whole_library() -> str:
    digest = sha256()
    for folder in (_library(), _scenes()):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(f"{path.relative_to(folder)} {path.stat().st_size} ".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def code_of(scene: Any, language: str) -> Code:
    """The code that decides each beat of a scene's class, which has just been loaded.

    Another one each time once a module that it imports changed under this process, which runs what
    it had loaded.
    """
    source = _source_of(scene)
    home = Path(source).resolve()
    tree = _parsed(home, home.stat().st_mtime_ns)
    shared = _shared(home, _closure(home, tree), language)
    beats = _beats_in(tree, scene)

    def digest_of(name: str) -> str:
        own = _with(tree, name, beats)
        content = name.encode() + shared + _digest(own) + _mentioned(own, home, language)
        return sha256(content).hexdigest()

    return Code(source, {beat.name: digest_of(beat.name) for beat in beats_of(scene)})


def imported_by(scene: Any) -> frozenset[Path]:
    """The files of the library, and beside the scene, that a scene's class is made with."""
    home = Path(_source_of(scene)).resolve()
    return frozenset(_closure(home, _parsed(home, home.stat().st_mtime_ns)) - {home})


def code_in(file: Path, language: str) -> str | None:
    """The code of a scene file of the user's own, and of what it imports from beside, as a digest.

    The file is not run. None if it cannot be read.
    """
    home = file.resolve()
    try:
        tree = _parsed(home, home.stat().st_mtime_ns)
        shared = _shared(home, _closure(home, tree, library=False), language)
    except (OSError, SyntaxError, ValueError):
        return None
    return sha256(shared + _digest(tree) + _mentioned(tree, home, language)).hexdigest()


def _shared(home: Path, files: Iterable[Path], language: str) -> bytes:
    """A digest of the modules that a scene's file imports."""
    digest = sha256()
    for path in sorted(files):
        now = _digest_of_file(path, path.stat().st_mtime_ns)
        if path != home:
            digest.update(now + _mentioned(_parsed(path, path.stat().st_mtime_ns), path, language))
        if (path != home or _is_ours(home)) and _LOADED.setdefault(path, now.hex()) != now.hex():
            digest.update(_unknown().encode())
    return digest.digest()


def own_modules(scene: Any) -> Mapping[Path, ast.Module]:
    """The files of a user's own that a scene's class is made with, and what is written in them."""
    home = Path(_source_of(scene)).resolve()
    if _is_ours(home):
        return {}
    files = sorted(_closure(home, _parsed(home, home.stat().st_mtime_ns), library=False))
    return {file: _parsed(file, file.stat().st_mtime_ns) for file in files}


def _source_of(scene: Any) -> str:
    return str(sys.modules[scene.__module__].__file__)


def _unknown() -> str:
    """For code that is not known: another one each time, so that the beat is drawn again."""
    return os.urandom(16).hex()


def _beats_in(tree: ast.Module, scene: Any) -> dict[str, list[ast.FunctionDef]]:
    """The methods of each beat in a scene's class, and in those in its file that it inherits."""
    classes = {each.__name__ for each in scene.__mro__ if each.__module__ == scene.__module__}
    found: dict[str, list[ast.FunctionDef]] = {beat.name: [] for beat in beats_of(scene)}
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name in classes:
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name in found:
                    found[method.name].append(method)
    return found


def _with(tree: ast.Module, name: str, beats: Mapping[str, list[ast.FunctionDef]]) -> ast.Module:
    """The module with one beat, and those that it or a helper names."""
    kept = {name}
    while True:
        left_out = {
            id(method)
            for other, methods in beats.items()
            for method in methods
            if other not in kept
        }
        reduced = _Without(left_out).reduce(tree)
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


def _digest(tree: ast.Module) -> bytes:
    """Of what a module does, not of how it is laid out."""
    return sha256(ast.dump(tree).encode()).digest()


@cache
def _digest_of_file(path: Path, changed: int) -> bytes:
    return _digest(_parsed(path, changed))


def _mentioned(tree: ast.Module, path: Path, language: str) -> bytes:
    """A digest of what a module's texts stand for.

    That is what it says, translated, and, if it is a user's, the files and the variables of the
    environment that it names.
    """
    digest = sha256()
    ours = _is_ours(path)
    if ours and language == SOURCE_LANGUAGE:
        return b""
    texts = _texts(tree)
    for text in texts:
        digest.update(translated(text, language).encode(errors="surrogatepass"))
    if not ours:
        digest.update(repr(_files_named(texts, path.parent)).encode())
        digest.update(repr([os.environ.get(text) for text in texts]).encode())
    return digest.digest()


def _texts(tree: ast.Module) -> list[str]:
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return [text for text in constants if isinstance(text, str)]


def _files_named(texts: Sequence[str], beside: Path) -> list[tuple[str, str | None]]:
    """The files that texts name or match, and their checksums.

    They are looked for here, beside the module, and in the folders that are named in turn, so that
    a path may be put together of parts.
    """
    names = [text for text in texts if 0 < len(text) <= _LONGEST_NAME and text.isprintable()]
    folders = [Path.cwd(), beside.resolve()]
    found: dict[Path, str | None] = {}
    for folder in folders:
        for name in names:
            place = folder / name
            if place.is_file():
                found[place] = checksum(place)
            elif place.is_dir() and not any(
                each.is_relative_to(place.resolve()) for each in folders
            ):
                folders.append(place.resolve())
            elif "*" in name and "**" not in name and not Path(name).is_absolute():
                found |= {path: checksum(path) for path in folder.glob(name) if path.is_file()}
    return sorted((str(path), content) for path, content in found.items())


def _is_ours(path: Path) -> bool:
    return path.is_relative_to(_library()) or path.is_relative_to(_scenes())


@cache
def _parsed(path: Path, changed: int) -> ast.Module:
    return ast.parse(path.read_bytes())


def _closure(home: Path, tree: ast.Module, library: bool = True) -> set[Path]:
    """The files beside the scene that it imports, all told, and those of the library if wanted."""
    beside = home.parent
    found = {home}
    known: set[str] = set()
    waiting = set(_imported(tree, home, beside))
    while waiting:
        known |= waiting
        files = {_file_of(name, beside) for name in waiting}
        new = {file for file in files if file and (library or not _is_ours(file))} - found
        found |= new
        waiting = {
            name for file in new for name in _imported_by(file, file.stat().st_mtime_ns, beside)
        } - known
    return found


@cache
def _imported_by(path: Path, changed: int, beside: Path) -> frozenset[str]:
    return frozenset(_imported(_parsed(path, changed), path, beside))


def _imported(tree: ast.Module, path: Path, beside: Path) -> Iterator[str]:
    """The modules that one imports, with the packages that they are in.

    In a user's module any text may be the name of another one, which ``importlib`` gets.
    """
    inside = path.parent.relative_to(beside).parts if path.is_relative_to(beside) else ()
    ours = _is_ours(path)
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = inside[: len(inside) - node.level + 1] if node.level else ()
            module = ".".join((*package, *([node.module] if node.module else [])))
            names = [module, *(f"{module}.{alias.name}".lstrip(".") for alias in node.names)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not ours:
            names = [node.value] if _DOTTED.fullmatch(node.value) else []
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1) if name)


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


@cache
def _library() -> Path:
    return Path(str(rnnviz.__file__)).parent.resolve()


@cache
def _scenes() -> Path:
    """``rnnviz.scenes`` in an installed library, the folder beside it in a checkout."""
    inside = _library() / "scenes"
    return inside if inside.is_dir() else _library().parent / "scenes"

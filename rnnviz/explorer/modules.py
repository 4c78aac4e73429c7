"""JavaScript modules in one page: an import map of data URLs, so that nothing is requested."""

import json
import re
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from rnnviz.text.html import data_uri

ENGINE: Final = "engine"
_SPECIFIER: Final = re.compile(r"""(\bfrom\s*|\bimport\s*)"(\.{1,2}/[^"]+)"(?=;)""")


def engine_modules() -> dict[str, str]:
    """Return the modules of the engine, by names such as ``engine/index.js``.

    Example: >>> sorted(engine_modules())[0]
    """
    return modules_in(files("rnnviz") / "explorer" / ENGINE, ENGINE)


def modules_in(folder: Traversable, prefix: str) -> dict[str, str]:
    """Return the source of all modules in a folder by name: the prefix, a slash, the file's name.

    Example: >>> modules_in(files("rnnviz") / "explorer" / "engine", "engine")
    """
    return {
        f"{prefix}/{each.name}": each.read_text(encoding="utf-8")
        for each in sorted(folder.iterdir(), key=lambda each: each.name)
        if each.name.endswith(".js")
    }


def import_map(modules: Mapping[str, str]) -> str:
    """Return a script element with which a page imports modules by their names.

    It must stand before the first module script. Imports between the modules, which are relative
    (``"./arrays.js"``, ``"../engine/index.js"``), become imports by name, since a data URL has no
    folder.

    Raises: KeyError if a module imports one that is not there
    Example: >>> import_map(engine_modules())[:25]
    """
    urls = {
        name: data_uri(_by_name(name, source, modules).encode(), "text/javascript;charset=utf-8")
        for name, source in modules.items()
    }
    return f'<script type="importmap">{json.dumps({"imports": urls})}</script>'


def _by_name(name: str, source: str, modules: Mapping[str, str]) -> str:
    """Return the source of a module with its imports by name."""

    def named(found: re.Match[str]) -> str:
        parts = name.split("/")[:-1]
        for part in found[2].split("/"):
            if part == "..":
                parts.pop()
            elif part != ".":
                parts.append(part)
        target = "/".join(parts)
        if target not in modules:
            raise KeyError(f"module {name!r} imports {found[2]!r}, which is not there")
        return f'{found[1]}"{target}"'

    return _SPECIFIER.sub(named, source)

"""List the scenes and figures, so that rnnviz can name them without importing them.

usage: python tools/make_catalogue.py

Writes ``rnnviz/scene/catalogue.json``, ``rnnviz/figures/catalogue.json`` and the figures' imports
in ``rnnviz/figures/__init__.py``. The order of a list is kept, and what is new comes last: move it
by hand to where it belongs in a lecture.
"""

import json
import pkgutil
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import rnnviz.scenes

import rnnviz.figures.plots
from rnnviz.figures.entry import FigureEntry
from rnnviz.scene.catalogue import SceneEntry
from rnnviz.scene.loading import needs_of
from rnnviz.scene.storyboard import Storyboard

PACKAGE: Final = Path(__file__).parents[1] / "rnnviz"
SCENES: Final = PACKAGE / "scene" / "catalogue.json"
FIGURES: Final = PACKAGE / "figures" / "catalogue.json"
FRONT_DOOR: Final = PACKAGE / "figures" / "__init__.py"
IMPORTS: Final = re.compile(r"(?:    from rnnviz\.figures\.plots\.\w+ import \w+\n)+")
NAMES: Final = re.compile(r"__all__ = \[\n((?:    \"\w+\",\n)+)\]")


def modules_of(package: ModuleType) -> Iterator[ModuleType]:
    """Import the modules of a package; of a package within it, its storyboard."""
    for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        yield import_module(f"{found.name}.storyboard" if found.ispkg else found.name)


def scenes() -> list[SceneEntry]:
    """Read the entries of all scenes from their classes."""
    return [
        SceneEntry(
            name=scene.name,
            target=f"{module.__name__}:{scene.__name__}",
            title=scene.title,
            summary=scene.summary,
            task=scene.task,
            needs=needs_of(scene),
        )
        for module in modules_of(rnnviz.scenes)
        for scene in vars(module).values()
        if isinstance(scene, type)
        and issubclass(scene, Storyboard)
        and scene.__module__ == module.__name__
        and "name" in vars(scene)
    ]


def figures() -> list[FigureEntry]:
    """Read the entries of all figures from their modules."""
    return [module.FIGURE for module in modules_of(rnnviz.figures.plots)]


def listed(entries: Iterable[SceneEntry | FigureEntry], file: Path) -> str:
    """Return the text of a list, in the order of the one in a file."""
    before = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    places = {each["name"]: place for place, each in enumerate(before)}
    rows: list[dict[str, Any]] = sorted(
        map(asdict, entries), key=lambda row: places.get(row["name"], len(places))
    )
    return json.dumps(rows, ensure_ascii=False, indent=2) + "\n"


def with_figures(text: str, entries: Sequence[FigureEntry]) -> str:
    """Return the source of ``rnnviz.figures`` with the imports and names of all figures."""
    targets = sorted(entry.target.split(":") for entry in entries)
    before = {line.split()[-1] for block in IMPORTS.findall(text) for line in block.splitlines()}
    imports = "".join(f"    from {module} import {name}\n" for module, name in targets)
    text = IMPORTS.sub(imports, text)
    (names,) = NAMES.findall(text)
    all_names = ({*re.findall(r"\w+", names)} - before) | {name for _, name in targets}
    return text.replace(names, "".join(f'    "{name}",\n' for name in sorted(all_names)))


def main() -> None:
    """Write the lists."""
    SCENES.write_text(listed(scenes(), SCENES), encoding="utf-8")
    FIGURES.write_text(listed(figures(), FIGURES), encoding="utf-8")
    text = FRONT_DOOR.read_text(encoding="utf-8")
    FRONT_DOOR.write_text(with_figures(text, figures()), encoding="utf-8")


if __name__ == "__main__":
    main()

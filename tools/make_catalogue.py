"""List the scenes and figures, so that rnnviz can name them without importing them.

usage: python tools/make_catalogue.py

Writes ``rnnviz/scene/catalogue.json``, ``rnnviz/figures/catalogue.json``, the figures' imports in
``rnnviz/figures/__init__.py``, and in ``docs/scenes.md`` and ``docs/scenes.zh.md`` the table of the
kinds of networks that each scene plays. The order of a list is kept, and what is new comes last:
move it by hand to where it belongs in a lecture.
"""

import json
import pkgutil
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from string import ascii_lowercase
from types import ModuleType
from typing import Any, Final

import rnnviz.scenes
from kinds_of_networks import recording_of

import rnnviz.figures.plots
from rnnviz.errors import SceneError
from rnnviz.figures.entry import FigureEntry
from rnnviz.scene.catalogue import SceneEntry
from rnnviz.scene.kinds import KINDS, REASONS
from rnnviz.scene.loading import LoadedScene, needs_of
from rnnviz.scene.needs import check_needs
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.translation import translated
from rnnviz.trace import Trace

PACKAGE: Final = Path(__file__).parents[1] / "rnnviz"
SCENES: Final = PACKAGE / "scene" / "catalogue.json"
FIGURES: Final = PACKAGE / "figures" / "catalogue.json"
FRONT_DOOR: Final = PACKAGE / "figures" / "__init__.py"
DOCUMENTS: Final = {
    language: PACKAGE.parent / "docs" / name
    for language, name in (("en", "scenes.md"), ("zh", "scenes.zh.md"))
}
MARKS: Final = ("<!-- made by tools/make_catalogue.py -->\n", "<!-- end -->\n")
PLAYED: Final = "✓"
IMPORTS: Final = re.compile(r"(?:    from rnnviz\.figures\.plots\.\w+ import \w+\n)+")
NAMES: Final = re.compile(r"__all__ = \[\n((?:    \"\w+\",\n)+)\]")


def modules_of(package: ModuleType) -> Iterator[ModuleType]:
    """Import the modules of a package; of a package within it, its storyboard."""
    for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        yield import_module(f"{found.name}.storyboard" if found.ispkg else found.name)


@dataclass(frozen=True)
class _OneNeed(LoadedScene):
    """A scene as it plays one recording, with one of its needs."""

    def of(self, *_: Trace) -> "_OneNeed":
        """Return this scene."""
        return self


def unmet(scene: Any, kind: str) -> str | None:
    """Return the first need of a scene that a kind of network does not meet, or None."""
    traces = [recording_of(kind)] * getattr(scene, "traces", 1)
    loaded = LoadedScene(scene.name, scene.name, scene, scene.task, needs_of(scene)).of(*traces)
    for need in loaded.needs:
        about = (loaded.name, loaded.spec, loaded.scene, loaded.task)
        try:
            check_needs(_OneNeed(*about, (need,)), *traces)
        except SceneError:
            return need
    return None


def refused(scene: Any) -> dict[str, str]:
    """Return the kinds of networks that a scene does not play, with the need that is not met."""
    return {kind: need for kind in KINDS if (need := unmet(scene, kind)) is not None}


@cache
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
            refuses=refused(scene),
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


def table(entries: Sequence[SceneEntry], language: str) -> str:
    """Return the kinds of networks, which of them each scene plays, and why not the others."""
    needs = [need for need in REASONS if any(need in each.refuses.values() for each in entries)]
    letters = dict(zip(needs, ascii_lowercase, strict=False))
    kinds = [f"{place}. {translated(KINDS[kind], language)}" for place, kind in enumerate(KINDS, 1)]
    head = " | ".join(("", *map(str, range(1, len(KINDS) + 1))))
    rows = [f"|{head} |", "| --- " + "| :-: " * len(KINDS) + "|"]
    for entry in entries:
        refuses = entry.refuses
        marks = (letters[refuses[kind]] if kind in refuses else PLAYED for kind in KINDS)
        rows.append(f"| `{entry.name}` | {' | '.join(marks)} |")
    why = [f"- {letters[need]}: {translated(REASONS[need], language)}" for need in needs]
    return "\n\n".join("\n".join(lines) for lines in (kinds, rows, why))


def with_table(text: str, entries: Iterable[SceneEntry], language: str) -> str:
    """Return a document with the table between its marks, in the order of the list of scenes."""
    start, end = MARKS
    before, _, rest = text.partition(start)
    _, _, after = rest.partition(end)
    names = [each["name"] for each in json.loads(SCENES.read_text(encoding="utf-8"))]
    ordered = sorted(entries, key=lambda entry: names.index(entry.name))
    return f"{before}{start}\n{table(ordered, language)}\n\n{end}{after}"


def main() -> None:
    """Write the lists."""
    SCENES.write_text(listed(scenes(), SCENES), encoding="utf-8")
    FIGURES.write_text(listed(figures(), FIGURES), encoding="utf-8")
    for language, document in DOCUMENTS.items():
        text = document.read_text(encoding="utf-8")
        document.write_text(with_table(text, scenes(), language), encoding="utf-8")
    text = FRONT_DOOR.read_text(encoding="utf-8")
    FRONT_DOOR.write_text(with_figures(text, figures()), encoding="utf-8")


if __name__ == "__main__":
    main()

"""The scenes that rnnviz ships, in the order of a lecture, read from a list.

``make catalogue`` writes the list from the scenes' classes, so that listing scenes does not import
them, nor Manim.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Final

from rnnviz.errors import SceneError
from rnnviz.system.choices import suggestion


@dataclass(frozen=True)
class SceneEntry:
    """One scene: its class (``module:class``), what it is about, and what a trace must hold.

    ``refuses`` maps the kinds of networks that it does not play to the need that they do not meet.
    """

    name: str
    target: str
    title: str
    summary: str
    task: str
    needs: tuple[str, ...] = ()
    refuses: Mapping[str, str] = field(default_factory=dict)


SCENES: Final[Mapping[str, SceneEntry]] = {
    each["name"]: SceneEntry(**{**each, "needs": tuple(each["needs"])})
    for each in json.loads((files(__package__) / "catalogue.json").read_text("utf-8"))
}


def find(name: str) -> SceneEntry:
    """Return the entry of a scene.

    Raises: SceneError for an unknown name, with the near matches
    """
    if name not in SCENES:
        raise SceneError(f"unknown scene {name!r}; {suggestion(name, SCENES)}")
    return SCENES[name]

"""Scenes performed without a video: what stands on the screen at the end of each beat."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from manim import VMobject

from rnnviz.defaults import record_task
from rnnviz.drawing.typography import Ink
from rnnviz.recording import rerecord
from rnnviz.registry import SCENES
from rnnviz.rendering.loading import load_scene
from rnnviz.rendering.plan import companions_of
from rnnviz.rendering.settings import manim_settings
from rnnviz.rendering.stage import Stage
from rnnviz.rendering.stills import picture_now
from rnnviz.trace import Trace

Look = Callable[[Any], Any]
FRAME_RATE = 3


@cache
def recorded(task: str, language: str) -> Trace:
    return record_task(task, language=language)


@cache
def made_for(name: str, trace: Trace) -> Mapping[str, Any]:
    return companions_of(load_scene(name).scene, trace)


def default_of(name: str, language: str = "en") -> Trace:
    return recorded(SCENES[name].task, language)


def other_network(trace: Trace) -> Trace:
    """The same data through a network with all parameters changed."""
    rng = np.random.default_rng(7)
    changed = {
        name: value * rng.uniform(0.5, 1.5, size=value.shape)
        for name, value in trace.parameters.items()
    }
    return rerecord(trace, changed)


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


@pytest.fixture(scope="session")
def perform(media: Path) -> Callable[..., dict[str, Any]]:
    """(scene, look, trace, …) → what ``look`` makes of the scene at the end of each beat."""

    def run(
        name: str,
        look: Look,
        trace: Trace | None = None,
        *,
        language: str = "en",
        theme: str = "dark",
        beats: frozenset[int] | None = frozenset(),
    ) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        shown = trace if trace is not None else default_of(name, language)
        stage = Stage(
            shown,
            companions=made_for(name, shown),
            language=language,
            theme=theme,
            beats=beats,
            on_beat_end=lambda scene, beat: seen.__setitem__(beat.name, look(scene)),
        )
        with manim_settings(media, "l", frame_rate=FRAME_RATE):
            load_scene(name).scene(stage).render()
        return seen

    return run


@pytest.fixture(scope="session")
def default_trace_of() -> Callable[..., Trace]:
    return default_of


@pytest.fixture(scope="session")
def changed_trace_of() -> Callable[[str], Trace]:
    return cache(lambda name: other_network(default_of(name)))


def visible(mobject: VMobject) -> bool:
    if not isinstance(mobject, VMobject) or not len(mobject.points):
        return False
    filled = mobject.get_fill_opacity() > 0
    stroked = mobject.get_stroke_opacity() > 0 and mobject.get_stroke_width() > 0
    return filled or stroked


def box(mobject: Any) -> tuple[float, float, float, float]:
    left, bottom, _ = mobject.get_corner([-1, -1, 0])
    right, top, _ = mobject.get_corner([1, 1, 0])
    return float(left), float(bottom), float(right), float(top)


@pytest.fixture(scope="session")
def layout_of() -> Look:
    """Boxes of all that is visible, and every text with its size."""

    def look(scene: Any) -> SimpleNamespace:
        family = [part for mobject in scene.mobjects for part in mobject.get_family()]
        texts = {id(part): part for part in family if isinstance(part, Ink)}
        return SimpleNamespace(
            time=scene.time,
            boxes=[(box(part), repr(part)) for part in family if visible(part)],
            texts=[
                SimpleNamespace(text=ink.text, em=ink.em, box=box(ink), small=ink.has_scripts)
                for ink in texts.values()
                if any(map(visible, ink.get_family()))
            ],
        )

    return look


@pytest.fixture(scope="session")
def picture_of() -> Look:
    return lambda scene: np.asarray(picture_now(scene))

"""Scenes performed without a video: what stands on the screen at the end of each beat."""

import gc
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from kept_networks import use_in
from manim import VMobject

from rnnviz.experiments.default_recordings import cache_folder, default_trace
from rnnviz.mobjects.text import Ink
from rnnviz.recording import rerun
from rnnviz.rendering.manim_adapter.renderer import Renderer, current_frame
from rnnviz.rendering.manim_adapter.settings import manim_settings
from rnnviz.rendering.plan import experiments_of
from rnnviz.scene.catalogue import SCENES
from rnnviz.scene.context import SceneContext
from rnnviz.scene.loading import load_scene
from rnnviz.trace import Trace

Look = Callable[[Any], Any]
HERE = Path(__file__).parent
FRAME_RATE = 1
SIZE = {"pixel_width": 427, "pixel_height": 240}
_REMEMBERED = 8


@pytest.fixture(scope="session", autouse=True)
def _networks() -> None:
    """The default recordings, made of networks that were trained before."""
    use_in(cache_folder())


@lru_cache(maxsize=_REMEMBERED)
def made_for(name: str, trace: Trace) -> Mapping[str, Any]:
    return experiments_of(load_scene(name).scene, trace)


@cache
def default_of(name: str, language: str = "en") -> Trace:
    return default_trace(SCENES[name].task, language=language)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of one scene share a process, and what is remembered there of its performances."""
    for item in items:
        if HERE in item.path.parents:
            stem = item.path.stem.removeprefix("test_").replace("_", "-")
            name = getattr(item, "callspec", None) and item.callspec.params.get("name")
            item.add_marker(pytest.mark.xdist_group(name or stem))


def other_network(trace: Trace) -> Trace:
    """The same data through a network with all parameters changed."""
    rng = np.random.default_rng(7)
    changed = {
        name: value * rng.uniform(0.5, 1.5, size=value.shape)
        for name, value in trace.parameters.items()
    }
    return rerun(trace, changed)


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


class FrameByFrame(Renderer):
    """Takes every animation through its frames, and draws none."""

    def __init__(self) -> None:
        super().__init__()
        self.sink = SimpleNamespace(write=None)
        self.camera.rest = lambda mobjects: None

    def _write(self, moving: Sequence[Any], frames: int) -> None:
        self.time += frames / self.camera.frame_rate


@pytest.fixture(scope="session")
def perform(media: Path) -> Callable[..., dict[str, Any]]:
    """(scene, look, trace, …) → what ``look`` returns at the end of each beat.

    A performance that was seen before with the same look is not played again. Nothing is drawn;
    with ``frames`` every animation goes through its frames, else it is skipped to its end.
    """

    @lru_cache(maxsize=_REMEMBERED)
    def play(
        name: str, look: Look, trace: Trace, language: str, theme: str, frames: bool
    ) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        context = SceneContext(
            trace,
            experiments=made_for(name, trace),
            language=language,
            theme=theme,
            beats=None if frames else frozenset(),
            renderer=FrameByFrame() if frames else Renderer(),
            on_beat_end=lambda scene, beat: seen.__setitem__(beat.name, look(scene)),
        )
        with manim_settings(media, "l", frame_rate=FRAME_RATE, **SIZE):
            load_scene(name).scene(context).render()
        gc.collect()  # a scene and its renderer hold each other, and thousands of mobjects
        return seen

    def run(
        name: str,
        look: Look,
        trace: Trace | None = None,
        *,
        language: str = "en",
        theme: str = "dark",
        frames: bool = False,
    ) -> dict[str, Any]:
        shown = trace if trace is not None else default_of(name, language)
        return play(name, look, shown, language, theme, frames)

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


Box = tuple[float, float, float, float]
_NOWHERE: Box = (np.inf, np.inf, -np.inf, -np.inf)


def boxes_in(mobject: Any, found: dict[int, Box]) -> Box:
    """Left, bottom, right and top of a mobject with all its parts; note those of each part."""
    points = getattr(mobject, "points", ())
    ends = np.concatenate([points[::4], points[3::4]])[:, :2] if len(points) else ()
    each = [boxes_in(part, found) for part in mobject.submobjects]
    if len(ends):
        each.append((*ends.min(axis=0).tolist(), *ends.max(axis=0).tolist()))
    left, bottom, right, top = zip(*(each or [_NOWHERE]), strict=True)
    found[id(mobject)] = min(left), min(bottom), max(right), max(top)
    return found[id(mobject)]


@pytest.fixture(scope="session")
def layout_of() -> Look:
    """Boxes of all that is visible, and every text with its size."""

    def look(scene: Any) -> SimpleNamespace:
        family = [part for mobject in scene.mobjects for part in mobject.get_family()]
        texts = {id(part): part for part in family if isinstance(part, Ink)}
        boxes: dict[int, Box] = {}
        for mobject in scene.mobjects:
            boxes_in(mobject, boxes)
        return SimpleNamespace(
            time=scene.time,
            boxes=[(boxes[id(part)], repr(part)) for part in family if visible(part)],
            texts=[
                SimpleNamespace(text=ink.text, em=ink.em, box=boxes[place], small=ink.has_scripts)
                for place, ink in texts.items()
                if any(map(visible, ink.get_family()))
            ],
        )

    return look


@pytest.fixture(scope="session")
def picture_of() -> Look:
    return lambda scene: np.asarray(current_frame(scene))

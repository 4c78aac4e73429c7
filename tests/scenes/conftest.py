"""Scenes performed without a video: what stands on the screen at the end of each beat."""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from kept_networks import use_in
from layouts import screen_of

from rnnviz.experiments.default_recordings import cache_folder, default_trace
from rnnviz.experiments.explosion import explosion
from rnnviz.mobjects import layout
from rnnviz.recording import rerun
from rnnviz.rendering.manim_adapter.renderer import Renderer, current_frame
from rnnviz.rendering.manim_adapter.settings import manim_settings
from rnnviz.rendering.plan import experiments_of
from rnnviz.scene.catalogue import SCENES
from rnnviz.scene.context import SceneContext
from rnnviz.scene.loading import load_scene
from rnnviz.scene.playback import USUAL, Playback
from rnnviz.text.notation import UWV, Notation
from rnnviz.text.palette import Palette
from rnnviz.trace import Trace

Look = Callable[[Any], Any]
FRAME_RATE = 1
SIZE = {"pixel_width": 427, "pixel_height": 240}
_REMEMBERED = 8


@pytest.fixture(scope="session", autouse=True)
def _networks() -> None:
    """The default recordings, made of networks that were trained before."""
    use_in(cache_folder())


@pytest.fixture(scope="session", autouse=True)
def _one_explosion() -> Iterator[None]:
    """The training that a scene shows beside every recording, which is always the same, once."""
    scene = load_scene("exploding-gradient").scene
    assert scene.experiments == {"found": explosion}
    once = cache(lambda: explosion(default_of("exploding-gradient")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scene, "experiments", {"found": lambda _: once()})
        yield


@lru_cache(maxsize=_REMEMBERED)
def made_for(name: str, trace: Trace) -> Mapping[str, Any]:
    return experiments_of(load_scene(name).of(*beside(name, trace)).scene, trace)


def beside(name: str, trace: Trace) -> tuple[Trace, ...]:
    """The recordings of a scene that shows several: its default ones, or a trace beside itself."""
    scene = load_scene(name).scene
    if scene.traces > 1 and trace is default_of(name, trace.metadata.language or "en"):
        return tuple(scene.default_traces(trace))
    return (trace,) * scene.traces


def default_of(name: str, language: str = "en") -> Trace:
    """One trace for each task and language, so that a performance of it is found again."""
    return _default_of_task(SCENES[name].task, language)


@cache
def _default_of_task(task: str, language: str) -> Trace:
    return default_trace(task, language=language)


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
        name: str,
        look: Look,
        trace: Trace,
        language: str,
        theme: str | Palette,
        notation: Notation,
        frames: bool,
        aspect: str,
        playback: Playback,
    ) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        experiments = made_for(name, trace)
        trace, *others = beside(name, trace)
        height = layout.FRAMES[aspect].height
        # a renderer takes the size of its frames from the settings
        with manim_settings(media, "l", frame_rate=FRAME_RATE, frame_height=height, **SIZE):
            context = SceneContext(
                trace,
                others=tuple(others),
                experiments=experiments,
                language=language,
                theme=theme,
                aspect=aspect,
                playback=playback,
                notation=notation,
                beats=None if frames else frozenset(),
                renderer=FrameByFrame() if frames else Renderer(),
                on_beat_end=lambda scene, beat: seen.__setitem__(beat.name, look(scene)),
            )
            load_scene(name).of(trace, *others).scene(context).render()
        gc.collect()  # a scene and its renderer hold each other, and thousands of mobjects
        return seen

    def run(
        name: str,
        look: Look,
        trace: Trace | None = None,
        *,
        language: str = "en",
        theme: str | Palette = "dark",
        notation: Notation = UWV,
        frames: bool = False,
        aspect: str = "16:9",
        playback: Playback = USUAL,
    ) -> dict[str, Any]:
        shown = trace if trace is not None else default_of(name, language)
        return play(name, look, shown, language, theme, notation, frames, aspect, playback)

    return run


@pytest.fixture(scope="session")
def facts_of(media: Path) -> Callable[..., dict[str, str]]:
    """(scene, trace) → what its captions are filled in with, which takes no playing."""

    def facts(name: str, trace: Trace | None = None) -> dict[str, str]:
        trace = trace if trace is not None else default_of(name)
        shown, *others = beside(name, trace)
        experiments = made_for(name, trace)
        with manim_settings(media, "l", frame_rate=FRAME_RATE, **SIZE):
            context = SceneContext(shown, others=tuple(others), experiments=experiments)
            scene = load_scene(name).of(shown, *others).scene(context)
            scene.setup()
            return dict(scene.facts())

    return facts


@pytest.fixture(scope="session")
def default_trace_of() -> Callable[..., Trace]:
    return default_of


@pytest.fixture(scope="session")
def changed_trace_of() -> Callable[[str], Trace]:
    return cache(lambda name: other_network(default_of(name)))


@pytest.fixture(scope="session")
def layout_of() -> Look:
    """Boxes of all that is visible, every text with its size, and the lines across texts."""
    return screen_of


@pytest.fixture(scope="session")
def picture_of() -> Look:
    return lambda scene: np.asarray(current_frame(scene))

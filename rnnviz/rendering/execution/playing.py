"""Plays a scene without drawing, and reports the errors of its code and the beats it skips."""

from dataclasses import replace
from typing import Any

from rnnviz.errors import RenderError, RnnvizError
from rnnviz.rendering.manim_adapter.renderer import Renderer
from rnnviz.scene.beats import Beat, beats_of
from rnnviz.scene.context import SceneContext
from rnnviz.scene.failures import FAILURES, scene_error
from rnnviz.scene.loading import LoadedScene


def release(performance: Any) -> None:
    """Free what a performance holds: it and its renderer refer to each other, and to all mobjects.

    Otherwise they would stay in memory until the garbage collector runs.
    """
    vars(performance).clear()


def play(loaded: LoadedScene, context: SceneContext, source: str) -> None:
    """Play a scene without drawing; ``source`` is its file.

    Raises: RenderError that names the beat, if the storyboard fails or skips one
    """
    scene = f"scene {loaded.name!r}"
    played: list[Beat] = []

    def begin(performance: Any, beat: Beat) -> None:
        played.append(beat)
        context.on_beat_start(performance, beat)

    performance = None
    try:
        performance = loaded.scene(replace(context, renderer=Renderer(), on_beat_start=begin))
        performance.render()
    except RnnvizError:
        raise
    except FAILURES as error:
        name = f"beat {played[-1].name!r} of {scene}" if played else scene
        raise scene_error(name, error, source) from error
    finally:
        if performance is not None:
            release(performance)
    for beat in beats_of(loaded.scene):
        if context.shows(beat) and beat not in played:
            raise RenderError(
                f"{scene} does not play its beat {beat.name!r}; leave 'construct' to Storyboard, "
                "or call super().construct() in it"
            )

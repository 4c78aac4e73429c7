"""A renderer for Manim whose frames go to a sink, or are not drawn at all."""

from collections.abc import Sequence
from math import ceil
from typing import Any, NoReturn, Protocol

from manim import CairoRenderer, Wait
from manim.utils.exceptions import EndSceneEarlyException

from rnnviz.rendering.manim_adapter.canvas import Canvas, unmultiplied
from rnnviz.rendering.manim_adapter.skipping import skip
from rnnviz.rendering.manim_adapter.tweening import tweening


class FrameSink(Protocol):
    """Takes frames."""

    def write(self, canvas: Canvas, frames: int) -> None:
        """Write what a canvas shows now, for a number of frames."""


class Renderer(CairoRenderer):
    """Plays a scene into a sink; without one, only its state moves on, and nothing is drawn."""

    def __init__(self) -> None:
        super().__init__(camera_class=Canvas)
        self.sink: FrameSink | None = None

    def play(self, scene: Any, *animations: Any, **settings: Any) -> None:
        """Play animations to their end."""
        self.skip_animations = self.sink is None
        scene.compile_animation_data(*animations, **settings)
        if self.sink is None:
            self.time += self._frames(scene) / self.camera.frame_rate
            if not scene.is_current_animation_frozen_frame():
                skip(scene)
        else:
            scene.begin_animations()
            self.camera.rest(scene.static_mobjects)
            if scene.is_current_animation_frozen_frame():
                self._write(scene.moving_mobjects, self._frames(scene))
            else:
                with tweening(scene.animations):
                    scene.play_internal()
        waited = [one.mobject for one in scene.animations if isinstance(one, Wait)]
        # Manim leaves an empty mobject on the screen for each pause
        scene.mobjects = [one for one in scene.mobjects if one not in waited]
        self.num_plays += 1

    def _frames(self, scene: Any) -> int:
        """Return the number of frames of the current animations, as Manim counts them."""
        rate = self.camera.frame_rate
        if scene.is_current_animation_frozen_frame():
            return int(scene.duration * rate)
        return ceil(scene.duration / (1 / rate))

    def render(self, scene: Any, time: float, moving_mobjects: Any = None) -> None:
        """Draw one frame of an animation, if there is a sink."""
        if self.sink is not None:
            self._write(moving_mobjects or (), 1)

    def scene_finished(self, scene: Any) -> None:
        """Write no file: that is up to the sink."""

    def _write(self, moving: Sequence[Any], frames: int) -> None:
        assert self.sink is not None
        self.camera.show(moving)
        self.sink.write(self.camera, frames)
        self.time += frames / self.camera.frame_rate


def end_scene() -> NoReturn:
    """End the scene that is played now, without an error."""
    raise EndSceneEarlyException


def current_frame(performance: Any) -> Any:
    """Return what a performance shows at this moment, as an image."""
    renderer = performance.renderer
    renderer.static_image = None
    renderer.update_frame(performance)
    camera = renderer.camera
    pixels = unmultiplied(camera.pixel_array) if camera.background_opacity < 1 else None
    return camera.get_image(pixels)

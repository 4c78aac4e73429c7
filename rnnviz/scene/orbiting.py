"""A storyboard in space whose camera never stands still."""

from typing import Any

from manim.animation.animation import prepare_animation

from rnnviz.mobjects.stage3d import Shot, Stage3D
from rnnviz.scene.storyboard import Storyboard


class OrbitingStoryboard(Storyboard):
    """A storyboard whose ``stage`` turns slowly while nothing else moves its camera.

    A scene adds its stage with ``show_stage``; from then on, pauses and all animations that are
    no shots are played while the stage turns.
    """

    stage: Stage3D
    _staged = False

    def show_stage(self, stage: Stage3D) -> None:
        """Put a stage on the screen, behind everything else."""
        self.stage, self._staged = stage, True
        self.add(stage)
        self.bring_to_back(stage)

    def play(self, *animations: Any, **settings: Any) -> None:
        """Play animations, and turn the stage meanwhile if none of them is a shot."""
        shown = [prepare_animation(each) for each in animations]
        if self._staged and not any(isinstance(each, Shot) for each in shown):
            longest = max(each.run_time for each in shown)
            shown.append(self.stage.shot(run_time=longest))
        super().play(*shown, **settings)

    def wait(self, duration: float = 1.0, **settings: Any) -> None:
        """Pause, while the stage turns."""
        if not self._staged:
            super().wait(duration, **settings)
        else:
            self.play(self.stage.shot(run_time=duration))

"""Taking note of the sounds that a scene adds while it is played."""

from typing import Any

from rnnviz.rendering.video.sound import Sound, sound_of
from rnnviz.scene.beats import Beat
from rnnviz.scene.context import SceneContext


class Listener:
    """The sounds of the beats that are shown; what is added before the first beat is its own."""

    def __init__(self, context: SceneContext) -> None:
        self.sounds: list[Sound] = []
        self._stage = context
        self._number, self._shown = 1, context.beats is None or 1 in context.beats

    def begin(self, beat: Beat) -> None:
        """Take note of the beat that is played now."""
        self._number, self._shown = beat.number, self._stage.shows(beat)

    def hear(self, scene: Any, name: str, time: float, gain: float, background: float) -> None:
        """Take note of a sound, which begins some time after its beat does.

        Raises: SceneError for a file that cannot be heard
        """
        if self._shown:
            self.sounds.append(sound_of(type(scene), name, self._number, time, gain, background))

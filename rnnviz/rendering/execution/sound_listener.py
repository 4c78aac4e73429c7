"""Collects the sounds that a scene adds while it is played."""

from typing import Any

from rnnviz.rendering.video.sound import Sound, sound_of
from rnnviz.scene.beats import Beat
from rnnviz.scene.context import SceneContext


class SoundListener:
    """Collects the sounds of the shown beats; a sound before the first beat belongs to it."""

    def __init__(self, context: SceneContext) -> None:
        self.sounds: list[Sound] = []
        self._context = context
        self._number, self._shown = 1, context.beats is None or 1 in context.beats

    def begin(self, beat: Beat) -> None:
        """Note which beat is played now."""
        self._number, self._shown = beat.number, self._context.shows(beat)

    def hear(self, scene: Any, name: str, time: float, gain: float, background: float) -> None:
        """Note a sound, which starts ``time`` seconds into its beat.

        Raises: SceneError for a file that does not exist or has no sound
        """
        if self._shown:
            self.sounds.append(sound_of(type(scene), name, self._number, time, gain, background))

"""Draws stills of a performance: the frame at the end of each beat."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from rnnviz.errors import RenderError
from rnnviz.rendering.execution.playing import play
from rnnviz.rendering.manim_adapter.renderer import current_frame
from rnnviz.rendering.manim_adapter.settings import performing
from rnnviz.rendering.profile import EncodingProfile
from rnnviz.scene.beats import Beat
from rnnviz.scene.context import SceneContext
from rnnviz.scene.loading import LoadedScene
from rnnviz.system.files import staging_dir


def draw_stills(
    loaded: LoadedScene, context: SceneContext, source: str, profile: EncodingProfile, output: Path
) -> tuple[str, ...]:
    """Play a scene, save the last frame of each shown beat in a folder, and return the names.

    ``source`` is the scene's file.

    Raises: RenderError if the folder cannot be written, or the storyboard fails
    """
    made: list[Path] = []
    with staging_dir(output, RenderError) as folder, performing(profile, folder):

        def keep(performance: Any, beat: Beat) -> None:
            if context.shows(beat):
                still = folder / f"{beat.number:02d}-{beat.name.replace('_', '-')}.png"
                current_frame(performance).save(still)
                made.append(still)
            context.on_beat_end(performance, beat)

        play(loaded, replace(context, on_beat_end=keep), source)
        for still in made:
            os.replace(still, output / still.name)
    return tuple(still.name for still in made)

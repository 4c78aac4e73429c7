"""One beat to be drawn: here, from the state of a performance, or elsewhere, from an order."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnviz.errors import RenderError
from rnnviz.rendering.profile import EncodingProfile
from rnnviz.scene.beats import Beat
from rnnviz.scene.failures import told
from rnnviz.system.cache import Cache
from rnnviz.system.files import staging_dir


@dataclass(frozen=True)
class BeatSpec:
    """What a process needs that shares nothing with this one, beside the recordings.

    ``source`` is the scene's file as this process names it, ``decided_by`` a digest of what
    decides the beat, ``experiments`` one of the recordings that it is compared with.
    """

    name: str
    scene: str
    source: str
    beat: int
    profile: EncodingProfile
    decided_by: str
    experiments: str


@dataclass(frozen=True)
class BeatTask:
    """A beat, the performance that has come to it, the file it goes into, and who keeps it."""

    performance: Any
    beat: Beat
    path: Path
    cache: Cache
    spec: BeatSpec

    def draw(self) -> None:
        """Draw it from the state that the performance is in.

        Raises: RenderError if the file cannot be written, or a file that the scene reads is not
                there
        """
        from rnnviz.rendering.manim_adapter.settings import playing_in  # loads Manim
        from rnnviz.rendering.video.encoder import Encoder, NotWrittenError  # loads PyAV

        profile = self.spec.profile
        with (
            staging_dir(self.path.parent, RenderError) as folder,
            playing_in(profile, folder),
            Encoder(folder / self.path.name, profile) as encoder,
        ):
            self.performance.renderer.film = encoder
            try:
                self.performance.play_beat(self.beat)
            except NotWrittenError:
                raise
            except OSError as error:  # a file of the scene's, not of this folder
                raise told(self.spec.name, error, self.spec.source) from error
            encoder.finish()
            os.replace(folder / self.path.name, self.path)
        self.cache.keep(self.path)

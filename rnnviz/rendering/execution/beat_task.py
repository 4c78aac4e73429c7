"""One beat to be drawn: from the state of a performance here, or from a spec in another process."""

import os
from dataclasses import dataclass
from typing import Any

from rnnviz.errors import RenderError
from rnnviz.rendering.cache.dependencies import Reads
from rnnviz.rendering.cache.kept_beats import BeatEntry
from rnnviz.rendering.cache.recorder import Recorder
from rnnviz.rendering.profile import EncodingProfile
from rnnviz.scene.beats import Beat
from rnnviz.scene.failures import scene_error
from rnnviz.system.files import staging_dir


@dataclass(frozen=True)
class BeatSpec:
    """What a process that shares nothing with this one needs to draw a beat, except recordings.

    ``source`` is the scene's file as this process names it, ``digest`` that of the code and
    settings that determine the beat, ``experiments`` that of the recordings compared in it.
    """

    name: str
    scene: str
    source: str
    beat: int
    profile: EncodingProfile
    digest: str
    experiments: str


@dataclass(frozen=True)
class BeatTask:
    """A beat, the performance that has reached it, its cache entry and spec, and the recorder."""

    performance: Any
    beat: Beat
    entry: BeatEntry
    spec: BeatSpec
    recorder: Recorder

    def draw(self) -> Reads:
        """Draw and keep the beat, from the state that the performance is in.

        Returns everything that was read for it.

        Raises: RenderError if the file cannot be written, or the scene cannot read a file
        """
        from rnnviz.rendering.manim_adapter.settings import playing_in  # loads Manim
        from rnnviz.rendering.video.encoder import Encoder, NotWrittenError  # loads PyAV

        profile = self.spec.profile
        name = f"{self.entry.key}.{profile.codec.container}"
        with (
            staging_dir(self.entry.folder, RenderError) as folder,
            playing_in(profile, folder),
            Encoder(folder / name, profile) as encoder,
        ):
            self.performance.renderer.sink = encoder
            try:
                with self.recorder.recording():
                    self.performance.play_beat(self.beat)
            except NotWrittenError:
                raise
            except OSError as error:  # from a file that the scene reads, not from this folder
                raise scene_error(self.spec.name, error, self.spec.source) from error
            encoder.finish()
            reads = self.recorder.reads
            os.replace(folder / name, self.entry.path(reads))
        self.entry.keep(reads)
        return reads

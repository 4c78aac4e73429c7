"""One beat to be drawn: here, from the state of a performance, or elsewhere, from an order."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnviz.errors import RenderError
from rnnviz.files import workshop
from rnnviz.rendering.beats import Beat
from rnnviz.rendering.cache import Cache
from rnnviz.rendering.failures import told
from rnnviz.rendering.look import Look


@dataclass(frozen=True)
class Order:
    """What a process needs that shares nothing with this one, beside the recordings.

    ``source`` is the scene's file as this process names it, ``decided_by`` a digest of what
    decides the beat, ``companions`` one of the recordings that it is compared with.
    """

    name: str
    scene: str
    source: str
    beat: int
    look: Look
    decided_by: str
    companions: str


@dataclass(frozen=True)
class Shot:
    """A beat, the performance that has come to it, the file it goes into, and who keeps it."""

    performance: Any
    beat: Beat
    path: Path
    cache: Cache
    order: Order

    def draw(self) -> None:
        """Draw it from the state that the performance is in.

        Raises: RenderError if the file cannot be written, or a file that the scene reads is not
                there
        """
        from rnnviz.rendering.encoder import Encoder, NotWrittenError  # loads PyAV
        from rnnviz.rendering.settings import playing_in  # loads Manim

        look = self.order.look
        with (
            workshop(self.path.parent, RenderError) as folder,
            playing_in(look, folder),
            Encoder(folder / self.path.name, look) as encoder,
        ):
            self.performance.renderer.film = encoder
            try:
                self.performance.play_beat(self.beat)
            except NotWrittenError:
                raise
            except OSError as error:  # a file of the scene's, not of this folder
                raise told(self.order.name, error, self.order.source) from error
            encoder.finish()
            os.replace(folder / self.path.name, self.path)
        self.cache.keep(self.path)

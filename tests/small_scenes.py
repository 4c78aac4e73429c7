"""Small scenes, quick to draw, and a function to read their videos."""

from pathlib import Path

import av
import numpy as np

HEAD = """
import os
import signal

from manim import *

from rnnviz.scene.storyboard import Storyboard
from rnnviz.scene.beats import beat
"""

THREE = (
    HEAD
    + """

class Three(Storyboard):
    def side(self):
        return 1.0

    @beat("One.")
    def one(self):
        color = self.theme.color("hidden")
        self.square = Square(self.side(), color=color, fill_opacity=abs(self.trace.h[0, 0, 0, 0]))
        self.play(FadeIn(self.square), run_time=0.2)

    @beat("Two.")
    def two(self):
        self.play(self.square.animate.shift(RIGHT), run_time=0.2)

    @beat("Three.")
    def three(self):
        self.play(self.square.animate.set_fill(opacity=0.5), run_time=0.2)
"""
)


def frames(path: Path) -> list[np.ndarray]:
    """Return the frames of a video."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def same_frames(one: Path, other: Path) -> bool:
    """Whether two videos have the same frames."""
    ours, theirs = frames(one), frames(other)
    return len(ours) == len(theirs) and all(map(np.array_equal, ours, theirs))

"""Small scenes, quick to draw, and a function to read their videos."""

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer

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
        return list(_decoded(container))


def same_frames(one: Path, other: Path) -> bool:
    """Whether two videos have the same frames."""
    with av.open(str(one)) as ours, av.open(str(other)) as theirs:
        pairs = zip_longest(_decoded(ours), _decoded(theirs))
        return all(np.array_equal(*pair) for pair in pairs)


def _decoded(container: InputContainer) -> Iterator[np.ndarray]:
    for frame in container.decode(video=0):
        yield frame.to_ndarray(format="rgb24")

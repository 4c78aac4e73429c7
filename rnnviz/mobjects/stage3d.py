"""A stage in space: parts that are drawn as a camera sees them, and the shots that move it.

Everything is a function of the time within a shot. A track changes the state of parts; after all
tracks, the stage is drawn once.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, Self

import numpy as np
from manim import Animation, Mobject, VGroup, linear
from manim.utils.rate_functions import ease_in_out_sine

from rnnviz.mobjects.camera3d import Camera3D
from rnnviz.mobjects.framing import STAGE, Region

Track = Callable[[float], object]
"""Puts parts into their state at a share (0 … 1) of a shot, from the state before it."""

DRIFT: Final = 2.5
"""Degrees a second that the camera turns whatever else happens."""


class Part(Protocol):
    """A mobject with a state in space."""

    def draw(self, view: Camera3D, frame: Region) -> object:
        """Take the outlines that a camera sees, within a frame."""


class Layer3D(VGroup):
    """Parts that are drawn one after the other, in a place of their own among other parts."""

    def draw(self, view: Camera3D, frame: Region) -> None:
        """Draw all parts."""
        for part in self.submobjects:
            part.draw(view, frame)


class Stage3D(VGroup):
    """Parts in the order in which they are drawn, seen by one camera.

    ``drift`` is +1 or −1: the direction in which the camera turns by itself.
    """

    def __init__(self, view: Camera3D, parts: Sequence[Any], frame: Region = STAGE):
        self.view, self.frame, self.drift = view, frame, 1.0
        super().__init__(*parts)
        self.draw()

    def draw(self) -> Self:
        """Draw all parts as the camera sees them."""
        for part in self.submobjects:
            part.draw(self.view, self.frame)
        return self

    def shot(
        self,
        *tracks: Track,
        to: Camera3D | None = None,
        within: Region | None = None,
        run_time: float = 1.0,
    ) -> "Shot":
        """Return an animation of tracks while the camera goes to another view, or only turns.

        ``within`` is the part of the frame that the stage uses at the end, if it changes.
        """
        return Shot(self, tracks, to, within or self.frame, run_time)


class Shot(Animation):
    """A stretch of time on a stage."""

    def __init__(
        self,
        stage: Stage3D,
        tracks: Sequence[Track],
        to: Camera3D | None,
        within: Region,
        run_time: float,
    ):
        self.tracks, self.to, self.frames = tracks, to, (stage.frame, within)
        super().__init__(stage, run_time=run_time, rate_func=linear)

    def begin(self) -> None:
        """Note where the camera is. Nothing is copied: the tracks know where they start."""
        self.start = self.mobject.view
        self.starting_mobject = self.mobject
        self.interpolate(0.0)

    def get_all_mobjects(self) -> Sequence[Mobject]:
        """Return the stage alone: there is no copy of it."""
        return [self.mobject]

    def interpolate_mobject(self, alpha: float) -> None:
        """Put the stage into its state at a share of the shot."""
        for track in self.tracks:
            track(alpha)
        stage = self.mobject
        stage.view = self._view(alpha)
        stage.frame = self.frames[0].towards(self.frames[1], alpha)
        stage.draw()

    def _view(self, alpha: float) -> Camera3D:
        turning = self.mobject.drift * DRIFT * self.run_time
        if self.to is None:
            return self.start.turned(turning * alpha)
        if alpha == 1:
            return self.to
        ending = self.to.turned(-turning)
        return self.start.towards(ending, ease_in_out_sine(alpha)).turned(turning * alpha)


def during(start: float, end: float, *tracks: Track) -> Track:
    """Return a track that runs others within a part of the shot, from share ``start`` to ``end``.

    Before its start it leaves everything as it is, so that a later track may go on from an
    earlier one.
    """

    def within(alpha: float) -> None:
        if alpha >= start:
            share = min(1.0, (alpha - start) / (end - start))
            for track in tracks:
                track(share)

    return within


def change(values: np.ndarray, where: Any, to: Any, since: Any = None) -> Track:
    """Return a track that moves entries of an array to other values, smoothly.

    They start from ``since``, or from what they are when the track is made.
    """
    first = np.copy(values[where]) if since is None else since

    def move(share: float) -> None:
        eased = float(ease_in_out_sine(share)) if share < 1 else 1.0
        values[where] = (1 - eased) * first + eased * np.asarray(to)

    return move

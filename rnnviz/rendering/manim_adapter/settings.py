"""Manim's configuration, which nothing else touches."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from manim import tempconfig

from rnnviz.rendering.profile import QUALITIES, EncodingProfile

_SEED: Final = 0
"""So that what a scene draws by lot is the same each time."""
_HEIGHT: Final = 8.0
"""Of a picture in Manim's units, whatever the user's own configuration says."""


@contextmanager
def manim_settings(folder: Path, quality: str, **settings: Any) -> Iterator[None]:
    """Manim, quiet and uncached, with a media folder of its own."""
    width, height, rate = QUALITIES[quality]
    with tempconfig(
        {
            "media_dir": str(folder),
            "pixel_width": width,
            "pixel_height": height,
            "frame_rate": rate,
            "frame_height": _HEIGHT,
            "frame_width": _HEIGHT * 16 / 9,
            "disable_caching": True,
            "progress_bar": "none",
            "verbosity": "ERROR",
            "preview": False,
            "format": "none",
            "seed": _SEED,
            **settings,
        }
    ):
        yield


@contextmanager
def playing_in(profile: EncodingProfile, folder: Path) -> Iterator[None]:
    """Manim, set up for a look; its text goes through files in a folder of this process alone."""
    ground = {"background_opacity": 0.0} if profile.transparent else {}
    with manim_settings(folder, profile.quality, **ground):
        yield


@contextmanager
def performing(profile: EncodingProfile, folder: Path) -> Iterator[None]:
    """The same, for a whole performance; Manim seeds the random generators, which are put back."""
    before, before_numpy = random.getstate(), np.random.get_state()
    try:
        with playing_in(profile, folder):
            yield
    finally:
        random.setstate(before)
        np.random.set_state(before_numpy)

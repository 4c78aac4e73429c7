"""Manim's configuration: the only module that changes it."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from manim import tempconfig
from manim.mobject.svg.svg_mobject import SVG_HASH_TO_MOB_MAP

from rnnviz.rendering.profile import QUALITIES, EncodingProfile

_SEED: Final = 0
"""Makes what a scene draws at random the same each time."""
_WIDTH: Final = 128 / 9
"""The width of a frame in Manim's units, whatever the user's own configuration says."""


@contextmanager
def manim_settings(folder: Path, quality: str, **settings: Any) -> Iterator[None]:
    """Configure Manim in this context: quiet, uncached, and with its own media folder."""
    width, height, rate = QUALITIES[quality]
    with tempconfig(
        {
            "media_dir": str(folder),
            "pixel_width": width,
            "pixel_height": height,
            "frame_rate": rate,
            "frame_height": _WIDTH * 9 / 16,
            "frame_width": _WIDTH,
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
    """Configure Manim for an encoding profile; ``folder`` is used by this process alone."""
    background = {"background_opacity": 0.0} if profile.transparent else {}
    width, height = profile.size
    across, up = map(int, profile.aspect.split(":"))
    shape = {"pixel_width": width, "pixel_height": height, "frame_height": _WIDTH * up / across}
    with manim_settings(folder, profile.quality, **shape, **background):
        yield


@contextmanager
def performing(profile: EncodingProfile, folder: Path) -> Iterator[None]:
    """As ``playing_in``, for a whole performance.

    Manim seeds the random generators, which are restored. What it keeps of SVG files is forgotten:
    they may have changed since.
    """
    SVG_HASH_TO_MOB_MAP.clear()
    before, before_numpy = random.getstate(), np.random.get_state()
    try:
        with playing_in(profile, folder):
            yield
    finally:
        random.setstate(before)
        np.random.set_state(before_numpy)

"""Render scenes repeatedly in both languages and themes, and check that memory does not grow.

``SOAK_MINUTES`` sets the duration (default 30), ``SOAK_SCENES`` a comma-separated list of scenes
(default all).
"""

import gc
import os
import sys
import tempfile
import time
from itertools import product
from pathlib import Path
from typing import Final

import psutil

import rnnviz
from rnnviz.experiments.default_recordings import FOLDER_VARIABLE, cache_folder
from rnnviz.scene.catalogue import SCENES
from rnnviz.text.palette import PALETTES
from rnnviz.text.translation import languages

_LIMIT: Final = 100_000_000
"""Bytes by which the process may grow after its first round, in which it loads everything."""
_MEGABYTE: Final = 1e6


def soak(names: list[str], minutes: float) -> int:
    """Render whole rounds for some minutes; return 1 if memory grew beyond the limit."""
    end = time.monotonic() + 60 * minutes
    first = None
    number = 0
    while number < 2 or time.monotonic() < end:
        number += 1
        _round(names)
        gc.collect()
        size = psutil.Process().memory_info().rss
        first = first or size
        grown = size - first
        print(
            f"round {number}: {size / _MEGABYTE:.0f} MB, {grown / _MEGABYTE:+.1f} MB "
            f"since the first; at most +{_LIMIT / _MEGABYTE:.0f} MB",
            flush=True,
        )
        if grown > _LIMIT:
            print("memory grows", file=sys.stderr)
            return 1
    return 0


def _round(names: list[str]) -> None:
    """Render each scene in each language and theme, with only recordings in the cache."""
    for name, language, theme in product(names, languages(), PALETTES):
        with tempfile.TemporaryDirectory() as folder:
            for kept in cache_folder().glob("*.safetensors"):
                (Path(folder) / kept.name).symlink_to(kept.resolve())
            _render_in(folder, name, language, theme)


def _render_in(folder: str, name: str, language: str, theme: str) -> None:
    before = os.environ.get(FOLDER_VARIABLE)
    os.environ[FOLDER_VARIABLE] = folder
    try:
        output = Path(folder) / "out" / "scene.mp4"
        rnnviz.render(name, language=language, theme=theme, quality="l", output=output)
    finally:
        if before is None:
            del os.environ[FOLDER_VARIABLE]
        else:
            os.environ[FOLDER_VARIABLE] = before


if __name__ == "__main__":
    chosen = os.environ.get("SOAK_SCENES")
    sys.exit(
        soak(
            chosen.split(",") if chosen else list(SCENES),
            float(os.environ.get("SOAK_MINUTES", "30")),
        )
    )

"""Small scenes of a user's own, rendered with a cache of their own."""

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path

import pytest
from small_scenes import THREE

import rnnviz
from rnnviz.rendering.shot import Shot


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that is empty at first; what a scene adds to the search path goes with it."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    folder = tmp_path / "cache"
    monkeypatch.setenv("RNNVIZ_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """A scene of three beats."""
    file = tmp_path / "three.py"
    file.write_text(THREE, encoding="utf-8")
    return file


@pytest.fixture
def drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Renders at 480p as told, and says which beats were drawn for it."""
    told = tmp_path / "drawn.txt"
    draw = Shot.draw

    @wraps(draw)
    def tell(shot):
        with told.open("a") as file:
            file.write(f"{shot.beat.name}\n")
        draw(shot)

    monkeypatch.setattr(Shot, "draw", tell)

    def render(scene, trace, output: Path, **options) -> list[str]:
        told.write_text("")
        rnnviz.render(scene, trace, output=output, **{"quality": "l", "jobs": 2, **options})
        return sorted(told.read_text().split())

    return render

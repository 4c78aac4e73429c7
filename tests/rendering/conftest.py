"""Fixtures that render small user's scenes with a temporary cache."""

import functools
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import wraps
from importlib.metadata import version
from pathlib import Path
from typing import Final

import pytest
from small_scenes import THREE, same_frames

import rnnviz
from rnnviz.rendering import request
from rnnviz.rendering.cache import library, recorder
from rnnviz.rendering.execution import performance
from rnnviz.rendering.execution.beat_task import BeatTask
from rnnviz.rendering.profile import QUALITIES

SMALL: Final = (214, 120, 15)
"""A sixteenth of the pixels of quality l, with the same frame rate."""
_FULL: Final = QUALITIES["l"]


@pytest.fixture(autouse=True, scope="module")
def small_frames(request: pytest.FixtureRequest) -> Iterator[None]:
    """Make quality l smaller, in this process and those forked from it.

    Modules with ``FULL_SIZE = True`` keep it as it is.
    """
    with pytest.MonkeyPatch.context() as patch:
        if not getattr(request.module, "FULL_SIZE", False):
            patch.setitem(QUALITIES, "l", SMALL)
        yield


@pytest.fixture
def full_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the real quality l for one test."""
    monkeypatch.setitem(QUALITIES, "l", _FULL)


@pytest.fixture(autouse=True, scope="module")
def versions_are_read_once() -> Iterator[None]:
    """Read each library's version once: each render asks for 20 of them."""
    once = functools.cache(version)
    with pytest.MonkeyPatch.context() as patch:
        for module in (performance, request):
            patch.setattr(module, "version", once)
        yield


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use an empty cache, and restore the module search path afterwards."""
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
    """Return a function that renders at quality l and returns the names of the drawn beats."""
    told = tmp_path / "drawn.txt"
    draw = BeatTask.draw

    @wraps(draw)
    def tell(task):
        with told.open("a") as file:
            file.write(f"{task.beat.name}\n")
        return draw(task)

    monkeypatch.setattr(BeatTask, "draw", tell)

    def render(scene, trace, output: Path, **options) -> list[str]:
        told.write_text("")
        rnnviz.render(scene, trace, output=output, **{"quality": "l", "jobs": 2, **options})
        return sorted(told.read_text().split())

    return render


@pytest.fixture
def anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., bool]:
    """Return a function that tells whether a video equals a render without any cache."""

    def right(scene, trace, output: Path, **options) -> bool:
        with monkeypatch.context() as patch:
            patch.setenv("RNNVIZ_CACHE_DIR", str(tmp_path / "empty"))
            shutil.rmtree(tmp_path / "empty", ignore_errors=True)
            other = output.with_stem("anew")
            rnnviz.render(scene, trace, output=other, **{"quality": "l", **options})
        return same_frames(output, other)

    return right


@pytest.fixture
def restarted(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that forgets what this process has loaded of user's modules."""

    def restart(*modules: str) -> None:
        library._LOADED.clear()
        recorder.forget()
        for module in modules:
            monkeypatch.delitem(sys.modules, module, raising=False)

    return restart

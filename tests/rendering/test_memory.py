"""A finished performance is freed without the garbage collector."""

import gc
from collections import Counter
from pathlib import Path

import pytest
from often import often

from rnnviz.errors import TraceError
from rnnviz.experiments.default_recordings import record_task
from rnnviz.rendering.execution.playing import play
from rnnviz.rendering.manim_adapter.settings import performing
from rnnviz.rendering.plan import experiments_of
from rnnviz.rendering.profile import EncodingProfile
from rnnviz.scene.context import SceneContext
from rnnviz.scene.loading import load_scene
from rnnviz.system import memory
from rnnviz.trace import load, storage


def ours():
    """Count the objects of rnnviz's and Manim's classes."""
    kinds = (f"{type(each).__module__}.{type(each).__qualname__}" for each in gc.get_objects())
    return Counter(kind for kind in kinds if kind.startswith(("rnnviz", "manim")))


@pytest.mark.parametrize("name", often(["unrolling", "output"], ["unrolling"]))
def test_a_second_performance_leaks_nothing(name, tmp_path):
    loaded = load_scene(name)
    trace = record_task("sentence", epochs=1, seed=1)
    context = SceneContext(trace, experiments_of(loaded.scene, trace))
    counts = []
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            with performing(EncodingProfile("l", "mp4"), tmp_path):
                play(loaded, context, "")
            counts.append(ours())
    finally:
        gc.enable()
    assert counts[2] - counts[1] == Counter()


def test_a_trace_that_the_memory_cannot_hold_is_not_read(trace, tmp_path, monkeypatch):
    path = trace.save(tmp_path / "run.safetensors")
    monkeypatch.setattr(storage, "_SMALL", 0)
    monkeypatch.setattr(storage, "free_memory", lambda: 1000)
    with pytest.raises(TraceError, match=r"needs .* GB, but 1e-06 GB are free; free some, or rec"):
        load(path)
    monkeypatch.setattr(storage, "free_memory", lambda: 10**12)
    assert load(path).identity == trace.identity


@pytest.mark.parametrize("names", memory._OF_GROUP)
def test_the_limit_of_a_container_is_the_memory_that_is_free(names, tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "_GROUPS", tmp_path)
    monkeypatch.setattr(memory, "free_addresses", lambda: None)
    before = memory.free_memory()
    for name, content in zip(names, ("5000", "2000"), strict=True):
        Path(tmp_path / name).write_text(content)
    assert memory.free_memory() == 3000 < before
    (tmp_path / names[0]).write_text("max")
    assert memory.free_memory() > 3000

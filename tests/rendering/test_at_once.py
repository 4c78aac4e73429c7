"""Simultaneous renders into one folder with one cache."""

import multiprocessing
from contextlib import ExitStack

import pytest
import warm
from often import every
from small_scenes import THREE, same_frames

import rnnviz
from rnnviz.system.cache import BOUND_VARIABLE


def together(*renders):
    """Render scenes from a trace file simultaneously, each in its own process."""
    barrier = multiprocessing.get_context("fork").Barrier(len(renders), timeout=warm.PATIENCE)
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                warm.started(
                    *("render", scene, "-ql", "--jobs", "2", "--trace", trace_file, "-o", output),
                    prepare=barrier.wait,
                )
            )
            for scene, trace_file, output in renders
        ]
        for process in processes:
            done = process.wait(timeout=300)
            assert (done.returncode, done.stderr) == (0, ""), done.stdout


@pytest.mark.parametrize(
    ("number", "bound"),
    every(3, [(4, "2000000000"), (10, "2000000000"), (4, "1")]),
)
def test_many_of_the_same_scene(number, bound, three, trace, tmp_path, cache, monkeypatch):
    saved = trace.save(tmp_path / "run.safetensors")
    output = tmp_path / "out" / "three.mp4"
    monkeypatch.setenv(BOUND_VARIABLE, bound)
    together(*[(three, saved, output)] * number)
    names = ["three.en.srt", "three.en.vtt", "three.json", "three.mp4"]
    assert sorted(path.name for path in output.parent.iterdir()) == names
    assert len(list((cache / "beats").iterdir())) == (3 if bound != "1" else 0)
    monkeypatch.setenv("RNNVIZ_CACHE_DIR", str(tmp_path / "empty"))
    rnnviz.render(three, trace, quality="l", output=tmp_path / "alone.mp4")
    assert same_frames(output, tmp_path / "alone.mp4")


@pytest.mark.slow
def test_two_different_scenes(three, trace, tmp_path, cache, monkeypatch):
    saved = trace.save(tmp_path / "run.safetensors")
    other = tmp_path / "other.py"
    text = THREE.replace("Square(", "Circle(").replace('"One."', '"Another."')
    other.write_text(text, encoding="utf-8")
    together(*[(scene, saved, tmp_path / "out" / f"{scene.stem}.mp4") for scene in (three, other)])
    monkeypatch.setenv("RNNVIZ_CACHE_DIR", str(tmp_path / "empty"))
    for scene in (three, other):
        alone = tmp_path / f"{scene.stem}.mp4"
        rnnviz.render(scene, trace, quality="l", output=alone)
        assert same_frames(tmp_path / "out" / alone.name, alone)

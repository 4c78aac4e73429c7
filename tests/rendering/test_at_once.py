"""Several renders at once, in one folder and with one cache."""

import subprocess
import sys

import pytest
from small_scenes import THREE, same_pictures

import rnnviz
from rnnviz.rendering.cache import BOUND_VARIABLE


def start(scene, trace_file, output):
    command = [sys.executable, "-m", "rnnviz", "render", str(scene), "-ql", "--jobs", "2"]
    return subprocess.Popen(
        [*command, "--trace", str(trace_file), "-o", str(output)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(processes):
    for process in processes:
        said, errors = process.communicate(timeout=300)
        assert (process.returncode, errors) == (0, ""), said


@pytest.mark.parametrize(("number", "bound"), [(10, "2000000000"), (4, "1")])
def test_many_of_the_same_scene(number, bound, three, trace, tmp_path, cache, monkeypatch):
    saved = trace.save(tmp_path / "run.safetensors")
    output = tmp_path / "out" / "three.mp4"
    monkeypatch.setenv(BOUND_VARIABLE, bound)
    end([start(three, saved, output) for _ in range(number)])
    names = ["three.en.srt", "three.en.vtt", "three.json", "three.mp4"]
    names += ["three.zh.srt", "three.zh.vtt"]
    assert sorted(path.name for path in output.parent.iterdir()) == names
    assert len(list((cache / "beats").iterdir())) == (3 if bound != "1" else 0)
    monkeypatch.setenv("RNNVIZ_CACHE_DIR", str(tmp_path / "empty"))
    rnnviz.render(three, trace, quality="l", output=tmp_path / "alone.mp4")
    assert same_pictures(output, tmp_path / "alone.mp4")


def test_two_different_scenes(three, trace, tmp_path, cache, monkeypatch):
    saved = trace.save(tmp_path / "run.safetensors")
    other = tmp_path / "other.py"
    text = THREE.replace("Square(", "Circle(").replace('"One."', '"Another."')
    other.write_text(text, encoding="utf-8")
    end([start(scene, saved, tmp_path / "out" / f"{scene.stem}.mp4") for scene in (three, other)])
    monkeypatch.setenv("RNNVIZ_CACHE_DIR", str(tmp_path / "empty"))
    for scene in (three, other):
        alone = tmp_path / f"{scene.stem}.mp4"
        rnnviz.render(scene, trace, quality="l", output=alone)
        assert same_pictures(tmp_path / "out" / alone.name, alone)

"""Killed renders leave the complete old or new file, and nothing else."""

import importlib
import os
import random
import shutil
import signal
from collections.abc import Callable
from itertools import product
from pathlib import Path
from subprocess import TimeoutExpired

import pytest
import warm
from often import every
from small_scenes import THREE

import rnnviz

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
SOONEST, LATEST = 0.1, 2.0


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder for the output, and one for temporary files."""
    (tmp_path / "temporary").mkdir()
    (tmp_path / "out").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    return tmp_path


def killed(arguments: list[str], kind: signal.Signals, after: float) -> int:
    """Run a command line, kill it after a time, and return its exit status."""
    with warm.started(*arguments) as process:
        try:
            return process.wait(timeout=after).returncode
        except TimeoutExpired:
            process.send_signal(kind)
            return process.wait(timeout=60).returncode


def leftovers(folder: Path, cache: Path) -> list[str]:
    hidden = [path for place in (folder / "out", cache) for path in place.rglob(".*")]
    return [str(path) for path in (*hidden, *(folder / "temporary").iterdir())]


def render_and_kill(rounds, seed, trace, folder, cache):
    """Kill renders at random moments, and return how many had not ended."""
    chance = random.Random(seed)
    saved = trace.save(folder / "run.safetensors")
    output, scene = folder / "out" / "three.mp4", folder / "three.py"
    arguments = ["render", str(scene), "-ql", "--trace", str(saved)]
    arguments += ["--jobs", "2", "-o", str(output)]
    videos = {}
    for name, text in (("old", THREE), ("new", THREE.replace("return 1.0", "return 2.0"))):
        scene.write_text(text, encoding="utf-8")
        videos[name] = folder / f"{name}.mp4"
        rnnviz.render(scene, trace, quality="l", output=videos[name])
    early = 0
    for number in range(rounds):
        if chance.random() < 0.5:
            shutil.rmtree(cache)
        shutil.copy(videos["old"], output)
        ended = killed(arguments, SIGNALS[number % len(SIGNALS)], chance.uniform(SOONEST, LATEST))
        early += ended != 0
        shown = output.read_bytes()
        assert shown in {video.read_bytes() for video in videos.values()}, number
        kept = set((cache / "beats").glob("[!.]*"))
        assert warm.run(*arguments).returncode == 0
        assert output.read_bytes() == videos["new"].read_bytes(), number
        assert kept <= set((cache / "beats").glob("[!.]*"))
        assert leftovers(folder, cache) == [], number
    return early


@pytest.mark.slow
def test_a_few_random_kills(trace, folder, cache):
    render_and_kill(4, 1, trace, folder, cache)


@pytest.mark.deep
def test_fifty_random_kills(trace, folder, cache):
    assert render_and_kill(50, 2, trace, folder, cache) > 10


WHERE = {
    "a beat is drawn": ("rnnviz.rendering.video.encoder:Encoder.finish", True),
    "a beat is kept": ("rnnviz.system.cache:Cache.keep", True),
    "the beats are joined": ("rnnviz.rendering.video.joining:join", False),
    "the first file is put in place": ("os:replace", False),
    "the cache is trimmed": ("rnnviz.system.cache:Cache.trim", False),
}


def killed_there(kind: signal.Signals, where: str) -> Callable[[], None]:
    """Make a process, or one that it forks, die when a function is called."""

    def prepare() -> None:
        target, in_child = WHERE[where]
        module, _, name = target.partition(":")
        *owner, name = name.split(".")
        holder = importlib.import_module(module)
        for part in owner:
            holder = getattr(holder, part)
        inner, parent = getattr(holder, name), os.getpid()

        def there(*arguments, **named):
            if (os.getpid() != parent) == in_child:
                os.kill(parent, kind)
                if kind == signal.SIGKILL:
                    signal.pause()
            return inner(*arguments, **named)

        setattr(holder, name, there)

    return prepare


@pytest.mark.parametrize(
    ("kind", "where"),
    # each moment, and each signal but one
    every(
        2,
        [
            *product((signal.SIGKILL, signal.SIGINT), WHERE),
            (signal.SIGTERM, "a beat is drawn"),
            (signal.SIGHUP, "the beats are joined"),
        ],
    ),
)
def test_a_kill_at_each_critical_moment(kind, where, trace, folder, cache, three, drawn):
    output = folder / "out" / "three.mp4"
    output.write_bytes(b"old")
    saved = trace.save(folder / "run.safetensors")
    arguments = ["render", three, "-ql", "--jobs", "2", "--trace", saved, "-o", output]
    done = warm.run(*arguments, prepare=killed_there(kind, where))
    assert done.returncode in (-kind, 130), done.stderr
    assert "Traceback" not in done.stderr
    shown = output.read_bytes()
    kept = set((cache / "beats").glob("[!.]*"))
    assert len(drawn(three, trace, output)) == 3 - len(kept)
    assert kept <= set((cache / "beats").glob("[!.]*"))
    assert shown in (b"old", output.read_bytes())
    assert leftovers(folder, cache) == []

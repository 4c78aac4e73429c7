"""Renders that are killed: the old file or the new one, whole, and nothing else stays."""

import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from small_scenes import THREE

import rnnviz

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
SOONEST, LATEST = 0.5, 5.0


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A place for the output, and one for temporary files."""
    (tmp_path / "temporary").mkdir()
    (tmp_path / "out").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    return tmp_path


def killed(command: list[str], kind: signal.Signals, after: float) -> int:
    """Run a command, and end it after some time unless it ends before; its exit status."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return process.wait(timeout=after)
    except subprocess.TimeoutExpired:
        process.send_signal(kind)
        return process.wait(timeout=60)


def leftovers(folder: Path, cache: Path) -> list[str]:
    hidden = [path for place in (folder / "out", cache) for path in place.rglob(".*")]
    return [str(path) for path in (*hidden, *(folder / "temporary").iterdir())]


def render_and_kill(rounds, seed, trace, folder, cache):
    """Kill renders at random moments; say how often it came before their end."""
    chance = random.Random(seed)
    saved = trace.save(folder / "run.safetensors")
    output, scene = folder / "out" / "three.mp4", folder / "three.py"
    command = [sys.executable, "-m", "rnnviz", "render", str(scene), "-ql", "--trace", str(saved)]
    command += ["--jobs", "2", "-o", str(output)]
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
        ended = killed(command, SIGNALS[number % len(SIGNALS)], chance.uniform(SOONEST, LATEST))
        early += ended != 0
        shown = output.read_bytes()
        assert shown in {video.read_bytes() for video in videos.values()}, number
        kept = set((cache / "beats").glob("[!.]*"))
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        assert output.read_bytes() == videos["new"].read_bytes(), number
        assert kept <= set((cache / "beats").glob("[!.]*"))
        assert leftovers(folder, cache) == [], number
    return early


def test_a_few(trace, folder, cache):
    render_and_kill(4, 1, trace, folder, cache)


@pytest.mark.deep
def test_fifty_times(trace, folder, cache):
    assert render_and_kill(50, 2, trace, folder, cache) > 10


WHERE = {
    "a beat is drawn": ("rnnviz.rendering.encoder:Encoder.finish", 1),
    "a beat is kept": ("rnnviz.rendering.cache:Cache.keep", 1),
    "the beats are joined": ("rnnviz.rendering.joining:join", 0),
    "the first file is put in place": ("os:replace", 0),
    "the cache is trimmed": ("rnnviz.rendering.cache:Cache.trim", 0),
}
KILLED_THERE = """
import importlib, os, signal, sys
kind, where, in_child = sys.argv[1:4]
module, _, name = where.partition(":")
*owner, name = name.split(".")
holder = importlib.import_module(module)
for part in owner:
    holder = getattr(holder, part)
inner, parent = getattr(holder, name), os.getpid()

def there(*arguments, **named):
    if (os.getpid() != parent) == bool(int(in_child)):
        os.kill(parent, int(kind))
        if int(kind) == 9:
            signal.pause()
    return inner(*arguments, **named)

setattr(holder, name, there)
from rnnviz.cli.main import main
main(sys.argv[4:])
"""


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGINT])
def test_at_each_moment_that_matters(where, kind, trace, folder, cache, three, drawn):
    output = folder / "out" / "three.mp4"
    output.write_bytes(b"old")
    saved = trace.save(folder / "run.safetensors")
    target, in_child = WHERE[where]
    arguments = ["render", str(three), "-ql", "--trace", str(saved), "-o", str(output)]
    done = subprocess.run(
        [sys.executable, "-c", KILLED_THERE, str(int(kind)), target, str(in_child), *arguments],
        capture_output=True,
        timeout=120,
    )
    assert done.returncode in (-kind, 130), done.stderr
    assert b"Traceback" not in done.stderr
    shown = output.read_bytes()
    kept = len(set((cache / "beats").glob("[!.]*")))
    assert len(drawn(three, trace, output)) == 3 - kept
    assert shown in (b"old", output.read_bytes())
    assert leftovers(folder, cache) == []

"""Full disks and vanishing folders."""

import os
import resource
import shutil
import subprocess
import sys
from functools import partial

import pytest
import warm
from often import every
from small_scenes import THREE

import rnnviz
from rnnviz.rendering.video import assembling


def limit_files(size):
    """Limit the size of files, in bytes. Python would keep a compiled module that was cut by it."""
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def render_within(limit, three, saved, output):
    """Render with a limit of the size of files, in bytes."""
    return warm.run(
        *("render", three, "-ql", "--trace", saved, "-o", output),
        prepare=partial(limit_files, limit),
    )


@pytest.mark.parametrize("limit", every(2, ["a beat", "the video"]))
def test_a_file_that_cannot_be_written_completely(limit, three, trace, tmp_path, drawn, cache):
    saved = trace.save(tmp_path / "run.safetensors")
    output = tmp_path / "out" / "three.mp4"
    assert render_within(10**9, three, saved, output).returncode == 0
    beats = [entry.stat().st_size for entry in (cache / "beats").iterdir()]
    size = {"a beat": min(beats) - 1, "the video": max(beats) + 100}[limit]
    shutil.rmtree(cache / "beats")
    output.write_bytes(b"old")
    others = {path.name for path in output.parent.iterdir()}
    done = render_within(size, three, saved, output)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    assert ("beat 'one'" in done.stderr) == (limit == "a beat")
    assert output.read_bytes() == b"old"
    assert {path.name for path in output.parent.iterdir()} == others
    assert list(cache.rglob(".rnnviz*")) == []
    assert len(drawn(three, trace, output)) == (3 if limit == "a beat" else 0)


@pytest.fixture
def tiny(tmp_path):
    """A small file system."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.getuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a disk can be made by root alone")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("which", ["the output's", "the cache's"])
def test_a_full_disk(which, three, trace, tmp_path, tiny, cache, monkeypatch, drawn, full_size):
    output = (tiny if which == "the output's" else tmp_path) / "out" / "three.mp4"
    output.parent.mkdir()
    output.write_bytes(b"old")
    if which == "the cache's":
        monkeypatch.setenv("RNNVIZ_CACHE_DIR", str(tiny / "cache"))
    (tiny / "fill").write_bytes(b"0" * 48_000)
    with pytest.raises(rnnviz.RnnvizError, match="No space left"):
        drawn(three, trace, output)
    assert output.read_bytes() == b"old"
    assert [path.name for path in output.parent.iterdir()] == ["three.mp4"]
    assert list(tmp_path.rglob(".rnnviz*")) == []
    monkeypatch.setenv("RNNVIZ_CACHE_DIR", str(cache))
    (tiny / "fill").unlink()
    assert len(drawn(three, trace, output)) == (0 if which == "the output's" else 3)


@pytest.mark.parametrize(
    "arguments",
    [
        *(("figure", "states", "--trace", "saved", "-o", f"a.{kind}") for kind in ("pdf", "png")),
        ("explore", "saved", "-o", "a.html"),
        ("record", "--epochs", 1, "-o", "a.safetensors"),
        ("sweep", "--lengths", 4, "--cells", "rnn", "-o", "a.json"),
    ],
    ids=lambda given: " ".join(map(str, given[:1] + given[-1:])),
)
def test_a_disk_full_at_any_write_is_reported_in_one_line(arguments, trace, tmp_path, monkeypatch):
    saved = trace.save(tmp_path / "run.safetensors")
    monkeypatch.chdir(tmp_path)
    done = warm.run(
        *(saved if each == "saved" else each for each in arguments),
        prepare=partial(limit_files, 200),
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: cannot write ")
    assert done.stderr.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} <= {"run.safetensors", "cache"}


VANISH = """if not self.renderer.sink:
            import shutil
            shutil.rmtree({folder!r})
        self.play(self.square.animate.shift(RIGHT)"""


def with_vanishing(folder):
    """The scene of three beats; planning the second removes a folder."""
    return THREE.replace(
        "self.play(self.square.animate.shift(RIGHT)", VANISH.format(folder=str(folder))
    )


def test_an_output_folder_that_vanishes_while_beats_are_drawn(three, trace, tmp_path, drawn):
    output = tmp_path / "out" / "three.mp4"
    output.parent.mkdir()
    three.write_text(with_vanishing(output.parent))
    assert len(drawn(three, trace, output)) == 3
    assert output.stat().st_size > 0


def test_an_output_folder_that_vanishes_while_beats_are_joined(
    three, trace, tmp_path, drawn, monkeypatch
):
    output = tmp_path / "out" / "three.mp4"
    beside = assembling.beside

    def vanish(*arguments):
        shutil.rmtree(output.parent)
        return beside(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(assembling, "beside", vanish)
        with pytest.raises(rnnviz.RnnvizError, match=r"cannot write .*out"):
            drawn(three, trace, output)
    assert not output.parent.exists()
    assert drawn(three, trace, output) == []


def test_a_cache_that_vanishes_while_beats_are_drawn(three, trace, tmp_path, drawn, cache):
    output = tmp_path / "out" / "three.mp4"
    three.write_text(with_vanishing(cache))
    with pytest.raises(rnnviz.RnnvizError):
        drawn(three, trace, output)
    assert not output.exists()
    three.write_text(THREE)
    assert "two" in drawn(three, trace, output)
    assert output.stat().st_size > 0

"""Forked processes that draw beats: failures, interrupts, and their number."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from often import every
from small_scenes import HEAD, THREE, frames

import rnnviz
from rnnviz.errors import RenderError, RnnvizError, SceneError, TextError
from rnnviz.rendering.execution.fork import ForkExecutor, Job

ONLY_IN_A_CHILD = "if self.renderer.sink: "


def with_middle(statement: str) -> str:
    """The scene of three beats; the second fails when drawn, but not when planned."""
    move = "self.play(self.square.animate.shift(RIGHT)"
    assert move in THREE
    return THREE.replace(move, f"{ONLY_IN_A_CHILD}{statement}\n        {move}")


LINE = next(
    number
    for number, line in enumerate(with_middle("").splitlines(), start=1)
    if ONLY_IN_A_CHILD.strip() in line
)


FAILURES = [
    (
        "1 / 0",
        RenderError,
        rf"beat 'two' of scene 'three' failed: ZeroDivisionError.*\(three.py, line {LINE}\)",
    ),
    (
        "np.ones(2) @ np.ones(3)",
        RenderError,
        rf"beat 'two' of scene 'three' failed: ValueError.*\(three.py, line {LINE}\)",
    ),
    ("Square(None)", RenderError, rf"beat 'two' of scene .*\(three.py, line {LINE}\)"),
    (
        "os.kill(os.getpid(), 9)",
        RenderError,
        r"drew beat 'two' of scene 'three' ended .*al 9",
    ),
    ("os._exit(3)", RenderError, r"drew beat 'two' of scene 'three' ended .*exit status 3"),
    ("os._exit(0)", RenderError, r"drew beat 'two' of scene 'three' ended .*exit status 0"),
    (
        "raise SystemExit",
        RenderError,
        rf"beat 'two' .* failed: it exits the program, SystemExit \(three.py, line {LINE}\)",
    ),
    (
        "raise TextError('9' * 1_000_000)",
        TextError,
        r"^beat 'two' of scene 'three': 9{1000}",
    ),
    ("raise TextError('no glyph')", TextError, r"^beat 'two' of scene 'three': no glyph$"),
    (
        "raise SceneError('too short')",
        SceneError,
        r"^beat 'two' of scene 'three': too short$",
    ),
]


@pytest.mark.parametrize(
    ("statement", "kind", "message"),
    every(3, FAILURES),
)
def test_a_process_that_fails_names_its_beat_and_the_others_are_kept(
    statement, kind, message, three, trace, tmp_path, drawn, cache
):
    imports = "from rnnviz.errors import SceneError, TextError\n"
    three.write_text(with_middle(statement).replace("import signal\n", imports))
    output = tmp_path / "out" / "three.mp4"
    output.parent.mkdir()
    output.write_bytes(b"old")
    with pytest.raises(kind, match=message):
        drawn(three, trace, output)
    assert output.read_bytes() == b"old"
    assert list(output.parent.iterdir()) == [output]
    assert len(list((cache / "beats").iterdir())) == 2
    three.write_text(THREE.replace("import signal\n", imports))
    assert drawn(three, trace, output) == ["two"]


def test_a_failing_storyboard_in_a_folder_named_manim_is_named(trace, tmp_path):
    folder = tmp_path / "manim films"
    folder.mkdir()
    (folder / "three.py").write_text(with_middle("1 / 0"))
    with pytest.raises(RenderError, match=rf"beat 'two'.*\(three.py, line {LINE}\)"):
        rnnviz.render(folder / "three.py", trace, quality="l", output=tmp_path / "a.mp4")


def test_an_error_while_planning_keeps_earlier_beats(three, trace, tmp_path, drawn, cache):
    three.write_text(THREE.replace("set_fill(opacity=0.5)", "set_fill(opacity=1 / 0)"))
    with pytest.raises(
        RenderError, match=r"beat 'three' of scene 'three' failed: Zero.*\(three.py, line \d+\)"
    ):
        drawn(three, trace, tmp_path / "three.mp4")
    three.write_text(THREE)
    assert drawn(three, trace, tmp_path / "three.mp4") == ["three"]


def test_the_number_of_processes_does_not_change_the_files(three, trace, tmp_path, monkeypatch):
    made = []
    for jobs in (1, 2, 3):
        monkeypatch.setenv("RNNVIZ_CACHE_DIR", str(tmp_path / f"cache-{jobs}"))
        folder = tmp_path / str(jobs)
        rnnviz.render(three, trace, quality="l", jobs=jobs, output=folder / "three.mp4")
        made.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert made[0] == made[1] == made[2]


def test_beats_drawn_separately_equal_those_of_the_whole_video(three, trace, tmp_path, drawn):
    for number in (3, 1, 2):
        drawn(three, trace, tmp_path / f"{number}.mp4", beats=(number,))
    assert drawn(three, trace, tmp_path / "three.mp4") == []
    parts = [shown for number in (1, 2, 3) for shown in frames(tmp_path / f"{number}.mp4")]
    whole = frames(tmp_path / "three.mp4")
    assert len(parts) == len(whole)
    assert all(map(np.array_equal, parts, whole))


def task(work):
    """Work for a process, in place of a beat."""
    spec = SimpleNamespace(name="work", source=__file__)
    return SimpleNamespace(draw=work, spec=spec)


def children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def endless(marker: Path) -> None:
    marker.write_text(str(os.getpid()))
    while True:
        signal.pause()


class Gate:
    """A gate that processes wait at until this one opens it."""

    def __init__(self) -> None:
        self._ends = os.pipe()

    def wait(self) -> None:
        os.read(self._ends[0], 1)

    def open(self) -> None:
        os.write(self._ends[1], b"0")

    def close(self) -> None:
        for end in self._ends:
            os.close(end)


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.close()


def started(executor, *works) -> list[Job]:
    """Jobs of an executor."""
    jobs = [Job("work", lambda: None) for _ in works]
    for job, work in zip(jobs, works, strict=True):
        executor.start(job, task(work))
    return jobs


def interrupted(error: BaseException, *works) -> list[Job]:
    """The jobs of an executor that an error ends."""
    jobs: list[Job] = []
    try:
        with ForkExecutor(2) as executor:
            jobs += started(executor, *works)
            raise error
    except type(error):
        return jobs


def test_an_interrupt_ends_the_processes(tmp_path):
    before = children()
    interrupted(KeyboardInterrupt(), *[lambda: endless(tmp_path / "started")] * 2)
    assert children() == before


def test_an_error_waits_for_the_processes():
    (job,) = interrupted(RenderError("no"), lambda: None)
    assert (job.done, job.error) == (True, None)


def test_no_more_processes_work_than_places(tmp_path):
    def work() -> None:
        here = tmp_path / str(os.getpid())
        here.touch()
        assert len(list(tmp_path.iterdir())) <= 2
        here.unlink()

    jobs = [Job(f"work {number}", lambda: None) for number in range(8)]
    with ForkExecutor(2) as executor:
        for job in jobs:
            executor.start(job, task(work))
    assert [job.error for job in jobs] == [None] * 8


def test_the_longest_job_is_next(gate, tmp_path):
    spec = tmp_path / "order"

    def note(name: str) -> None:
        with spec.open("a") as file:
            file.write(name)

    with ForkExecutor(1) as executor:
        started(executor, gate.wait)
        for name, seconds in (("a", 1.0), ("b", 3.0), ("c", 2.0)):
            job = Job(name, print)
            executor.start(job, task(lambda name=name: note(name)))
            job.seconds = seconds
        gate.open()
    assert spec.read_text() == "bca"


def test_few_processes_wait(gate):
    before, there = children(), []

    class Watched(ForkExecutor):
        def _reap(self, timeout: float | None = None) -> None:
            if timeout is None:
                there.append(len(set(children()) - set(before)))
                if len(there) == 1:
                    gate.open()
            super()._reap(timeout)

    with Watched(1) as executor:
        started(executor, gate.wait, *[lambda: None] * 4)
    assert there[0] == 4


def test_an_interrupt_ends_waiting_processes(tmp_path):
    before, begun = children(), tmp_path / "begun"
    works = [lambda: endless(tmp_path / "started")] * 2 + [begun.touch] * 2
    jobs = interrupted(KeyboardInterrupt(), *works)
    assert children() == before
    assert all(job.error for job in jobs)
    assert not begun.exists()


def test_a_process_killed_while_waiting_is_reported(gate):
    before = children()
    with ForkExecutor(1) as executor:
        first, killed, last = started(executor, gate.wait, lambda: None, lambda: None)
        [child for child in children() if child not in before][1].kill()
        gate.open()
    assert (first.error, last.error) == (None, None)
    assert "signal 9" in str(killed.error)


def test_entered_contexts_are_exited_after_all_work(tmp_path):
    from rnnviz.system.files import staging_dir

    with ForkExecutor(1) as executor:
        folder = executor.enter(staging_dir(tmp_path, RenderError))
        executor.start(Job("work", print), task(lambda: (folder / "made").touch()))
    assert list(tmp_path.iterdir()) == []


def test_errors_are_passed_unchanged_from_a_process():
    kinds = RnnvizError.__subclasses__()
    assert kinds
    jobs = []
    with ForkExecutor(2) as executor:
        for kind in kinds:

            def fail(kind=kind):
                raise kind("so it is")

            jobs.append(Job("work", print))
            executor.start(jobs[-1], task(fail))
    assert [type(job.error) for job in jobs] == kinds
    assert {str(job.error) for job in jobs} == {"work: so it is"}


THREADS = """
import torch

class Own(Storyboard):
    def setup(self):
        self.compute()

    def compute(self):
        return torch.ones(2000, 1000).log_softmax(-1).sum()

    @beat("One.")
    def one(self):
        self.compute()
        self.wait(0.2)
"""


@pytest.mark.slow
def test_torch_works_in_a_process_forked_after_its_threads(trace, tmp_path):
    scene, saved = tmp_path / "own.py", trace.save(tmp_path / "run.safetensors")
    scene.write_text(HEAD + THREADS)
    command = [sys.executable, "-m", "rnnviz", "render", str(scene), "-ql", "--trace", str(saved)]
    done = subprocess.run(
        [*command, "-o", str(tmp_path / "own.mp4")],
        env=os.environ | {"OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr

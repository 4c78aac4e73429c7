"""Beats drawn by other processes: those of a real Dask cluster, and ones that are started anew."""

import asyncio
import hashlib
import io
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from subprocess import DEVNULL, PIPE
from types import SimpleNamespace

import psutil
import pytest
from own_fonts import built, saved

import rnnviz
from rnnviz.errors import ClusterError, RenderError, TextError
from rnnviz.experiments.default_recordings import FOLDER_VARIABLE
from rnnviz.rendering import begin
from rnnviz.rendering.execution import dask as company
from rnnviz.rendering.execution.dask import DaskExecutor, open_executor
from rnnviz.system.cache import Cache
from rnnviz.system.workers import Watch, WorkerPool, check_address, failure, workers

pytestmark = pytest.mark.xdist_group("cluster")
FULL_SIZE = True  # workers that are started anew know no other

SCENE = """
import os
import signal
from pathlib import Path

from manim import FadeIn
from rnnviz.scene.storyboard import Storyboard
from rnnviz.mobjects.strip import Strip
from rnnviz.scene.beats import beat


class Small(Storyboard):
    @beat("One state.")
    def first(self):
        self.strip = Strip(self.trace.h[0, 0, 0, 0], self.theme, limit=1.0, height=2.0)
        self.play(FadeIn(self.strip), run_time=0.4)

    @beat("It moves.")
    def second(self):
        {middle}
        self.play(self.strip.animate.shift((2, 0, 0)), run_time=0.4)

    @beat("It rests.")
    def third(self):
        self.wait(0.2)
"""
PARENT = """
import os
import signal

from rnnviz.system.workers import workers

if __name__ == "__main__":
    with workers(None, 1) as hands:
        print(hands.submit(os.getpid).result(), flush=True)
        hands.submit(signal.pause).result()
"""
CLUSTER = """
import asyncio

from distributed import Scheduler, Worker


async def main():
    async with Scheduler(host="127.0.0.1", port=0, dashboard=False) as scheduler:
        async with Worker(scheduler.address, dashboard=False):
            print(scheduler.address, flush=True)
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
"""
DIE_ONCE = """
        mark = Path({folder!r}, "died"[::-1])  # a name that no text tells
        if self.renderer.sink is not None and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
"""
MALFORMED = (
    "",
    "bad",
    "localhost",
    "tcp://localhost",
    "http://127.0.0.1:9",
    "nonsense://here",
    "tcp://127.0.0.1:abc",
    "tcp://127.0.0.1:0",
    "127.0.0.1:65536",
    "tcp://127.0.0.1:8786/x",
    "💥",
)


@pytest.fixture
def scene_file(tmp_path: Path) -> Path:
    file = tmp_path / "small.py"
    file.write_text(SCENE.format(middle="pass"), encoding="utf-8")
    return file


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Use another cache from here on: call it with a name."""
    return lambda name: monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / name))


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    """One process that was started anew, for tests that neither end nor change it."""
    with workers(None, 1) as one:
        yield one


def content(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_cluster_draws_what_this_machine_draws(scheduler, scene_file, trace, tmp_path, cache):
    settings = {"quality": "l", "language": "zh", "theme": "light"}
    cache("here")
    here = rnnviz.render(scene_file, trace, output=tmp_path / "here.mp4", **settings)
    cache("there")
    told = []
    there = rnnviz.render(
        scene_file,
        trace,
        output=tmp_path / "there.mp4",
        scheduler=scheduler,
        progress=lambda *news: told.append(news),
        **settings,
    )
    assert content(here.paths[0]) == content(there.paths[0])
    assert [path.suffixes for path in here.paths] == [path.suffixes for path in there.paths]
    assert {name for name, *_ in told} == {"first", "second", "third"}
    assert [done for _, done, _ in told] == [1, 2, 3]
    kept = [{p.name for p in (tmp_path / each / "beats").iterdir()} for each in ("here", "there")]
    assert kept[0] == kept[1]


@pytest.mark.slow
def test_a_scene_with_companions_is_drawn_the_same_there(scheduler, tmp_path, cache, trace):
    made = []
    for place in (None, scheduler):
        cache(f"cache {len(made)}")
        output = tmp_path / f"{len(made)}.mp4"
        options = {"quality": "l", "beats": (2,), "output": output, "scheduler": place}
        made.append(content(rnnviz.render("feedforward", trace, **options).paths[0]))
    assert made[0] == made[1]


def test_processes_started_anew_draw_the_same(scene_file, trace, tmp_path, cache, monkeypatch):
    made = []
    for fork in (True, False):
        monkeypatch.setattr(company, "can_fork", lambda fork=fork: fork)
        cache(f"cache {fork}")
        output = tmp_path / f"{fork}.mp4"
        rnnviz.render(scene_file, trace, quality="l", output=output, jobs=2)
        made.append(content(output))
    assert made[0] == made[1]


def test_a_given_font_goes_along_to_processes_started_anew(trace, tmp_path, cache, monkeypatch):
    file, font = tmp_path / "small.py", saved(tmp_path, "a.ttf", built("\u092e"))
    middle = "self.add(label('\u092e', color=self.theme.color('text')))"
    wanted = "from rnnviz.mobjects.text import label\n"
    file.write_text(wanted + SCENE.format(middle=middle), encoding="utf-8")
    made = []
    for fork in (True, False):
        monkeypatch.setattr(company, "can_fork", lambda fork=fork: fork)
        cache(f"cache {fork}")
        output = tmp_path / f"{fork}.mp4"
        settings = {"quality": "l", "beats": (2,), "output": output, "jobs": 1}
        rnnviz.render(file, trace, font=font, **settings)
        made.append(content(output))
    assert made[0] == made[1]
    with pytest.raises(TextError, match=r"no font of rnnviz has the character '\u092e'"):
        rnnviz.render(file, trace, **settings)


def test_a_scene_disturbs_neither_stdout_nor_the_beats_after_it_there(
    trace, tmp_path, cache, monkeypatch, capfd
):
    cache("anew")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "named.txt").write_text("what a scene names decides its beats")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(company, "can_fork", lambda: False)
    middle = "print('said', flush=True); os.chdir('/')"
    scene, output = tmp_path / "small.py", tmp_path / "a.mp4"
    scene.write_text(f"{SCENE.format(middle=middle)}\n\nNAMED = 'named.txt'\n", encoding="utf-8")
    with redirect_stdout(io.StringIO()):
        done = rnnviz.render(scene, trace, quality="l", output=output, jobs=1)
    assert done.beats == ("first", "second", "third")
    printed, told = capfd.readouterr()
    assert printed == ""
    assert "said" in told


def test_a_beat_that_ends_the_program_there_is_told_as_such(pool, trace, tmp_path, cache):
    cache("anew")
    scene, middle = tmp_path / "small.py", "if self.renderer.sink: raise SystemExit(0)"
    scene.write_text(SCENE.format(middle=middle), encoding="utf-8")
    with (
        pytest.raises(RenderError, match=r"beat 'second' of .*: it ends the program, SystemExit"),
        DaskExecutor(pool) as executor,
    ):
        begin(scene, trace, executor, quality="l", output=tmp_path / "a.mp4").finish()


@pytest.mark.slow
def test_a_worker_that_dies_loses_its_beat_alone(scheduler, trace, tmp_path, cache):
    mark, file = tmp_path / "deid", tmp_path / "small.py"
    file.write_text(SCENE.format(middle="pass"), encoding="utf-8")
    cache("here")
    whole = rnnviz.render(file, trace, quality="l", output=tmp_path / "whole.mp4")
    file.write_text(
        SCENE.format(middle=DIE_ONCE.format(folder=str(tmp_path)).strip()), encoding="utf-8"
    )
    cache("there")
    output = tmp_path / "again.mp4"
    again = rnnviz.render(file, trace, quality="l", output=output, scheduler=scheduler)
    assert mark.exists()
    assert content(whole.paths[0]) == content(again.paths[0])


def test_what_a_beat_raises_there_is_told_here_and_the_others_are_kept(
    scheduler, trace, tmp_path, cache
):
    file = tmp_path / "small.py"
    middle = "assert self.renderer.sink is None, 'no'"
    file.write_text(SCENE.format(middle=middle), encoding="utf-8")
    cache("there")
    with pytest.raises(RenderError, match=r"beat 'second' of scene 'small' failed: .*no.*line"):
        rnnviz.render(file, trace, quality="l", output=tmp_path / "a.mp4", scheduler=scheduler)
    assert len(list((tmp_path / "there" / "beats").glob("*.mp4"))) == 2


def test_a_scene_file_that_workers_cannot_see_or_see_otherwise_is_refused(
    pool, scene_file, trace, tmp_path, cache
):
    def changed(*work):
        scene_file.write_text(scene_file.read_text(encoding="utf-8") + "x = 1", encoding="utf-8")
        return pool.submit(*work)

    def gone(*work):
        scene_file.unlink()
        return pool.submit(*work)

    cache("there")
    options = {"quality": "l", "beats": (1,), "output": tmp_path / "a.mp4"}
    for submit, expected in ((changed, "or scene file than"), (gone, "there is no scene file")):
        with (
            pytest.raises(RenderError, match=expected),
            DaskExecutor(WorkerPool(submit)) as executor,
        ):
            begin(scene_file, trace, executor, **options).finish()


def test_code_that_a_worker_loaded_before_it_changed_is_not_used(
    pool, scene_file, trace, tmp_path, cache, monkeypatch
):
    monkeypatch.syspath_prepend(str(tmp_path))
    helper = tmp_path / "rnnviz_test_helper.py"
    helper.write_text("x = 1\n", encoding="utf-8")
    source = scene_file.read_text(encoding="utf-8")
    scene_file.write_text(f"import {helper.stem}\n{source}", encoding="utf-8")
    cache("there")
    options = {"quality": "l", "beats": (3,), "output": tmp_path / "a.mp4"}
    with DaskExecutor(pool) as executor:
        begin(scene_file, trace, executor, **options).finish()
        helper.write_text("x = 2\n", encoding="utf-8")
        with pytest.raises(RenderError, match=r"'rnnviz_test_helper.py' has changed since the wo"):
            begin(scene_file, trace, executor, **options).finish()
    # workers that start now load what is new, which this process did not
    with (
        pytest.raises(RenderError, match=r"a worker has another Python, rnnviz, library or scene"),
        workers(None, 1) as anew,
        DaskExecutor(anew) as executor,
    ):
        begin(scene_file, trace, executor, **options).finish()


def test_a_process_that_ends_without_a_word_is_told(trace, tmp_path, cache):
    file = tmp_path / "small.py"
    middle = "self.renderer.sink and os.kill(os.getpid(), signal.SIGKILL)"
    file.write_text(SCENE.format(middle=middle), encoding="utf-8")
    cache("here")
    options = {"quality": "l", "output": tmp_path / "a.mp4"}
    with (
        pytest.raises(RenderError, match=r"was not drawn: a process that worked.*render again"),
        workers(None, 1) as anew,
        DaskExecutor(anew) as executor,
    ):
        begin(file, trace, executor, **options).finish()


def test_a_cluster_that_is_lost_is_told_and_what_is_finished_is_kept(
    pool, scene_file, trace, tmp_path, cache
):
    def lost(work, *arguments):
        if arguments[0].beat > 1:
            future = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future
        return pool.submit(work, *arguments)

    cache("there")
    with (
        pytest.raises(RenderError, match=r"'second' of .*: the cluster was lost; what is finished"),
        DaskExecutor(WorkerPool(lost)) as executor,
    ):
        begin(scene_file, trace, executor, quality="l", output=tmp_path / "a.mp4").finish()
    assert len(list((tmp_path / "there" / "beats").glob("*.mp4"))) == 1


def test_a_beat_that_kills_its_workers_is_told_in_one_line(
    pool, scene_file, trace, tmp_path, cache
):
    from distributed.scheduler import KilledWorker

    def killed(work, *arguments):
        if arguments[0].beat != 2:
            return pool.submit(work, *arguments)
        future = Future()
        future.set_exception(KilledWorker("draw_beat", SimpleNamespace(address="tcp://a:1"), 3))
        return future

    cache("there")
    with (
        pytest.raises(RenderError) as told,
        DaskExecutor(WorkerPool(killed)) as executor,
    ):
        begin(scene_file, trace, executor, quality="l", output=tmp_path / "a.mp4").finish()
    assert str(told.value) == (
        "beat 'second' of scene 'small' was not drawn: every worker that took it died; what is "
        "finished is kept, render again"
    )
    assert len(list((tmp_path / "there" / "beats").glob("*.mp4"))) == 2


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("tcp://127.0.0.1:1", "no Dask scheduler answers at"),
        ("tls://127.0.0.1:1", "asks for TLS, for which Dask is not set up"),
        *((address, "is no address of a Dask scheduler; give one like") for address in MALFORMED),
    ],
)
def test_a_wrong_address_is_told_in_one_line(address, expected, monkeypatch):
    monkeypatch.setattr("rnnviz.system.workers._PATIENCE", 1)
    with pytest.raises(ClusterError, match=expected) as told, open_executor(scheduler=address):
        pass
    assert "\n" not in str(told.value)


@contextmanager
def answering(said: bytes | None) -> Iterator[str]:
    """The address of a server that says something to everyone and hangs up, or says nothing."""

    def answer() -> None:
        while True:
            try:
                line, _ = server.accept()
            except OSError:
                return
            held.append(line)
            if said is not None:
                line.sendall(said)
                line.close()

    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            for line in held:
                line.close()


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        bytes(64),
        b"\1" + bytes(7),
        b"",
    ],
)
def test_what_is_no_scheduler_is_told_in_one_line(said, capfd):
    with (
        answering(said) as address,
        pytest.raises(
            ClusterError, match=r"is no Dask scheduler|no Dask scheduler answers"
        ) as told,
        open_executor(scheduler=address),
    ):
        pass
    assert "\n" not in str(told.value)
    assert capfd.readouterr() == ("", "")


def test_a_worker_is_no_scheduler(scheduler):
    import distributed

    with distributed.Client(scheduler, set_as_default=False) as client:
        address = next(iter(client.scheduler_info()["workers"]))
    with (
        pytest.raises(ClusterError, match=r"what answers at .* is no Dask scheduler"),
        open_executor(scheduler=address),
    ):
        pass


def test_what_accepts_and_says_nothing_is_not_waited_for(monkeypatch, capfd):
    monkeypatch.setattr("rnnviz.system.workers._PATIENCE", 0.2)
    with (
        answering(None) as address,
        pytest.raises(ClusterError, match="no Dask scheduler answers at"),
        open_executor(scheduler=address),
    ):
        pass
    assert capfd.readouterr() == ("", "")


def test_a_cluster_that_is_lost_in_the_midst_is_not_waited_for(
    pool, scene_file, trace, tmp_path, cache, monkeypatch
):
    def submit(work, *arguments):
        return Future() if arguments[0].beat == 2 else pool.submit(work, *arguments)

    monkeypatch.setattr("rnnviz.system.workers._BETWEEN", 0)
    others = threading.Event()
    monkeypatch.setattr(
        Cache, "keep", lambda *given, keep=Cache.keep: (keep(*given), others.set())[0]
    )
    cache("there")
    with (
        pytest.raises(RenderError, match=r"'second' of .*: the cluster was lost; what is finished"),
        DaskExecutor(WorkerPool(submit, watch=lambda: lambda: not others.is_set())) as executor,
    ):
        begin(
            scene_file, trace, executor, quality="l", output=tmp_path / "a.mp4", beats=(1, 2)
        ).finish()
    assert len(list((tmp_path / "there" / "beats").glob("*.mp4"))) == 1


@pytest.mark.parametrize(
    ("status", "answers", "patience", "silence", "lives"),
    [
        ("running", True, 0.0, 1e9, False),
        ("running", True, 1e9, 1e9, True),
        ("connecting", True, 0.0, 1e9, False),
        ("connecting", True, 1e9, 1e9, True),
        ("running", False, 1e9, 0.0, False),
        ("running", False, 1e9, 1e9, True),
    ],
)
def test_a_scheduler_lives_that_is_reached_and_answers(
    status, answers, patience, silence, lives, monkeypatch
):
    answer = Future()
    if answers:
        answer.set_result({})
    monkeypatch.setattr("rnnviz.system.workers._PATIENCE", patience)
    monkeypatch.setattr("rnnviz.system.workers._SILENCE", silence)
    monkeypatch.setattr(Watch, "_ask", lambda watch: answer)
    assert Watch(SimpleNamespace(status=status))() == lives


@pytest.mark.slow  # a scheduler of its own, to be killed
@pytest.mark.parametrize("when", ["while it works", "while a result is fetched"])
def test_a_scheduler_that_is_killed_is_noticed(when, tmp_path, monkeypatch, capfd):
    from distributed import Client

    async def killed(*given, **named):
        cluster.kill()
        await asyncio.Event().wait()

    if when == "while a result is fetched":
        monkeypatch.setattr(Client, "_gather_remote", killed)
    file = tmp_path / "cluster.py"
    file.write_text(CLUSTER, encoding="utf-8")
    with (
        subprocess.Popen([sys.executable, file], stdout=PIPE, stderr=DEVNULL, text=True) as cluster,
        workers(cluster.stdout.readline().strip()) as pool,
    ):
        try:
            running = pool.submit(signal.pause if when == "while it works" else os.getpid)
            if when == "while it works":
                cluster.kill()
            lost = [failure(each) for each in pool.wait([running])]
        except ClusterError as error:
            lost = [str(error)]
    assert lost == ["the cluster was lost"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "address", ["127.0.0.1:8786", "tcp://[::1]:8786", "tls://node-1.lab:8786", "ws://h_1:65535"]
)
def test_an_address_of_a_scheduler_is_known_as_such(address):
    check_address(address)


def test_without_dask_the_remedy_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(ClusterError, match=r"pip install 'rnnviz\[cluster\]'"),
        open_executor(scheduler="tcp://127.0.0.1:8786"),
    ):
        pass


def test_processes_give_up_when_their_work_is_no_longer_wanted():
    pids = []

    def interrupted():
        with workers(None, 1) as pool:
            pids.append(pool.submit(os.getpid).result())
            pool.submit(signal.pause)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not psutil.pid_exists(pids[0])


def test_processes_end_with_the_one_that_started_them(tmp_path):
    file = tmp_path / "parent.py"
    file.write_text(PARENT, encoding="utf-8")
    with subprocess.Popen([sys.executable, file], stdout=subprocess.PIPE, text=True) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    child.wait(timeout=60)

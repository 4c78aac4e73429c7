"""Beats drawn by the workers of a real Dask cluster, and by spawned processes."""

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
from rnnviz.rendering.cache.dependencies import Dependency
from rnnviz.rendering.execution import dask
from rnnviz.rendering.execution.dask import DaskExecutor, open_executor
from rnnviz.rendering.execution.fork import Job
from rnnviz.system.cache import Cache
from rnnviz.system.workers import SchedulerWatch, WorkerPool, check_address, failure, workers

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
    """Return a function that switches to another cache."""
    return lambda name: monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / name))


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    """One spawned process, for tests that neither end nor change it."""
    with workers(None, 1) as one:
        yield one


def content(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_cluster_draws_what_this_machine_draws(scheduler, scene_file, trace, tmp_path, cache):
    settings = {"quality": "l", "language": "zh", "theme": "light", "notation": "d2l"}
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
def test_a_scene_with_experiments_is_drawn_the_same_remotely(scheduler, tmp_path, cache, trace):
    made = []
    for place in (None, scheduler):
        cache(f"cache {len(made)}")
        output = tmp_path / f"{len(made)}.mp4"
        options = {"quality": "l", "beats": (2,), "output": output, "scheduler": place}
        made.append(content(rnnviz.render("feedforward", trace, **options).paths[0]))
    assert made[0] == made[1]


@pytest.mark.slow  # the next test draws all beats in one spawned process
def test_spawned_processes_draw_the_same(scene_file, trace, tmp_path, cache, monkeypatch):
    made = []
    for fork in (True, False):
        monkeypatch.setattr(dask, "can_fork", lambda fork=fork: fork)
        cache(f"cache {fork}")
        output = tmp_path / f"{fork}.mp4"
        rnnviz.render(scene_file, trace, quality="l", output=output, jobs=2)
        made.append(content(output))
    assert made[0] == made[1]


def test_a_spawned_process_draws_the_same_with_a_custom_font(trace, tmp_path, cache, monkeypatch):
    file, font = tmp_path / "small.py", saved(tmp_path, "a.ttf", built("\u092e"))
    middle = "self.add(label('\u092e', color=self.theme.color('text')))"
    wanted = "from rnnviz.mobjects.text import label\n"
    file.write_text(wanted + SCENE.format(middle=middle), encoding="utf-8")
    made = []
    for fork in (True, False):
        monkeypatch.setattr(dask, "can_fork", lambda fork=fork: fork)
        cache(f"cache {fork}")
        output = tmp_path / f"{fork}.mp4"
        settings = {"quality": "l", "output": output, "jobs": 1}
        rnnviz.render(file, trace, font=font, **settings)
        made.append(content(output))
    assert made[0] == made[1]
    monkeypatch.setattr(dask, "can_fork", lambda: True)  # it is refused before a process draws
    with pytest.raises(TextError, match=r"no font of rnnviz has the character '\u092e'"):
        rnnviz.render(file, trace, **settings)


@pytest.mark.slow
def test_a_remote_scene_disturbs_neither_stdout_nor_later_beats(
    trace, tmp_path, cache, monkeypatch, capfd
):
    cache("anew")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "named.txt").write_text("what a scene names decides its beats")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(dask, "can_fork", lambda: False)
    middle = "print('said', flush=True); os.chdir('/')"
    scene, output = tmp_path / "small.py", tmp_path / "a.mp4"
    scene.write_text(f"{SCENE.format(middle=middle)}\n\nNAMED = 'named.txt'\n", encoding="utf-8")
    with redirect_stdout(io.StringIO()):
        done = rnnviz.render(scene, trace, quality="l", output=output, jobs=1)
    assert done.beats == ("first", "second", "third")
    printed, told = capfd.readouterr()
    assert printed == ""
    assert "said" in told


def test_a_remote_beat_that_exits_is_reported(pool, trace, tmp_path, cache):
    cache("anew")
    scene, middle = tmp_path / "small.py", "if self.renderer.sink: raise SystemExit(0)"
    scene.write_text(SCENE.format(middle=middle), encoding="utf-8")
    with (
        pytest.raises(RenderError, match=r"beat 'second' of .*: it exits the program, SystemExit"),
        DaskExecutor(pool) as executor,
    ):
        begin(scene, trace, executor, quality="l", output=tmp_path / "a.mp4").finish()


@pytest.mark.slow
def test_a_dying_worker_loses_only_its_beat(scheduler, trace, tmp_path, cache):
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


def test_a_remote_error_is_reported_and_other_beats_are_kept(scheduler, trace, tmp_path, cache):
    file = tmp_path / "small.py"
    middle = "assert self.renderer.sink is None, 'no'"
    file.write_text(SCENE.format(middle=middle), encoding="utf-8")
    cache("there")
    with pytest.raises(RenderError, match=r"beat 'second' of scene 'small' failed: .*no.*line"):
        rnnviz.render(file, trace, quality="l", output=tmp_path / "a.mp4", scheduler=scheduler)
    assert len(list((tmp_path / "there" / "beats").glob("*.mp4"))) == 2


def test_a_scene_file_missing_or_different_on_a_worker_is_refused(
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
    for submit, expected in ((changed, "or scene file than"), (gone, "no scene file")):
        with (
            pytest.raises(RenderError, match=expected),
            DaskExecutor(WorkerPool(submit)) as executor,
        ):
            begin(scene_file, trace, executor, **options).finish()


def test_a_worker_does_not_draw_with_outdated_code(
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
        pytest.raises(RenderError, match=r"a worker has a different Python, rnnviz, library or"),
        workers(None, 1) as anew,
        DaskExecutor(anew) as executor,
    ):
        begin(scene_file, trace, executor, **options).finish()


def test_a_worker_that_reads_other_data_is_refused():
    ours, theirs = ({Dependency("content", "/data/shade"): value} for value in ("1", "2"))
    future: Future[tuple[bytes, dict[Dependency, str]]] = Future()
    future.set_result((b"video", theirs))
    task = SimpleNamespace(recorder=SimpleNamespace(reads=ours))
    error = dask._kept(future, Job("beat 'one'", lambda: None), task)
    assert str(error) == (
        "beat 'one' was not drawn: a worker read a different file '/data/shade' than this machine; "
        "give it the same one; finished beats are kept, so render again"
    )


@pytest.mark.slow  # a worker of a cluster that dies is a quick test
def test_a_process_that_dies_is_reported(trace, tmp_path, cache):
    file = tmp_path / "small.py"
    middle = "self.renderer.sink and os.kill(os.getpid(), signal.SIGKILL)"
    file.write_text(SCENE.format(middle=middle), encoding="utf-8")
    cache("here")
    options = {"quality": "l", "output": tmp_path / "a.mp4"}
    with (
        pytest.raises(RenderError, match=r"not drawn: a process of the pool died.*render again"),
        workers(None, 1) as anew,
        DaskExecutor(anew) as executor,
    ):
        begin(file, trace, executor, **options).finish()


def test_a_lost_cluster_is_reported_and_finished_beats_are_kept(
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
        pytest.raises(RenderError, match=r"'second' of .*: the cluster was lost; finished beats"),
        DaskExecutor(WorkerPool(lost)) as executor,
    ):
        begin(scene_file, trace, executor, quality="l", output=tmp_path / "a.mp4").finish()
    assert len(list((tmp_path / "there" / "beats").glob("*.mp4"))) == 1


def test_a_beat_that_kills_workers_is_reported_in_one_line(
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
        "beat 'second' of scene 'small' was not drawn: every worker that tried it died; "
        "finished beats are kept, so render again"
    )


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("tcp://127.0.0.1:1", "no Dask scheduler answers at"),
        ("tls://127.0.0.1:1", "needs TLS, for which Dask is not configured"),
        *((address, "is not the address of a Dask scheduler; give one") for address in MALFORMED),
    ],
)
def test_a_wrong_address_is_reported_in_one_line(address, expected, monkeypatch):
    monkeypatch.setattr("rnnviz.system.workers._CONNECT_TIMEOUT", 1)
    with pytest.raises(ClusterError, match=expected) as told, open_executor(scheduler=address):
        pass
    assert "\n" not in str(told.value)


@contextmanager
def answering(said: bytes | None) -> Iterator[str]:
    """Serve a fixed answer and hang up, or never answer; yields the address."""

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
def test_another_server_is_reported_in_one_line(said, capfd):
    with (
        answering(said) as address,
        pytest.raises(
            ClusterError, match=r"is not a Dask scheduler|no Dask scheduler answers"
        ) as told,
        open_executor(scheduler=address),
    ):
        pass
    assert "\n" not in str(told.value)
    assert capfd.readouterr() == ("", "")


def test_the_address_of_a_worker_is_refused(scheduler):
    import distributed

    with distributed.Client(scheduler, set_as_default=False) as client:
        address = next(iter(client.scheduler_info()["workers"]))
    with (
        pytest.raises(ClusterError, match=r"what answers at .* is not a Dask scheduler"),
        open_executor(scheduler=address),
    ):
        pass


def test_a_silent_server_is_not_waited_for(monkeypatch, capfd):
    monkeypatch.setattr("rnnviz.system.workers._CONNECT_TIMEOUT", 0.2)
    with (
        answering(None) as address,
        pytest.raises(ClusterError, match="no Dask scheduler answers at"),
        open_executor(scheduler=address),
    ):
        pass
    assert capfd.readouterr() == ("", "")


def test_a_cluster_lost_during_work_is_not_waited_for(
    pool, scene_file, trace, tmp_path, cache, monkeypatch
):
    def submit(work, *arguments):
        return Future() if arguments[0].beat == 2 else pool.submit(work, *arguments)

    monkeypatch.setattr("rnnviz.system.workers._CHECK_INTERVAL", 0)
    others = threading.Event()
    monkeypatch.setattr(
        Cache, "keep", lambda *given, keep=Cache.keep: (keep(*given), others.set())[0]
    )
    cache("there")
    with (
        pytest.raises(RenderError, match=r"'second' of .*: the cluster was lost; finished beats"),
        DaskExecutor(WorkerPool(submit, watch=lambda: lambda: not others.is_set())) as executor,
    ):
        begin(
            scene_file, trace, executor, quality="l", output=tmp_path / "a.mp4", beats=(1, 2)
        ).finish()
    assert len(list((tmp_path / "there" / "beats").glob("*.mp4"))) == 1


@pytest.mark.parametrize(
    ("status", "answers", "connect", "answer_", "lives"),
    [
        ("running", True, 0.0, 1e9, False),
        ("running", True, 1e9, 1e9, True),
        ("connecting", True, 0.0, 1e9, False),
        ("connecting", True, 1e9, 1e9, True),
        ("running", False, 1e9, 0.0, False),
        ("running", False, 1e9, 1e9, True),
    ],
)
def test_a_scheduler_is_alive_while_connected_and_answering(
    status, answers, connect, answer_, lives, monkeypatch
):
    answer = Future()
    if answers:
        answer.set_result({})
    monkeypatch.setattr("rnnviz.system.workers._CONNECT_TIMEOUT", connect)
    monkeypatch.setattr("rnnviz.system.workers._ANSWER_TIMEOUT", answer_)
    monkeypatch.setattr(SchedulerWatch, "_ask", lambda watch: answer)
    assert SchedulerWatch(SimpleNamespace(status=status))() == lives


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
def test_valid_addresses_of_a_scheduler_are_accepted(address):
    check_address(address)


def test_a_missing_dask_is_reported_with_a_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(ClusterError, match=r"pip install 'rnnviz\[cluster\]'"),
        open_executor(scheduler="tcp://127.0.0.1:8786"),
    ):
        pass


def test_processes_stop_when_an_error_ends_the_context():
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

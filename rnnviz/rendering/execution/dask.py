"""Draws beats in processes that share nothing with this one: of a Dask cluster, or spawned here."""

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from types import TracebackType

from rnnviz.errors import ClusterError, RenderError, RnnvizError
from rnnviz.rendering.cache.dependencies import WORKING_FOLDER, Reads
from rnnviz.rendering.execution.beat_task import BeatTask
from rnnviz.rendering.execution.fork import Executor, ForkExecutor, Job, can_fork
from rnnviz.system.files import atomic_write
from rnnviz.system.workers import WorkerPool, failure, workers


class DaskExecutor(Executor):
    """Draws beats with a pool of workers, which play the scene up to a beat and return its video.

    On exit it waits for all beats, unless it exits with an error that is not one of rnnviz's.
    """

    def __init__(self, pool: WorkerPool) -> None:
        super().__init__()
        self._pool = pool
        self._running: dict[Future[tuple[bytes, Reads]], tuple[Job, BeatTask]] = {}

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._entered:
            if kind is None or issubclass(kind, RnnvizError):
                while self._running:
                    self._reap()

    def start(self, job: Job, task: BeatTask) -> None:
        """Have a beat drawn by the next free worker."""
        from rnnviz.rendering.execution.remote_worker import draw_beat  # loads Manim

        context, spec = task.performance.context, task.spec
        shown = (context.trace, *context.others)
        named = " ".join(each.digest for each in shown)
        traces = self._pool.sent(f"traces {named}", shown)
        experiments = self._pool.sent(f"experiments {spec.experiments}", context.experiments)
        families = " ".join(font.family for font in context.fonts)
        fonts = self._pool.sent(f"fonts {families}", context.fonts)
        setting = (context.language, context.theme, fonts, context.notation, context.playback)
        future = self._pool.submit(draw_beat, spec, *setting, traces, experiments)
        self._running[future] = (job, task)
        self._reap(timeout=0)

    def _reap(self, timeout: float | None = None) -> None:
        """Wait for beats, and keep them."""
        try:
            done = self._pool.wait(self._running, timeout)
        except ClusterError as error:
            lost, self._running = self._running, {}
            for job, _ in lost.values():
                job.end(_undrawn(job, str(error)))
            return
        for future in done:
            job, task = self._running.pop(future)
            job.end(_kept(future, job, task))


@contextmanager
def open_executor(jobs: int | None = None, scheduler: str | None = None) -> Iterator[Executor]:
    """Open an executor: the workers of a Dask scheduler, or ``jobs`` processes of this machine.

    Raises: ClusterError if the cluster cannot be reached
    """
    if scheduler is None and can_fork():
        with ForkExecutor(jobs) as executor:
            yield executor
    else:
        with workers(scheduler, jobs) as pool, DaskExecutor(pool) as executor:
            yield executor


def _kept(future: Future[tuple[bytes, Reads]], job: Job, task: BeatTask) -> RnnvizError | Reads:
    """Keep a beat that a worker drew, and return what it read; or return why it is not kept."""
    reason = failure(future)
    if reason is not None:
        return _undrawn(job, reason)
    video, reads = future.result()
    known = task.recorder.reads
    for dependency, value in reads.items():
        if dependency.kind != WORKING_FOLDER and known.get(dependency, value) != value:
            return _undrawn(
                job,
                f"a worker read a different {dependency} than this machine; give it the same one",
            )
    try:
        with atomic_write(task.entry.path(reads), RenderError) as temporary:
            temporary.write_bytes(video)
        task.entry.keep(reads)
    except RenderError as error:
        return error
    return reads


def _undrawn(job: Job, reason: str) -> RenderError:
    named = reason if reason.startswith(job.name) else f"{job.name} was not drawn: {reason}"
    return RenderError(f"{named}; finished beats are kept, so render again")

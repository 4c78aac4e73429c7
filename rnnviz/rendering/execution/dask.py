"""Beats drawn by processes that share nothing with this one: on other machines, or started anew."""

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from types import TracebackType

from rnnviz.errors import ClusterError, RenderError, RnnvizError
from rnnviz.rendering.execution.beat_task import BeatTask
from rnnviz.rendering.execution.fork import Executor, ForkExecutor, Job, can_fork
from rnnviz.system.files import atomic_write
from rnnviz.system.workers import WorkerPool, failure, workers


class DaskExecutor(Executor):
    """A crew of workers. Each plays the scene up to its beat, and gives the encoded beat back.

    It waits for all beats at its end, unless it is left by an error that is not the user's to mend.
    """

    def __init__(self, pool: WorkerPool) -> None:
        super().__init__()
        self._workers = pool
        self._running: dict[Future[bytes], tuple[Job, BeatTask]] = {}

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
        """Have a beat drawn by the next worker that is free."""
        from rnnviz.rendering.execution.remote_worker import draw_beat  # loads Manim

        context, spec = task.performance.context, task.spec
        trace = self._workers.sent(f"trace {context.trace.digest}", context.trace)
        experiments = self._workers.sent(f"experiments {spec.experiments}", context.experiments)
        families = " ".join(font.family for font in context.fonts)
        fonts = self._workers.sent(f"fonts {families}", context.fonts)
        setting = (context.language, context.theme, fonts)
        future = self._workers.submit(draw_beat, spec, *setting, trace, experiments)
        self._running[future] = (job, task)
        self._reap(patience=0)

    def _reap(self, patience: float | None = None) -> None:
        """Wait for a beat, and keep it."""
        try:
            done = self._workers.wait(self._running, patience)
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
    """Those who draw: the workers of a Dask scheduler, or else so many processes of this machine.

    Raises: ClusterError if the cluster cannot be reached
    """
    if scheduler is None and can_fork():
        with ForkExecutor(jobs) as executor:
            yield executor
    else:
        with workers(scheduler, jobs) as pool, DaskExecutor(pool) as company:
            yield company


def _kept(future: Future[bytes], job: Job, task: BeatTask) -> RnnvizError | None:
    reason = failure(future)
    if reason is not None:
        return _undrawn(job, reason)
    try:
        with atomic_write(task.path, RenderError) as temporary:
            temporary.write_bytes(future.result())
        task.cache.keep(task.path)
    except RenderError as error:
        return error
    return None


def _undrawn(job: Job, reason: str) -> RenderError:
    named = reason if reason.startswith(job.name) else f"{job.name} was not drawn: {reason}"
    return RenderError(f"{named}; what is finished is kept, render again")

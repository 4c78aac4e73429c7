"""Beats drawn by processes that share nothing with this one: on other machines, or started anew."""

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from types import TracebackType

from rnnviz.errors import ClusterError, RenderError, RnnvizError
from rnnviz.files import replacing
from rnnviz.rendering.crew import AnyCrew, Crew, Job, can_fork
from rnnviz.rendering.shot import Shot
from rnnviz.workers import Workers, failure, workers


class Company(AnyCrew):
    """A crew of workers. Each plays the scene up to its beat, and gives the encoded beat back.

    It waits for all beats at its end, unless it is left by an error that is not the user's to mend.
    """

    def __init__(self, hands: Workers) -> None:
        super().__init__()
        self._workers = hands
        self._running: dict[Future[bytes], tuple[Job, Shot]] = {}

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

    def start(self, job: Job, shot: Shot) -> None:
        """Have a beat drawn by the next worker that is free."""
        from rnnviz.rendering.alone import draw_alone  # loads Manim

        stage, order = shot.performance.stage, shot.order
        trace = self._workers.sent(f"trace {stage.trace.digest}", stage.trace)
        companions = self._workers.sent(f"companions {order.companions}", stage.companions)
        families = " ".join(font.family for font in stage.fonts)
        fonts = self._workers.sent(f"fonts {families}", stage.fonts)
        setting = (stage.language, stage.theme, fonts)
        future = self._workers.submit(draw_alone, order, *setting, trace, companions)
        self._running[future] = (job, shot)
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
            job, shot = self._running.pop(future)
            job.end(_kept(future, job, shot))


@contextmanager
def hired(jobs: int | None = None, scheduler: str | None = None) -> Iterator[AnyCrew]:
    """Those who draw: the workers of a Dask scheduler, or else so many processes of this machine.

    Raises: ClusterError if the cluster cannot be reached
    """
    if scheduler is None and can_fork():
        with Crew(jobs) as crew:
            yield crew
    else:
        with workers(scheduler, jobs) as hands, Company(hands) as company:
            yield company


def _kept(future: Future[bytes], job: Job, shot: Shot) -> RnnvizError | None:
    reason = failure(future)
    if reason is not None:
        return _undrawn(job, reason)
    try:
        with replacing(shot.path, RenderError) as temporary:
            temporary.write_bytes(future.result())
        shot.cache.keep(shot.path)
    except RenderError as error:
        return error
    return None


def _undrawn(job: Job, reason: str) -> RenderError:
    named = reason if reason.startswith(job.name) else f"{job.name} was not drawn: {reason}"
    return RenderError(f"{named}; what is finished is kept, render again")

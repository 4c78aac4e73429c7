"""The pictures of a render: how fast they could be encoded at best, and how good they look."""

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from math import ceil, log10
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
import psutil
from av.video.frame import PictureType
from av.video.reformatter import Colorspace

from rnnviz.experiments.default_recordings import FOLDER_VARIABLE
from rnnviz.rendering.manim_adapter.canvas import Canvas
from rnnviz.rendering.manim_adapter.renderer import Renderer
from rnnviz.rendering.manim_adapter.settings import manim_settings
from rnnviz.rendering.plan import make_plan
from rnnviz.rendering.profile import EncodingProfile
from rnnviz.rendering.request import request_of
from rnnviz.scene.loading import load_scene

_CHUNK: Final = 120
"""How many decoded pictures a process holds."""
_PATIENCE: Final = 300
"""Seconds for which a process waits for the others to have decoded a chunk."""
_VERYFAST: Final = {"preset": "veryfast", "crf": "23", "threads": "1"}
"""x264 at Manim's quality, with the usual preset for speed."""
_LUMA: Final = {
    Colorspace.ITU601: np.array([0.299, 0.587, 0.114], np.float32),
    Colorspace.ITU709: np.array([0.2126, 0.7152, 0.0722], np.float32),
}


def floors(video: Path, quality: str) -> tuple[int, dict[str, float]]:
    """How many pictures a video has, and how many seconds each encoder takes for them alone.

    The encoders are ours (``floor``) and x264's preset ``veryfast``. Pictures are encoded as beats
    are, in a process a core, one part each, all at the same time. They are decoded beforehand,
    chunk by chunk, while no clock runs.

    Raises: RuntimeError if one of them fails
    """
    context, places = get_context("spawn"), len(psutil.Process().cpu_affinity() or ())
    barrier, told = context.Barrier(places), context.SimpleQueue()
    with av.open(str(video)) as source:
        frames = source.streams.video[0].frames
    each = ceil(frames / places)
    chunks = ceil(each / _CHUNK)
    parts = [range(place * each, min((place + 1) * each, frames)) for place in range(places)]
    workers = [
        context.Process(target=_encode, args=(video, quality, part, chunks, barrier, told))
        for part in parts
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if any(worker.exitcode for worker in workers):
        raise RuntimeError("a process that encodes has failed; what it said stands above")
    found = [told.get() for _ in workers]
    return frames, {name: max(seconds[name] for seconds in found) for name in found[0]}


def _encode(video: Path, quality: str, part: range, chunks: int, barrier: Any, told: Any) -> None:
    profile = EncodingProfile(quality, "mp4")
    encoders = {"floor": profile.codec.options, "veryfast": _VERYFAST}
    seconds = dict.fromkeys(encoders, 0.0)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        source = stack.enter_context(av.open(str(video)))
        made: dict[str, tuple[Any, Any]] = {}
        for name, options in encoders.items():
            file = stack.enter_context(
                av.open(str(folder / f"{name}.mp4"), "w", format=profile.codec.container)
            )
            stream: Any = file.add_stream(profile.codec.name, rate=profile.rate, options=options)
            stream.width, stream.height = profile.size
            stream.pix_fmt = profile.codec.pixels
            made[name] = (file, stream)
        pictures = islice(source.decode(video=0), part.start, part.stop)
        for chunk in range(chunks):
            frames = list(islice(pictures, _CHUNK))
            for place, frame in enumerate(frames):
                frame.pts, frame.time_base = chunk * _CHUNK + place, Fraction(1, profile.rate)
                frame.pict_type = PictureType.NONE
            for name, (file, stream) in made.items():
                barrier.wait(_PATIENCE)
                started = time.perf_counter()
                for frame in frames:
                    file.mux(stream.encode(frame))
                if chunk == chunks - 1:
                    file.mux(stream.encode())
                seconds[name] += time.perf_counter() - started
    told.put(seconds)


def likeness(
    scene: str,
    quality: str,
    every: int,
    videos: Mapping[str, tuple[Path, str]],
    recordings: str,
) -> dict[str, tuple[float, float]]:
    """The peak signal-to-noise ratios, luma and RGB, of some videos' pictures as they are drawn.

    Every n-th is compared. Units: decibels

    ``videos`` are paths with the names of the matrix by which each was made: ITU601 or ITU709;
    ``recordings`` is a folder of kept ones.

    Raises: ValueError if a video has another number of pictures than the scene
    """
    os.environ[FOLDER_VARIABLE] = recordings
    request = request_of(scene, quality=quality, output=Path(tempfile.gettempdir()) / "none.mp4")
    plan = make_plan(request, None, lambda *_: None)
    readings = {name: _Reading(path, Colorspace[matrix]) for name, (path, matrix) in videos.items()}
    sink = _Sink(list(readings.values()), every)
    with tempfile.TemporaryDirectory() as folder, manim_settings(Path(folder), quality):
        renderer = Renderer()
        renderer.sink = sink
        load_scene(scene).scene(replace(plan.context, renderer=renderer)).render()
    return {name: reading.likeness(sink.frames) for name, reading in readings.items()}


class _Reading:
    """A video that is compared, picture by picture, with what it should show."""

    def __init__(self, video: Path, matrix: Colorspace) -> None:
        self._video, self._matrix = video, matrix
        self._pictures = self._decoded()
        self._errors: list[tuple[float, float]] = []

    def compare(self, number: int, pixels: np.ndarray) -> None:
        frame = next((frame for place, frame in self._pictures if place == number), None)
        if frame is None:
            raise ValueError(f"{self._video.name} ends before picture {number}")
        shown = frame.to_ndarray(format="rgb24", src_colorspace=self._matrix)
        luma = frame.to_ndarray(format="yuv420p")[: frame.height]
        ideal = 16 + 219 / 255 * (pixels @ _LUMA[self._matrix])
        self._errors.append((_squared(luma, ideal), _squared(shown, pixels)))

    def likeness(self, frames: int) -> tuple[float, float]:
        with av.open(str(self._video)) as container:
            held = container.streams.video[0].frames
        if held != frames:
            raise ValueError(f"{self._video.name} has {held} pictures, not {frames}")
        luma, rgb = np.mean(self._errors, axis=0).tolist()
        return _decibels(luma), _decibels(rgb)

    def _decoded(self) -> Iterator[tuple[int, Any]]:
        with av.open(str(self._video)) as container:
            yield from enumerate(container.decode(video=0))


class _Sink:
    """Counts pictures, and has every n-th compared."""

    def __init__(self, readings: list[_Reading], every: int) -> None:
        self.frames = 0
        self._readings, self._every = readings, every

    def write(self, canvas: Canvas, frames: int) -> None:
        for number in range(self.frames, self.frames + frames):
            if number % self._every == 0:
                for reading in self._readings:
                    reading.compare(number, canvas.pixel_array[..., :3])
        self.frames += frames


def _squared(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.square(one.astype(np.float32) - other).mean())


def _decibels(error: float) -> float:
    return 10 * log10(255**2 / error) if error else float("inf")

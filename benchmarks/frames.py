"""Measure how fast the frames of a render can be encoded, and their quality."""

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
"""Number of decoded frames that a process holds."""
_PATIENCE: Final = 300
"""Seconds to wait for the other processes to decode a chunk."""
_VERYFAST: Final = {"preset": "veryfast", "crf": "23", "threads": "1"}
"""x264 at Manim's quality with a fast preset."""
_LUMA: Final = {
    Colorspace.ITU601: np.array([0.299, 0.587, 0.114], np.float32),
    Colorspace.ITU709: np.array([0.2126, 0.7152, 0.0722], np.float32),
}


def floors(video: Path, profile: EncodingProfile) -> tuple[int, dict[str, float]]:
    """Return the number of frames of a video, and the seconds that each encoder alone takes.

    The encoders are ours (``floor``) and x264's preset ``veryfast``. As in a render, one process
    per core encodes a part of the video. Decoding, chunk by chunk, is not timed.

    Raises: RuntimeError if a process fails
    """
    context, places = get_context("spawn"), len(psutil.Process().cpu_affinity() or ())
    barrier, results = context.Barrier(places), context.SimpleQueue()
    with av.open(str(video)) as source:
        frames = source.streams.video[0].frames
    each = ceil(frames / places)
    chunks = ceil(each / _CHUNK)
    parts = [range(place * each, min((place + 1) * each, frames)) for place in range(places)]
    workers = [
        context.Process(target=_encode, args=(video, profile, part, chunks, barrier, results))
        for part in parts
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if any(worker.exitcode for worker in workers):
        raise RuntimeError("an encoding process failed; see its output above")
    found = [results.get() for _ in workers]
    return frames, {name: max(seconds[name] for seconds in found) for name in found[0]}


def _encode(
    video: Path, profile: EncodingProfile, part: range, chunks: int, barrier: Any, results: Any
) -> None:
    encoders = {"floor": profile.codec.options, "veryfast": _VERYFAST}
    seconds = dict.fromkeys(encoders, 0.0)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        source = stack.enter_context(av.open(str(video)))
        outputs: dict[str, tuple[Any, Any]] = {}
        for name, options in encoders.items():
            file = stack.enter_context(
                av.open(str(folder / f"{name}.mp4"), "w", format=profile.codec.container)
            )
            stream: Any = file.add_stream(profile.codec.name, rate=profile.rate, options=options)
            stream.width, stream.height = profile.size
            stream.pix_fmt = profile.codec.pixels
            outputs[name] = (file, stream)
        decoded = islice(source.decode(video=0), part.start, part.stop)
        for chunk in range(chunks):
            frames = list(islice(decoded, _CHUNK))
            for place, frame in enumerate(frames):
                frame.pts, frame.time_base = chunk * _CHUNK + place, Fraction(1, profile.rate)
                frame.pict_type = PictureType.NONE
            for name, (file, stream) in outputs.items():
                barrier.wait(_PATIENCE)
                started = time.perf_counter()
                for frame in frames:
                    file.mux(stream.encode(frame))
                if chunk == chunks - 1:
                    file.mux(stream.encode())
                seconds[name] += time.perf_counter() - started
    results.put(seconds)


def quality_of(
    scene: str,
    quality: str,
    every: int,
    videos: Mapping[str, tuple[Path, str]],
    recordings: str,
) -> dict[str, tuple[float, float]]:
    """Return the peak signal-to-noise ratios (luma, RGB) of videos against frames as drawn.

    Every n-th frame is compared. ``videos`` are paths, each with the name of its colour matrix
    (ITU601 or ITU709); ``recordings`` is a folder of cached recordings.

    Units:  decibels
    Raises: ValueError if the number of frames differs
    """
    os.environ[FOLDER_VARIABLE] = recordings
    request = request_of(scene, quality=quality, output=Path(tempfile.gettempdir()) / "none.mp4")
    plan = make_plan(request, (), lambda *_: None)
    comparisons = {
        name: _Comparison(path, Colorspace[matrix]) for name, (path, matrix) in videos.items()
    }
    frames = _Frames(list(comparisons.values()), every)
    with tempfile.TemporaryDirectory() as folder, manim_settings(Path(folder), quality):
        renderer = Renderer()
        renderer.sink = frames
        load_scene(scene).scene(replace(plan.context, renderer=renderer)).render()
    return {name: each.result(frames.count) for name, each in comparisons.items()}


class _Comparison:
    """Compare a video, frame by frame, with the frames as drawn."""

    def __init__(self, video: Path, matrix: Colorspace) -> None:
        self._video, self._matrix = video, matrix
        self._frames = self._decoded()
        self._errors: list[tuple[float, float]] = []

    def compare(self, number: int, pixels: np.ndarray) -> None:
        frame = next((frame for place, frame in self._frames if place == number), None)
        if frame is None:
            raise ValueError(f"{self._video.name} ends before frame {number}")
        shown = frame.to_ndarray(format="rgb24", src_colorspace=self._matrix)
        luma = frame.to_ndarray(format="yuv420p")[: frame.height]
        ideal = 16 + 219 / 255 * (pixels @ _LUMA[self._matrix])
        self._errors.append((_squared(luma, ideal), _squared(shown, pixels)))

    def result(self, frames: int) -> tuple[float, float]:
        with av.open(str(self._video)) as container:
            held = container.streams.video[0].frames
        if held != frames:
            raise ValueError(f"{self._video.name} has {held} frames, expected {frames}")
        luma, rgb = np.mean(self._errors, axis=0).tolist()
        return _decibels(luma), _decibels(rgb)

    def _decoded(self) -> Iterator[tuple[int, Any]]:
        with av.open(str(self._video)) as container:
            yield from enumerate(container.decode(video=0))


class _Frames:
    """Receive the frames as drawn, and compare every n-th."""

    def __init__(self, comparisons: list[_Comparison], every: int) -> None:
        self.count = 0
        self._comparisons, self._every = comparisons, every

    def write(self, canvas: Canvas, frames: int) -> None:
        for number in range(self.count, self.count + frames):
            if number % self._every == 0:
                for comparison in self._comparisons:
                    comparison.compare(number, canvas.pixel_array[..., :3])
        self.count += frames


def _squared(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.square(one.astype(np.float32) - other).mean())


def _decibels(error: float) -> float:
    return 10 * log10(255**2 / error) if error else float("inf")

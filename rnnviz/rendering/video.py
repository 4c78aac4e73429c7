"""One performance of a scene, through Manim, into files that are replaced only when whole.

The only module that touches Manim's configuration.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, Final

import av
from manim import tempconfig

from rnnviz.errors import RenderError
from rnnviz.rendering.beats import Beat
from rnnviz.rendering.finishing import finish
from rnnviz.rendering.stage import Stage
from rnnviz.rendering.timeline import Cue

QUALITIES: Final = {
    "l": (854, 480, 15),
    "m": (1280, 720, 30),
    "h": (1920, 1080, 60),
    "p": (2560, 1440, 60),
    "k": (3840, 2160, 60),
}
FORMATS: Final = ("mp4", "webm", "mov", "gif", "png")


def perform_video(
    scene: Any,
    stage: Stage,
    quality: str,
    file_format: str,
    output: Path,
    beside: Callable[[Sequence[Cue]], Mapping[Path, str]],
) -> Path:
    """Play a scene into one video file, with the files that belong beside it.

    Raises: RenderError if a file cannot be written
    """
    captions: dict[str, Mapping[str, str]] = {}

    def note(performance: Any, beat: Beat) -> None:
        captions[beat.name] = performance.told(beat)
        stage.on_beat_end(performance, beat)

    with _workshop(output.parent) as folder, manim_settings(folder, quality, format=file_format):
        performance = scene(replace(stage, on_beat_end=note))
        performance.render()
        writer = performance.renderer.file_writer
        shown = [beat for beat in performance.beats if stage.shows(beat)]
        cues = _cues(writer, shown, captions, QUALITIES[quality][2])
        video = Path(writer.movie_file_path)
        if file_format == "mp4":
            finish(video, folder / output.name, cues)
            video = folder / output.name
        texts = beside(cues)
        for path, text in texts.items():
            (folder / path.name).write_text(text, encoding="utf-8")
        for path in texts:
            os.replace(folder / path.name, path)
        os.replace(video, output)
    return output


def perform_stills(scene: Any, stage: Stage, quality: str, output: Path) -> tuple[Path, ...]:
    """Play a scene into a folder of stills: the picture at the end of each beat that is shown.

    Raises: RenderError if the folder cannot be written
    """
    stills: list[Path] = []
    with _workshop(output) as folder, manim_settings(folder, quality, format="none"):

        def keep(performance: Any, beat: Beat) -> None:
            if stage.shows(beat):
                still = folder / f"{beat.number:02d}-{beat.name.replace('_', '-')}.png"
                picture_now(performance).save(still)
                stills.append(still)
            stage.on_beat_end(performance, beat)

        scene(replace(stage, beats=frozenset(), on_beat_end=keep)).render()
        for still in stills:
            os.replace(still, output / still.name)
    return tuple(output / still.name for still in stills)


def _cues(
    writer: Any, beats: Sequence[Beat], captions: Mapping[str, Mapping[str, str]], rate: int
) -> tuple[Cue, ...]:
    """When each beat is seen, by the frames that were written of it."""
    frames = {
        section.name: sum(map(_frames, section.get_clean_partial_movie_files()))
        for section in writer.sections
    }
    ends = list(accumulate((frames[beat.name] for beat in beats), initial=0))
    return tuple(
        Cue(beat.number, beat.name, start / rate, end / rate, captions[beat.name])
        for beat, (start, end) in zip(beats, pairwise(ends), strict=True)
    )


def _frames(path: str) -> int:
    with av.open(path) as container:
        return sum(1 for packet in container.demux(video=0) if packet.size)


def picture_now(performance: Any) -> Any:
    """What a performance shows at this moment, as an image."""
    performance.renderer.static_image = None
    performance.renderer.update_frame(performance)
    return performance.renderer.camera.get_image()


@contextmanager
def manim_settings(folder: Path, quality: str, **settings: Any) -> Iterator[None]:
    """Manim, quiet and uncached, with a media folder of its own."""
    width, height, rate = QUALITIES[quality]
    with tempconfig(
        {
            "media_dir": str(folder),
            "pixel_width": width,
            "pixel_height": height,
            "frame_rate": rate,
            "disable_caching": True,
            "progress_bar": "none",
            "verbosity": "ERROR",
            "preview": False,
            **settings,
        }
    ):
        yield


@contextmanager
def _workshop(target: Path) -> Iterator[Path]:
    """A folder to work in, beside the target so that moving out of it is one step."""
    try:
        target.mkdir(parents=True, exist_ok=True)
        workshop = tempfile.TemporaryDirectory(prefix=".rnnviz-", dir=target)
    except OSError as error:
        raise RenderError(
            f"cannot write into {str(target)!r} ({error.strerror}); choose another place with -o"
        ) from error
    with workshop as folder:
        yield Path(folder)

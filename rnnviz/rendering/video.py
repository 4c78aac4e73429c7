"""One performance of a scene, through Manim, into files that are replaced only when whole.

The only module that touches Manim's configuration.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from manim import tempconfig

from rnnviz.errors import RenderError
from rnnviz.rendering.beats import Beat
from rnnviz.rendering.stage import Stage

QUALITIES: Final = {
    "l": (854, 480, 15),
    "m": (1280, 720, 30),
    "h": (1920, 1080, 60),
    "p": (2560, 1440, 60),
    "k": (3840, 2160, 60),
}
FORMATS: Final = ("mp4", "webm", "mov", "gif", "png")


def perform_video(scene: Any, stage: Stage, quality: str, file_format: str, output: Path) -> Path:
    """Play a scene into one video file.

    Raises: RenderError if the file cannot be written
    """
    with _workshop(output.parent) as folder, manim_settings(folder, quality, format=file_format):
        performance = scene(stage)
        performance.render()
        os.replace(performance.renderer.file_writer.movie_file_path, output)
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

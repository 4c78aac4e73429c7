"""What a render is asked for, and whether that can be done, before anything is loaded for it."""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Final

from rnnviz.errors import RenderError
from rnnviz.registry import SCENES
from rnnviz.rendering.look import FORMATS, LIBRARIES, QUALITIES, SEEN_THROUGH, Look
from rnnviz.rendering.sources import whole_library
from rnnviz.translation import languages

THEMES: Final = ("dark", "light")
_MAKING: Final = (*LIBRARIES, "torch", "matplotlib", "vega_datasets", "babel")
"""Libraries whose versions decide a scene's companions, and so its pictures."""

Progress = Callable[[str, int, int], None]
"""Called with the name of a beat that is done, how many are done, and their number."""


@dataclass(frozen=True)
class Request:
    """A scene, how it is to be shown, and where the result goes.

    ``named`` is the output as the user names it; a scene may change the folder that this is told
    from, so that ``output`` is absolute.
    """

    scene: str
    task: str | None
    language: str
    theme: str
    look: Look
    beats: Sequence[int] | None
    named: Path
    output: Path

    def key(self, trace: str) -> str | None:
        """What decides all of the result, or None for a scene of the user's own.

        ``trace`` is the trace's digest. What a scene of the user's own reads is not known.
        """
        if self.scene not in SCENES:
            return None
        libraries = [f"{library} {version(library)}" for library in _MAKING]
        decided = (self.scene, self.language, self.theme, self.look, self.beats, trace)
        return sha256(repr((decided, libraries, sys.version, whole_library())).encode()).hexdigest()


def request_of(
    scene: str | Path,
    *,
    task: str | None = None,
    language: str = "en",
    theme: str = "dark",
    quality: str = "h",
    format: str = "mp4",
    transparent: bool = False,
    output: str | Path | None = None,
    beats: Sequence[int] | None = None,
) -> Request:
    """Check all that can be checked without loading the scene.

    Raises: RenderError for an unknown setting, or an output that cannot be written
    """
    _check_choice("language", language, languages())
    _check_choice("theme", theme, THEMES)
    _check_choice("quality", quality, tuple(QUALITIES))
    _check_choice("format", format, FORMATS)
    if transparent and format not in SEEN_THROUGH:
        raise RenderError(
            f"{format} has no transparency; choose --format {' or '.join(SEEN_THROUGH)}"
        )
    name = str(scene)
    target = Path(output or default_output(_file_name(name), language, theme, format))
    _check_target(target, format)
    look = Look(quality, format, transparent)
    return Request(name, task, language, theme, look, beats, target, target.absolute())


def default_output(name: str, language: str, theme: str, file_format: str) -> Path:
    """Where a render lands that nobody chose a place for: a file, or a folder of stills."""
    marks = [name, *([language] if language != "en" else []), *([theme] if theme != "dark" else [])]
    stem = "_".join(marks)
    return Path("renders") / (stem if file_format == "png" else f"{stem}.{file_format}")


def _file_name(scene: str) -> str:
    """What a scene's file is called: its registered name, its class, or its file."""
    path, _, name = scene.rpartition(":")
    return name.lower() if path and name.isidentifier() else Path(scene).stem


def _check_choice(what: str, got: str, choices: tuple[str, ...]) -> None:
    if got not in choices:
        raise RenderError(f"there is no {what} {got!r}; choose one of {', '.join(choices)}")


def _check_target(target: Path, file_format: str) -> None:
    if file_format == "png":
        if target.exists() and not target.is_dir():
            raise RenderError(
                f"{str(target)!r} is a file; stills need a folder, choose one with -o"
            )
    elif target.is_dir():
        raise RenderError(f"{str(target)!r} is a folder; name the video file with -o")
    elif target.name.lower() == f".{file_format}":
        raise RenderError(f"{str(target)!r} is an ending alone; give the file a name before it")
    elif target.suffix.lower() != f".{file_format}":
        raise RenderError(
            f"{str(target)!r} does not end in .{file_format}; rename it or choose --format"
        )
    folder = next(parent for parent in target.absolute().parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise RenderError(f"cannot write into {str(folder)!r}; choose another place with -o")
    if target.exists() and not os.access(target, os.W_OK):
        raise RenderError(f"{str(target)!r} cannot be written; choose another place with -o")

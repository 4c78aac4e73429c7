"""Checks that an output can be written, and replaces nothing but a render of the same scene."""

import os
from pathlib import Path
from stat import S_ISDIR

from rnnviz.errors import RenderError
from rnnviz.rendering.naming import source_of
from rnnviz.rendering.video.sidecars import (
    KINDS,
    description_in,
    description_of,
    is_description,
    subtitles_of,
)
from rnnviz.scene.loading import name_of
from rnnviz.system.files import check_name, try_folder
from rnnviz.text.translation import languages


def check_target(target: Path, file_format: str) -> None:
    """Check that an output can be written, and that what it replaces is a render.

    Raises: RenderError
    """
    check_name(target, RenderError)
    if file_format == "png":
        if os.path.exists(target) and not os.path.isdir(target):
            raise RenderError(
                f"{str(target)!r} is a file, but stills need a folder; choose one with -o"
            )
    elif os.path.isdir(target):
        raise RenderError(f"{str(target)!r} is a folder; name the video file with -o")
    elif target.name.lower() == f".{file_format}":
        raise RenderError(f"{str(target)!r} has no name before its suffix; add one")
    elif target.suffix.lower() != f".{file_format}":
        raise RenderError(
            f"{str(target)!r} does not end in .{file_format}; rename it or choose --format"
        )
    folder = next(parent for parent in target.absolute().parents if os.path.exists(parent))
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise RenderError(f"cannot write into {str(folder)!r}; choose another place with -o")
    try_folder(folder, RenderError)
    _check_free(_files_of(target, file_format) or (target,))
    if target.exists() and not os.access(target, os.W_OK):
        raise RenderError(f"cannot write {str(target)!r}; choose another place with -o")


def check_same_scene(target: Path, scene: str) -> None:
    """Check that a default output does not replace the video of another scene.

    Raises: RenderError
    """
    about = description_in(description_of(target))
    if about is None:
        return
    ours = source_of(scene, target.absolute())
    other = about.get("source", ours if about["scene"] == name_of(scene) else about["scene"])
    if other != ours:
        raise RenderError(
            f"{str(target)!r} is the video of another scene, {other!r}; move it away, or choose "
            "another place with -o"
        )


def check_spares(trace: Path, target: Path, file_format: str) -> None:
    """Check that a video does not replace the trace that it is drawn from.

    Raises: RenderError
    """
    for place in _files_of(target, file_format):
        if os.path.exists(place) and os.path.exists(trace) and place.samefile(trace):
            raise RenderError(
                f"{str(place)!r} is the trace itself, which the video would replace; "
                "choose another place with -o"
            )


def _files_of(target: Path, file_format: str) -> tuple[Path, ...]:
    """Return the files of a video, the video first; none for stills, whose names are not known."""
    if file_format == "png":
        return ()
    spoken = (subtitles_of(target, language, kind) for language in languages() for kind in KINDS)
    return (target, description_of(target), *spoken)


def _check_free(places: tuple[Path, ...]) -> None:
    """Refuse names that no file can have, and files beside the video that rnnviz did not write."""
    target, *beside = places
    there = []
    for place in places:
        try:
            if S_ISDIR(place.stat().st_mode) and place != target:
                raise RenderError(
                    f"{str(place)!r} is a folder, but a file beside the video has that name; "
                    "choose another name with -o"
                )
            there.append(place)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise RenderError(
                f"cannot write {str(place)!r} ({error.strerror}); choose another place with -o"
            ) from error
    foreign = [place for place in there if place in beside]
    # checked last: a render in another process writes the description first
    if foreign and not is_description(description_of(target)):
        raise RenderError(
            f"{str(foreign[0])!r} would be replaced by a file beside the video, and "
            f"{description_of(target).name!r} does not say that rnnviz wrote it; move it away, or "
            "choose another name with -o"
        )

"""What a render is asked for, and whether that can be done, before anything is loaded for it."""

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from stat import S_ISDIR
from typing import TYPE_CHECKING, Final

from rnnviz.errors import RenderError
from rnnviz.experiments.default_recordings import CachedRecording, data_language
from rnnviz.rendering.cache.sources import code_in, whole_library
from rnnviz.rendering.profile import FORMATS, LIBRARIES, QUALITIES, SEEN_THROUGH, EncodingProfile
from rnnviz.rendering.video.timeline import (
    KINDS,
    description_of,
    is_description,
    subtitles_of,
    told_of,
)
from rnnviz.scene.catalogue import SCENES
from rnnviz.scene.loading import class_of, file_of, name_of
from rnnviz.system.cache import Cache, bound
from rnnviz.system.files import check_name, try_folder
from rnnviz.system.versions import version
from rnnviz.text.translation import languages

if TYPE_CHECKING:
    from rnnviz.text.font_files import Font, FontSource

THEMES: Final = ("dark", "light")
_MAKING: Final = (*LIBRARIES, "torch", "matplotlib", "vega_datasets", "babel")
"""Libraries whose versions decide a scene's experiments, and so its pictures."""

_COUNTED: Final = 10_000
"""More beats than a scene has."""
_USUAL_QUALITY: Final = "h"
_TASK: Final = "the task of a scene"

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
    profile: EncodingProfile
    beats: Sequence[int] | None
    named: Path
    output: Path
    fonts: "tuple[Font, ...]" = ()

    @property
    def source(self) -> str:
        """Where the scene is: its registered name, or its file as seen from the output's folder."""
        return _source(self.scene, self.output)

    def check_spares(self, trace: Path) -> None:
        """Refuse to put a video where the trace is that it is drawn from.

        Raises: RenderError
        """
        for place in _written(self.output, self.profile.file_format):
            if os.path.exists(place) and os.path.exists(trace) and place.samefile(trace):
                raise RenderError(
                    f"{str(place)!r} is the trace itself, and would be replaced; "
                    "choose another place with -o"
                )

    def code(self) -> str | None:
        """A digest of the code that the result is made by, or None if it cannot be read."""
        libraries = [f"{library} {version(library)}" for library in _MAKING]
        file = None if self.scene in SCENES else file_of(self.scene)
        own = "" if file is None else code_in(file, self.language)
        made_by = (own, libraries, sys.version, whole_library())
        return None if own is None else _digest(made_by)

    def default_task(self, code: str | None, cache: Cache) -> str | None:
        """The task whose recording the scene is for, or None if that is known once it is loaded."""
        if self.scene in SCENES:
            return SCENES[self.scene].task
        noted = None if code is None else cache.note(_digest((_TASK, self.scene, code)))
        return noted if isinstance(noted, str) else None

    def recording_of(self, task: str) -> CachedRecording:
        """The recording of a task with data in the language of this request."""
        return CachedRecording(task, {"language": data_language(self.language)})

    def note_task(self, code: str | None, cache: Cache, task: str) -> None:
        """Remember which task a scene of the user's own is for."""
        if code is not None and self.scene not in SCENES:
            cache.write_note(_digest((_TASK, self.scene, code)), task)

    def key(self, code: str | None, trace: str | None) -> str | None:
        """What decides all of the result: code and a trace, by their digests, and the settings.

        None if one of them is not known, or the result is stills, which are not remembered.
        """
        if code is None or trace is None or self.profile.file_format == "png":
            return None
        beats = None if self.beats is None else tuple(self.beats[:_COUNTED])
        fonts = tuple(font.family for font in self.fonts)
        shown = (self.scene, self.language, self.theme, self.profile, fonts, beats)
        return _digest((*shown, code, trace))


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
    font: "FontSource | Iterable[FontSource] | None" = None,
) -> Request:
    """Check all that can be checked without loading the scene.

    Raises: RenderError for an unknown setting, an output that cannot be written or would replace
            what it does not name, or a bound of the cache that is no number of bytes; TextError
            for what is no font
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
    profile = EncodingProfile(quality, format, transparent)
    target = Path(output or default_output(output_name(name), language, theme, profile, beats))
    _check_target(target, format)
    if output is None:
        check_same_scene(target, name)
    bound()
    fonts = _fonts(font)
    return Request(name, task, language, theme, profile, beats, target, target.absolute(), fonts)


def _fonts(given: "FontSource | Iterable[FontSource] | None") -> "tuple[Font, ...]":
    if not given:
        return ()
    from rnnviz.text.fonts import load_fonts  # loads fontTools

    return load_fonts(given)


def check_same_scene(target: Path, scene: str) -> None:
    """Refuse to put a video, at a place that its user did not name, where that of another stands.

    Raises: RenderError
    """
    told = told_of(description_of(target))
    if told is None:
        return
    ours = _source(scene, target.absolute())
    other = told.get("source", ours if told["scene"] == name_of(scene) else told["scene"])
    if other != ours:
        raise RenderError(
            f"{str(target)!r} is where the video of another scene stands, {other!r}; move it away, "
            "or choose another place with -o"
        )


def output_name(scene: str) -> str:
    """What the video of a scene is called where its user names none: no two scenes' are alike.

    A registered name; of a user's file its stem, with the class if that is named.
    """
    file = None if scene in SCENES else file_of(scene)
    if file is None:
        return name_of(scene)
    if named := class_of(scene):
        return f"{file.stem}_{named}"
    return f"own_{file.stem}" if file.stem in SCENES else file.stem


def _source(scene: str, output: Path) -> str:
    file = None if scene in SCENES else file_of(scene)
    if file is None:
        return scene
    try:
        return Path(os.path.relpath(file.resolve(), output.parent.resolve())).as_posix()
    except ValueError:  # on another drive
        return file.resolve().as_posix()


def _digest(decided: tuple[object, ...]) -> str:
    return sha256(repr(decided).encode()).hexdigest()


def default_output(
    name: str,
    language: str,
    theme: str,
    profile: EncodingProfile,
    beats: Sequence[int] | None = None,
) -> Path:
    """Where a render lands that nobody chose a place for: a file, or a folder of stills.

    Its name tells what differs from the usual, so that a quick look replaces no finished video.
    """
    marks = [
        name,
        *([language] if language != "en" else []),
        *([theme] if theme != "dark" else []),
        *(["transparent"] if profile.transparent else []),
        *([f"{profile.size[1]}p"] if profile.quality != _USUAL_QUALITY else []),
        *([f"beats-{'-'.join(map(str, _ends(beats)))}"] if beats else []),
    ]
    stem = "_".join(marks)
    return Path("renders") / (
        stem if profile.file_format == "png" else f"{stem}.{profile.file_format}"
    )


def _ends(beats: Sequence[int]) -> Sequence[int]:
    return beats if len(beats) == 1 else (beats[0], beats[-1])


def _check_choice(what: str, got: str, choices: tuple[str, ...]) -> None:
    if got not in choices:
        raise RenderError(f"there is no {what} {got!r}; choose one of {', '.join(choices)}")


def _written(target: Path, file_format: str) -> tuple[Path, ...]:
    """The files that a video takes, itself first; which a folder of stills takes is not known."""
    if file_format == "png":
        return ()
    spoken = (subtitles_of(target, language, kind) for language in languages() for kind in KINDS)
    return (target, description_of(target), *spoken)


def _check_target(target: Path, file_format: str) -> None:
    check_name(target, RenderError)
    if file_format == "png":
        if os.path.exists(target) and not os.path.isdir(target):
            raise RenderError(
                f"{str(target)!r} is a file; stills need a folder, choose one with -o"
            )
    elif os.path.isdir(target):
        raise RenderError(f"{str(target)!r} is a folder; name the video file with -o")
    elif target.name.lower() == f".{file_format}":
        raise RenderError(f"{str(target)!r} is an ending alone; give the file a name before it")
    elif target.suffix.lower() != f".{file_format}":
        raise RenderError(
            f"{str(target)!r} does not end in .{file_format}; rename it or choose --format"
        )
    folder = next(parent for parent in target.absolute().parents if os.path.exists(parent))
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise RenderError(f"cannot write into {str(folder)!r}; choose another place with -o")
    try_folder(folder, RenderError)
    _check_free(_written(target, file_format) or (target,))
    if target.exists() and not os.access(target, os.W_OK):
        raise RenderError(f"{str(target)!r} cannot be written; choose another place with -o")


def _check_free(places: tuple[Path, ...]) -> None:
    """Refuse names that no file can have, and what stands beside a video and is not of rnnviz."""
    target, *beside = places
    there = []
    for place in places:
        try:
            if S_ISDIR(place.stat().st_mode) and place != target:
                raise RenderError(
                    f"{str(place)!r} is a folder, where a file beside the video goes; "
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
    # looked at last: a render in another process puts it there first
    if foreign and not is_description(description_of(target)):
        raise RenderError(
            f"{str(foreign[0])!r} would be replaced by what goes beside the video, and no "
            f"description in {description_of(target).name!r} tells that rnnviz made it; move it "
            "away, or choose another name with -o"
        )

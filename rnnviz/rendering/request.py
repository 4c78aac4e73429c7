"""What a render is asked for, checked before anything is loaded for it."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, Union

from rnnviz.errors import RenderError
from rnnviz.experiments.default_recordings import CachedRecording, data_language
from rnnviz.rendering.cache.code import code_in
from rnnviz.rendering.cache.dependencies import Reads, are_current, reads_as_json, reads_from_json
from rnnviz.rendering.cache.library import whole_library
from rnnviz.rendering.naming import default_output, output_name, own_file, source_of
from rnnviz.rendering.profile import (
    ASPECTS,
    FORMATS,
    LIBRARIES,
    QUALITIES,
    TRANSPARENT,
    EncodingProfile,
)
from rnnviz.rendering.targets import check_same_scene, check_spares, check_target
from rnnviz.scene.catalogue import SCENES
from rnnviz.scene.playback import USUAL, Playback, playback_of
from rnnviz.system.cache import Cache, bound
from rnnviz.system.versions import version
from rnnviz.text.notation import UWV, Notation
from rnnviz.text.notation_files import load_notation
from rnnviz.text.palette import Palette
from rnnviz.text.theme_file import load_theme
from rnnviz.text.translation import languages

if TYPE_CHECKING:
    from rnnviz.text.font_files import Font, FontSource
    from rnnviz.trace import Trace

_MAKING: Final = (*LIBRARIES, "torch", "matplotlib", "vega_datasets", "babel")
"""Libraries whose versions decide a scene's experiments, and so its frames."""

_MOST_BEATS: Final = 10_000
"""More beats than a scene has."""
_TASK: Final = "the task of a scene"

Progress = Callable[[str, int, int], None]
"""Called with the name of a beat that is done, how many are done, and their number."""


Recording = Union["Trace", str, Path, CachedRecording]
"""A trace, its file, or a recording in the cache or not yet."""


@dataclass(frozen=True)
class Request:
    """A scene, its settings, and where the result goes.

    ``named`` is the output as the user names it, and ``output`` its absolute path: a scene may
    change the working folder.
    """

    scene: str
    task: str | None
    language: str
    theme: Palette
    profile: EncodingProfile
    beats: Sequence[int] | None
    named: Path
    output: Path
    fonts: "tuple[Font, ...]" = ()
    notation: Notation = UWV
    playback: Playback = USUAL

    @property
    def file(self) -> Path | None:
        """The file of a user's own scene."""
        return own_file(self.scene)

    @property
    def source(self) -> str:
        """A registered scene's name, or its file's path relative to the output's folder."""
        return source_of(self.scene, self.output)

    def check_spares(self, trace: Path) -> None:
        """Check that the video does not replace the trace that it is drawn from.

        Raises: RenderError
        """
        check_spares(trace, self.output, self.profile.file_format)

    def code(self) -> str | None:
        """Return a digest of the code that makes the result, or None if it cannot be read."""
        libraries = [f"{library} {version(library)}" for library in _MAKING]
        own = "" if self.file is None else code_in(self.file, self.language)
        made_by = (own, libraries, sys.version, whole_library())
        return None if own is None else _digest(made_by)

    def default_task(self, code: str | None, cache: Cache) -> str | None:
        """Return the scene's default task, or None if it is not known before it is loaded."""
        if self.scene in SCENES:
            return SCENES[self.scene].task
        if code is None:
            return None
        try:
            note = cache.note(_digest((_TASK, self.scene, code)))
            return str(note["task"]) if are_current(reads_from_json(note["reads"])) else None
        except (TypeError, KeyError, ValueError):
            return None

    def recording_of(self, task: str) -> CachedRecording:
        """Return the recording of a task with data in the language of this request."""
        return CachedRecording(task, {"language": data_language(self.language)})

    def note_task(self, code: str | None, cache: Cache, task: str, reads: Reads) -> None:
        """Note the default task of a user's own scene, and what was read to load it."""
        if code is not None and self.scene not in SCENES:
            note = {"task": task, "reads": reads_as_json(reads)}
            cache.write_note(_digest((_TASK, self.scene, code)), note)

    def key(self, code: str | None, trace: str | None) -> str | None:
        """Return a digest of all that decides the result, but for what the scene reads.

        ``code`` and ``trace`` are digests. None if one of them is not known, or the result is
        stills, which are not kept.
        """
        if code is None or trace is None or self.profile.file_format == "png":
            return None
        beats = None if self.beats is None else tuple(self.beats[:_MOST_BEATS])
        fonts = tuple(font.family for font in self.fonts)
        look = (self.language, self.theme, self.notation, self.playback, self.profile, fonts)
        shown = (self.scene, *look, beats)
        return _digest((*shown, code, trace))


def request_of(
    scene: str | Path,
    *,
    task: str | None = None,
    language: str = "en",
    theme: str | Path | Palette = "dark",
    quality: str = "h",
    format: str = "mp4",
    transparent: bool = False,
    output: str | Path | None = None,
    beats: Sequence[int] | None = None,
    font: "FontSource | Iterable[FontSource] | None" = None,
    notation: Notation | str | Path = UWV,
    aspect: str = "16:9",
    pace: float = 1.0,
    hold: Mapping[int, float] | None = None,
    captions: bool = True,
) -> Request:
    """Check all that can be checked without loading the scene.

    Raises: RenderError for an unknown setting, an output that cannot be written or would replace
            another file, or an invalid bound of the cache; ThemeError for an unknown or invalid
            theme; TextError for an invalid font or notation; SceneError for a pace or a pause out
            of range
    """
    _check_choice("language", language, languages())
    _check_choice("quality", quality, tuple(QUALITIES))
    _check_choice("format", format, FORMATS)
    _check_choice("aspect", aspect, ASPECTS)
    if transparent and format not in TRANSPARENT:
        raise RenderError(
            f"{format} has no transparency; choose --format {' or '.join(TRANSPARENT)}"
        )
    palette = load_theme(theme)
    name = str(scene)
    profile = EncodingProfile(quality, format, transparent, aspect)
    playback = playback_of(pace, hold, captions)
    symbols = load_notation(notation)
    marks = (language, palette.name, profile, beats, symbols, playback)
    usual = default_output(output_name(name), *marks)
    target = Path(output or usual)
    check_target(target, format)
    if output is None:
        check_same_scene(target, name)
    bound()
    fonts = _fonts(font or palette.fonts)
    place = target.absolute()
    shown = (language, palette, profile, beats, target, place, fonts, symbols, playback)
    return Request(name, task, *shown)


def _fonts(custom: "FontSource | Iterable[FontSource] | None") -> "tuple[Font, ...]":
    if not custom:
        return ()
    from rnnviz.text.fonts import load_fonts  # loads fontTools

    return load_fonts(custom)


def _digest(decided: tuple[object, ...]) -> str:
    return sha256(repr(decided).encode()).hexdigest()


def _check_choice(what: str, got: str, choices: tuple[str, ...]) -> None:
    if got not in choices:
        raise RenderError(f"unknown {what} {got!r}; choose one of {', '.join(choices)}")

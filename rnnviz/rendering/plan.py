"""What a render will do, checked before anything is written."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnviz.defaults import data_language, default_trace
from rnnviz.errors import RenderError
from rnnviz.rendering.beats import Beat, beats_of, check_selection
from rnnviz.rendering.loading import LoadedScene, load_scene
from rnnviz.rendering.needs import check_needs
from rnnviz.rendering.stage import Stage
from rnnviz.rendering.timeline import Cue, beside, description
from rnnviz.rendering.video import FORMATS, QUALITIES, perform_stills, perform_video
from rnnviz.trace import Trace
from rnnviz.translation import languages

THEMES = ("dark", "light")


@dataclass(frozen=True)
class Plan:
    """One render: the scene's class, the stage it is played on, and where the result goes."""

    name: str
    scene: Any
    stage: Stage
    quality: str
    file_format: str
    output: Path
    beat_names: tuple[str, ...]

    def carry_out(self) -> tuple[Path, ...]:
        """Render, and say which files were made."""
        if self.file_format == "png":
            return perform_stills(self.scene, self.stage, self.quality, self.output)
        return (
            perform_video(
                self.scene, self.stage, self.quality, self.file_format, self.output, self._beside
            ),
        )

    def _beside(self, cues: Sequence[Cue]) -> Mapping[Path, str]:
        about = description(
            cues,
            scene=self.name,
            language=self.stage.language,
            theme=self.stage.theme,
            quality=self.quality,
            trace=self.stage.trace,
        )
        return beside(self.output, cues, about)


def make_plan(
    spec: str,
    trace: Trace | None,
    *,
    task: str | None,
    language: str,
    theme: str,
    quality: str,
    file_format: str,
    output: Path | None,
    beats: tuple[int, ...] | None,
    progress: Callable[[str, int, int], None] | None,
) -> Plan:
    """Check everything that can be checked, and get the recordings ready."""
    _check_choice("language", language, languages())
    _check_choice("theme", theme, THEMES)
    _check_choice("quality", quality, tuple(QUALITIES))
    _check_choice("format", file_format, FORMATS)
    loaded = check_request(spec, file_format, output, beats)
    all_beats = beats_of(loaded.scene)
    target = output or default_output(loaded.name, language, theme, file_format)
    _check_target(target, file_format)
    if trace is None:
        trace = default_trace(task or loaded.task, language=data_language(language))
    check_needs(loaded, trace)
    chosen = [beat for beat in all_beats if beats is None or beat.number in beats]

    def report(performance: Any, beat: Beat) -> None:
        if progress is not None and beat in chosen:
            progress(beat.name, chosen.index(beat) + 1, len(chosen))

    stage = Stage(
        trace,
        companions=companions_of(loaded.scene, trace),
        language=language,
        theme=theme,
        beats=None if beats is None else frozenset(beats),
        on_beat_end=report,
    )
    names = tuple(beat.name for beat in chosen)
    return Plan(loaded.name, loaded.scene, stage, quality, file_format, target, names)


def default_stage(scene: Any) -> Stage:
    """The stage of a scene that nobody chose one for: the default recording of its task."""
    trace = default_trace(scene.task)
    return Stage(trace, companions=companions_of(scene, trace))


def companions_of(scene: Any, trace: Trace) -> Mapping[str, Any]:
    """What a scene compares with its trace, by the names that it uses."""
    return {name: make(trace) for name, make in scene.companions.items()}


def default_output(name: str, language: str, theme: str, file_format: str) -> Path:
    """Where a render lands that nobody chose a place for: a file, or a folder of stills."""
    marks = [name, *([language] if language != "en" else []), *([theme] if theme != "dark" else [])]
    stem = "_".join(marks)
    return Path("renders") / (stem if file_format == "png" else f"{stem}.{file_format}")


def _check_choice(what: str, got: str, choices: tuple[str, ...]) -> None:
    if got not in choices:
        raise RenderError(f"there is no {what} {got!r}; choose one of {', '.join(choices)}")


def check_request(
    spec: str, file_format: str, output: str | Path | None, beats: tuple[int, ...] | None
) -> LoadedScene:
    """The scene that is asked for, after all that can be refused before a network is trained."""
    loaded = load_scene(spec)
    check_selection(beats, len(beats_of(loaded.scene)), loaded.name)
    if output is not None:
        _check_target(Path(output), file_format)
    return loaded


def _check_target(target: Path, file_format: str) -> None:
    if file_format == "png":
        if target.exists() and not target.is_dir():
            raise RenderError(
                f"{str(target)!r} is a file; stills need a folder, choose one with -o"
            )
    elif target.is_dir():
        raise RenderError(f"{str(target)!r} is a folder; name the video file with -o")
    elif target.suffix.lower() != f".{file_format}":
        raise RenderError(
            f"{str(target)!r} does not end in .{file_format}; rename it or choose --format"
        )
    folder = next(parent for parent in target.absolute().parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise RenderError(f"cannot write into {str(folder)!r}; choose another place with -o")
    if target.exists() and not os.access(target, os.W_OK):
        raise RenderError(f"{str(target)!r} cannot be written; choose another place with -o")

"""The files beside a video: its captions, and a JSON description of how it was made."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rnnviz.rendering.video.timeline import Cue, subtitles
from rnnviz.system.versions import version
from rnnviz.text.palette import Palette

if TYPE_CHECKING:
    from rnnviz.trace import Trace

KINDS: Final = ("vtt", "srt")
"""Formats of captions."""
_LIBRARIES: Final = ("rnnviz", "manim", "numpy")
_REQUIRED: Final = {"scene", "language", "theme", "quality", "trace", "versions", "beats"}


def description(
    *,
    scene: str,
    language: str,
    theme: Palette,
    notation: str,
    quality: str,
    traces: Sequence["Trace"],
) -> dict[str, Any]:
    """Return the description of a video without its beats."""
    about = traces[0].metadata
    return {
        "scene": scene,
        "language": language,
        "theme": theme.name,
        "background": theme.ground,
        "notation": notation,
        "quality": quality,
        "trace": ", ".join(each.identity for each in traces),
        "task": about.task,
        "seed": about.seed,
        "versions": {
            **{name: version(name) for name in _LIBRARIES},
            "recorded with": dict(about.versions),
        },
    }


def description_of(video: Path) -> Path:
    """Return the place of a video's description."""
    return video.with_suffix(".json")


def subtitles_of(video: Path, language: str, kind: str) -> Path:
    """Return the place of a video's captions."""
    return video.with_suffix(f".{language}.{kind}")


def is_description(file: Path) -> bool:
    """Whether a file is the description of a rendered video."""
    return description_in(file) is not None


def description_in(file: Path) -> dict[str, Any] | None:
    """Return the description of a rendered video in a file, or None if there is none."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and set(found) >= _REQUIRED else None


def with_beats(cues: Sequence[Cue], about: Mapping[str, Any]) -> dict[str, Any]:
    """Return the description of a video, its beats included."""
    beats = [
        {
            "number": cue.number,
            "name": cue.name,
            "start": round(cue.start, 3),
            "end": round(cue.end, 3),
            "captions": dict(cue.captions),
        }
        for cue in cues
    ]
    return {**about, "beats": beats}


def beside(video: Path, cues: Sequence[Cue], about: Mapping[str, Any]) -> dict[Path, str]:
    """Return the files beside a video with their content; the description comes first."""
    texts = {description_of(video): json.dumps(about, ensure_ascii=False, indent=2) + "\n"}
    for language in cues[0].captions if cues else ():
        for kind in KINDS:
            texts[subtitles_of(video, language, kind)] = subtitles(cues, language, kind)
    return texts

"""When each beat of a video is seen, and what is said then: cues, subtitles, and a JSON file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rnnviz.system.versions import version
from rnnviz.text.translation import is_language_tag

if TYPE_CHECKING:
    from rnnviz.trace import Trace

KINDS: Final = ("vtt", "srt")
_LIBRARIES: Final = ("rnnviz", "manim", "numpy")
_TOLD: Final = {"scene", "language", "theme", "quality", "trace", "versions", "beats"}


@dataclass(frozen=True)
class Cue:
    """One beat in a video: from when to when, and its caption by language as plain text.

    Units:  seconds from the start of the video
    Raises: ValueError for captions in what is no language, or in one language twice
    """

    number: int
    name: str
    start: float
    end: float
    captions: Mapping[str, str]

    def __post_init__(self) -> None:
        """The languages of captions become parts of file names."""
        for language in self.captions:
            if not is_language_tag(language):
                raise ValueError(f"{language!r} is no language; BCP 47 writes 'en' or 'zh-Hant'")
        if len({language.lower() for language in self.captions}) < len(self.captions):
            raise ValueError(f"beat {self.name!r} has two captions in one language")


def subtitles(cues: Sequence[Cue], language: str, kind: str) -> str:
    """Captions in one language as WebVTT ('vtt') or SubRip ('srt')."""
    web = kind == "vtt"
    parts = ["WEBVTT"] if web else []
    for place, cue in enumerate(cues, start=1):
        times = f"{_clock(cue.start, web)} --> {_clock(cue.end, web)}"
        text = " ".join(cue.captions[language].split())
        shown = _escaped(text) if web else text.replace("-->", "→")
        parts.append(f"{place}\n{times}\n{shown}")
    return "\n\n".join(parts) + "\n"


def description(
    *, scene: str, language: str, theme: str, quality: str, trace: "Trace"
) -> dict[str, Any]:
    """What a program may want to know of a video, but for its beats."""
    about = trace.metadata
    return {
        "scene": scene,
        "language": language,
        "theme": theme,
        "quality": quality,
        "trace": trace.identity,
        "task": about.task,
        "seed": about.seed,
        "versions": {
            **{name: version(name) for name in _LIBRARIES},
            "recorded with": dict(about.versions),
        },
    }


def description_of(video: Path) -> Path:
    """Where what is told of a video stands."""
    return video.with_suffix(".json")


def subtitles_of(video: Path, language: str, kind: str) -> Path:
    """Where a video's captions stand."""
    return video.with_suffix(f".{language}.{kind}")


def is_description(file: Path) -> bool:
    """Whether a file tells of a video that was rendered."""
    return told_of(file) is not None


def told_of(file: Path) -> dict[str, Any] | None:
    """What a file tells of a video that was rendered, or None if it tells of none."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) and set(told) >= _TOLD else None


def with_beats(cues: Sequence[Cue], about: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of a video, its beats included."""
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


def beside(video: Path, cues: Sequence[Cue], told: Mapping[str, Any]) -> dict[Path, str]:
    """The files that stand beside a video, and what is in them; what says whose they are first."""
    texts = {description_of(video): json.dumps(told, ensure_ascii=False, indent=2) + "\n"}
    for language in cues[0].captions if cues else ():
        for kind in KINDS:
            texts[subtitles_of(video, language, kind)] = subtitles(cues, language, kind)
    return texts


def _clock(seconds: float, web: bool) -> str:
    whole = round(seconds * 1000)
    hours, rest = divmod(whole, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    seconds_, thousandths = divmod(rest, 1000)
    mark = "." if web else ","
    return f"{hours:02d}:{minutes:02d}:{seconds_:02d}{mark}{thousandths:03d}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

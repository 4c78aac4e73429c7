"""When each beat of a video is shown, with its captions: cues and subtitles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rnnviz.text.translation import is_language_tag


@dataclass(frozen=True)
class Cue:
    """One beat in a video: its start and end, and its caption by language as plain text.

    Units:  seconds from the start of the video
    Raises: ValueError for an unknown language tag, or two captions in one language
    """

    number: int
    name: str
    start: float
    end: float
    captions: Mapping[str, str]

    def __post_init__(self) -> None:
        """Check the languages, which become parts of file names."""
        for language in self.captions:
            if not is_language_tag(language):
                raise ValueError(
                    f"{language!r} is no BCP 47 language tag; write one such as 'en' or 'zh-Hant'"
                )
        if len({language.lower() for language in self.captions}) < len(self.captions):
            raise ValueError(f"beat {self.name!r} has two captions in one language")


def subtitles(cues: Sequence[Cue], language: str, kind: str) -> str:
    """Return the captions in one language as WebVTT ('vtt') or SubRip ('srt')."""
    web = kind == "vtt"
    parts = ["WEBVTT"] if web else []
    for place, cue in enumerate(cues, start=1):
        times = f"{_clock(cue.start, web)} --> {_clock(cue.end, web)}"
        text = " ".join(cue.captions[language].split())
        shown = _escaped(text) if web else text.replace("-->", "→")
        parts.append(f"{place}\n{times}\n{shown}")
    return "\n\n".join(parts) + "\n"


def _clock(seconds: float, web: bool) -> str:
    whole = round(seconds * 1000)
    hours, rest = divmod(whole, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    seconds_, thousandths = divmod(rest, 1000)
    mark = "." if web else ","
    return f"{hours:02d}:{minutes:02d}:{seconds_:02d}{mark}{thousandths:03d}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

"""The export formats, and the checks that can be made before anything is rendered."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from unicodedata import category

from rnnviz.errors import ExportError
from rnnviz.system.choices import suggestion
from rnnviz.system.files import check_place, try_folder

_VIDEO_ENDINGS: Final = (".mp4", ".webm", ".mov", ".gif")
_BREAKING: Final = ("Cc", "Cs", "Zl", "Zp")
"""Unicode categories that a one-line title must not contain."""


@dataclass(frozen=True)
class Format:
    """An export format: the ending of its file, and what it supports.

    An ``animation`` has no title, captions or sound; an ``opaque`` format has no transparency.
    """

    name: str
    ending: str
    joins_videos: bool = False
    animation: bool = False
    opaque: bool = False


FORMATS: Final[Mapping[str, Format]] = {
    each.name: each
    for each in (
        Format("html", ".html", joins_videos=True),
        Format("pptx", ".pptx", joins_videos=True, opaque=True),
        Format("handout", ".pdf", joins_videos=True, opaque=True),
        Format("gif", ".gif", animation=True, opaque=True),
        Format("webp", ".webp", animation=True),
        Format("revealjs", ".html"),
        Format("quarto", ".qmd"),
        Format("markdown", ".md"),
        Format("beamer", ".tex"),
        Format("jupyter", ".ipynb"),
    )
}
JOINING: Final = " or ".join(
    ", ".join(each.name for each in FORMATS.values() if each.joins_videos).rsplit(", ", 1)
)
"""The names of the formats that join several videos, in words."""


def is_video(source: str) -> bool:
    """Return whether the name of a source is that of a video rather than of a scene."""
    return Path(source).suffix.lower() in _VIDEO_ENDINGS


def is_folder(to: str, output: Path) -> bool:
    """Return whether an export is a folder: a page with its videos beside it."""
    return to == "html" and not output.suffix


def check_request(
    to: str, output: Path, *, several: bool = False, title: str | None = None
) -> None:
    """Check that an export is possible.

    Raises: ExportError for an unknown format, several videos or a title that the format does not
            support, a file with another ending, or a place that cannot be written
    """
    if to not in FORMATS:
        raise ExportError(f"unknown export format {to!r}; {suggestion(to, FORMATS)}")
    chosen = FORMATS[to]
    if several and not chosen.joins_videos:
        raise ExportError(f"format {to!r} takes one video; {JOINING} can join several")
    if title is not None:
        if chosen.animation:
            raise ExportError(f"format {to!r} has no title; leave it out")
        if not title.strip() or any(category(character) in _BREAKING for character in title):
            raise ExportError(f"the title must be one line of text, got {title!r}")
    if is_folder(to, output):
        try_folder(output.absolute(), ExportError)
        return
    if output.suffix.lower() != chosen.ending:
        folder = "be a folder or " if to == "html" else ""
        raise ExportError(f"output {str(output)!r} must {folder}end in {chosen.ending}")
    check_place(output, ExportError)

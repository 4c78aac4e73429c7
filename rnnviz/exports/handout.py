"""A PDF handout: one still per beat, with its caption beside it."""

import json
import tempfile
from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Literal

import typst

from rnnviz.exports.rendered_video import RenderedVideo
from rnnviz.text.fonts import FAMILY, check_characters, fonts_in_use, lacking
from rnnviz.text.plain_text import with_spelled_accents, without_isolates

_SOURCE = r"""
// text between isolate marks becomes a box: Typst would draw the marks themselves as spaces
#let without-isolates(caption) = {
  let (before, ..isolates) = caption.split("\u{2068}")
  before
  for part in isolates {
    let (inner, ..after) = part.split("\u{2069}")
    box(inner)
    after.join("")
  }
}
#let lecture = json("lecture.json")
#set document(title: lecture.title)
#set text(font: lecture.families, fallback: false, size: 10.5pt, lang: lecture.language)
#set page(paper: "a4", margin: (x: 1.6cm, top: 1.5cm, bottom: 1.9cm), footer: context text(
  size: 8pt, fill: luma(90),
)[#lecture.source #h(1fr) #counter(page).display("1 / 1", both: true)])
#text(size: 17pt, lecture.title)
#v(2mm)
#for scene in lecture.scenes {
  if scene.title != lecture.title {
    block(above: 8mm, below: 5mm, sticky: true, text(size: 13pt, scene.title))
  }
  for beat in scene.beats {
    block(breakable: false, width: 100%, below: 6mm, grid(
      columns: (13cm, 1fr), column-gutter: 5mm,
      box(stroke: 0.4pt + luma(190), inset: 0.4pt,
        image(beat.still, width: 100%, alt: beat.alt)),
      grid(columns: (auto, 1fr), column-gutter: 2mm,
        text(size: 13pt, fill: luma(90), str(beat.number)),
        par(leading: 0.75em, without-isolates(beat.caption))),
    ))
  }
}
"""


def handout(
    videos: Sequence[RenderedVideo], path: Path, language: str, title: str, source: str
) -> None:
    """Write the handout as PDF, with ``source`` at the foot of each page.

    Raises: TextError for a character that no font in use has
    """
    path.write_bytes(typeset(videos, language, title, source))


def typeset(
    videos: Sequence[RenderedVideo],
    language: str,
    title: str,
    source: str,
    *,
    format: Literal["pdf", "png"] = "pdf",
) -> Any:
    """Return the handout in a format of Typst: the bytes of a PDF, or a list of PNG pages.

    Raises: TextError for a character that no font in use has
    """
    titles = [video.titles()[language] for video in videos]
    captions = [_printable(cue.captions[language]) for video in videos for cue in video.cues]
    for text in (title, source, *titles, *captions):
        check_characters(without_isolates(text), "the JSON file beside the video")
    primary = language.partition("-")[0].lower()
    with tempfile.TemporaryDirectory() as name, as_file(files("rnnviz") / "fonts") as fonts:
        folder = Path(name)
        scenes = []
        for place, (video, heading) in enumerate(zip(videos, titles, strict=True)):
            beats = []
            for cue, still in zip(video.cues, video.stills(video.background), strict=True):
                file = f"{place}-{cue.number}.png"
                (folder / file).write_bytes(still)
                caption = _printable(cue.captions[language])
                alt = without_isolates(caption)
                beats.append({"number": cue.number, "still": file, "caption": caption, "alt": alt})
            scenes.append({"title": heading, "beats": beats})
        lecture = {
            "title": title,
            "language": primary if len(primary) in (2, 3) else "en",
            "families": [*(font.family for font in fonts_in_use()), FAMILY],
            "source": source,
            "scenes": scenes,
        }
        (folder / "lecture.json").write_text(json.dumps(lecture), encoding="utf-8")
        (folder / "handout.typ").write_text(_SOURCE, encoding="utf-8")
        return typst.compile(
            str(folder / "handout.typ"),
            root=str(folder),
            font_paths=[str(fonts), *(str(font.folder) for font in fonts_in_use())],
            ignore_system_fonts=True,
            format=format,
        )


def _printable(caption: str) -> str:
    """Return a caption whose formulas can be printed: a y with a hat may have no character."""
    return with_spelled_accents(caption, lacking)

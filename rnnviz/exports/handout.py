"""A handout for students: one still a beat, its caption beside it, and room for notes."""

import json
import tempfile
from importlib.resources import as_file, files
from pathlib import Path

import typst

from rnnviz.exports.material import Material
from rnnviz.lettering import check_characters

_SOURCE = """
#let lecture = json("lecture.json")
#set document(title: lecture.title)
#set text(font: "rnnviz Sans", fallback: false, size: 10.5pt, lang: lecture.language)
#set page(paper: "a4", margin: (x: 1.6cm, top: 1.5cm, bottom: 1.9cm), footer: context text(
  size: 8pt, fill: luma(90),
)[#lecture.source #h(1fr) #counter(page).display("1 / 1", both: true)])
#text(size: 17pt, lecture.title)
#v(2mm)
#for beat in lecture.beats {
  block(breakable: false, width: 100%, below: 6mm, grid(
    columns: (13cm, 1fr), column-gutter: 5mm,
    box(stroke: 0.4pt + luma(190), inset: 0.4pt, image(beat.still, width: 100%, alt: beat.caption)),
    grid(columns: (auto, 1fr), column-gutter: 2mm,
      text(size: 13pt, fill: luma(90), str(beat.number)), par(leading: 0.75em, beat.caption)),
  ))
}
"""


def handout(material: Material, path: Path, language: str, source: str) -> None:
    """Write the handout as PDF; ``source`` is the line at the foot of each page.

    Raises: TextError for a character that the shipped font does not have
    """
    title = material.titles()[language]
    for text in (title, source, *(cue.captions[language] for cue in material.cues)):
        check_characters(text, "replace it in the JSON file beside the video")
    with tempfile.TemporaryDirectory() as name, as_file(files("rnnviz") / "fonts") as fonts:
        folder = Path(name)
        beats = []
        for cue, still in zip(material.cues, material.stills(), strict=True):
            (folder / f"{cue.number}.png").write_bytes(still)
            caption = cue.captions[language]
            beats.append({"number": cue.number, "still": f"{cue.number}.png", "caption": caption})
        lecture = {
            "title": title,
            "language": language,
            "source": source,
            "beats": beats,
        }
        (folder / "lecture.json").write_text(json.dumps(lecture), encoding="utf-8")
        (folder / "handout.typ").write_text(_SOURCE, encoding="utf-8")
        typst.compile(
            str(folder / "handout.typ"),
            output=str(path),
            root=str(folder),
            font_paths=[str(fonts)],
            ignore_system_fonts=True,
        )

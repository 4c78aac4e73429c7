"""A handout for students: one still a beat with its caption, as PDF."""

import json
import tempfile
from importlib.resources import as_file, files
from pathlib import Path

import typst

from rnnviz.export.material import Material

_SOURCE = """
#let lecture = json("lecture.json")
#set document(title: lecture.title)
#set page(paper: "a4", margin: 1.8cm, footer: text(size: 8pt, fill: luma(90), lecture.source))
#set text(font: "rnnviz Sans", fallback: false, size: 10.5pt, lang: lecture.language)
#text(size: 17pt, lecture.title)
#v(4mm)
#for beat in lecture.beats {
  block(breakable: false, width: 100%, below: 7mm)[
    #image(beat.still, width: 100%, alt: beat.caption)
    #v(1mm)
    #beat.caption
  ]
}
"""


def handout(material: Material, path: Path, language: str, source: str) -> None:
    """Write the handout; ``source`` is the line at the foot of each page."""
    with tempfile.TemporaryDirectory() as name, as_file(files("rnnviz") / "fonts") as fonts:
        folder = Path(name)
        beats = []
        for cue, still in zip(material.cues, material.stills(), strict=True):
            (folder / f"{cue.number}.png").write_bytes(still)
            beats.append({"still": f"{cue.number}.png", "caption": cue.captions[language]})
        lecture = {
            "title": material.titles()[language],
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

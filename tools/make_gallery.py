"""Make the pictures of all scenes: docs/gallery.md, docs/gallery.zh.md and docs/images/.

usage: python tools/make_gallery.py [SCENE …]     only these pictures; the pages are made whole
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image

import rnnviz
from rnnviz.experiments.default_recordings import data_language, default_trace
from rnnviz.scene.catalogue import SCENES, SceneEntry
from rnnviz.text.translation import N_, languages, translated

DOCS: Final = Path(__file__).parents[1] / "docs"
COLUMNS: Final = 2
STILL: Final = (800, 450)
POSTER: Final = (480, 270)
POSTERS_ACROSS: Final = 4
GAP: Final = 6
COLORS: Final = 255
GROUND: Final = (48, 54, 64)
POSTER_BEATS: Final = {"unrolling": "whole-sequence", "space": "connections"}
"""The beat that stands for a scene, where it is not the last."""
TITLE: Final = N_("All scenes")
ABOUT: Final = N_("The last frame of every beat, from real recordings. Made by `make gallery`.")


def sheet(stills: Sequence[Path], size: tuple[int, int], across: int) -> Image.Image:
    """Pictures in rows, from left to right."""
    rows = -(-len(stills) // across)
    width, height = size[0] + GAP, size[1] + GAP
    made = Image.new("RGB", (across * width - GAP, rows * height - GAP), GROUND)
    for index, still in enumerate(stills):
        with Image.open(still) as picture:
            small = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)
        made.paste(small, (index % across * width, index // across * height))
    return made


def save(picture: Image.Image, path: Path) -> None:
    """As a small file: few colours, each row as well compressed as it can be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(COLORS, kmeans=2, dither=Image.Dither.NONE).save(path, optimize=True)
    print(path)


def marked(name: str, language: str) -> str:
    """A file's name with its language, unless that is English."""
    return name if language == "en" else f"{name}.{language}"


def page(language: str, entries: Sequence[SceneEntry]) -> str:
    """The gallery's page in one language."""
    parts = [f"# {translated(TITLE, language)}", translated(ABOUT, language)]
    for entry in entries:
        title, summary = (translated(text, language) for text in (entry.title, entry.summary))
        image = f"images/gallery/{marked(entry.name, language)}.png"
        parts += [f"## `{entry.name}` · {title}", summary, f"![{title}]({image})"]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Render what is asked for, and write the pages."""
    names = sys.argv[1:] or list(SCENES)
    entries = list(SCENES.values())
    for language in languages():
        posters = []
        with tempfile.TemporaryDirectory() as folder:
            for name in names:
                trace = default_trace(SCENES[name].task, language=data_language(language))
                done = rnnviz.render(
                    name,
                    trace,
                    language=language,
                    quality="m",
                    format="png",
                    output=Path(folder) / name,
                )
                image = DOCS / "images" / "gallery" / f"{marked(name, language)}.png"
                save(sheet(done.paths, STILL, COLUMNS), image)
                wanted = POSTER_BEATS.get(name, "")
                chosen = [path for path in done.paths if wanted and path.stem.endswith(wanted)]
                posters.append(chosen[0] if chosen else done.paths[-1])
            if names == list(SCENES):
                image = DOCS / "images" / f"{marked('scenes', language)}.png"
                save(sheet(posters, POSTER, POSTERS_ACROSS), image)
        text = page(language, entries)
        (DOCS / f"{marked('gallery', language)}.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

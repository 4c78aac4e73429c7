"""Make docs/images/figures.png: every figure, drawn from the networks that tests use."""

import io
import sys
from pathlib import Path
from typing import Any, Final

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from kept_networks import use_in

import rnnviz
from rnnviz.experiments.default_recordings import cache_folder, data_language, default_trace
from rnnviz.experiments.studies import study_of
from rnnviz.figures.catalogue import FIGURES
from rnnviz.figures.entry import FigureEntry
from rnnviz.text.translation import languages

IMAGES: Final = Path(__file__).parents[1] / "docs" / "images"
TILE: Final = (420, 270)
ACROSS: Final = 4
GAP: Final = 8


def data_of(entry: FigureEntry, language: str) -> tuple[Any, ...]:
    """Return what a figure is drawn from by default."""
    if entry.drawn_from == "nothing":
        return ()
    trace = default_trace(entry.task, language=data_language(language))
    return (study_of(trace),) if entry.drawn_from == "study" else (trace,)


def tile(entry: FigureEntry, language: str) -> Image.Image:
    """Draw one figure as a tile of the sheet."""
    drawn = rnnviz.figure(entry.name, *data_of(entry, language), language=language)
    file = io.BytesIO()
    drawn.savefig(file, format="png", dpi=200)
    made = Image.new("RGB", TILE, "white")
    with Image.open(file) as picture:
        small = picture.convert("RGB")
        small.thumbnail(TILE, Image.Resampling.LANCZOS)
    made.paste(small, ((TILE[0] - small.width) // 2, (TILE[1] - small.height) // 2))
    return made


def main() -> None:
    """Draw all figures in every language."""
    use_in(cache_folder())
    for language in languages():
        tiles = [tile(entry, language) for entry in FIGURES.values()]
        width, height = TILE[0] + GAP, TILE[1] + GAP
        sheet = Image.new("RGB", (ACROSS * width, -(-len(tiles) // ACROSS) * height), "white")
        for place, made in enumerate(tiles):
            sheet.paste(made, (place % ACROSS * width, place // ACROSS * height))
        mark = "" if language == "en" else f".{language}"
        sheet.save(IMAGES / f"figures{mark}.png", optimize=True)


if __name__ == "__main__":
    main()

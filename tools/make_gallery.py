"""Make the pictures of all scenes: docs/gallery.md, docs/gallery.zh.md and docs/images/.

usage: python tools/make_gallery.py [SCENE …]     the pictures of these scenes only

The networks are those that tests use, so nothing is trained. Beside each picture a JSON file tells
what it was made from.
"""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import av
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from kept_networks import use_in
from picture_sources import IMAGES, only, source, traces_of, write_source

import rnnviz
from rnnviz.experiments.default_recordings import cache_folder
from rnnviz.scene.catalogue import SCENES, SceneEntry
from rnnviz.text.translation import N_, languages, translated

DOCS: Final = IMAGES.parent
COLUMNS: Final = 2
STILL: Final = (800, 450)
POSTER: Final = (480, 270)
POSTERS_ACROSS: Final = 4
GAP: Final = 6
COLORS: Final = 255
BACKGROUND: Final = (48, 54, 64)
POSTER_BEATS: Final = {"unrolling": "whole_sequence", "space": "way_back"}
"""The beat on the poster of a scene, where it is not the last."""
MOVING: Final = "space"
"""The scene that opens the README as a moving picture."""
MOVING_SIZE: Final = (640, 360)
MOVING_QUALITY: Final = 30
EACH: Final = 2
"""Of the video's frames, the moving picture has every second one."""
TITLE: Final = N_("All scenes")
ABOUT: Final = N_("The last frame of every beat, from real recordings. Made by `make gallery`.")


def sheet(stills: Sequence[Path], size: tuple[int, int], across: int) -> Image.Image:
    """Arrange pictures in rows, from left to right."""
    rows = -(-len(stills) // across)
    width, height = size[0] + GAP, size[1] + GAP
    made = Image.new("RGB", (across * width - GAP, rows * height - GAP), BACKGROUND)
    for index, still in enumerate(stills):
        with Image.open(still) as picture:
            small = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)
        made.paste(small, (index % across * width, index // across * height))
    return made


def save(picture: Image.Image, path: Path) -> None:
    """Write a picture as a small PNG, with few colours."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(COLORS, kmeans=2, dither=Image.Dither.NONE).save(path, optimize=True)
    print(path)


def marked(name: str, language: str) -> str:
    """Return a file's name with its language, unless that is English."""
    return name if language == "en" else f"{name}.{language}"


def page(language: str, entries: Sequence[SceneEntry]) -> str:
    """Return the gallery's page in one language."""
    parts = [f"# {translated(TITLE, language)}", translated(ABOUT, language)]
    for entry in entries:
        title, summary = (translated(text, language) for text in (entry.title, entry.summary))
        image = f"images/gallery/{marked(entry.name, language)}.png"
        parts += [f"## `{entry.name}` · {title}", summary, f"![{title}]({image})"]
    return "\n\n".join(parts) + "\n"


def stills_of(name: str, language: str, folder: Path) -> Mapping[str, Path]:
    """Render the end of every beat of a scene, by the names of the beats."""
    done = rnnviz.render(
        name,
        traces_of(name, language),
        language=language,
        quality="m",
        format="png",
        output=folder / name,
    )
    return dict(zip(done.beats, done.paths, strict=True))


def move(name: str, language: str, folder: Path, path: Path) -> None:
    """Write a scene as a moving picture, small enough for a README."""
    video = folder / f"{name}.mp4"
    rnnviz.render(
        name, traces_of(name, language), language=language, quality="l", output=video, jobs=1
    )
    with av.open(str(video)) as container:
        stream: Any = container
        rate = float(container.streams.video[0].average_rate or 1)
        frames = [
            frame.to_image().resize(MOVING_SIZE, Image.Resampling.LANCZOS)
            for number, frame in enumerate(stream.decode(video=0))
            if number % EACH == 0
        ]
    first, *others = frames
    first.save(
        path,
        save_all=True,
        append_images=others,
        duration=round(1000 * EACH / rate),
        loop=0,
        quality=MOVING_QUALITY,
        method=4,
    )
    print(path)


def main() -> None:
    """Render the scenes named on the command line, or all, and write the pages."""
    use_in(cache_folder())
    names = sys.argv[1:] or list(SCENES)
    for language in languages():
        posters: list[Path] = []
        sources: list[dict[str, Any]] = []
        with tempfile.TemporaryDirectory() as folder:
            for name in names:
                stills = stills_of(name, language, Path(folder))
                image = IMAGES / "gallery" / f"{marked(name, language)}.png"
                save(sheet(list(stills.values()), STILL, COLUMNS), image)
                made_from = source(name, language)
                write_source(image, [made_from])
                poster = POSTER_BEATS.get(name, list(stills)[-1])
                posters.append(stills[poster])
                sources.append(only([poster], made_from))
                if name == MOVING:
                    image = IMAGES / f"{marked(name, language)}.webp"
                    move(name, language, Path(folder), image)
                    write_source(image, [made_from])
            if names == list(SCENES):
                image = IMAGES / f"{marked('scenes', language)}.png"
                save(sheet(posters, POSTER, POSTERS_ACROSS), image)
                write_source(image, sources)
        text = page(language, list(SCENES.values()))
        (DOCS / f"{marked('gallery', language)}.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

"""The pictures of scenes in the documents show what the scenes say today."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from kept_networks import use_in
from picture_sources import IMAGES, only, source
from PIL import Image

from rnnviz.experiments.default_recordings import cache_folder
from rnnviz.scene.catalogue import SCENES
from rnnviz.text.translation import languages

OF_SCENES = ("scenes", "page", "handout", "slides")
MOVING = "space"
MOST_BYTES = 3_000_000
"""Of the moving picture, which is loaded with the README."""


@pytest.fixture(scope="module", autouse=True)
def _networks() -> None:
    use_in(cache_folder())


def pictures(language: str) -> Iterator[Path]:
    """All pictures that show scenes in a language."""
    ending = ".png" if language == "en" else f".{language}.png"
    yield from (IMAGES / f"{name}{ending}" for name in OF_SCENES)
    yield (IMAGES / f"{MOVING}{ending}").with_suffix(".webp")
    yield from (IMAGES / "gallery" / f"{name}{ending}" for name in SCENES)


@cache
def kept() -> tuple[tuple[str, dict[str, Any]], ...]:
    """What each picture was made from, by the name of its file."""
    return tuple(
        (str(file.relative_to(IMAGES)), each)
        for file in sorted(IMAGES.rglob("*.json"))
        for each in json.loads(file.read_text(encoding="utf-8"))
    )


@pytest.mark.parametrize("language", languages())
def test_every_picture_of_a_scene_says_what_it_was_made_from(language: str) -> None:
    lacking = [
        picture.name
        for picture in pictures(language)
        if not (picture.is_file() and picture.with_suffix(".json").is_file())
    ]
    assert lacking == [], "run 'make gallery'"


@pytest.mark.parametrize("language", languages())
def test_the_moving_picture_of_the_readme_moves_and_is_small(language: str) -> None:
    (path,) = (each for each in pictures(language) if each.suffix == ".webp")
    assert path.stat().st_size <= MOST_BYTES
    with Image.open(path) as picture:
        assert getattr(picture, "n_frames", 1) > 100


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("name", SCENES)
def test_a_picture_has_the_captions_of_today(name: str, language: str) -> None:
    now = source(name, language)
    for file, made_from in kept():
        if (made_from["scene"], made_from["language"]) == (name, language):
            today = only(made_from["beats"], {**now, "theme": made_from["theme"]})
            assert made_from == today, f"{file}: run 'make gallery'"
            if file.startswith("gallery"):
                assert list(made_from["beats"]) == list(now["beats"])

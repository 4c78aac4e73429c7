"""What holds for every scene, without a word about any one of them."""

import ast
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from layouts import FOR_OTHER_RECORDINGS, check_layout
from often import often

from rnnviz.errors import SceneError
from rnnviz.experiments.default_recordings import record_task
from rnnviz.scene.beats import beats_of
from rnnviz.scene.catalogue import SCENES
from rnnviz.scene.loading import load_scene
from rnnviz.scene.needs import check_needs
from rnnviz.text.plain_text import plain
from rnnviz.text.theme_file import load_theme
from rnnviz.text.translation import translated

NAMES = list(SCENES)
EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "university.toml"
LARGEST = "hidden-state"
SOURCES = sorted((Path(__file__).parents[2] / "scenes").glob("*/storyboard.py"))


@cache
def briefly_trained(task, **options):
    return record_task(task, epochs=1, seed=1, **options)


def captions_of(scene):
    return dict(scene.captions_of(scene.beats[0]))


def refused(name, trace):
    try:
        check_needs(load_scene(name), trace)
    except SceneError:
        return True
    return False


def looks():
    """Each scene in both languages and themes: one of them among the quick tests, in turn."""
    for place, name in enumerate(NAMES):
        for look, quick in (
            (("en", "dark"), place % 2 == 0),
            (("zh", "light"), place % 2 == 1),
        ):
            yield pytest.param(name, *look, marks=() if quick else pytest.mark.slow)
        for look in (("en", "light"), ("zh", "dark")):
            yield pytest.param(name, *look, marks=pytest.mark.deep)


@pytest.mark.parametrize(("name", "language", "theme"), list(looks()))
def test_layout_at_the_end_of_every_beat(name, language, theme, perform, layout_of):
    seen = perform(name, layout_of, language=language, theme=theme)
    assert len(seen) == len(beats_of(load_scene(name).scene))
    check_layout(seen)
    assert 30 <= list(seen.values())[-1].time <= 120


@pytest.mark.parametrize(
    ("name", "language"),
    [
        pytest.param(
            name, language, marks=() if (name, language) == (LARGEST, "en") else pytest.mark.slow
        )
        for name in NAMES
        for language in ("en", "zh")
    ],
)
def test_layout_with_the_theme_of_a_university(name, language, perform, layout_of):
    theme = load_theme(EXAMPLE)
    assert theme.type_scale == 1.15
    seen = perform(name, layout_of, language=language, theme=theme)
    check_layout(seen)
    usual = perform(name, layout_of, language=language)
    larger = [
        after.em / before.em
        for beat in seen
        if len(seen[beat].texts) == len(usual[beat].texts)  # space leaves out what has no room
        for after, before in zip(seen[beat].texts, usual[beat].texts, strict=True)
    ]
    assert np.median(larger) == pytest.approx(1.15)


@pytest.mark.parametrize(
    ("name", "task", "options"),
    [
        *(
            pytest.param(
                name, "prices", {"language": "zh"}, id=f"{name}-prices", marks=pytest.mark.slow
            )
            for name in NAMES
        ),
        *(
            pytest.param(
                name,
                "sentence",
                {"hidden": 40, "gap": 30},
                id=f"{name}-long sentence",
                marks=() if name == "vanishing-gradient" else pytest.mark.slow,
            )
            for name in NAMES
        ),
    ],
)
def test_layout_of_other_recordings(name, task, options, perform, layout_of):
    trace = briefly_trained(task, **options)
    if not refused(name, trace):
        seen = perform(name, layout_of, trace, language=options.get("language", "en"))
        check_layout(seen, allowed=FOR_OTHER_RECORDINGS)


@pytest.mark.parametrize("name", often(NAMES, ["unrolling"]))
def test_a_beat_starts_from_the_picture_of_the_whole_video(name, perform, picture_of):
    whole = perform(name, picture_of, frames=True)
    passed_over = perform(name, picture_of)
    assert whole.keys() == passed_over.keys()
    for beat in whole:
        assert np.array_equal(whole[beat], passed_over[beat]), beat


@pytest.mark.parametrize("language", often(["en", "zh"], ["zh"]))
def test_a_beat_has_its_caption_in_every_language(language, perform):
    first = beats_of(load_scene("pytorch").scene)[0]
    told, caption = perform("pytorch", captions_of, language=language)[first.name], first.caption
    assert told["en"] == plain(caption, {})
    assert told["zh"] == plain(translated(caption, "zh"), {})
    assert told["en"] != told["zh"]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.parent.name)
def test_a_storyboard_holds_no_data(source):
    """No array or list of numbers, no NumPy constructor, and no colour."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    indices = {id(node.slice) for node in ast.walk(tree) if isinstance(node, ast.Subscript)}
    for node in ast.walk(tree):
        if isinstance(node, ast.List | ast.Tuple | ast.Set) and id(node) not in indices:
            numbers = [
                item
                for item in node.elts
                if isinstance(item, ast.Constant) and isinstance(item.value, int | float)
            ]
            assert len(numbers) < 3, (source.name, node.lineno)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not node.value.startswith("#"), (source.name, node.lineno)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            made = node.value.id == "np" and node.attr in {"zeros", "ones", "full", "random"}
            assert not made, (source.name, node.lineno)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.parent.name)
def test_a_storyboard_is_short_and_has_no_clock(source):
    text = source.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 180
    for forbidden in ("add_updater", "always_redraw", "import random", "np.random", "rng"):
        assert forbidden not in text


def test_every_file_in_scenes_is_registered():
    registered = {entry.target.split(":")[0].split(".")[-2] for entry in SCENES.values()}
    assert registered == {source.parent.name for source in SOURCES}


@pytest.mark.parametrize("name", NAMES)
def test_a_registered_scene_agrees_with_its_entry(name):
    entry, loaded = SCENES[name], load_scene(name)
    assert loaded.scene.task == entry.task
    assert entry.title.strip()
    assert entry.summary.strip()

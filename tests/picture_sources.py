"""What a picture in ``docs/images`` shows of a scene, kept in a JSON file beside it.

``tools/make_gallery.py`` and ``tools/make_export_images.py`` write these files, and
``tests/test_pictures.py`` compares them with what the scenes say today.
"""

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rnnviz.experiments.default_recordings import data_language, default_trace
from rnnviz.rendering.manim_adapter.settings import manim_settings
from rnnviz.scene.catalogue import SCENES
from rnnviz.scene.context import SceneContext, experiments_of
from rnnviz.scene.loading import load_scene
from rnnviz.trace import Trace

IMAGES = Path(__file__).parents[1] / "docs" / "images"


def trace_of(name: str, language: str) -> Trace:
    """Return the default recording that a scene is drawn from in a language."""
    return default_trace(SCENES[name].task, language=data_language(language))


def traces_of(name: str, language: str) -> tuple[Trace, ...]:
    """Return all default recordings that a scene is drawn from, of which most scenes have one."""
    traces: tuple[Trace, ...] = load_scene(name).scene.default_traces(trace_of(name, language))
    return traces


def source(name: str, language: str, theme: str = "dark") -> dict[str, Any]:
    """Return what a picture of a scene is made from. The scene is set up, not played."""
    loaded = load_scene(name)
    trace, *others = traces_of(name, language)
    with tempfile.TemporaryDirectory() as media, manim_settings(Path(media), "l"):
        context = SceneContext(
            trace,
            others=tuple(others),
            experiments=experiments_of(loaded.scene, trace),
            language=language,
            theme=theme,
        )
        scene = loaded.scene(context)
        scene.setup()
        captions = {beat.name: scene.captions_of(beat)[language] for beat in scene.beats}
    return {
        "scene": name,
        "language": language,
        "theme": theme,
        # not the trace's identity: the last digits of what is recorded differ between processors
        "parameters": trace.metadata.parameters_hash[:6],
        "beats": captions,
    }


def only(beats: Iterable[str], source: dict[str, Any]) -> dict[str, Any]:
    """Return the source of a picture that shows some beats of a scene."""
    return {**source, "beats": {beat: source["beats"][beat] for beat in beats}}


def write_source(picture: Path, sources: list[dict[str, Any]]) -> None:
    """Write the sources of a picture beside it."""
    text = json.dumps(sources, ensure_ascii=False, indent=1) + "\n"
    picture.with_suffix(".json").write_text(text, encoding="utf-8")

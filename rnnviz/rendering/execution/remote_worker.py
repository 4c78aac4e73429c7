"""Drawing one beat in a process that has nothing of the performance but an order."""

import sys
import tempfile
from collections.abc import Mapping
from contextlib import chdir, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from manim.utils.exceptions import EndSceneEarlyException

from rnnviz.errors import RenderError
from rnnviz.rendering.cache.sources import code_of, imported_by, whole_library
from rnnviz.rendering.execution.beat_task import BeatSpec
from rnnviz.rendering.execution.performance import decided_by
from rnnviz.rendering.execution.playing import leave
from rnnviz.rendering.manim_adapter.renderer import Renderer
from rnnviz.rendering.manim_adapter.settings import performing
from rnnviz.rendering.video.encoder import Encoder
from rnnviz.scene.beats import Beat, beats_of
from rnnviz.scene.context import SceneContext
from rnnviz.scene.failures import FAILURES, told
from rnnviz.scene.loading import load_scene
from rnnviz.system.cache import checksum
from rnnviz.system.workers import ONE_AT_A_TIME
from rnnviz.text.font_files import Font
from rnnviz.trace import Trace

_LOADED: Final = whole_library()
"""The library as it was when this process loaded it."""

_IMPORTED: Final[dict[Path, str | None]] = {}
"""What users' scenes import, as it was when this process loaded it."""


def draw_beat(
    spec: BeatSpec,
    language: str,
    theme: str,
    fonts: tuple[Font, ...],
    trace: Trace,
    experiments: Mapping[str, Any],
) -> bytes:
    """An encoded beat: the scene is played up to it without drawing.

    What the scene prints goes to stderr: stdout is that of the process that wants the beat. The
    folder that it changes to is left: the next scene starts where this process did.

    Raises: RenderError that names the beat, also if this machine would draw it otherwise
    """
    try:
        with ONE_AT_A_TIME, redirect_stdout(sys.stderr), chdir("."):
            return _drawn(spec, SceneContext(trace, experiments, language, theme, fonts))
    except FAILURES as error:
        raise told(spec.name, error, spec.source) from None


def _drawn(spec: BeatSpec, setting: SceneContext) -> bytes:
    scene = load_scene(spec.scene).scene
    _check_loaded(scene)
    (name,) = (beat.name for beat in beats_of(scene) if beat.number == spec.beat)
    code = code_of(scene, setting.language)
    if decided_by(code, setting, spec.profile).get(name) != spec.decided_by:
        raise RenderError(
            "a worker has another Python, rnnviz, library or scene file than this machine; "
            "give it the same"
        )
    with tempfile.TemporaryDirectory(prefix="rnnviz-") as folder:
        film = Path(folder) / f"beat.{spec.profile.codec.container}"
        with performing(spec.profile, Path(folder)), Encoder(film, spec.profile) as encoder:

            def begin(performance: Any, beat: Beat) -> None:
                if beat.number == spec.beat:
                    performance.renderer.film = encoder

            def end(performance: Any, beat: Beat) -> None:
                if beat.number == spec.beat:
                    raise EndSceneEarlyException

            alone = frozenset({spec.beat})
            context = replace(
                setting, beats=alone, renderer=Renderer(), on_beat_start=begin, on_beat_end=end
            )
            performance = scene(context)
            try:
                performance.render()
            finally:
                leave(performance)
            encoder.finish()
        return film.read_bytes()


def _check_loaded(scene: Any) -> None:
    """Refuse to draw with code that this process loaded before it was changed."""
    if whole_library() != _LOADED:
        raise RenderError("rnnviz has changed since the workers started; restart them")
    for path in imported_by(scene):
        now = checksum(path)
        if _IMPORTED.setdefault(path, now) != now:
            raise RenderError(f"{path.name!r} has changed since the workers started; restart them")

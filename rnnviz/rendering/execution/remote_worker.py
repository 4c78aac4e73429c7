"""Draws one beat in a process that has only a spec and recordings, not the performance."""

import sys
import tempfile
from collections.abc import Mapping
from contextlib import chdir, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from rnnviz.errors import RenderError
from rnnviz.experiments.default_recordings import cache_folder
from rnnviz.rendering.cache.code import code_of, imported_by
from rnnviz.rendering.cache.dependencies import Reads
from rnnviz.rendering.cache.library import whole_library
from rnnviz.rendering.cache.recorder import Recorder
from rnnviz.rendering.execution.beat_task import BeatSpec
from rnnviz.rendering.execution.performance import beat_digests
from rnnviz.rendering.execution.playing import release
from rnnviz.rendering.manim_adapter.renderer import Renderer, end_scene
from rnnviz.rendering.manim_adapter.settings import performing
from rnnviz.rendering.video.encoder import Encoder
from rnnviz.scene.beats import Beat, beats_of
from rnnviz.scene.context import SceneContext
from rnnviz.scene.failures import FAILURES, scene_error
from rnnviz.scene.loading import file_of, load_scene
from rnnviz.scene.playback import Playback
from rnnviz.system.cache import checksum
from rnnviz.system.workers import ONE_AT_A_TIME
from rnnviz.text.font_files import Font
from rnnviz.text.notation import Notation
from rnnviz.text.palette import Palette
from rnnviz.trace import Trace

_LOADED: Final = whole_library()
"""The digest of the library when this process loaded it."""

_IMPORTED: Final[dict[Path, str | None]] = {}
"""The checksums of the files that users' scenes import, from when this process loaded them."""


def draw_beat(
    spec: BeatSpec,
    language: str,
    theme: Palette,
    fonts: tuple[Font, ...],
    notation: Notation,
    playback: Playback,
    traces: tuple[Trace, ...],
    experiments: Mapping[str, Any],
) -> tuple[bytes, Reads]:
    """Play a scene up to a beat without drawing, and return the encoded beat and what it read.

    What the scene prints goes to stderr: stdout belongs to the process that wants the beat. The
    working folder is restored if the scene changes it.

    Raises: RenderError that names the beat, also if this machine would draw it differently
    """
    try:
        with ONE_AT_A_TIME, redirect_stdout(sys.stderr), chdir("."):
            look = (language, theme, fonts, notation, playback, spec.profile.aspect)
            trace, *others = traces
            setting = SceneContext(trace, experiments, *look, others=tuple(others))
            return _drawn(spec, setting)
    except FAILURES as error:
        raise scene_error(spec.name, error, spec.source) from None


def _drawn(spec: BeatSpec, setting: SceneContext) -> tuple[bytes, Reads]:
    recorder = Recorder(file_of(spec.scene), setting.language, cache_folder())
    with recorder.recording():
        scene = load_scene(spec.scene).of(setting.trace, *setting.others).scene
    _check_loaded(scene)
    (name,) = (beat.name for beat in beats_of(scene) if beat.number == spec.beat)
    code = code_of(scene, setting.language)
    if beat_digests(code, setting, spec.profile).get(name) != spec.digest:
        raise RenderError(
            "a worker has a different Python, rnnviz, library or scene file than this machine; "
            "give it the same one"
        )
    with tempfile.TemporaryDirectory(prefix=".rnnviz-") as folder:
        video = Path(folder) / f"beat.{spec.profile.codec.container}"
        with performing(spec.profile, Path(folder)), Encoder(video, spec.profile) as encoder:

            def begin(performance: Any, beat: Beat) -> None:
                if beat.number == spec.beat:
                    performance.renderer.sink = encoder

            def end(performance: Any, beat: Beat) -> None:
                if beat.number == spec.beat:
                    end_scene()

            only = frozenset({spec.beat})
            context = replace(
                setting, beats=only, renderer=Renderer(), on_beat_start=begin, on_beat_end=end
            )
            performance = scene(context)
            try:
                with recorder.recording():
                    performance.render()
            finally:
                release(performance)
            encoder.finish()
        return video.read_bytes(), recorder.reads


def _check_loaded(scene: Any) -> None:
    """Refuse to draw with code that changed since this process loaded it.

    Raises: RenderError
    """
    if whole_library() != _LOADED:
        raise RenderError("rnnviz has changed since the workers started; restart them")
    for path in imported_by(scene):
        now = checksum(path)
        if _IMPORTED.setdefault(path, now) != now:
            raise RenderError(f"{path.name!r} has changed since the workers started; restart them")

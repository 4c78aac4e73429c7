"""One performance of a scene, each beat filmed by a process of its own or found in the cache."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import cairo
from manim.utils.exceptions import EndSceneEarlyException

from rnnviz.errors import RenderError
from rnnviz.rendering.cache.sources import Code, own_modules
from rnnviz.rendering.execution.beat_task import BeatSpec, BeatTask
from rnnviz.rendering.execution.fork import Executor, Job
from rnnviz.rendering.execution.playing import play
from rnnviz.rendering.execution.sound_listener import Listener
from rnnviz.rendering.manim_adapter.global_state import global_state
from rnnviz.rendering.manim_adapter.settings import performing
from rnnviz.rendering.manim_adapter.state import digest_of
from rnnviz.rendering.profile import LIBRARIES, EncodingProfile
from rnnviz.rendering.video.sound import Sound
from rnnviz.scene.beats import Beat, beats_of
from rnnviz.scene.context import SceneContext
from rnnviz.scene.loading import LoadedScene
from rnnviz.system.cache import Cache
from rnnviz.system.files import staging_dir
from rnnviz.system.versions import version
from rnnviz.text.fonts import shipped_digest

_OF_CAMERA: Final = (
    "background_color",
    "background_opacity",
    "frame_center",
    "frame_height",
    "frame_width",
)


@dataclass(frozen=True)
class BeatResult:
    """One beat of a video: its encoded pictures, captions, sounds, and the work on it, if any.

    ``certain`` is whether all that decides it is known; else it is drawn again each time.
    """

    beat: Beat
    path: Path
    job: Job
    certain: bool
    captions: Mapping[str, str] = field(default_factory=dict)
    sounds: tuple[Sound, ...] = ()


def film(
    loaded: LoadedScene,
    context: SceneContext,
    code: Code,
    profile: EncodingProfile,
    cache: Cache,
    executor: Executor,
    on_done: Callable[[Beat], None],
) -> tuple[BeatResult, ...]:
    """Play a scene without drawing; the beats that are shown and not kept are filmed meanwhile.

    Raises: RenderError that names the beat, if the storyboard fails or leaves one out
    """
    name, scene = loaded.name, loaded.scene
    results: list[BeatResult] = []
    listener = Listener(context)
    last = max((beat.number for beat in beats_of(scene) if context.shows(beat)), default=0)
    folder = executor.enter(staging_dir(cache.beats, RenderError))
    decided = decided_by(code, context, profile)
    compared = digest_of(context.experiments, {})
    experiments = compared or _unknown()
    own = own_modules(loaded.scene)

    def begin(performance: Any, beat: Beat) -> None:
        listener.begin(beat)
        if not context.shows(beat):
            return
        performance.renderer.time = 0.0  # a beat is the same whenever it is played
        beginning = {"beat": beat.play, **_state(performance), **global_state(own)}
        state = digest_of(beginning, {id(performance): "performance"})
        key = _digest(decided[beat.name], experiments, state or _unknown())
        path = folder / f"{key}.{profile.codec.container}"
        job = Job(f"beat {beat.name!r} of scene {name!r}", on_done=lambda: on_done(beat))
        results.append(BeatResult(beat, path, job, certain=None not in (compared, state)))
        if cache.fetch(path):
            job.end()
        else:
            spec = BeatSpec(
                job.name,
                loaded.spec,
                code.file,
                beat.number,
                profile,
                decided[beat.name],
                experiments,
            )
            executor.start(job, BeatTask(performance, beat, path, cache, spec))

    def end(performance: Any, beat: Beat) -> None:
        if context.shows(beat):
            heard = tuple(each for each in listener.sounds if each.beat == beat.number)
            results[-1] = replace(results[-1], captions=performance.captions_of(beat), sounds=heard)
            results[-1].job.seconds = performance.renderer.time
        if beat.number == last:
            raise EndSceneEarlyException

    with performing(profile, folder):
        followed = replace(context, on_beat_start=begin, on_beat_end=end, on_sound=listener.hear)
        play(loaded, followed, code.file)
    return tuple(results)


def decided_by(code: Code, context: SceneContext, profile: EncodingProfile) -> Mapping[str, str]:
    """For each beat, by its name, a digest of what decides it but for experiments and state."""
    lettering = (shipped_digest(), *(font.family for font in context.fonts))
    shown = (context.language, context.theme, context.trace.digest)
    setting = _digest(profile, *shown, _versions(), lettering)
    return {name: _digest(setting, each) for name, each in code.beats.items()}


def _state(performance: Any) -> dict[str, Any]:
    """What a beat starts from: what the scene holds, and how the camera looks at it."""
    camera = performance.renderer.camera
    seen = {name: getattr(camera, name) for name in _OF_CAMERA}
    return {**performance.state(), "camera": seen}


def _digest(*parts: Any) -> str:
    return sha256(repr(parts).encode()).hexdigest()


def _versions() -> tuple[str, ...]:
    """Of all that makes a picture; Cairo's own is that of the system, not of its package."""
    libraries = [f"{library} {version(library)}" for library in LIBRARIES]
    return (*libraries, cairo.cairo_version_string(), sys.version)


def _unknown() -> str:
    """For a state without a digest: another one each time, so that the beat is drawn again."""
    return os.urandom(16).hex()

"""Plays a scene without drawing, and starts drawing each beat that is not in the cache."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import cairo

from rnnviz.errors import RenderError
from rnnviz.rendering.cache.code import Code, own_modules
from rnnviz.rendering.cache.hooks import pausing
from rnnviz.rendering.cache.kept_beats import BeatEntry
from rnnviz.rendering.cache.library import unique_value
from rnnviz.rendering.cache.recorder import Recorder
from rnnviz.rendering.execution.beat_task import BeatSpec, BeatTask
from rnnviz.rendering.execution.fork import Executor, Job
from rnnviz.rendering.execution.playing import play
from rnnviz.rendering.execution.sound_listener import SoundListener
from rnnviz.rendering.manim_adapter.global_state import global_state
from rnnviz.rendering.manim_adapter.renderer import end_scene
from rnnviz.rendering.manim_adapter.settings import performing
from rnnviz.rendering.manim_adapter.state import digest_of, state_of
from rnnviz.rendering.profile import LIBRARIES, EncodingProfile
from rnnviz.rendering.video.sound import Sound
from rnnviz.scene.beats import Beat, beats_of
from rnnviz.scene.context import SceneContext
from rnnviz.scene.loading import LoadedScene
from rnnviz.system.cache import Cache
from rnnviz.system.files import staging_dir
from rnnviz.system.versions import version
from rnnviz.text.fonts import shipped_digest


@dataclass(frozen=True)
class BeatResult:
    """One beat of a video: its cache entry, captions and sounds, and the job that draws it."""

    beat: Beat
    entry: BeatEntry
    job: Job
    captions: Mapping[str, str] = field(default_factory=dict)
    sounds: tuple[Sound, ...] = ()

    @property
    def path(self) -> Path:
        """The encoded beat, once its job is done."""
        return self.entry.path(self.job.reads)


def start_beats(
    loaded: LoadedScene,
    context: SceneContext,
    code: Code,
    profile: EncodingProfile,
    cache: Cache,
    executor: Executor,
    recorder: Recorder,
    on_done: Callable[[Beat], None],
) -> tuple[BeatResult, ...]:
    """Play a scene without drawing; start drawing the shown beats that are not in the cache.

    Raises: RenderError that names the beat, if the storyboard fails or skips one
    """
    name, scene = loaded.name, loaded.scene
    results: list[BeatResult] = []
    listener = SoundListener(context)
    last = max((beat.number for beat in beats_of(scene) if context.shows(beat)), default=0)
    folder = executor.enter(staging_dir(cache.beats, RenderError))
    digests = beat_digests(code, context, profile)
    compared = digest_of(context.experiments, {}) if recorder.certain else None
    experiments = compared or unique_value()

    def begin(performance: Any, beat: Beat) -> None:
        listener.begin(beat)
        if not context.shows(beat):
            return
        performance.renderer.time = 0.0  # a beat is the same whenever it is played
        own = own_modules(loaded.scene, recorder.modules)
        beginning = {"beat": beat.play, **state_of(performance), **global_state(own)}
        state = digest_of(beginning, {id(performance): "performance"})
        entry = BeatEntry(
            _digest(digests[beat.name], experiments, state or unique_value()),
            profile.codec.container,
            folder,
            cache,
            certain=None not in (compared, state),
        )
        job = Job(f"beat {beat.name!r} of scene {name!r}", on_done=lambda: on_done(beat))
        results.append(BeatResult(beat, entry, job))
        reads = entry.fetch(recorder.folder)
        if reads is not None:
            job.end(reads)
            return
        spec = BeatSpec(
            job.name,
            loaded.spec,
            code.file,
            beat.number,
            profile,
            digests[beat.name],
            experiments,
        )
        executor.start(job, BeatTask(performance, beat, entry, spec, recorder))

    def end(performance: Any, beat: Beat) -> None:
        if context.shows(beat):
            heard = tuple(each for each in listener.sounds if each.beat == beat.number)
            results[-1] = replace(results[-1], captions=performance.captions_of(beat), sounds=heard)
            results[-1].job.seconds = performance.renderer.time
        if beat.number == last:
            end_scene()

    with performing(profile, folder), recorder.recording():
        followed = replace(
            context,
            on_beat_start=pausing()(begin),
            on_beat_end=pausing()(end),
            on_sound=pausing()(listener.hear),
        )
        play(loaded, followed, code.file)
    return tuple(results)


def beat_digests(code: Code, context: SceneContext, profile: EncodingProfile) -> Mapping[str, str]:
    """Return a digest of each beat's code and settings, by its name.

    They do not cover experiments, state, or what the beat reads.
    """
    fonts = (shipped_digest(), *(font.family for font in context.fonts))
    look = (context.language, context.theme, context.notation, context.playback)
    traces = (context.trace, *context.others)
    shown = (each.digest for each in traces)
    setting = _digest(profile, *look, *shown, _versions(), fonts)
    return {name: _digest(setting, each) for name, each in code.beats.items()}


def _digest(*parts: Any) -> str:
    return sha256(repr(parts).encode()).hexdigest()


def _versions() -> tuple[str, ...]:
    """Return the versions of all that draws; Cairo's is not that of its Python package."""
    libraries = [f"{library} {version(library)}" for library in LIBRARIES]
    return (*libraries, cairo.cairo_version_string(), sys.version)

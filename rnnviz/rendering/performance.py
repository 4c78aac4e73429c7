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
from rnnviz.files import workshop
from rnnviz.rendering.beats import Beat, beats_of
from rnnviz.rendering.cache import Cache
from rnnviz.rendering.crew import AnyCrew, Job
from rnnviz.rendering.listening import Listener
from rnnviz.rendering.loading import LoadedScene
from rnnviz.rendering.look import LIBRARIES, Look
from rnnviz.rendering.playing import play
from rnnviz.rendering.settings import performing
from rnnviz.rendering.shot import Order, Shot
from rnnviz.rendering.sound import Sound
from rnnviz.rendering.sources import Code, fonts, own_modules
from rnnviz.rendering.stage import Stage
from rnnviz.rendering.state import digest_of
from rnnviz.rendering.surroundings import surroundings
from rnnviz.versions import version

_OF_CAMERA: Final = (
    "background_color",
    "background_opacity",
    "frame_center",
    "frame_height",
    "frame_width",
)


@dataclass(frozen=True)
class Take:
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
    stage: Stage,
    code: Code,
    look: Look,
    cache: Cache,
    crew: AnyCrew,
    on_done: Callable[[Beat], None],
) -> tuple[Take, ...]:
    """Play a scene without drawing; the beats that are shown and not kept are filmed meanwhile.

    Raises: RenderError that names the beat, if the storyboard fails or leaves one out
    """
    name, scene = loaded.name, loaded.scene
    takes: list[Take] = []
    listener = Listener(stage)
    last = max((beat.number for beat in beats_of(scene) if stage.shows(beat)), default=0)
    folder = crew.enter(workshop(cache.beats, RenderError))
    decided = decided_by(code, stage, look)
    compared = digest_of(stage.companions, {})
    companions = compared or _unknown()
    own = own_modules(loaded.scene)

    def begin(performance: Any, beat: Beat) -> None:
        listener.begin(beat)
        if not stage.shows(beat):
            return
        performance.renderer.time = 0.0  # a beat is the same whenever it is played
        beginning = {"beat": beat.play, **_state(performance), **surroundings(own)}
        state = digest_of(beginning, {id(performance): "performance"})
        key = _digest(decided[beat.name], companions, state or _unknown())
        path = folder / f"{key}.{look.codec.container}"
        job = Job(f"beat {beat.name!r} of scene {name!r}", on_done=lambda: on_done(beat))
        takes.append(Take(beat, path, job, certain=None not in (compared, state)))
        if cache.fetch(path):
            job.end()
        else:
            order = Order(
                job.name, loaded.spec, code.file, beat.number, look, decided[beat.name], companions
            )
            crew.start(job, Shot(performance, beat, path, cache, order))

    def end(performance: Any, beat: Beat) -> None:
        if stage.shows(beat):
            heard = tuple(each for each in listener.sounds if each.beat == beat.number)
            takes[-1] = replace(takes[-1], captions=performance.told(beat), sounds=heard)
            takes[-1].job.seconds = performance.renderer.time
        if beat.number == last:
            raise EndSceneEarlyException

    with performing(look, folder):
        followed = replace(stage, on_beat_start=begin, on_beat_end=end, on_sound=listener.hear)
        play(loaded, followed, code.file)
    return tuple(takes)


def decided_by(code: Code, stage: Stage, look: Look) -> Mapping[str, str]:
    """For each beat, by its name, a digest of what decides it but for companions and state."""
    lettering = (fonts(), *(font.family for font in stage.fonts))
    shown = (stage.language, stage.theme, stage.trace.digest)
    setting = _digest(look, *shown, _versions(), lettering)
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

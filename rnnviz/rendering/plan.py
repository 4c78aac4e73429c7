"""What a render will do, checked before anything is written."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from rnnviz.defaults import Kept, default_trace
from rnnviz.rendering.assembling import Cut
from rnnviz.rendering.beats import Beat, beats_of, check_selection, spoken_in, untranslated
from rnnviz.rendering.cache import Cache
from rnnviz.rendering.crew import AnyCrew
from rnnviz.rendering.failures import blamed
from rnnviz.rendering.joining import frames_in, starts
from rnnviz.rendering.listening import Listener
from rnnviz.rendering.loading import LoadedScene, load_scene
from rnnviz.rendering.look import Look
from rnnviz.rendering.needs import check_needs
from rnnviz.rendering.performance import Take, film
from rnnviz.rendering.request import Progress, Request
from rnnviz.rendering.sound import SILENT, losses
from rnnviz.rendering.sources import Code, code_of
from rnnviz.rendering.stage import Stage
from rnnviz.rendering.stills import stills
from rnnviz.rendering.timeline import Cue, description
from rnnviz.trace import Trace, load
from rnnviz.translation import SOURCE_LANGUAGE


@dataclass(frozen=True)
class Plan:
    """One render: the scene and its code, the stage it is played on, the beats that are shown."""

    loaded: LoadedScene
    code: Code
    stage: Stage
    look: Look
    beats: tuple[Beat, ...]
    progress: Progress

    @property
    def name(self) -> str:
        """The scene's name."""
        return self.loaded.name

    @property
    def notes(self) -> tuple[str, ...]:
        """What is not as whoever asked for the render may expect."""
        language = self.stage.language
        lacking = untranslated(self.beats, language)
        if not lacking:
            return ()
        return (
            f"{lacking} of {len(self.beats)} captions of scene {self.name!r} have no translation "
            f"into {language!r}, and are shown as they are written",
        )

    def film(self, cache: Cache, crew: AnyCrew) -> "Filming":
        """Set the crew to work on what the cache does not hold.

        Raises: RenderError if the storyboard fails
        """
        done: list[Beat] = []

        def tell(beat: Beat) -> None:
            done.append(beat)
            self.progress(beat.name, len(done), len(self.beats))

        takes = film(self.loaded, self.stage, self.code, self.look, cache, crew, tell)
        spoken, language = spoken_in(beats_of(self.loaded.scene)), self.stage.language
        about = description(
            scene=self.name,
            language=language if language in spoken else SOURCE_LANGUAGE,
            theme=self.stage.theme,
            quality=self.look.quality,
            trace=self.stage.trace,
        )
        return Filming(crew, takes, self.look, about, self.notes)

    def stills(self, folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Draw the picture at the end of each beat; the files that were made, and what is to note.

        Raises: RenderError if the folder cannot be written, or the storyboard fails
        """

        def tell(performance: Any, beat: Beat) -> None:
            if beat in self.beats:
                self.progress(beat.name, self.beats.index(beat) + 1, len(self.beats))

        listener = Listener(self.stage)
        stage = replace(
            self.stage,
            on_beat_start=lambda performance, beat: listener.begin(beat),
            on_beat_end=tell,
            on_sound=listener.hear,
        )
        made = stills(self.loaded, stage, self.code.file, self.look, folder)
        return made, losses(listener.sounds, (), self.look.file_format)


@dataclass(frozen=True)
class Filming:
    """A render whose beats a crew works on."""

    crew: AnyCrew
    takes: tuple[Take, ...]
    look: Look
    about: Mapping[str, Any]
    notes: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where its beats are."""
        return self.takes[0].path.parent

    @property
    def certain(self) -> bool:
        """Whether all that decides its beats is known."""
        return all(take.certain for take in self.takes)

    def cut(self) -> Cut:
        """Wait for the beats.

        Raises: RenderError that names a beat that failed, once the others are kept
        """
        for take in self.takes:
            self.crew.wait_for(take.job)
        for take in self.takes:
            if take.job.error is not None:
                raise take.job.error
        counts = [frames_in(take.path) for take in self.takes]
        times = starts(counts, self.look.rate)
        cues = [
            Cue(take.beat.number, take.beat.name, start, end, take.captions)
            for take, (start, end) in zip(self.takes, times, strict=True)
        ]
        sounds = tuple(sound for take in self.takes for sound in take.sounds)
        notes = losses(sounds, cues, self.look.file_format)
        segments = tuple(take.path.name for take in self.takes)
        told = (*self.notes, *notes, *self._off(counts))
        return Cut(segments, tuple(cues), self.about, sounds, told)

    def _off(self, counts: Sequence[int]) -> Iterator[str]:
        """Beats in which sounds may not be heard in time: it is planned before they are drawn."""
        for take, count in zip(self.takes, counts, strict=True):
            planned = round(take.job.seconds * self.look.rate)
            if take.sounds and planned != count and self.look.file_format not in SILENT:
                yield (
                    f"beat {take.beat.name!r} takes {count} pictures, not {planned} as planned; "
                    "its sounds may be early or late by as much"
                )


def make_plan(
    request: Request, trace: Trace | str | Path | Kept | None, progress: Progress
) -> Plan:
    """Check everything that can be checked, and get the recordings ready.

    Raises: SceneError for an unknown scene or beat, or a trace that lacks what the scene needs
    """
    if isinstance(trace, str | Path):
        trace = load(trace)  # before a scene's code, which may change the folder
    loaded = check_scene(request)
    code = code_of(loaded.scene, request.language)  # as it was loaded, before any training
    if trace is None:
        trace = request.recording_of(request.task or loaded.task).trace()
    elif isinstance(trace, Kept):
        trace = trace.trace()
    check_needs(loaded, trace)
    stage = Stage(
        trace,
        companions=companions_of(loaded.scene, trace),
        language=request.language,
        theme=request.theme,
        fonts=request.fonts,
        beats=None if request.beats is None else frozenset(request.beats),
    )
    beats = tuple(beat for beat in beats_of(loaded.scene) if stage.shows(beat))
    return Plan(loaded, code, stage, request.look, beats, progress)


def check_scene(request: Request) -> LoadedScene:
    """The scene that is asked for, after all that can be refused before a network is trained.

    Raises: SceneError for an unknown scene or beat
    """
    loaded = load_scene(request.scene)
    beats = range(1, len(beats_of(loaded.scene)) + 1)
    missing = (number for number in request.beats or () if number not in beats)
    # one is enough to refuse them; a range of beats may name more than memory holds
    check_selection(tuple(islice(missing, 1)), len(beats), loaded.name)
    return loaded


def default_stage(scene: Any) -> Stage:
    """The stage of a scene that nobody chose one for: the default recording of its task."""
    trace = default_trace(scene.task)
    return Stage(trace, companions=companions_of(scene, trace))


def companions_of(scene: Any, trace: Trace) -> Mapping[str, Any]:
    """What a scene compares with its trace, by the names that it uses.

    Raises: RenderError that names one that fails
    """
    source = getattr(sys.modules[scene.__module__], "__file__", "")  # a notebook has none
    made = {}
    for name, make in scene.companions.items():
        with blamed(f"companion {name!r} of class {scene.__name__!r}", source):
            made[name] = make(trace)
    return made

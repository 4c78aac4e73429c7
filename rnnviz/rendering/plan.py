"""Loads a scene and its recordings, checks them, and starts to draw."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from rnnviz.errors import SceneError
from rnnviz.experiments.default_recordings import cache_folder
from rnnviz.rendering.cache.code import Code, code_of
from rnnviz.rendering.cache.dependencies import declared, merged
from rnnviz.rendering.cache.recorder import Recorder
from rnnviz.rendering.execution.fork import Executor
from rnnviz.rendering.execution.performance import BeatResult, start_beats
from rnnviz.rendering.execution.sound_listener import SoundListener
from rnnviz.rendering.execution.stills import draw_stills
from rnnviz.rendering.profile import EncodingProfile
from rnnviz.rendering.request import Progress, Recording, Request
from rnnviz.rendering.video.joining import frames_in, starts
from rnnviz.rendering.video.manifest import RenderManifest
from rnnviz.rendering.video.sidecars import description
from rnnviz.rendering.video.sound import SILENT, losses
from rnnviz.rendering.video.timeline import Cue
from rnnviz.scene.beats import Beat, beats_of, check_selection, spoken_in, untranslated
from rnnviz.scene.context import SceneContext, experiments_of
from rnnviz.scene.loading import LoadedScene, load_scene, variants_of
from rnnviz.scene.needs import check_count, check_needs
from rnnviz.system.cache import Cache
from rnnviz.text.theme_file import load_theme
from rnnviz.text.translation import SOURCE_LANGUAGE
from rnnviz.trace import Trace, load


@dataclass(frozen=True)
class Plan:
    """One render: the scene and its code, its context, and the beats that are shown."""

    loaded: LoadedScene
    code: Code
    context: SceneContext
    profile: EncodingProfile
    beats: tuple[Beat, ...]
    recorder: Recorder
    progress: Progress

    @property
    def name(self) -> str:
        """The scene's name."""
        return self.loaded.name

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user may not expect."""
        language = self.context.language
        lacking = untranslated(self.beats, language)
        if not lacking:
            return ()
        return (
            f"{lacking} of {len(self.beats)} captions of scene {self.name!r} have no translation "
            f"into {language!r}, and are shown as they are written",
        )

    def start(self, cache: Cache, executor: Executor) -> "PendingBeats":
        """Start to draw the beats that the cache lacks.

        Raises: RenderError if the storyboard fails
        """
        done: list[Beat] = []

        def report(beat: Beat) -> None:
            done.append(beat)
            self.progress(beat.name, len(done), len(self.beats))

        results = start_beats(
            self.loaded,
            self.context,
            self.code,
            self.profile,
            cache,
            executor,
            self.recorder,
            report,
        )
        spoken, language = spoken_in(beats_of(self.loaded.scene)), self.context.language
        about = description(
            scene=self.name,
            language=language if language in spoken else SOURCE_LANGUAGE,
            theme=load_theme(self.context.theme),
            notation=self.context.notation.name,
            quality=self.profile.quality,
            traces=(self.context.trace, *self.context.others),
        )
        return PendingBeats(executor, results, self.recorder, self.profile, about, self.notes)

    def draw_stills(self, folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Draw the frame at the end of each beat; return the files' names, and notes.

        Raises: RenderError if the folder cannot be written, or the storyboard fails
        """

        def report(performance: Any, beat: Beat) -> None:
            if beat in self.beats:
                self.progress(beat.name, self.beats.index(beat) + 1, len(self.beats))

        listener = SoundListener(self.context)
        context = replace(
            self.context,
            on_beat_start=lambda performance, beat: listener.begin(beat),
            on_beat_end=report,
            on_sound=listener.hear,
        )
        with self.recorder.recording():  # modules may keep what they read now
            made = draw_stills(self.loaded, context, self.code.file, self.profile, folder)
        return made, losses(listener.sounds, (), self.profile.file_format)


@dataclass(frozen=True)
class PendingBeats:
    """The beats of a render, which an executor draws."""

    executor: Executor
    results: tuple[BeatResult, ...]
    recorder: Recorder
    profile: EncodingProfile
    about: Mapping[str, Any]
    notes: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """The folder of the encoded beats."""
        return self.results[0].path.parent

    @property
    def certain(self) -> bool:
        """Whether all that decides the beats is known."""
        return all(result.entry.certain for result in self.results)

    def manifest(self) -> RenderManifest:
        """Wait for the beats.

        Raises: RenderError that names a beat that failed, once the others are kept
        """
        for result in self.results:
            self.executor.wait_for(result.job)
        for result in self.results:
            if result.job.error is not None:
                raise result.job.error
        counts = [frames_in(result.path) for result in self.results]
        times = starts(counts, self.profile.rate)
        cues = [
            Cue(result.beat.number, result.beat.name, start, end, result.captions)
            for result, (start, end) in zip(self.results, times, strict=True)
        ]
        sounds = tuple(sound for result in self.results for sound in result.sounds)
        notes = losses(sounds, cues, self.profile.file_format)
        return RenderManifest(
            tuple(result.path.name for result in self.results),
            tuple(cues),
            self.about,
            sounds,
            (*self.notes, *notes, *self._late_sounds(counts)),
            merged((self.recorder.reads, *(result.job.reads for result in self.results))),
        )

    def _late_sounds(self, counts: Sequence[int]) -> Iterator[str]:
        """Name beats whose sounds may be out of time, as they are longer or shorter than planned.

        The times of sounds are planned before the beats are drawn.
        """
        for result, count in zip(self.results, counts, strict=True):
            planned = round(result.job.seconds * self.profile.rate)
            if result.sounds and planned != count and self.profile.file_format not in SILENT:
                yield (
                    f"beat {result.beat.name!r} has {count} frames, not {planned} as planned; "
                    "its sounds may be early or late by as much"
                )


def make_plan(request: Request, given: Sequence[Recording], progress: Progress) -> Plan:
    """Check everything that can be checked, and load or make the recordings.

    Raises: SceneError for an unknown scene or beat, too many or too few traces, or one that lacks
            what the scene needs
    """
    # before a scene's code, which may change the folder
    read = [load(each) if isinstance(each, str | Path) else each for each in given]
    recorder = Recorder(request.file, request.language, cache_folder())
    loaded = check_scene(request, recorder)
    code = code_of(loaded.scene, request.language)  # as it was loaded, before any training
    for dependency in declared(loaded.scene, request.language) if request.file else ():
        recorder.note(dependency)
    read = read or [request.recording_of(request.task or loaded.task)]
    traces = [each if isinstance(each, Trace) else each.trace() for each in read]
    if read == [request.recording_of(loaded.task)]:
        traces = list(loaded.scene.default_traces(traces[0]))
    check_count(loaded, len(traces))
    trace, *others = traces
    played = loaded.of(*traces)
    if played.scene is not loaded.scene:
        code = code_of(played.scene, request.language)
        loaded = played
    _check_beats(request, loaded.name, len(beats_of(loaded.scene)))
    check_needs(loaded, *traces)
    with recorder.recording():
        experiments = experiments_of(loaded.scene, trace)
    context = SceneContext(
        trace,
        others=tuple(others),
        experiments=experiments,
        language=request.language,
        theme=request.theme,
        fonts=request.fonts,
        notation=request.notation,
        playback=request.playback,
        aspect=request.profile.aspect,
        beats=None if request.beats is None else frozenset(request.beats),
    )
    beats = tuple(beat for beat in beats_of(loaded.scene) if context.shows(beat))
    profile = replace(request.profile, all_moves=loaded.scene.all_moves)
    return Plan(loaded, code, context, profile, beats, recorder, progress)


def check_scene(request: Request, recorder: Recorder | None = None) -> LoadedScene:
    """Load a scene and check all that can be checked before a network is trained.

    Raises: SceneError for an unknown scene or beat
    """
    recorder = recorder or Recorder(request.file, request.language, cache_folder())
    with recorder.recording():
        loaded = load_scene(request.scene)
        variants = variants_of(loaded.scene)
    # which variant plays is not known before the recording is
    most = max(len(beats_of(each)) for each in (loaded.scene, *variants))
    _check_beats(request, loaded.name, most)
    return loaded


def _check_beats(request: Request, name: str, count: int) -> None:
    """Check that a scene has the beats that are asked for. Raises SceneError"""
    beats = range(1, count + 1)
    missing = (number for number in request.beats or () if number not in beats)
    # one missing beat is enough; a range of beats may have more than memory holds
    check_selection(tuple(islice(missing, 1)), count, name)
    for number, _ in request.playback.holds:
        if number not in beats:
            raise SceneError(f"scene {name!r} has beats 1 to {count}, and none to hold at {number}")

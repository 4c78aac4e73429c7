"""From one beat to the next: the stage is never empty, nor idle, and captions never overlap."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from often import often

from rnnviz.mobjects import layout
from rnnviz.rendering.manim_adapter.renderer import Renderer, current_frame
from rnnviz.rendering.manim_adapter.settings import manim_settings
from rnnviz.rendering.plan import experiments_of
from rnnviz.scene.catalogue import SCENES
from rnnviz.scene.context import SceneContext
from rnnviz.scene.loading import load_scene
from rnnviz.scene.storyboard import reading_time

RATE = 5
CHANGE = 1.4
"""Seconds, after which a change of beat is over."""
SUBJECT = 1.0
"""Seconds, within which a beat's subject is on the stage."""
LONGEST_STILL = 2.0
HEIGHT = 240
LEAST_CHANGED = 20
"""Pixels of a frame of this height that show that something has happened."""


class Watching(Renderer):
    """Draws the first moments of each beat and its end, and notes for how long nothing moves."""

    def __init__(self):
        super().__init__()
        self.sink = SimpleNamespace(write=self._look)
        self.beats = []
        self.begun = 0.0
        self.scene = None
        self._rest = self.camera.rest
        self.camera.rest = lambda mobjects: self._rest(mobjects) if self._watched else None

    @property
    def _watched(self):
        return self.time - self.begun <= CHANGE

    def begin(self, scene, beat):
        self.scene, self.begun = scene, self.time
        seen = SimpleNamespace(beat=beat, frames=[], captions=[], still=[], end=None)
        self.beats.append(seen)

    def end(self, scene, beat):
        self.beats[-1].end = stage(np.asarray(current_frame(scene)))

    def _look(self, canvas, frames):
        now = self.beats[-1]
        now.frames.append((self.time - self.begun, stage(canvas.pixel_array)))
        drawn = {id(part) for one in self.scene.mobjects for part in one.get_family()}
        on_stage = [caption for caption in self.scene._captions if id(caption) in drawn]
        now.captions.append(sum(map(visible_ink, on_stage)))

    def _write(self, moving, frames):
        if frames > 1:
            self.beats[-1].still.append((self.time - self.begun, frames / RATE))
        if self._watched:
            super()._write(moving, frames)
        else:
            self.time += frames / self.camera.frame_rate


def stage(pixels):
    """How far each pixel above the caption is from the ground."""
    shown = np.asarray(pixels, dtype=float)[..., :3]
    apart = np.abs(shown - shown[0, 0]).sum(axis=2)
    return apart[: round((4 - layout.CAPTION_Y - 0.55) / 8 * len(apart))]


def visible_ink(caption):
    return any(glyph.get_fill_opacity() > 0.05 for glyph in caption.family_members_with_points())


@pytest.fixture(
    scope="module",
    params=often(SCENES, ["output"]),
)
def beats(request, media, default_trace_of):
    """What was seen of each beat of a scene, which is played once for all tests."""
    loaded = load_scene(request.param)
    trace, *others = loaded.scene.default_traces(default_trace_of(request.param))
    experiments = experiments_of(loaded.scene, trace)
    width = round(HEIGHT * 16 / 9)
    with manim_settings(media, "l", frame_rate=RATE, pixel_width=width, pixel_height=HEIGHT):
        renderer = Watching()
        context = SceneContext(
            trace,
            others=tuple(others),
            experiments=experiments,
            renderer=renderer,
            on_beat_start=renderer.begin,
            on_beat_end=renderer.end,
        )
        loaded.scene(context).render()
    return renderer.beats


def test_a_change_of_beat_never_empties_the_stage(beats):
    """Its light never falls below a third of the lesser of both sides."""
    for last, now in itertools.pairwise(beats):
        light = [frame.sum() for _, frame in now.frames]
        least = min(last.end.sum(), light[-1]) / 3
        assert min(light) >= least, (now.beat.number, now.beat.name)


def test_something_happens_in_the_first_second_of_a_beat(beats):
    for last, now in itertools.pairwise(beats):
        early = [frame for time, frame in now.frames if time <= SUBJECT]
        changed = max((np.abs(frame - last.end) > 30).sum() for frame in early)
        assert changed >= LEAST_CHANGED, (now.beat.number, now.beat.name)


def test_one_caption_is_gone_before_the_next_comes(beats):
    for now in beats:
        assert max(now.captions) <= 1, now.beat.name
        assert now.captions[-1] == 1, now.beat.name


def test_nothing_stands_still_once_the_caption_is_read(beats):
    for now in beats:
        read = reading_time(now.beat.caption)
        for begun, lasts in now.still:
            still = begun + lasts - max(begun, read)
            assert still <= LONGEST_STILL, (now.beat.number, now.beat.name, still)

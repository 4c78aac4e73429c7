"""The base class of scenes: beats, their captions and pace, and the source line."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from manim import (
    DOWN,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    FadeIn,
    FadeOut,
    Scene,
    Succession,
    VGroup,
)

from rnnviz import measure
from rnnviz.experiments import Experiment
from rnnviz.mobjects import layout
from rnnviz.mobjects.color_scale import ColorScale
from rnnviz.mobjects.emphasis import dim
from rnnviz.mobjects.numbers import MINUS, number
from rnnviz.mobjects.stretch import fixed, stretch_of
from rnnviz.mobjects.text import BODY, FORMULA, NOTE, Ink, label, prose, using_type_scale
from rnnviz.mobjects.theme import theme_of
from rnnviz.mobjects.wording import item_names
from rnnviz.scene.beats import Beat, beats_of, spoken_in
from rnnviz.scene.context import SceneContext, default_context
from rnnviz.scene.source_line import layer_note, network_name, network_size
from rnnviz.scene.staging import leaving
from rnnviz.text.fonts import using_fonts
from rnnviz.text.notation import using_notation
from rnnviz.text.plain_text import FIRST_WIDE, plain
from rnnviz.text.translation import translated
from rnnviz.trace import Trace

_LEAST_REST = 1.0
_SECONDS_PER_WIDE = 0.2
_SECONDS_PER_LETTER = 0.062
_CAPTION_GOES, _CAPTION_COMES = 0.2, 0.4
_SOURCE_GOES, _SOURCE_COMES = 0.2, 0.4
_LEAVES = 0.6
"""Seconds."""
_MICROSECONDS = 6
"""Digits of a rest, which must not depend on when its beat begins."""
_ON_TOP = 10

_SEPARATOR = " · "
_CAPTION_WIDTH = 12.4
_CAPTION_HEIGHT = 1.15


class Storyboard(Scene):
    """A scene made of beats, played from a trace.

    A subclass defines its beats as methods decorated with ``@beat("…")``, in order. Captions may
    use ``{facts}``, which ``facts()`` returns from the trace. Without a context, as in plain
    ``manim``, a scene plays the default recording of its ``task``.

    ``needs`` are what a trace must hold, by their names in ``rnnviz.scene.needs``, besides those of
    base classes, and ``least_steps`` is the least number of steps. ``experiments`` names what
    the scene compares with the trace: recordings of the same network with changed parameters, its
    training. ``depends_on`` names what the scene depends on that cannot be observed while it plays,
    such as files that compiled code or another program reads: paths and glob patterns, relative to
    the scene's file, environment variables, and modules. ``name``, ``title`` and ``summary`` are
    for the scenes that rnnviz lists. ``widest_source`` is the width that the source line may have.
    Where heights and widths are on one scale, ``keeps_shape`` is True: the stage is not
    stretched in a tall frame. ``all_moves`` chooses the encoding for scenes that never stand still.

    ``variants`` names classes that play the scene instead for some recordings, such as those of one
    cell: the first one that ``plays`` the recording is taken. Each is ``"module:Class"``, or
    ``"Class"`` in the scene's own module, because a class that derives from the scene can only be
    imported after it.

    ``traces`` is the number of recordings that the scene shows. The first is ``trace``, and the
    others are ``other_traces``; where none are given, they are those of ``default_traces``.

    ``trace`` is the recording of one layer in the forward direction, as ``measure.one_layer`` makes
    it of ``context.trace``; ``shown_layer`` says which, by default the last, whose states the
    output reads.
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    summary: ClassVar[str] = ""
    task: ClassVar[str] = "sentence"
    needs: ClassVar[tuple[str, ...]] = ()
    least_steps: ClassVar[int] = 2
    traces: ClassVar[int] = 1
    experiments: ClassVar[Mapping[str, Experiment]] = {}
    depends_on: ClassVar[tuple[str, ...]] = ()
    widest_source: ClassVar[float] = 9.7
    keeps_shape: ClassVar[bool] = False
    all_moves: ClassVar[bool] = False
    shown_layer: ClassVar[int] = measure.LAST
    variants: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def default_traces(cls, trace: Trace) -> tuple[Trace, ...]:
        """Return the recordings to play where none are given: by default that of the task."""
        return (trace,)

    @classmethod
    def plays(cls, trace: Trace) -> bool:
        """Whether a variant is for a recording, which is whole, with all its layers.

        A scene that shows several recordings gets the others as further arguments.
        """
        return True

    def __init__(self, context: SceneContext | None = None) -> None:
        self.context = context or default_context(type(self))
        super().__init__(renderer=self.context.renderer)
        self.theme = theme_of(self.context.theme)
        self.trace, *other_traces = (
            measure.one_layer(each, self.shown_layer)
            for each in (self.context.trace, *self.context.others)
        )
        self.other_traces = tuple(other_traces)
        self.frame = layout.FRAMES[self.context.aspect]
        self.beats = beats_of(type(self))
        self._captions = VGroup(), VGroup()
        self._caption_change: Animation | None = None
        self._language = self.context.language
        changing = {
            *("mobjects", "foreground_mobjects", "theme", "trace"),
            *("_captions", "_caption_change"),
        }
        self._constant = (frozenset(vars(self)) | {"_constant"}) - changing

    def facts(self) -> Mapping[str, str]:
        """Return what captions may use besides ``{item}`` and ``{items}``, as text."""
        return {}

    def notes(self) -> tuple[str, ...]:
        """Return what the source line adds to the network."""
        return ()

    def layer_notes(self) -> tuple[str, ...]:
        """Return which layer and direction the source line says are shown, if there are several."""
        return layer_note(self.context.trace, self.shown_layer, self.say)

    def say(self, text: str) -> str:
        """Translate a text into the language of this scene."""
        return translated(text, self._language)

    def captions_of(self, beat: Beat) -> Mapping[str, str]:
        """Return a beat's caption as plain text by language, in all languages of this scene."""
        captions = {}
        for language in spoken_in(self.beats):
            self._language = language
            captions[language] = plain(self.say(beat.caption), self._facts())
        self._language = self.context.language
        return captions

    def state(self) -> Mapping[str, Any]:
        """Return all that the next beat depends on: mobjects, and what earlier beats have set."""
        return {name: value for name, value in vars(self).items() if name not in self._constant}

    def render(self, *args: Any, **settings: Any) -> Any:
        """Play the scene, and draw it if the renderer does.

        It has the fonts, the size of type and the notation of the context.
        """
        with (
            using_fonts(self.context.fonts),
            using_notation(self.context.notation),
            using_type_scale(max(self.theme.type_scale, self.frame.stage_type)),
        ):
            return super().render(*args, **settings)

    def add_sound(
        self,
        sound_file: str | Path,
        time_offset: float = 0,
        gain: float | None = None,
        *,
        gain_to_background: float | None = None,
    ) -> None:
        """Start a sound now, or some seconds later.

        The file is searched for next to the scene's file, then in the working folder. The sound
        plays to its end, whatever beats follow, or to the end of the video.

        Units: seconds; decibels, also for the gain of other sounds meanwhile
        """
        if self.context.renderer is None:
            super().add_sound(
                str(sound_file), time_offset, gain, gain_to_background=gain_to_background
            )
            return
        begin = self.time + time_offset
        self.context.on_sound(self, str(sound_file), begin, gain or 0.0, gain_to_background or 0.0)

    def construct(self) -> None:
        """Play the beats."""
        self.camera.background_color = self.theme.ground
        self.camera.frame_center = self.frame.middle * UP
        self.camera.stretch = stretch_of(self.frame, keeps_shape=self.keeps_shape)
        self.source = self._source_line(*self._trace_source())
        self.headline = self._headline()
        self.add(self.headline, self.source)
        for beat in self.beats:
            self.next_section(beat.name, skip_animations=not self.context.shows(beat))
            self.context.on_beat_start(self, beat)
            self.play_beat(beat)
            self.context.on_beat_end(self, beat)

    def get_restructured_mobject_list(self, mobjects: Any, to_remove: Any) -> list[Any]:
        """Return the mobjects without some, replacing those that lose parts by the parts left.

        Manim's own method has a recursive closure, which keeps all mobjects until the garbage
        collector runs.
        """
        return leaving(mobjects, set(to_remove))

    def play_beat(self, beat: Beat) -> None:
        """Play one beat, from where the beats before it ended.

        Its caption comes with its first animation, once the caption before is gone.
        """
        started = self.time
        text = self.say(beat.caption)
        self._caption_change = self._change_caption(text)
        beat.play(self)
        self._finish_caption()
        played = (self.time - started) * self.context.playback.pace
        rest = reading_time(text) + _CAPTION_GOES - played
        self.wait(max(_LEAST_REST, round(rest, _MICROSECONDS)))
        hold = self.context.playback.hold(beat.number)
        if hold:
            self.wait(hold * self.context.playback.pace)
        if beat.number == len(self.beats):
            self.play(self._sign())

    def compile_animations(self, *args: Any, **settings: Any) -> list[Animation]:
        """Prepare animations to be played: at the scene's pace, the first with the caption."""
        animations: list[Animation] = super().compile_animations(*args, **settings)
        if self._caption_change is not None:
            animations.append(self._caption_change)
            self._caption_change = None
        for each in animations:
            each.run_time /= self.context.playback.pace
        return animations

    def wait(self, duration: float = 1.0, *args: Any, **settings: Any) -> None:
        """Pause, in seconds at the usual pace."""
        self._finish_caption()
        super().wait(duration, *args, **settings)

    def make_room(self, *, keep: Iterable[Any] = (), rest: Iterable[Any] = ()) -> Animation:
        """Return an animation in which all leaves the stage but what stays.

        ``keep`` stays as it is, ``rest`` stays dimmed; both may be parts of what is on the stage.
        The title, captions and the source line are not part of the stage. Play it together with
        what comes, so that the stage is never empty::

            self.play(self.make_room(keep=[self.chain]), FadeIn(self.product))
        """
        resting = list(rest)
        stays = {
            part
            for each in (*keep, *resting, self.headline, self.source, *self._captions)
            for part in each.get_family()
        }
        gone = leaving(self.mobjects, stays)
        out = [FadeOut(*gone)] if gone else []
        return AnimationGroup(*out, *dim(*resting), run_time=_LEAVES)

    def _headline(self) -> VGroup:
        """Return the title above the stage, where the frame has room for it."""
        if self.frame.title_y is None or not self.title:
            return VGroup()
        with using_type_scale(self.theme.type_scale):
            ink = prose(
                self.say(self.title),
                {},
                color=self.theme.color("text"),
                width=layout.SAFE_WIDTH,
                size=FORMULA * self.frame.type_scale,
            )
        ink.scale(min(1.0, (self.frame.top - self.frame.title_y) / ink.height))
        return fixed(ink.move_to(self.frame.title_y * UP, aligned_edge=DOWN))

    def _change_caption(self, text: str) -> Animation | None:
        if not self.context.playback.captions:
            return None
        before = self._captions[-1]
        caption = self._caption_of(text)
        caption.move_to(layout.CAPTION_Y * UP).set_z_index(_ON_TOP)
        if self.frame.caption_top is not None:
            caption.align_to(self.frame.caption_top * UP, UP)
        self._captions = before, caption
        comes = FadeIn(caption, shift=0.08 * UP, run_time=_CAPTION_COMES)
        if not len(before):
            return comes
        return Succession(FadeOut(before, run_time=_CAPTION_GOES), comes)

    def _finish_caption(self) -> None:
        """Show a caption that nothing was played with."""
        if self._caption_change is not None:
            change, self._caption_change = self._caption_change, None
            self.play(change)

    def _sign(self) -> Animation:
        """Return an animation that adds the trace's identity to the source line, if it fits."""
        named = ", ".join(each.identity for each in (self.context.trace, *self.context.others))
        identity = self.say("trace {identity}").format(identity=named)
        lines = (self.source.text, network_size(self.context.trace, self.say))
        return self._change_source(*[_SEPARATOR.join((line, identity)) for line in lines], identity)

    def _caption_of(self, text: str) -> Ink:
        """Return a caption in the theme's size of type or, if it has no room, a smaller one."""
        sizes = {self.theme.type_scale: None, min(1.0, self.theme.type_scale): None}
        for scale in sizes:
            with using_type_scale(scale):
                caption = prose(
                    text,
                    self._facts(),
                    color=self.theme.color("text"),
                    width=_CAPTION_WIDTH,
                    size=BODY * self.frame.type_scale,
                )
            if self.frame.caption_top is not None or caption.height <= _CAPTION_HEIGHT:
                break
        if caption.height > self.frame.caption_height:
            caption.scale_to_fit_height(self.frame.caption_height)
        return fixed(caption)

    def _facts(self) -> Mapping[str, str]:
        return {**item_names(self.trace, self.say), **self.facts()}

    def color_scale(self, limit: float) -> ColorScale:
        """Return the legend of signed colours, in the corner."""
        end = f"{limit:.3g}" if 1e-3 <= limit < 1e4 else number(limit, 3)
        return ColorScale((f"{MINUS}{end}", f"+{end}"), self.theme, limit=limit).in_corner()

    def name_source(self, *texts: str) -> Succession:
        """Change the source line to the first of some texts that fits, or to that of the trace.

        The line before is gone when the other one comes.
        """
        return self._change_source(*(texts or self._trace_source()))

    def _change_source(self, *lines: str) -> Succession:
        before, self.source = self.source, self._source_line(*lines)
        return Succession(
            FadeOut(before, run_time=_SOURCE_GOES), FadeIn(self.source, run_time=_SOURCE_COMES)
        )

    def _trace_source(self) -> tuple[str, str]:
        """Return what the source line says of the trace, and the same in fewer words."""
        whole, others = self.context.trace, self.context.others
        if others:
            sizes = [network_size(each, self.say) for each in (whole, *others)]
            names = [self.say(each.cell.title) for each in (whole, *others)]
            line, shorter = (_SEPARATOR.join((*each, *self.notes())) for each in (sizes, names))
            return line, shorter
        notes = (*self.layer_notes(), *self.notes())
        return (
            _SEPARATOR.join((network_name(whole, self.say), *notes)),
            _SEPARATOR.join((network_size(whole, self.say), *notes)),
        )

    def _source_line(self, *lines: str) -> Ink:
        """Return the first of some lines that fits, or the last one, shrunk."""
        beside = max(1.0, self.theme.type_scale)  # legends beside the line grow with it
        widest = layout.SAFE_WIDTH if self.frame.is_tall else self.widest_source / beside**2
        for line in lines:
            size = NOTE * self.frame.type_scale
            with using_type_scale(self.theme.type_scale):
                ink = label(line, color=self.theme.color("note"), size=size)
            if ink.width <= widest:
                break
        else:
            ink.scale_to_fit_width(widest)
        if self.frame.is_tall:
            ink.move_to(self.frame.source_y * UP)
        else:
            ink.move_to([layout.RIGHT_EDGE, self.frame.source_y, 0.0], aligned_edge=RIGHT)
        return fixed(ink).shift(max(0.0, self.frame.bottom - ink.get_bottom()[1]) * UP)


def reading_time(text: str) -> float:
    """Return the seconds it takes to read a caption aloud; a Chinese character is a syllable."""
    wide = sum(ord(character) >= FIRST_WIDE for character in text)
    return _SECONDS_PER_WIDE * wide + _SECONDS_PER_LETTER * (len(text) - wide)

"""The base class of scenes: beats, their captions and pace, and the source line."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from manim import RIGHT, UP, AnimationGroup, FadeIn, FadeOut, Scene, VGroup

from rnnviz.experiments import Experiment
from rnnviz.mobjects import layout
from rnnviz.mobjects.color_scale import ColorScale
from rnnviz.mobjects.numbers import MINUS, number
from rnnviz.mobjects.text import BODY, NOTE, label, prose
from rnnviz.mobjects.theme import THEMES
from rnnviz.mobjects.wording import item_names
from rnnviz.scene.beats import Beat, beats_of, spoken_in
from rnnviz.scene.context import SceneContext, default_context
from rnnviz.text.fonts import using_fonts
from rnnviz.text.plain_text import FIRST_WIDE, plain
from rnnviz.text.translation import translated

_LEAST_REST = 1.0
_SECONDS_PER_WIDE = 0.2
_SECONDS_PER_LETTER = 0.062
_FADE_TIME = 0.5
_MICROSECONDS = 6
"""Digits of a rest, which must not depend on when its beat begins."""
_ON_TOP = 10
_WIDEST_SOURCE = 9.7


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
    for the scenes that rnnviz lists.
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    summary: ClassVar[str] = ""
    task: ClassVar[str] = "sentence"
    needs: ClassVar[tuple[str, ...]] = ()
    least_steps: ClassVar[int] = 2
    experiments: ClassVar[Mapping[str, Experiment]] = {}
    depends_on: ClassVar[tuple[str, ...]] = ()

    def __init__(self, context: SceneContext | None = None) -> None:
        self.context = context or default_context(type(self))
        super().__init__(renderer=self.context.renderer)
        self.theme = THEMES[self.context.theme]
        self.trace = self.context.trace
        self.beats = beats_of(type(self))
        self._caption = VGroup()
        self._language = self.context.language
        changing = {"mobjects", "foreground_mobjects", "_caption", "theme", "trace"}
        self._constant = (frozenset(vars(self)) | {"_constant"}) - changing

    def facts(self) -> Mapping[str, str]:
        """Return what captions may use besides ``{item}`` and ``{items}``, as text."""
        return {}

    def notes(self) -> tuple[str, ...]:
        """Return what the source line adds to the network and the trace."""
        return ()

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
        """Play the scene, and draw it if the renderer does, with the fonts of the context."""
        with using_fonts(self.context.fonts):
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
        self.source = self._source_line(self._trace_source())
        self.add(self.source)
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
        return _without(mobjects, set(to_remove))

    def play_beat(self, beat: Beat) -> None:
        """Play one beat, from where the beats before it ended."""
        started = self.time
        text = self.say(beat.caption)
        caption = prose(text, self._facts(), color=self.theme.color("text"), width=12.4, size=BODY)
        caption.move_to(layout.CAPTION_Y * UP).set_z_index(_ON_TOP)
        self.play(
            AnimationGroup(FadeOut(self._caption), FadeIn(caption, shift=0.08 * UP)),
            run_time=_FADE_TIME,
        )
        self._caption = caption
        beat.play(self)
        rest = _reading_time(text) + _FADE_TIME - (self.time - started)
        self.wait(max(_LEAST_REST, round(rest, _MICROSECONDS)))

    def _facts(self) -> Mapping[str, str]:
        return {**item_names(self.trace, self.say), **self.facts()}

    def color_scale(self, limit: float) -> ColorScale:
        """Return the legend of signed colours, in the corner."""
        end = f"{limit:.3g}" if 1e-3 <= limit < 1e4 else number(limit, 3)
        return ColorScale((f"{MINUS}{end}", f"+{end}"), self.theme, limit=limit).in_corner()

    def name_source(self, text: str | None = None) -> AnimationGroup:
        """Change the source line to a text, or back to that of the trace."""
        line = self._source_line((text,) if text is not None else self._trace_source())
        before, self.source = self.source, line
        return AnimationGroup(FadeOut(before), FadeIn(line))

    def _trace_source(self) -> tuple[str, ...]:
        trace = self.trace
        network = (
            f"{trace.cell.title}({trace.input_size} → {trace.hidden_size}), "
            f"{trace.metadata.nonlinearity}"
        )
        return (
            network,
            self.say("recorded"),
            self.say("trace {identity}").format(identity=trace.identity),
            *self.notes(),
        )

    def _source_line(self, pieces: tuple[str, ...]) -> VGroup:
        line = label(" · ".join(pieces), color=self.theme.color("note"), size=NOTE)
        if line.width > _WIDEST_SOURCE:
            line.scale_to_fit_width(_WIDEST_SOURCE)
        return line.move_to([layout.RIGHT_EDGE, layout.SOURCE_Y, 0.0], aligned_edge=RIGHT)


def _without(mobjects: Iterable[Any], removed: set[Any]) -> list[Any]:
    left: list[Any] = []
    for mobject in mobjects:
        if mobject not in removed:
            lost = removed.intersection(mobject.get_family())
            left += _without(mobject.submobjects, lost) if lost else [mobject]
    return left


def _reading_time(text: str) -> float:
    """Return the seconds it takes to read a caption aloud; a Chinese character is a syllable."""
    wide = sum(ord(character) >= FIRST_WIDE for character in text)
    return _SECONDS_PER_WIDE * wide + _SECONDS_PER_LETTER * (len(text) - wide)

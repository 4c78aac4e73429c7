"""The base of all scenes: beats, their captions, the source line, and the pace."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from manim import LEFT, RIGHT, UP, AnimationGroup, FadeIn, FadeOut, Scene, VGroup

from rnnviz.experiments import Experiment
from rnnviz.mobjects import layout
from rnnviz.mobjects.strip import ColorScale
from rnnviz.mobjects.theme import THEMES
from rnnviz.mobjects.typography import BODY, MINUS, NOTE, label, number, prose, reading_time
from rnnviz.mobjects.wording import item_names
from rnnviz.scene.beats import Beat, beats_of, spoken_in
from rnnviz.scene.context import SceneContext, default_context
from rnnviz.text.fonts import using_fonts
from rnnviz.text.plain_text import plain
from rnnviz.text.translation import translated

_LEAST_REST = 1.0
_TURN = 0.5
_MICROSECONDS = 6
"""Digits of a rest, so that it is the same whenever its beat begins."""
_ON_TOP = 10
_WIDEST_SOURCE = 9.7


class Storyboard(Scene):
    """A scene made of beats, played from a recording.

    A subclass writes its beats as methods marked with ``@beat("…")``, in order. Captions may name
    ``{facts}``, which ``facts()`` supplies from the trace. Without a context, as plain ``manim``
    makes it, a scene plays the default recording of its ``task``.

    ``needs`` are what a trace must hold, by their names in ``rnnviz.scene.needs``, beside the needs
    of base classes, and ``least_steps`` is how long it must be. ``experiments`` names the
    recordings that the scene compares with the trace: the same network with changed parameters, its
    training. ``name``, ``title`` and ``summary`` are for the scenes that rnnviz lists.
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    summary: ClassVar[str] = ""
    task: ClassVar[str] = "sentence"
    needs: ClassVar[tuple[str, ...]] = ()
    least_steps: ClassVar[int] = 2
    experiments: ClassVar[Mapping[str, Experiment]] = {}

    def __init__(self, context: SceneContext | None = None) -> None:
        self.context = context or default_context(type(self))
        super().__init__(renderer=self.context.renderer)
        self.theme = THEMES[self.context.theme]
        self.trace = self.context.trace
        self.beats = beats_of(type(self))
        self._caption = VGroup()
        self._language = self.context.language
        kept = {"mobjects", "foreground_mobjects", "_caption", "theme", "trace"}
        self._given = (frozenset(vars(self)) | {"_given"}) - kept

    def facts(self) -> Mapping[str, str]:
        """What captions may name beside ``{item}`` and ``{items}``, as text from the recording."""
        return {}

    def notes(self) -> tuple[str, ...]:
        """What the source line says beside the network and the trace."""
        return ()

    def say(self, text: str) -> str:
        """A text in the language of this performance."""
        return translated(text, self._language)

    def told(self, beat: Beat) -> Mapping[str, str]:
        """A beat's caption as plain text, in every language that captions of this scene are in."""
        captions = {}
        for language in spoken_in(self.beats):
            self._language = language
            captions[language] = plain(self.say(beat.caption), self._facts())
        self._language = self.context.language
        return captions

    def state(self) -> Mapping[str, Any]:
        """All that the next beat starts from: what is on the screen, and what beats have made."""
        return {name: value for name, value in vars(self).items() if name not in self._given}

    def render(self, *given: Any, **settings: Any) -> Any:
        """Play, and draw if the renderer does, with the fonts of the stage."""
        with using_fonts(self.context.fonts):
            return super().render(*given, **settings)

    def add_sound(
        self,
        sound_file: str | Path,
        time_offset: float = 0,
        gain: float | None = None,
        *,
        gain_to_background: float | None = None,
    ) -> None:
        """Let a sound be heard from now on, or from some seconds later.

        The file is looked for beside the scene's, then in the working folder. It is heard to its
        end, whatever beats follow, or to that of the video.

        Units: seconds; decibels, also for the gain of what else is heard meanwhile
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
        self.source = self._source_line(self._of_the_recording())
        self.add(self.source)
        for beat in self.beats:
            self.next_section(beat.name, skip_animations=not self.context.shows(beat))
            self.context.on_beat_start(self, beat)
            self.play_beat(beat)
            self.context.on_beat_end(self, beat)

    def get_restructured_mobject_list(self, mobjects: Any, to_remove: Any) -> list[Any]:
        """As Manim's, whose function that calls itself holds every picture until garbage is sought.

        What is not to be removed, with the parts of what loses some in their place.
        """
        return _without(mobjects, set(to_remove))

    def play_beat(self, beat: Beat) -> None:
        """Play one beat, from what the beats before it left."""
        started = self.time
        text = self.say(beat.caption)
        caption = prose(text, self._facts(), color=self.theme.color("text"), width=12.4, size=BODY)
        caption.move_to(layout.CAPTION_Y * UP).set_z_index(_ON_TOP)
        self.play(
            AnimationGroup(FadeOut(self._caption), FadeIn(caption, shift=0.08 * UP)),
            run_time=_TURN,
        )
        self._caption = caption
        beat.play(self)
        rest = reading_time(text) + _TURN - (self.time - started)
        self.wait(max(_LEAST_REST, round(rest, _MICROSECONDS)))

    def _facts(self) -> Mapping[str, str]:
        return {**item_names(self.trace, self.say), **self.facts()}

    def color_scale(self, limit: float) -> ColorScale:
        """The legend of signed colours, in its corner."""
        end = f"{limit:.3g}" if 1e-3 <= limit < 1e4 else number(limit, 3)
        ends = (
            label(f"{MINUS}{end}", color=self.theme.color("note"), size=NOTE),
            label(f"+{end}", color=self.theme.color("note"), size=NOTE),
        )
        scale = ColorScale(self.theme, limit=limit, ends=ends, width=1.7)
        return scale.move_to([layout.LEFT_EDGE, layout.SOURCE_Y, 0.0], aligned_edge=LEFT)

    def name_source(self, text: str | None = None) -> AnimationGroup:
        """The source line says where what is now shown is from; without a text, the recording."""
        line = self._source_line((text,) if text is not None else self._of_the_recording())
        before, self.source = self.source, line
        return AnimationGroup(FadeOut(before), FadeIn(line))

    def _of_the_recording(self) -> tuple[str, ...]:
        trace = self.trace
        network = (
            f"{trace.metadata.cell.upper()}({trace.input_size} → {trace.hidden_size}), "
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

"""What a scene is played with: recordings, language, theme, and the beats to show."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rnnviz import measure
from rnnviz.experiments.default_recordings import default_trace
from rnnviz.scene.beats import Beat
from rnnviz.scene.failures import naming_failures
from rnnviz.scene.playback import USUAL, Playback
from rnnviz.system.short_repr import ShortRepr
from rnnviz.text.font_files import Font
from rnnviz.text.notation import UWV, Notation
from rnnviz.text.palette import Palette
from rnnviz.trace import Trace


def _ignore(*_: Any) -> None:
    pass


@dataclass(frozen=True, repr=False)
class SceneContext(ShortRepr):
    """The settings with which a scene is played once.

    ``others`` are the recordings that a scene of several shows beside ``trace``. ``experiments``
    are what it compares with its trace, by the names that the scene gives them. ``beats`` are the
    numbers of those to show (None: all); the others are skipped, so that each shown beat starts
    from the frame it has in the whole video.
    ``theme`` is a built-in one or a palette. ``fonts`` are tried for characters that rnnviz Sans
    lacks, and formulas are set in ``notation``. ``aspect`` is the frame's shape, such as '16:9'.
    ``renderer`` replaces Manim's own. ``on_sound`` is called with the scene, the name of a file,
    its start, its gain, and the gain of other sounds while it is heard.
    """

    trace: Trace
    others: tuple[Trace, ...] = field(default=(), kw_only=True)
    experiments: Mapping[str, Any] = field(default_factory=dict)
    language: str = "en"
    theme: str | Palette = "dark"
    fonts: tuple[Font, ...] = ()
    notation: Notation = UWV
    playback: Playback = USUAL
    aspect: str = "16:9"
    beats: frozenset[int] | None = None
    renderer: Any = None
    on_beat_start: Callable[[Any, Beat], None] = _ignore
    on_beat_end: Callable[[Any, Beat], None] = _ignore
    on_sound: Callable[[Any, str, float, float, float], None] = _ignore

    def shows(self, beat: Beat) -> bool:
        """Whether a beat is shown in this performance."""
        return self.beats is None or beat.number in self.beats


def default_context(scene: Any) -> SceneContext:
    """Return a context with the default recording of a scene's task, or recordings."""
    trace, *others = scene.default_traces(default_trace(scene.task))
    return SceneContext(trace, others=tuple(others), experiments=experiments_of(scene, trace))


def experiments_of(scene: Any, trace: Trace) -> Mapping[str, Any]:
    """Make the recordings that a scene compares with its trace, by their names.

    Of a recording that has several layers, the one that the scene shows is returned.

    Raises: RenderError that names the one that fails
    """
    source = getattr(sys.modules[scene.__module__], "__file__", "")  # a notebook has none
    made = {}
    for name, make in scene.experiments.items():
        with naming_failures(f"experiment {name!r} of class {scene.__name__!r}", source):
            made[name] = make(trace)
            if isinstance(made[name], Trace):
                made[name] = measure.one_layer(made[name], scene.shown_layer)
    return made

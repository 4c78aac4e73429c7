"""What a scene is played with: recordings, language, theme, and which beats are wanted."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rnnviz.experiments.default_recordings import default_trace
from rnnviz.scene.beats import Beat
from rnnviz.scene.failures import naming_failures
from rnnviz.system.short_repr import ShortRepr
from rnnviz.text.font_files import Font
from rnnviz.trace import Trace


def _ignore(*_: Any) -> None:
    pass


@dataclass(frozen=True, repr=False)
class SceneContext(ShortRepr):
    """The setting of one performance of a scene.

    ``experiments`` are the recordings that the scene compares with its trace, by the names that
    the scene gives them. ``beats`` are the numbers to be shown (None: all); the others are
    passed over, so that each shown beat starts from the picture it has in the whole video.
    ``fonts`` set what rnnviz Sans does not.
    ``renderer`` draws in the place of Manim's own. ``on_sound`` is called with the scene, the name
    of a file, from when on it is heard, its gain, and that of what else is heard meanwhile.
    """

    trace: Trace
    experiments: Mapping[str, Any] = field(default_factory=dict)
    language: str = "en"
    theme: str = "dark"
    fonts: tuple[Font, ...] = ()
    beats: frozenset[int] | None = None
    renderer: Any = None
    on_beat_start: Callable[[Any, Beat], None] = _ignore
    on_beat_end: Callable[[Any, Beat], None] = _ignore
    on_sound: Callable[[Any, str, float, float, float], None] = _ignore

    def shows(self, beat: Beat) -> bool:
        """Whether a beat is to be seen in this performance."""
        return self.beats is None or beat.number in self.beats


def default_context(scene: Any) -> SceneContext:
    """The stage of a scene that nobody chose one for: the default recording of its task."""
    trace = default_trace(scene.task)
    return SceneContext(trace, experiments=experiments_of(scene, trace))


def experiments_of(scene: Any, trace: Trace) -> Mapping[str, Any]:
    """What a scene compares with its trace, by the names that it uses.

    Raises: RenderError that names one that fails
    """
    source = getattr(sys.modules[scene.__module__], "__file__", "")  # a notebook has none
    made = {}
    for name, make in scene.experiments.items():
        with naming_failures(f"companion {name!r} of class {scene.__name__!r}", source):
            made[name] = make(trace)
    return made

"""What a scene is played with: recordings, language, theme, and which beats are wanted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rnnviz.brief import Brief
from rnnviz.rendering.beats import Beat
from rnnviz.trace import Trace
from rnnviz.typefaces import Font


def _ignore(*_: Any) -> None:
    pass


@dataclass(frozen=True, repr=False)
class Stage(Brief):
    """The setting of one performance of a scene.

    ``companions`` are the recordings that the scene compares with its trace, by the names that
    the scene gives them. ``beats`` are the numbers to be shown (None: all); the others are
    passed over, so that each shown beat starts from the picture it has in the whole video.
    ``fonts`` set what rnnviz Sans does not.
    ``renderer`` draws in the place of Manim's own. ``on_sound`` is called with the scene, the name
    of a file, from when on it is heard, its gain, and that of what else is heard meanwhile.
    """

    trace: Trace
    companions: Mapping[str, Any] = field(default_factory=dict)
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

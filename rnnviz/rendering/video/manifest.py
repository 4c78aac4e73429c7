"""What a rendered video is made of, as it is assembled and noted in the cache."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from rnnviz.rendering.cache.dependencies import Reads, reads_as_json, reads_from_json
from rnnviz.rendering.video.sound import Sound
from rnnviz.rendering.video.timeline import Cue
from rnnviz.system.files import is_component


@dataclass(frozen=True)
class RenderManifest:
    """The encoded beats of a video, their times, and the description of the whole.

    ``sounds`` are heard in it, ``notes`` tell its user what may not be expected, and ``reads`` is
    all that the scene read.
    """

    segments: tuple[str, ...]
    cues: tuple[Cue, ...]
    about: Mapping[str, Any]
    sounds: tuple[Sound, ...] = ()
    notes: tuple[str, ...] = ()
    reads: Reads = field(default_factory=dict)

    @property
    def beats(self) -> tuple[str, ...]:
        """The names of its beats."""
        return tuple(cue.name for cue in self.cues)

    def noted(self) -> dict[str, Any]:
        """Return it as data for JSON."""
        return {
            "segments": self.segments,
            "cues": [asdict(cue) for cue in self.cues],
            "sounds": [asdict(sound) for sound in self.sounds],
            "about": self.about,
            "notes": self.notes,
            "reads": reads_as_json(self.reads),
        }

    @classmethod
    def of(cls, note: Mapping[str, Any]) -> Self:
        """Return the manifest that was noted.

        Raises: TypeError, KeyError or ValueError if nothing, or something else, was noted
        """
        cues = tuple(Cue(**cue) for cue in note["cues"])
        segments = tuple(note["segments"])
        if not all(is_component(name) for name in segments):
            raise ValueError("a segment is not the name of a file")
        sounds = tuple(Sound(**sound) for sound in note["sounds"])
        notes = tuple(map(str, note["notes"]))
        return cls(
            segments, cues, dict(note["about"]), sounds, notes, reads_from_json(note["reads"])
        )

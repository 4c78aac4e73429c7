"""From encoded beats to a video with what belongs beside it, and what is remembered of it.

Nothing here loads Manim, so that an unchanged video costs no more than finding that out.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from rnnviz.errors import RenderError
from rnnviz.files import is_component, sweep, workshop
from rnnviz.rendering.cache import Cache, checksum
from rnnviz.rendering.look import Look
from rnnviz.rendering.sound import Sound, parts_of
from rnnviz.rendering.timeline import Cue, beside, description_of, told_of, with_beats


@dataclass(frozen=True)
class Cut:
    """Which encoded beats a video is made of, when each is seen, and what is told of the whole.

    ``sounds`` are heard in it; ``notes`` are for whoever renders it: what is not as expected.
    """

    segments: tuple[str, ...]
    cues: tuple[Cue, ...]
    about: Mapping[str, Any]
    sounds: tuple[Sound, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def beats(self) -> tuple[str, ...]:
        """The names of its beats."""
        return tuple(cue.name for cue in self.cues)

    @classmethod
    def of(cls, noted: Mapping[str, Any]) -> Self:
        """What was noted of a cut.

        Raises: TypeError, KeyError or ValueError if nothing, or something else, was noted
        """
        cues = tuple(Cue(**cue) for cue in noted["cues"])
        segments = tuple(noted["segments"])
        if not all(is_component(name) for name in segments):
            raise ValueError("a segment is no file's name")
        sounds = tuple(Sound(**sound) for sound in noted["sounds"])
        notes = tuple(map(str, noted["notes"]))
        return cls(segments, cues, dict(noted["about"]), sounds, notes)


def assemble(cut: Cut, beats: Path, look: Look, output: Path, source: str) -> tuple[Path, ...]:
    """Join the beats in a folder into a video, and put all its files in place once all are whole.

    First comes what tells of the video, with its checksum: who reads it can see whether it is of
    the video that stands there, should this end between the two. ``source`` is where the scene is.

    Raises: RenderError if a file cannot be written
    """
    from rnnviz.rendering.joining import join  # loads PyAV

    segments = [beats / name for name in cut.segments]
    with workshop(output.parent, RenderError) as folder:
        video = folder / output.name
        if look.file_format == "gif":
            from rnnviz.rendering.animating import animate

            join(segments, cut.cues, look.rate, folder / "whole.mp4")
            animate(folder / "whole.mp4", video)
        else:
            join(segments, cut.cues, look.rate, video, parts_of(cut.sounds, cut.cues))
        texts = beside(output, cut.cues, _told(cut, output, source, checksum(video)))
        for path, text in texts.items():
            (folder / path.name).write_text(text, encoding="utf-8")
        for path in texts:
            os.replace(folder / path.name, path)
        os.replace(video, output)
    return (output, *texts)


def _told(cut: Cut, output: Path, source: str, content: str | None) -> dict[str, Any]:
    """What is told of a video, and of those in other formats beside it, if it is the same."""
    told = with_beats(cut.cues, {"source": source, **cut.about})
    before = told_of(description_of(output)) or {}
    others = before.pop("videos", None)
    same = before == json.loads(json.dumps(told)) and isinstance(others, dict)
    return {**told, "videos": {**(others if same else {}), output.name: content}}


def remember(cache: Cache, key: str, cut: Cut, output: Path, files: Sequence[Path]) -> None:
    """Note what a render made of what; what tells of the video may tell of others as well."""
    told = description_of(output)
    sums = {_ending(path, output): checksum(path) for path in files if path != told}
    cache.write_note(key, {**asdict(cut), "files": sums})


def again(cache: Cache, key: str, look: Look, output: Path, source: str) -> Cut | None:
    """A video that was made before, in its place: untouched if it still stands there, or joined.

    None if it was never made, a sound has changed since, or not all of its beats are kept.
    """
    noted = cache.note(key)
    try:
        cut = Cut.of(noted)
        sums = {_with_ending(output, end): told for end, told in noted["files"].items()}
    except (TypeError, KeyError, ValueError, AttributeError):
        return None
    if any(sound.changed for sound in cut.sounds):
        return None
    if _stands(cut, sums, output, source):
        sweep(output.parent)
        return cut
    with workshop(cache.beats, RenderError) as beats:
        if not cut.segments or not all(cache.fetch(beats / name) for name in cut.segments):
            return None
        files = assemble(cut, beats, look, output, source)
    remember(cache, key, cut, output, files)
    return cut


def _stands(cut: Cut, sums: Mapping[Path, Any], output: Path, source: str) -> bool:
    """Whether a video stands at its place with all that belongs beside it."""
    if not sums or any(checksum(file) != told for file, told in sums.items()):
        return False
    content = sums.get(output)
    return told_of(description_of(output)) == json.loads(
        json.dumps(_told(cut, output, source, content))
    )


def _ending(path: Path, output: Path) -> str:
    return path.name.removeprefix(output.stem)


def _with_ending(output: Path, ending: str) -> Path:
    return output.with_name(output.stem + ending)

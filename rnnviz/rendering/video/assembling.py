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
from rnnviz.rendering.profile import EncodingProfile
from rnnviz.rendering.video.sound import Sound, parts_of
from rnnviz.rendering.video.timeline import Cue, beside, description_of, told_of, with_beats
from rnnviz.system.cache import Cache, checksum
from rnnviz.system.files import is_component, remove_stale, staging_dir


@dataclass(frozen=True)
class RenderManifest:
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


def assemble(
    manifest: RenderManifest, beats: Path, profile: EncodingProfile, output: Path, source: str
) -> tuple[Path, ...]:
    """Join the beats in a folder into a video, and put all its files in place once all are whole.

    First comes what tells of the video, with its checksum: who reads it can see whether it is of
    the video that stands there, should this end between the two. ``source`` is where the scene is.

    Raises: RenderError if a file cannot be written
    """
    from rnnviz.rendering.video.joining import join  # loads PyAV

    segments = [beats / name for name in manifest.segments]
    with staging_dir(output.parent, RenderError) as folder:
        video = folder / output.name
        if profile.file_format == "gif":
            from rnnviz.rendering.video.gif import animate

            join(segments, manifest.cues, profile.rate, folder / "whole.mp4")
            animate(folder / "whole.mp4", video)
        else:
            join(
                segments,
                manifest.cues,
                profile.rate,
                video,
                parts_of(manifest.sounds, manifest.cues),
            )
        texts = beside(output, manifest.cues, _told(manifest, output, source, checksum(video)))
        for path, text in texts.items():
            (folder / path.name).write_text(text, encoding="utf-8")
        for path in texts:
            os.replace(folder / path.name, path)
        os.replace(video, output)
    return (output, *texts)


def _told(
    manifest: RenderManifest, output: Path, source: str, content: str | None
) -> dict[str, Any]:
    """What is told of a video, and of those in other formats beside it, if it is the same."""
    told = with_beats(manifest.cues, {"source": source, **manifest.about})
    before = told_of(description_of(output)) or {}
    others = before.pop("videos", None)
    same = before == json.loads(json.dumps(told)) and isinstance(others, dict)
    return {**told, "videos": {**(others if same else {}), output.name: content}}


def remember(
    cache: Cache, key: str, manifest: RenderManifest, output: Path, files: Sequence[Path]
) -> None:
    """Note what a render made of what; what tells of the video may tell of others as well."""
    told = description_of(output)
    sums = {_ending(path, output): checksum(path) for path in files if path != told}
    cache.write_note(key, {**asdict(manifest), "files": sums})


def again(
    cache: Cache, key: str, profile: EncodingProfile, output: Path, source: str
) -> RenderManifest | None:
    """A video that was made before, in its place: untouched if it still stands there, or joined.

    None if it was never made, a sound has changed since, or not all of its beats are kept.
    """
    noted = cache.note(key)
    try:
        manifest = RenderManifest.of(noted)
        sums = {_with_ending(output, end): told for end, told in noted["files"].items()}
    except (TypeError, KeyError, ValueError, AttributeError):
        return None
    if any(sound.changed for sound in manifest.sounds):
        return None
    if _stands(manifest, sums, output, source):
        remove_stale(output.parent)
        return manifest
    with staging_dir(cache.beats, RenderError) as beats:
        if not manifest.segments or not all(
            cache.fetch(beats / name) for name in manifest.segments
        ):
            return None
        files = assemble(manifest, beats, profile, output, source)
    remember(cache, key, manifest, output, files)
    return manifest


def _stands(manifest: RenderManifest, sums: Mapping[Path, Any], output: Path, source: str) -> bool:
    """Whether a video stands at its place with all that belongs beside it."""
    if not sums or any(checksum(file) != told for file, told in sums.items()):
        return False
    content = sums.get(output)
    return told_of(description_of(output)) == json.loads(
        json.dumps(_told(manifest, output, source, content))
    )


def _ending(path: Path, output: Path) -> str:
    return path.name.removeprefix(output.stem)


def _with_ending(output: Path, ending: str) -> Path:
    return output.with_name(output.stem + ending)

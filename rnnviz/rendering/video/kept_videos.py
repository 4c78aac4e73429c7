"""Notes of finished renders, by which an unchanged video is found without loading Manim."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rnnviz.errors import RenderError
from rnnviz.rendering.cache.dependencies import are_current
from rnnviz.rendering.profile import EncodingProfile
from rnnviz.rendering.video.assembling import assemble, full_description
from rnnviz.rendering.video.manifest import RenderManifest
from rnnviz.rendering.video.sidecars import description_in, description_of
from rnnviz.system.cache import Cache, checksum
from rnnviz.system.files import remove_stale, staging_dir


def note_render(
    cache: Cache, key: str, manifest: RenderManifest, output: Path, files: Sequence[Path]
) -> None:
    """Note what a render is made of, and the checksums of its files.

    That of the description is left out, as it may be of other videos as well.
    """
    about = description_of(output)
    sums = {_ending(path, output): checksum(path) for path in files if path != about}
    cache.write_note(key, {**manifest.noted(), "files": sums})


def reuse_render(
    cache: Cache, key: str, profile: EncodingProfile, output: Path, source: str
) -> RenderManifest | None:
    """Put a video in place that was rendered before: leave it if it is there, or join its beats.

    None if it was never rendered, a file that it depends on changed, or not all beats are kept.
    """
    note = cache.note(key)
    try:
        manifest = RenderManifest.of(note)
        sums = {_with_ending(output, end): content for end, content in note["files"].items()}
    except (TypeError, KeyError, ValueError, AttributeError):
        return None
    if any(sound.changed for sound in manifest.sounds) or not are_current(manifest.reads):
        return None
    if _is_in_place(manifest, sums, output, source):
        remove_stale(output.parent)
        return manifest
    with staging_dir(cache.beats, RenderError) as beats:
        if not manifest.segments or not all(
            cache.fetch(beats / name) for name in manifest.segments
        ):
            return None
        files = assemble(manifest, beats, profile, output, source)
    note_render(cache, key, manifest, output, files)
    return manifest


def _is_in_place(
    manifest: RenderManifest, sums: Mapping[Path, Any], output: Path, source: str
) -> bool:
    """Whether a video is in its place, unchanged, with all that belongs beside it."""
    if not sums or any(checksum(file) != content for file, content in sums.items()):
        return False
    expected = full_description(manifest, output, source, sums.get(output))
    return description_in(description_of(output)) == json.loads(json.dumps(expected))


def _ending(path: Path, output: Path) -> str:
    return path.name.removeprefix(output.stem)


def _with_ending(output: Path, ending: str) -> Path:
    return output.with_name(output.stem + ending)

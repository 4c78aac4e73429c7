"""Joins encoded beats into a video, and writes the files beside it."""

import json
import os
from pathlib import Path
from typing import Any

from rnnviz.errors import RenderError
from rnnviz.rendering.profile import EncodingProfile
from rnnviz.rendering.video.manifest import RenderManifest
from rnnviz.rendering.video.sidecars import beside, description_in, description_of, with_beats
from rnnviz.rendering.video.sound import parts_of
from rnnviz.system.cache import checksum
from rnnviz.system.files import staging_dir


def assemble(
    manifest: RenderManifest, beats: Path, profile: EncodingProfile, output: Path, source: str
) -> tuple[Path, ...]:
    """Join the beats in a folder into a video, and move all its files into place once complete.

    The description comes first, with the video's checksum: should this process end between the two,
    a reader sees that the video is another one. ``source`` is where the scene is.

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
        texts = beside(
            output, manifest.cues, full_description(manifest, output, source, checksum(video))
        )
        for path, text in texts.items():
            (folder / path.name).write_text(text, encoding="utf-8")
        for path in texts:
            os.replace(folder / path.name, path)
        os.replace(video, output)
    return (output, *texts)


def full_description(
    manifest: RenderManifest, output: Path, source: str, content: str | None
) -> dict[str, Any]:
    """Return the description of a video, and of those in other formats beside it, if it is theirs.

    ``content`` is the checksum of the video.
    """
    described = with_beats(manifest.cues, {"source": source, **manifest.about})
    before = description_in(description_of(output)) or {}
    others = before.pop("videos", None)
    same = before == json.loads(json.dumps(described)) and isinstance(others, dict)
    return {**described, "videos": {**(others if same else {}), output.name: content}}

"""Names of outputs, and of the scene that a video is of."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rnnviz.rendering.profile import EncodingProfile
from rnnviz.scene.catalogue import SCENES
from rnnviz.scene.loading import class_of, file_of, name_of
from rnnviz.scene.playback import USUAL, Playback
from rnnviz.text.notation import UWV, Notation

_USUAL_QUALITY: Final = "h"
_USUAL_ASPECT: Final = "16:9"


def own_file(scene: str) -> Path | None:
    """Return the file of a user's own scene, or None for a registered one."""
    return None if scene in SCENES else file_of(scene)


def output_name(scene: str) -> str:
    """Return the start of a default output's name, different for each scene.

    A class that is named in a file is part of it, and no file has the name of a registered scene.
    """
    file = own_file(scene)
    if file is None:
        return name_of(scene)
    if named := class_of(scene):
        return f"{file.stem}_{named}"
    return f"own_{file.stem}" if file.stem in SCENES else file.stem


def source_of(scene: str, output: Path) -> str:
    """Return a registered scene's name, or the path of a file, relative to the output's folder."""
    file = own_file(scene)
    if file is None:
        return scene
    try:
        return Path(os.path.relpath(file.resolve(), output.parent.resolve())).as_posix()
    except ValueError:  # on another drive
        return file.resolve().as_posix()


def default_output(
    name: str,
    language: str,
    theme: str,
    profile: EncodingProfile,
    beats: Sequence[int] | None = None,
    notation: Notation = UWV,
    playback: Playback = USUAL,
) -> Path:
    """Return the default place of a render: a file, or a folder of stills.

    Its name has the settings that differ from the defaults, so that a draft does not replace a
    finished video.
    """
    marks = [
        name,
        *([language] if language != "en" else []),
        *([theme] if theme != "dark" else []),
        *([notation.name] if notation.name != UWV.name else []),
        *([profile.aspect.replace(":", "x")] if profile.aspect != _USUAL_ASPECT else []),
        *playback.marks,
        *(["transparent"] if profile.transparent else []),
        *([f"{min(profile.size)}p"] if profile.quality != _USUAL_QUALITY else []),
        *([f"beats-{'-'.join(map(str, _ends(beats)))}"] if beats else []),
    ]
    stem = "_".join(marks)
    return Path("renders") / (
        stem if profile.file_format == "png" else f"{stem}.{profile.file_format}"
    )


def _ends(beats: Sequence[int]) -> Sequence[int]:
    return beats if len(beats) == 1 else (beats[0], beats[-1])

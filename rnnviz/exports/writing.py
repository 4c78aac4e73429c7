"""Write rendered videos in an export format."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from rnnviz.errors import ExportError
from rnnviz.exports.clips import animation
from rnnviz.exports.formats import FORMATS, check_request, is_folder
from rnnviz.exports.handout import handout
from rnnviz.exports.live_pages import LivePages
from rnnviz.exports.naming import distinct
from rnnviz.exports.page import lecture_titles, page, source_line
from rnnviz.exports.rendered_video import RenderedVideo
from rnnviz.exports.slides import slides
from rnnviz.exports.snippets import SNIPPETS, Files
from rnnviz.rendering.video.frames import is_audible, is_transparent
from rnnviz.rendering.video.timeline import subtitles
from rnnviz.system.files import atomic_write, within

Writer = Callable[[Sequence[RenderedVideo], Path, str, str], None]
_SINGLE_FILES: Final[Mapping[str, Writer]] = {
    "pptx": lambda videos, path, language, title: slides(
        videos, path, language, title, lambda video: source_line([video], language)
    ),
    "handout": lambda videos, path, language, title: handout(
        videos, path, language, title, source_line(videos, language)
    ),
    "gif": lambda videos, path, language, title: animation(videos[0], path),
    "webp": lambda videos, path, language, title: animation(videos[0], path),
}


def write(
    videos: Sequence[RenderedVideo],
    to: str,
    output: Path,
    *,
    language: str | None = None,
    title: str | None = None,
    live: LivePages | None = None,
) -> tuple[Path, ...]:
    """Write one or more videos in an export format and return the files written.

    ``output`` is a file or, for ``html``, a folder, which then also holds the videos. Files that a
    snippet refers to are written beside it. ``title`` replaces the scene's title, or is that of
    the whole if there are several videos. ``live`` holds the live pages to put into a folder, with
    a link for each video. Each existing file is replaced in one step.

    Raises: as ``check_request``, and ExportError for a language without captions
    """
    check_request(to, output, several=len(videos) > 1, title=title)
    first = videos[0]
    language = language or first.language
    for video in videos:
        if language not in video.languages:
            raise ExportError(
                f"{str(video.path)!r} has no captions in {language!r}; "
                f"it has {' and '.join(video.languages)}"
            )
    if title is not None and len(videos) == 1:
        videos = [first] = [replace(first, title=title)]
    if to == "html":
        return _page(videos, output, language, title, live)
    if to in _SINGLE_FILES:
        heading = lecture_titles(videos, [language], title)[language]
        with atomic_write(output, ExportError) as temporary:
            _SINGLE_FILES[to](videos, temporary, language, heading)
        return (output,)
    return _snippet(first, to, output, language)


def unsupported(video: RenderedVideo, to: str) -> tuple[str, ...]:
    """Return a message for each feature of a video that a format does not support."""
    path, messages = video.path, []
    if FORMATS[to].opaque and is_transparent(path):
        messages.append(
            f"{to} has no transparency; {path.name!r} is put on the background of its theme"
        )
    if FORMATS[to].animation and is_audible(path):
        messages.append(f"{to} has no sound; the sound of {path.name!r} is left out")
    return tuple(messages)


def _page(
    videos: Sequence[RenderedVideo],
    output: Path,
    language: str,
    title: str | None,
    live: LivePages | None,
) -> tuple[Path, ...]:
    if not is_folder("html", output):
        _write_text(output, page(videos, language, title))
        return (output,)
    stems = distinct([video.scene for video in videos])
    names = [f"{stem}{video.path.suffix}" for stem, video in zip(stems, videos, strict=True)]
    copies = []
    for name, video in zip(names, videos, strict=True):
        copies.append(within(output, name, ExportError))
        _copy(video.path, copies[-1])
    beside = {output / name: made for name, made in live.files.items()} if live else {}
    for path, made in beside.items():
        _write_text(path, made)
    index = output / "index.html"
    _write_text(index, page(videos, language, title, names, live.links if live else None))
    return (index, *copies, *beside)


def _snippet(video: RenderedVideo, to: str, output: Path, language: str) -> tuple[Path, ...]:
    stem = output.stem
    files = Files(
        video=f"{stem}{video.path.suffix}",
        poster=f"{stem}.png",
        captions={code: f"{stem}.{code}.vtt" for code in video.languages},
    )
    snippet = SNIPPETS[to](video, language, files)
    contents = {files.poster: video.stills()[-1]}
    for code, name in files.captions.items():
        contents[name] = subtitles(video.cues, code, "vtt").encode()
    beside = {output.with_name(name): content for name, content in contents.items()}
    for path, content in beside.items():
        with atomic_write(path, ExportError) as temporary:
            temporary.write_bytes(content)
    copy = output.with_name(files.video)
    if not copy.exists() or not copy.samefile(video.path):
        _copy(video.path, copy)
    _write_text(output, snippet)
    return (output, copy, *beside)


def _write_text(path: Path, text: str) -> None:
    with atomic_write(path, ExportError) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    with atomic_write(target, ExportError) as temporary:
        shutil.copyfile(source, temporary)

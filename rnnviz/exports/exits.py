"""The ways out: what each makes of a video, and where it puts it."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from rnnviz.errors import ExportError
from rnnviz.exports.clips import animation
from rnnviz.exports.handout import handout
from rnnviz.exports.material import Material
from rnnviz.exports.naming import distinct
from rnnviz.exports.page import page, source_line
from rnnviz.exports.slides import slides
from rnnviz.exports.snippets import SNIPPETS, Files
from rnnviz.files import replacing, within
from rnnviz.rendering.timeline import subtitles

Writer = Callable[[Material, Path, str], None]
_FILES: Final[Mapping[str, tuple[str, Writer]]] = {
    "pptx": (".pptx", slides),
    "handout": (".pdf", lambda one, path, code: handout(one, path, code, source_line(one, code))),
    "gif": (".gif", lambda one, path, code: animation(one, path)),
    "webp": (".webp", lambda one, path, code: animation(one, path)),
}
EXITS: Final = ("html", *_FILES, *SNIPPETS)


def export(
    materials: Sequence[Material], to: str, output: Path, *, language: str | None = None
) -> tuple[Path, ...]:
    """Write an exit of one video, or a page of several, and say which files were made.

    ``output`` is a file, or for ``html`` a folder: then the videos lie beside the page. Files that
    a snippet names are put beside it. Existing files are replaced only by whole ones.

    Raises: ExportError for an unknown exit, a name with another ending, a language without
            captions, or a place that cannot be written
    """
    if to not in EXITS:
        near = get_close_matches(to, EXITS, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(EXITS)}"
        raise ExportError(f"there is no exit {to!r}; {hint}")
    first = materials[0]
    spoken = language or first.language
    if spoken not in first.languages:
        raise ExportError(
            f"{str(first.video)!r} has no captions in {spoken!r}; "
            f"it has {' and '.join(first.languages)}"
        )
    if to == "html":
        return _page(materials, output)
    if len(materials) > 1:
        raise ExportError(f"{to!r} is made of one video; html is made of several")
    ending, _ = {**_FILES, **SNIPPETS}[to]
    if output.suffix.lower() != ending:
        raise ExportError(f"{str(output)!r} does not end in {ending}; rename it")
    if to in _FILES:
        with replacing(output, ExportError) as temporary:
            _FILES[to][1](first, temporary, spoken)
        return (output,)
    return _snippet(first, to, output, spoken)


def _page(materials: Sequence[Material], output: Path) -> tuple[Path, ...]:
    if output.suffix.lower() == ".html":
        with replacing(output, ExportError) as temporary:
            temporary.write_text(page(materials), encoding="utf-8")
        return (output,)
    if output.suffix:
        raise ExportError(f"{str(output)!r} is neither a folder nor ends in .html; rename it")
    stems = distinct([one.scene for one in materials])
    names = [f"{stem}{one.video.suffix}" for stem, one in zip(stems, materials, strict=True)]
    made = []
    for name, one in zip(names, materials, strict=True):
        target = within(output, name, ExportError)
        with replacing(target, ExportError) as temporary:
            shutil.copyfile(one.video, temporary)
        made.append(target)
    index = output / "index.html"
    with replacing(index, ExportError) as temporary:
        temporary.write_text(page(materials, names), encoding="utf-8")
    return (index, *made)


def _snippet(material: Material, to: str, output: Path, language: str) -> tuple[Path, ...]:
    stem = output.stem
    files = Files(
        video=f"{stem}{material.video.suffix}",
        poster=f"{stem}.png",
        captions={code: f"{stem}.{code}.vtt" for code in material.languages},
    )
    snippet = SNIPPETS[to][1](material, language, files)
    contents = {files.poster: material.stills()[-1]}
    for code, name in files.captions.items():
        contents[name] = subtitles(material.cues, code, "vtt").encode()
    places = {within(output.parent, name, ExportError): made for name, made in contents.items()}
    for place, content in places.items():
        with replacing(place, ExportError) as temporary:
            temporary.write_bytes(content)
    video = within(output.parent, files.video, ExportError)
    if not video.exists() or not video.samefile(material.video):
        with replacing(video, ExportError) as temporary:
            shutil.copyfile(material.video, temporary)
    with replacing(output, ExportError) as temporary:
        temporary.write_text(snippet, encoding="utf-8")
    return (output, video, *places)

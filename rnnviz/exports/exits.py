"""The ways out: what each makes of a video, and where it puts it."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Final
from unicodedata import category

from rnnviz.errors import ExportError
from rnnviz.exports.clips import animation
from rnnviz.exports.handout import handout
from rnnviz.exports.material import Material
from rnnviz.exports.naming import distinct
from rnnviz.exports.page import page, source_line
from rnnviz.exports.slides import slides
from rnnviz.exports.snippets import SNIPPETS, Files
from rnnviz.rendering.video.frames import is_audible, is_transparent
from rnnviz.rendering.video.timeline import subtitles
from rnnviz.system.files import atomic_write, check_place, try_folder, within

Writer = Callable[[Sequence[Material], Path, str, str], None]
_FILES: Final[Mapping[str, tuple[str, Writer]]] = {
    "pptx": (
        ".pptx",
        lambda some, path, code, title: slides(
            some, path, code, title, lambda one: source_line([one], code)
        ),
    ),
    "handout": (
        ".pdf",
        lambda some, path, code, title: handout(some, path, code, title, source_line(some, code)),
    ),
    "gif": (".gif", lambda some, path, code, title: animation(some[0], path)),
    "webp": (".webp", lambda some, path, code, title: animation(some[0], path)),
}
EXITS: Final = ("html", *_FILES, *SNIPPETS)
OF_SEVERAL: Final = ("html", "pptx", "handout")
_UNTITLED: Final = ("gif", "webp")
_OPAQUE: Final = ("pptx", "handout", "gif")
_SILENT: Final = ("gif", "webp")


def check(to: str, output: Path, *, several: bool = False, title: str | None = None) -> None:
    """Refuse what cannot be exported, before anything is rendered for it.

    Raises: ExportError for an unknown exit, a name with another ending, several videos or a title
            where they have no place, or a place that cannot be written
    """
    if to not in EXITS:
        near = get_close_matches(to, EXITS, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(EXITS)}"
        raise ExportError(f"there is no exit {to!r}; {hint}")
    if several and to not in OF_SEVERAL:
        raise ExportError(
            f"{to!r} is made of one video; {', '.join(OF_SEVERAL[:-1])} and {OF_SEVERAL[-1]} are "
            "made of several"
        )
    if title is not None and to in _UNTITLED:
        raise ExportError(f"{to!r} has no place for a title; leave it out")
    if title is not None and (not title.strip() or any(map(_breaks, title))):
        raise ExportError(f"the title {title!r} is not one line of text; write it as one")
    if to == "html":
        if output.suffix and output.suffix.lower() != ".html":
            raise ExportError(f"{str(output)!r} is neither a folder nor ends in .html; rename it")
        if output.suffix:
            check_place(output, ExportError)
        else:
            try_folder(output.absolute(), ExportError)
        return
    ending, _ = {**_FILES, **SNIPPETS}[to]
    if output.suffix.lower() != ending:
        raise ExportError(f"{str(output)!r} does not end in {ending}; rename it")
    check_place(output, ExportError)


def _breaks(mark: str) -> bool:
    return category(mark) in ("Cc", "Cs", "Zl", "Zp")


def export(
    materials: Sequence[Material],
    to: str,
    output: Path,
    *,
    language: str | None = None,
    title: str | None = None,
) -> tuple[Path, ...]:
    """Write an exit of a video, or of several, and say which files were made.

    ``output`` is a file, or for ``html`` a folder: then the videos lie beside the page. Files that
    a snippet names are put beside it. ``title`` takes the place of a scene's, or is that of all.
    Existing files are replaced only by whole ones.

    Raises: as ``check``, and ExportError for a language without captions
    """
    check(to, output, several=len(materials) > 1, title=title)
    first = materials[0]
    spoken = language or first.language
    for one in materials:
        if spoken not in one.languages:
            raise ExportError(
                f"{str(one.video)!r} has no captions in {spoken!r}; "
                f"it has {' and '.join(one.languages)}"
            )
    if title is not None and len(materials) == 1:
        materials = [first] = [replace(first, title=title)]
    if to == "html":
        return _page(materials, output, spoken, title if len(materials) > 1 else None)
    if to in _FILES:
        with atomic_write(output, ExportError) as temporary:
            _FILES[to][1](materials, temporary, spoken, title or first.titles()[spoken])
        return (output,)
    return _snippet(first, to, output, spoken)


def left_out(material: Material, to: str) -> tuple[str, ...]:
    """What of a video an exit cannot carry, told to whoever exports it."""
    video, told = material.video, []
    if to in _OPAQUE and is_transparent(video):
        told.append(
            f"{to} has no transparency; {video.name!r} stands on the ground of its theme in it"
        )
    if to in _SILENT and is_audible(video):
        told.append(f"{to} has no sound; that of {video.name!r} is left out")
    return tuple(told)


def _page(
    materials: Sequence[Material], output: Path, language: str, title: str | None
) -> tuple[Path, ...]:
    if output.suffix.lower() == ".html":
        with atomic_write(output, ExportError) as temporary:
            temporary.write_text(page(materials, language, title), encoding="utf-8")
        return (output,)
    stems = distinct([one.scene for one in materials])
    names = [f"{stem}{one.video.suffix}" for stem, one in zip(stems, materials, strict=True)]
    made = []
    for name, one in zip(names, materials, strict=True):
        target = within(output, name, ExportError)
        with atomic_write(target, ExportError) as temporary:
            shutil.copyfile(one.video, temporary)
        made.append(target)
    index = output / "index.html"
    with atomic_write(index, ExportError) as temporary:
        temporary.write_text(page(materials, language, title, names), encoding="utf-8")
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
        with atomic_write(place, ExportError) as temporary:
            temporary.write_bytes(content)
    video = within(output.parent, files.video, ExportError)
    if not video.exists() or not video.samefile(material.video):
        with atomic_write(video, ExportError) as temporary:
            shutil.copyfile(material.video, temporary)
    with atomic_write(output, ExportError) as temporary:
        temporary.write_text(snippet, encoding="utf-8")
    return (output, video, *places)

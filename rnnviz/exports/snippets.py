"""Snippets that embed a video in other documents, with alternative text and captions."""

import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rnnviz.errors import ExportError
from rnnviz.exports.naming import address
from rnnviz.exports.rendered_video import RenderedVideo
from rnnviz.text.html import data_uri
from rnnviz.text.plain_text import has_rightward


@dataclass(frozen=True)
class Files:
    """The names of the files beside a snippet; ``captions`` are by language."""

    video: str
    poster: str
    captions: Mapping[str, str]


def revealjs(video: RenderedVideo, language: str, files: Files) -> str:
    """Return a reveal.js section with the video, and its captions as speaker notes."""
    notes = "\n".join(
        f"    <li{_direction(caption)}>{html.escape(caption)}</li>"
        for caption in (cue.captions[language] for cue in video.cues)
    )
    title = video.titles()[language]
    return (
        f"<section>\n"
        f"  <h2{_direction(title)}>{html.escape(title)}</h2>\n"
        f"{_indented(_video_element(video, language, files))}\n"
        f'  <aside class="notes"><ol>\n{notes}\n  </ol></aside>\n'
        f"</section>\n"
    )


def quarto(video: RenderedVideo, language: str, files: Files) -> str:
    """Return a Quarto section with the video in HTML and the poster in other formats."""
    title = _markdown(_inert(video.titles()[language]))
    alternative = _inert(_transcript(video, language))
    element = _inert(_video_element(video, language, files)).replace("`", "&#96;")
    return (
        f"## {title}\n\n"
        '::: {.content-visible when-format="html"}\n'
        f"```{{=html}}\n{element}\n```\n"
        ":::\n\n"
        '::: {.content-visible unless-format="html"}\n'
        f"![{title}]({address(files.poster)}){{fig-alt={_quoted(alternative)}}}\n"
        ":::\n"
    )


def markdown(video: RenderedVideo, language: str, files: Files) -> str:
    """Return Markdown with the poster as a link to the video, and the captions as a list."""
    title = _markdown(video.titles()[language])
    beats = "\n".join(f"{cue.number}. {_markdown(cue.captions[language])}" for cue in video.cues)
    poster, target = address(files.poster), address(files.video)
    return f"## {title}\n\n[![{title}]({poster})]({target})\n\n{beats}\n"


def beamer(video: RenderedVideo, language: str, files: Files) -> str:
    """Return a Beamer frame with the poster as a link to the video, and the captions as notes.

    Raises: ExportError for a file name that TeX cannot read
    """
    notes = "\n".join(f"    \\item {{}}{_latex(cue.captions[language])}" for cue in video.cues)
    return (
        f"\\begin{{frame}}{{{_latex(video.titles()[language])}}}\n"
        "  \\centering\n"
        f"  \\href{{run:{_latex_name(files.video)}}}{{%\n"
        f"    \\includegraphics[width=\\linewidth,height=0.8\\textheight,keepaspectratio]"
        f"{{{_latex_name(files.poster)}}}}}\n"
        f"  \\note{{\\begin{{enumerate}}\n{notes}\n  \\end{{enumerate}}}}\n"
        "\\end{frame}\n"
    )


def jupyter(video: RenderedVideo, language: str, files: Files) -> str:
    """Return a notebook with the video embedded, and its captions as text."""
    title = video.titles()[language]
    beats = "".join(f"{cue.number}. {_markdown(cue.captions[language])}\n" for cue in video.cues)
    code = (
        "from IPython.display import Video\n"
        f"Video({files.video!r}, embed=True, width=960, html_attributes="
        f"{'controls aria-label=' + _attribute(title)!r})"
    )
    # the saved output is shown before anything is run; while the notebook is not trusted,
    # JupyterLab drops the embedded video and plays the file beside the notebook
    embedded = data_uri(video.path.read_bytes(), video.media_type)
    element = (
        f'<video controls width="960" aria-label={_attribute(title)} src="{embedded}">\n'
        f'  <source src={_attribute(address(files.video))} type="{video.media_type}">\n'
        f"  {html.escape(_transcript(video, language))}\n"
        "</video>"
    )
    output = {
        "output_type": "execute_result",
        "execution_count": 1,
        "data": {
            "text/html": element.splitlines(keepends=True),
            "text/plain": ["<IPython.core.display.Video object>"],
        },
        "metadata": {},
    }
    cells: list[dict[str, Any]] = [
        _cell("markdown", f"# {_markdown(title)}\n\n{beats}"),
        {**_cell("code", code), "execution_count": 1, "outputs": [output]},
    ]
    for place, cell in enumerate(cells):
        cell["id"] = f"rnnviz-{place}"
    return (
        json.dumps(
            {
                "cells": cells,
                "metadata": {"language_info": {"name": "python"}},
                "nbformat": 4,
                "nbformat_minor": 5,
            },
            ensure_ascii=False,
            indent=1,
        )
        + "\n"
    )


SNIPPETS: Final[Mapping[str, Callable[[RenderedVideo, str, Files], str]]] = {
    "revealjs": revealjs,
    "quarto": quarto,
    "markdown": markdown,
    "beamer": beamer,
    "jupyter": jupyter,
}


def _video_element(video: RenderedVideo, language: str, files: Files) -> str:
    tracks = "\n".join(
        f'  <track kind="captions" srclang="{html.escape(code)}" src={_attribute(address(name))}'
        f"{' default' if code == language and code != video.language else ''}>"
        for code, name in files.captions.items()
    )
    poster, source = _attribute(address(files.poster)), _attribute(address(files.video))
    return (
        f'<video controls preload="metadata" width="100%" poster={poster} '
        f"aria-label={_attribute(video.titles()[language])}>\n"
        f'  <source src={source} type="{video.media_type}">\n'
        f"{tracks}\n"
        f"  {html.escape(_transcript(video, language))}\n"
        "</video>"
    )


def _transcript(video: RenderedVideo, language: str) -> str:
    return " ".join(cue.captions[language] for cue in video.cues)


def _direction(text: str) -> str:
    """Return a ``dir`` attribute for text with right-to-left parts."""
    return ' dir="auto"' if has_rightward(text) else ""


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _attribute(text: str) -> str:
    return f'"{html.escape(text, quote=True)}"'


def _quoted(text: str) -> str:
    escaped = re.sub(r'[\\"]|&(?=#?\w+;)', r"\\\g<0>", text)
    return f'"{escaped}"'


def _cell(kind: str, source: str) -> dict[str, Any]:
    return {"cell_type": kind, "metadata": {}, "source": source.splitlines(keepends=True)}


def _markdown(text: str) -> str:
    escaped = re.sub(r"([\\`*_{}\[\]<>()#+!|~$&^])", r"\\\1", text.strip())
    return re.sub(r"^(\d*)([-.=:])", r"\1\\\2", escaped)  # else a list, a rule, or a fence


def _inert(text: str) -> str:
    """Disable shortcodes and inline code of Quarto and Hugo in a text.

    Both are recognised in attributes, raw blocks and code, whatever is escaped, so an invisible
    word joiner is inserted into their opening marks.
    """
    return re.sub(r"\{(?=\{+[<%])|`(?=[r{])", "\\g<0>\u2060", text)


_LATEX: Final = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


_LATEX_NAME: Final = {
    "%": r"\csname @percentchar\endcsname ",
    # with category code 11: hyperref takes what follows any other # for a program's arguments
    "#": r"\csname char_generate:nn\endcsname{35}{11}",
    "\\": r"\csname @backslashchar\endcsname ",
    "{": r"\csname @charlb\endcsname ",
    "}": r"\csname @charrb\endcsname ",
    **{sign: rf"\string{sign}" for sign in "~_&^$'`"},
}
_UNREADABLE: Final = re.compile(r"[\x00-\x1f\x7f\"]|^[ ~]|  |\$[\w{(]")
"""What no TeX engine reads in a file name: they expand variables and ~, and join spaces."""


def _latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)


def _latex_name(name: str) -> str:
    """Escape a file name for ``\\includegraphics`` and ``\\href`` within a frame."""
    found = _UNREADABLE.search(name)
    if found:
        raise ExportError(
            f"TeX cannot read a file named {name!r} because of its {found[0]!r}; "
            "choose another name with -o"
        )
    return "".join(_LATEX_NAME.get(character, character) for character in name)

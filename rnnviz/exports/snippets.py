"""Text that brings a video into other people's documents, with alternative text and captions."""

import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rnnviz.errors import ExportError
from rnnviz.exports.material import Material
from rnnviz.exports.naming import address
from rnnviz.text.html import data_uri
from rnnviz.text.plain_text import has_rightward


@dataclass(frozen=True)
class Files:
    """The names of the files that a snippet names, which lie beside it; subtitles by language."""

    video: str
    poster: str
    captions: Mapping[str, str]


def revealjs(material: Material, language: str, files: Files) -> str:
    """A section of reveal.js, which plays the video and tells its beats in the notes."""
    notes = "\n".join(
        f"    <li{_direction(said)}>{html.escape(said)}</li>"
        for said in (cue.captions[language] for cue in material.cues)
    )
    title = material.titles()[language]
    return (
        f"<section>\n"
        f"  <h2{_direction(title)}>{html.escape(title)}</h2>\n"
        f"{_indented(_video(material, language, files))}\n"
        f'  <aside class="notes"><ol>\n{notes}\n  </ol></aside>\n'
        f"</section>\n"
    )


def quarto(material: Material, language: str, files: Files) -> str:
    """A section of a Quarto document: the video where pages can play it, the poster elsewhere."""
    title = _markdown(_inert(material.titles()[language]))
    alternative = _inert(_told(material, language))
    video = _inert(_video(material, language, files)).replace("`", "&#96;")
    return (
        f"## {title}\n\n"
        '::: {.content-visible when-format="html"}\n'
        f"```{{=html}}\n{video}\n```\n"
        ":::\n\n"
        '::: {.content-visible unless-format="html"}\n'
        f"![{title}]({address(files.poster)}){{fig-alt={_quoted(alternative)}}}\n"
        ":::\n"
    )


def markdown(material: Material, language: str, files: Files) -> str:
    """Markdown with the poster as a link to the video, and the beats as a list."""
    title = _markdown(material.titles()[language])
    beats = "\n".join(f"{cue.number}. {_markdown(cue.captions[language])}" for cue in material.cues)
    poster, video = address(files.poster), address(files.video)
    return f"## {title}\n\n[![{title}]({poster})]({video})\n\n{beats}\n"


def beamer(material: Material, language: str, files: Files) -> str:
    """A frame of Beamer: the poster, which opens the video, and the beats in the notes.

    Raises: ExportError for a name of a file that TeX cannot read
    """
    notes = "\n".join(f"    \\item {{}}{_latex(cue.captions[language])}" for cue in material.cues)
    return (
        f"\\begin{{frame}}{{{_latex(material.titles()[language])}}}\n"
        "  \\centering\n"
        f"  \\href{{run:{_latex_name(files.video)}}}{{%\n"
        f"    \\includegraphics[width=\\linewidth,height=0.8\\textheight,keepaspectratio]"
        f"{{{_latex_name(files.poster)}}}}}\n"
        f"  \\note{{\\begin{{enumerate}}\n{notes}\n  \\end{{enumerate}}}}\n"
        "\\end{frame}\n"
    )


def jupyter(material: Material, language: str, files: Files) -> str:
    """A notebook that shows the video, which is in it, and its beats as text."""
    title = material.titles()[language]
    beats = "".join(f"{cue.number}. {_markdown(cue.captions[language])}\n" for cue in material.cues)
    code = (
        "from IPython.display import Video\n"
        f"Video({files.video!r}, embed=True, width=960, html_attributes="
        f"{'controls aria-label=' + _attribute(title)!r})"
    )
    # what is saved is shown before anything is run; where the notebook is not trusted yet,
    # JupyterLab leaves out the video within it, and plays the file beside it
    within = data_uri(material.video.read_bytes(), material.media_type)
    shown = (
        f'<video controls width="960" aria-label={_attribute(title)} src="{within}">\n'
        f'  <source src={_attribute(address(files.video))} type="{material.media_type}">\n'
        f"  {html.escape(_told(material, language))}\n"
        "</video>"
    )
    output = {
        "output_type": "execute_result",
        "execution_count": 1,
        "data": {
            "text/html": shown.splitlines(keepends=True),
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


SNIPPETS: Final[Mapping[str, tuple[str, Callable[[Material, str, Files], str]]]] = {
    "revealjs": (".html", revealjs),
    "quarto": (".qmd", quarto),
    "markdown": (".md", markdown),
    "beamer": (".tex", beamer),
    "jupyter": (".ipynb", jupyter),
}
"""What each kind of snippet ends in, and what writes it."""


def _video(material: Material, language: str, files: Files) -> str:
    tracks = "\n".join(
        f'  <track kind="captions" srclang="{html.escape(code)}" src={_attribute(address(name))}'
        f"{' default' if code == language and code != material.language else ''}>"
        for code, name in files.captions.items()
    )
    poster, video = _attribute(address(files.poster)), _attribute(address(files.video))
    return (
        f'<video controls preload="metadata" width="100%" poster={poster} '
        f"aria-label={_attribute(material.titles()[language])}>\n"
        f'  <source src={video} type="{material.media_type}">\n'
        f"{tracks}\n"
        f"  {html.escape(_told(material, language))}\n"
        "</video>"
    )


def _told(material: Material, language: str) -> str:
    return " ".join(cue.captions[language] for cue in material.cues)


def _direction(text: str) -> str:
    """An attribute where a text has parts that are read from the right."""
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
    return re.sub(r"^(\d*)([-.=:])", r"\1\\\2", escaped)  # else a list, a line, or a fence


def _inert(text: str) -> str:
    """A text in which Quarto finds no shortcode and no inline code, nor Hugo after it.

    Both are found within attributes, raw blocks and code, whatever is escaped; an invisible word
    joiner inside their opening marks keeps them text.
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
    # as a letter: hyperref takes what follows another # for the parameters of a program
    "#": r"\csname char_generate:nn\endcsname{35}{11}",
    "\\": r"\csname @backslashchar\endcsname ",
    "{": r"\csname @charlb\endcsname ",
    "}": r"\csname @charrb\endcsname ",
    **{sign: rf"\string{sign}" for sign in "~_&^$'`"},
}
_UNREADABLE: Final = re.compile(r"[\x00-\x1f\x7f\"]|^[ ~]|  |\$[\w{(]")
"""What no program of TeX reads a file by: it expands variables and ~, and joins spaces."""


def _latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)


def _latex_name(name: str) -> str:
    """The name of a file, as ``\\includegraphics`` and ``\\href`` expand it within a frame."""
    found = _UNREADABLE.search(name)
    if found:
        raise ExportError(
            f"TeX cannot read a file called {name!r}, for its {found[0]!r}; "
            "choose another name with -o"
        )
    return "".join(_LATEX_NAME.get(character, character) for character in name)

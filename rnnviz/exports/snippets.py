"""Text that brings a video into other people's documents, with alternative text and captions."""

import html
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from rnnviz.exports.material import Material

Files = Mapping[str, str]
"""Where the files lie that a snippet names, as seen from it: 'video', 'poster', and each language's
subtitles."""


def revealjs(material: Material, language: str, files: Files) -> str:
    """A section of reveal.js, which plays the video and tells its beats in the notes."""
    notes = "\n".join(
        f"    <li>{html.escape(cue.captions[language])}</li>" for cue in material.cues
    )
    return (
        f"<section>\n"
        f"  <h2>{html.escape(material.titles()[language])}</h2>\n"
        f"{_indented(_video(material, language, files))}\n"
        f'  <aside class="notes"><ol>\n{notes}\n  </ol></aside>\n'
        f"</section>\n"
    )


def quarto(material: Material, language: str, files: Files) -> str:
    """A section of a Quarto document: the video where pages can play it, the poster elsewhere."""
    title = _markdown(material.titles()[language])
    alternative = _told(material, language)
    return (
        f"## {title}\n\n"
        '::: {.content-visible when-format="html"}\n'
        f"```{{=html}}\n{_video(material, language, files)}\n```\n"
        ":::\n\n"
        '::: {.content-visible unless-format="html"}\n'
        f"![{title}]({files['poster']}){{fig-alt={_quoted(alternative)}}}\n"
        ":::\n"
    )


def markdown(material: Material, language: str, files: Files) -> str:
    """Markdown with the poster as a link to the video, and the beats as a list."""
    title = _markdown(material.titles()[language])
    beats = "\n".join(f"{cue.number}. {_markdown(cue.captions[language])}" for cue in material.cues)
    return f"## {title}\n\n[![{title}]({files['poster']})]({files['video']})\n\n{beats}\n"


def beamer(material: Material, language: str, files: Files) -> str:
    """A frame of Beamer: the poster, which opens the video, and the beats in the notes."""
    notes = "\n".join(f"    \\item {_latex(cue.captions[language])}" for cue in material.cues)
    return (
        f"\\begin{{frame}}{{{_latex(material.titles()[language])}}}\n"
        "  \\centering\n"
        f"  \\href{{run:{files['video']}}}{{%\n"
        f"    \\includegraphics[width=\\linewidth,height=0.8\\textheight,keepaspectratio]"
        f"{{{files['poster']}}}}}\n"
        f"  \\note{{\\begin{{enumerate}}\n{notes}\n  \\end{{enumerate}}}}\n"
        "\\end{frame}\n"
    )


def jupyter(material: Material, language: str, files: Files) -> str:
    """A notebook with the video in it, and its beats as text."""
    title = material.titles()[language]
    beats = "".join(f"{cue.number}. {_markdown(cue.captions[language])}\n" for cue in material.cues)
    code = (
        "from IPython.display import Video\n"
        f"Video({files['video']!r}, embed=True, width=960, html_attributes="
        f"{'controls aria-label=' + _attribute(title)!r})"
    )
    cells: list[dict[str, Any]] = [
        _cell("markdown", f"# {_markdown(title)}\n\n{beats}"),
        {**_cell("code", code), "execution_count": None, "outputs": []},
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
        f'  <track kind="captions" srclang="{html.escape(code)}" src={_attribute(files[code])}'
        f"{' default' if code == language and code != material.language else ''}>"
        for code in material.languages
    )
    return (
        f'<video controls preload="metadata" width="100%" poster={_attribute(files["poster"])} '
        f"aria-label={_attribute(material.titles()[language])}>\n"
        f'  <source src={_attribute(files["video"])} type="{material.media_type}">\n'
        f"{tracks}\n"
        f"  {html.escape(_told(material, language))}\n"
        "</video>"
    )


def _told(material: Material, language: str) -> str:
    return " ".join(cue.captions[language] for cue in material.cues)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _attribute(text: str) -> str:
    return f'"{html.escape(text, quote=True)}"'


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _cell(kind: str, source: str) -> dict[str, Any]:
    return {"cell_type": kind, "metadata": {}, "source": source.splitlines(keepends=True)}


def _markdown(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~$&^])", r"\\\1", text)


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


def _latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)

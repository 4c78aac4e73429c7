"""Extract code from the documents and from docstrings."""

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = tuple(
    str(path.relative_to(ROOT)) for path in sorted((*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")))
)
_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```", flags=re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


@dataclass(frozen=True)
class Block:
    """A fenced code block; ``language`` is empty for shell commands."""

    document: str
    language: str
    code: str


def blocks(document: str) -> list[Block]:
    """Return the code blocks of a document in order, without indentation."""
    return [
        Block(document, language, re.sub(rf"^{indent}", "", code, flags=re.MULTILINE))
        for indent, language, code in _BLOCK.findall(_text(document))
    ]


def python_blocks(document: str) -> list[str]:
    """Return the Python blocks of a document in order."""
    return [block.code for block in blocks(document) if block.language == "python"]


def shell_lines(document: str) -> list[str]:
    """Return every line of the shell blocks of a document."""
    return [
        line
        for block in blocks(document)
        if block.language == ""
        for line in block.code.splitlines()
        if line.strip()
    ]


def inline(document: str, programs: tuple[str, ...]) -> list[str]:
    """Return the inline code of a document that calls one of the programs."""
    text = _BLOCK.sub("", _text(document))
    return [code for code in _INLINE.findall(text) if code.split()[0] in programs and " " in code]


def words(line: str) -> list[str]:
    """Split a line as a shell does, without its comment."""
    return shlex.split(line, comments=True)


@dataclass(frozen=True)
class Docstring:
    """A docstring with examples: its module, the name of its owner, and its text."""

    module: str
    owner: str
    text: str


def docstrings_with_examples() -> Iterator[Docstring]:
    """Yield all docstrings of the library and the scenes that contain ``>>>``."""
    for path in sorted((*ROOT.glob("rnnviz/**/*.py"), *ROOT.glob("scenes/*.py"))):
        place = path.relative_to(ROOT).with_suffix("")
        module = ".".join(part for part in place.parts if part != "__init__")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                text = ast.get_docstring(node) or ""
                if ">>>" in text:
                    yield Docstring(module, getattr(node, "name", ""), text)


def _text(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")

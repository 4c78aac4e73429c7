"""The code that stands in the documents and in docstrings, as it stands there."""

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
    """What stands between two fences; ``language`` is that of the fence, empty for a shell's."""

    document: str
    language: str
    code: str


def blocks(document: str) -> list[Block]:
    """All blocks of code of a document, in order, without their indent."""
    return [
        Block(document, language, re.sub(rf"^{indent}", "", code, flags=re.MULTILINE))
        for indent, language, code in _BLOCK.findall(_text(document))
    ]


def python_blocks(document: str) -> list[str]:
    """The code of all blocks of Python of a document, in order."""
    return [block.code for block in blocks(document) if block.language == "python"]


def shell_lines(document: str) -> list[str]:
    """Every line of a document's blocks for the shell."""
    return [
        line
        for block in blocks(document)
        if block.language == ""
        for line in block.code.splitlines()
        if line.strip()
    ]


def inline(document: str, programs: tuple[str, ...]) -> list[str]:
    """The commands of some programs that stand within sentences."""
    text = _BLOCK.sub("", _text(document))
    return [code for code in _INLINE.findall(text) if code.split()[0] in programs and " " in code]


def words(line: str) -> list[str]:
    """A line as a shell splits it, without its comment."""
    return shlex.split(line, comments=True)


@dataclass(frozen=True)
class Docstring:
    """A docstring with examples: the module it stands in, whose it is, and its text."""

    module: str
    owner: str
    text: str


def docstrings_with_examples() -> Iterator[Docstring]:
    """All docstrings of the library and of the scenes that hold ``>>>``."""
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

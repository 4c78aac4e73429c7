"""All code in the documents and in docstrings runs, or at least means something, as it stands.

What does not run here stands in ``PARSED_ALONE`` or ``PROVIDED``, with the reason.
"""

import doctest
import functools
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
import torch
from code_of_documents import (
    DOCUMENTS,
    ROOT,
    Docstring,
    blocks,
    docstrings_with_examples,
    inline,
    python_blocks,
    shell_lines,
    words,
)
from matplotlib import pyplot
from matplotlib.figure import Figure
from torch import nn

import rnnviz
from rnnviz import training
from rnnviz.cli import main
from rnnviz.cli.group import group
from rnnviz.experiments.sweeps import SweepSettings, sweep
from rnnviz.system.workers import WorkerPool
from rnnviz.text.notation_files import load_notation
from rnnviz.text.theme_file import load_theme

ENGLISH = tuple(name for name in DOCUMENTS if not name.endswith(".zh.md"))
TRANSLATED = tuple(name for name in ENGLISH if (ROOT / name).with_suffix(".zh.md").exists())

LANGUAGES = {
    "": "for a shell: each line is checked by a test of its program",
    "python": "run; a scene is rendered by tests/test_documents.py",
    "js": "run in a browser by tests/explorer/test_engine_document.py",
    "html": "what an export writes; tests/test_documents.py compares them",
    "toml": "a theme or a notation; a test below reads them",
    "text": "a list of folders; a test below looks for them",
}
"""Every language of a block, and what becomes of it here."""

PARSED_ALONE = {
    "render": "draws videos, which takes minutes; tests/rendering and tests/cli run it",
    "explore": "writes pages of recordings that the reader has; tests/explorer runs it",
    "export": "needs videos, which take minutes; tests/export and tests/cli run it",
    "sweep": "trains ninety networks; tests/experiments run it with fewer",
}
"""Commands whose lines are parsed and not run, with the reason."""

PLACEHOLDERS = {
    "SCENE|VIDEO": "unrolling",
    "FORMAT": "html",
    "PATH": "lecture.html",
    "NAME": "states",
    "FILE": "run.safetensors",
    "FILE.pdf": "a.pdf",
    "N": "4",
    "university.toml": str(ROOT / "docs" / "examples" / "university.toml"),
}
"""What a reader puts in where a document says one of these."""

PROVIDED = {
    "trace = rnnviz.record(model, inputs, targets": """
import torch

class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.out = torch.nn.RNN(3, 4), torch.nn.Linear(4, 2)
    def forward(self, x):
        return self.out(self.rnn(x)[0])

model, inputs, targets = Model(), torch.randn(5, 2, 3), torch.randint(2, (5, 2))
""",
}
"""The reader's own part of a block, run before the line that needs it."""

ALONE = """
import socket

def connect(self, address):
    raise OSError(f"{address} is asked for; rnnviz needs no network")

socket.socket.connect = connect
"""
"""Before other code: no network. Without a PATH there is no program either, LaTeX for one."""

BRIEFLY = """
import functools

import rnnviz.rendering
import rnnviz.training

rnnviz.training.train = functools.partial(rnnviz.training.train, epochs=1)
rnnviz.render = functools.partial(rnnviz.rendering.render, beats=(1,))
rnnviz.show = functools.partial(rnnviz.rendering.show, quality="l", beats=(1,))
"""
"""Before other code: training ends after an epoch, a video after a beat."""


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def completed(code: str) -> str:
    """Code of a document with the reader's own part."""
    for begin, own in PROVIDED.items():
        code = re.sub(rf"^(?={re.escape(begin)})", lambda _, own=own: own, code, flags=re.MULTILINE)
    return code


def statements(document: str) -> list[str]:
    """The blocks of Python that are run one after the other: all but scenes, which are files."""
    return [code for code in python_blocks(document) if "(Storyboard)" not in code]


@pytest.mark.parametrize("document", [name for name in ENGLISH if statements(name)])
def test_the_python_of_a_document_runs_from_top_to_bottom(document: str, elsewhere: Path) -> None:
    code = ALONE + BRIEFLY + "\n".join(map(completed, statements(document)))
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": str(elsewhere)},
    )
    assert done.returncode == 0, done.stderr
    assert "False" not in done.stdout  # no proof that failed
    videos = code.count("\nrnnviz.render(")
    assert len([*elsewhere.glob("renders/*.mp4")]) == videos


def test_what_a_reader_provides_is_asked_for_somewhere() -> None:
    every = "\n".join(code for name in DOCUMENTS for code in python_blocks(name))
    assert [begin for begin in PROVIDED if f"\n{begin}" not in f"\n{every}"] == []


def without_words(code: str) -> str:
    """Code without comments, captions and <descriptions>, which each language has its own of."""
    return re.sub(r'\s*#.*|@beat\(".*"\)|<.*>', "", code)


@pytest.mark.parametrize("document", TRANSLATED)
def test_both_languages_have_the_same_code(document: str) -> None:
    other = document.replace(".md", ".zh.md")
    for of in (python_blocks, shell_lines):
        english, chinese = (
            [without_words(code) for code in of(name)] for name in (document, other)
        )
        assert [re.sub("<.*>", "<>", code) for code in english] == [
            re.sub("<.*>", "<>", code) for code in chinese
        ]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_block_says_what_it_is(document: str) -> None:
    assert {block.language for block in blocks(document)} <= set(LANGUAGES)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_theme_or_a_notation_can_be_read(document: str, tmp_path: Path) -> None:
    load = load_theme if "themes" in document else load_notation
    for block in blocks(document):
        if block.language == "toml":
            file = tmp_path / "own.toml"
            file.write_text(block.code, encoding="utf-8")
            assert load(file).name == "own"


def lines_of_rnnviz(find: Callable[[str], list[str]]) -> list[tuple[str, str]]:
    """(document, line) of each line that begins with rnnviz."""
    return [
        (name, line) for name in DOCUMENTS for line in find(name) if re.match("rnnviz [a-z]", line)
    ]


def command_of(arguments: list[str]) -> tuple[click.Command, click.Context, list[str]]:
    """The command that a line names, its context's parent, and what the line gives it."""
    command: click.Command = group
    context = group.make_context("rnnviz", list(arguments))
    rest = arguments
    while isinstance(command, click.Group):
        _, found, rest = command.resolve_command(context, rest)
        assert found is not None
        command = found
    return command, context, rest


def check_rnnviz(arguments: list[str]) -> None:
    """Parse a command line with the real options, and run nothing."""
    command, context, rest = command_of(arguments)
    command.make_context(command.name, rest, parent=context)


def arguments_of(line: str) -> list[str]:
    return [PLACEHOLDERS.get(word, word) for word in words(line)[1:]]


@pytest.mark.parametrize(("document", "line"), lines_of_rnnviz(shell_lines))
def test_a_line_of_rnnviz_has_options_that_there_are(document: str, line: str) -> None:
    check_rnnviz(arguments_of(line))


@pytest.mark.parametrize(
    ("document", "line"), lines_of_rnnviz(functools.partial(inline, programs=("rnnviz",)))
)
def test_a_sentence_speaks_of_commands_and_options_that_there_are(document: str, line: str) -> None:
    command, _, rest = command_of(arguments_of(line))
    known = {option for param in command.params for option in param.opts}
    named = {word[:2] if re.match("-[a-z]", word) else word for word in rest if word[0] == "-"}
    assert named <= known


@pytest.mark.parametrize(
    "line", ["rnnviz render unrolling --nonesuch", "rnnviz figure states --venue nature"]
)
def test_the_check_of_a_line_notices(line: str) -> None:
    with pytest.raises(click.UsageError):
        check_rnnviz(arguments_of(line))


def briefly(train: Callable[..., Any]) -> Callable[..., Any]:
    """Training that ends after an epoch."""
    return lambda *given, **settings: train(*given, **{**settings, "epochs": 1})


MODELS = """
import torch

class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.out = torch.nn.RNN(3, 4), torch.nn.Linear(4, 2)
    def forward(self, x):
        return self.out(self.rnn(x)[0])

make = Model
"""


def at_once(work: Callable[..., Any], *arguments: Any) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_result(work(*arguments))
    return future


@pytest.fixture
def material(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the documents speak of, and trainings of one epoch."""
    monkeypatch.setenv("RNNVIZ_CACHE_DIR", str(elsewhere / "cache"))
    monkeypatch.setattr(training, "train", briefly(training.train))
    monkeypatch.delitem(sys.modules, "models", raising=False)  # another stands in tests/
    values = 20 + 5 * np.sin(np.arange(80) / 3)
    rows = [f"{day},{value:.2f}" for day, value in enumerate(values)]
    Path("weather.csv").write_text("\n".join(["day,temperature", *rows]), encoding="utf-8")
    rnnviz.record(nn.RNN(3, 4), torch.randn(5, 2, 3), torch.randn(5, 2, 4), loss="squared").save(
        "other.safetensors"
    )
    Path("models.py").write_text(MODELS, encoding="utf-8")
    scope: dict[str, Any] = {}
    exec(MODELS, scope)
    torch.save(scope["make"]().state_dict(), "weights.pt")
    rng = np.random.default_rng(0)
    np.savez(
        "data.npz", inputs=rng.normal(size=(5, 2, 3)).astype("f4"), targets=np.ones((5, 2), int)
    )
    settings = SweepSettings(
        task="temporal-order", lengths=(8,), cells=("rnn",), seeds=(1,), epochs=1
    )
    sweep(settings, Path("sweep.json"), WorkerPool(at_once), lambda *news: None)
    return elsewhere


def test_the_lines_of_rnnviz_that_are_quick_run_in_their_order(
    material: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [line for line in shell_lines("README.md") if line.startswith("rnnviz ")]
    run = [line for line in lines if words(line)[1] not in PARSED_ALONE]
    assert len(run) >= 12
    for line in run:
        with pytest.raises(SystemExit) as stop:
            main(words(line)[1:])
        assert stop.value.code == 0, (line, capsys.readouterr().err)


def test_the_commands_that_are_not_run_are_used() -> None:
    used = {words(line)[1] for name in DOCUMENTS for line in shell_lines(name) if "rnnviz" in line}
    assert set(PARSED_ALONE) <= used


def option_words(line: str) -> list[str]:
    return [word.partition("=")[0] for word in words(line) if word.startswith("--")]


def check_make(line: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    after = words(line)[words(line).index("make") + 1 :]
    for word in after:
        name, given, _ = word.partition("=")
        if given:
            used = makefile + (ROOT / "tools/install.sh").read_text(encoding="utf-8")
            assert re.search(rf"\b{name}\b", used), line
        else:
            assert re.search(rf"^{name}:", makefile, re.MULTILINE), line


def check_python(line: str) -> None:
    script = ROOT / words(line)[1]
    assert script.is_file()
    source = "".join(path.read_text(encoding="utf-8") for path in script.parent.glob("*.py"))
    assert [option for option in option_words(line) if f'"{option}"' not in source] == []


def check_pip(line: str) -> None:
    verb, what = words(line)[1:3]
    assert verb == "install"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = re.fullmatch(r"rnnviz\[(\w+)\]", what)
    if extra:
        assert extra[1] in project["optional-dependencies"]
    else:
        assert what in (".", "torchlens")  # this project, and what a benchmark compares with


def check_dask(line: str) -> None:
    _, name, *rest = [PLACEHOLDERS.get(word, word) for word in words(line)]
    command = import_module(f"distributed.cli.dask_{name}").main
    command.make_context(name, rest)


CHECKS: dict[str, Callable[[str], None]] = {
    "make": check_make,
    "python": check_python,
    "pip": check_pip,
    "dask": check_dask,
}
OTHERS = {
    "brew install cairo pkgconf": "Homebrew's; there is none here",
    "pytest --order=TEXT": "an option of tests/conftest.py; the suite itself runs with it",
    "pytest --cov": "an option of pytest-cov",
}
"""Commands of other programs, with the reason why they are not looked into."""


def lines_of_other_programs() -> Iterator[tuple[str, str]]:
    for name in DOCUMENTS:
        for line in (*shell_lines(name), *inline(name, (*CHECKS, "brew", "pytest"))):
            if not line.startswith("rnnviz "):
                yield name, re.sub("[<>]", "'", line)


@pytest.mark.parametrize(("document", "line"), tuple(lines_of_other_programs()))
def test_a_line_of_another_program_means_something(document: str, line: str) -> None:
    if line in OTHERS:
        return
    program = next(word for word in words(line) if "=" not in word)
    CHECKS[program](line)


def test_the_folders_that_the_readme_lists_are_there() -> None:
    (tree,) = (block.code for block in blocks("README.md") if block.language == "text")
    folders = [line.split()[0] for line in tree.splitlines()]
    assert [folder for folder in folders if not (ROOT / folder).is_dir()] == []


@pytest.fixture
def scope(traces: dict[str, rnnviz.Trace], elsewhere: Path) -> dict[str, Any]:
    """What the examples of docstrings speak of without making it."""
    traces["lstm"].save("run.safetensors")
    halves = {name: nn.ModuleDict({"rnn": nn.RNN(3, 4)}) for name in ("encoder", "decoder")}
    return {
        "rnnviz": rnnviz,
        "plt": pyplot,
        "nn": nn,
        "trace": traces["lstm"],
        "before": traces["lstm"],
        "after": traces["lstm"],
        "model": nn.ModuleDict(halves),
        "axes": Figure().subplots(1, 2),
        "x": torch.randn(6, 2, 3),
        "targets": torch.randn(6, 2, 5),
    }


@pytest.fixture(scope="module")
def traces() -> dict[str, rnnviz.Trace]:
    torch.manual_seed(0)
    x, targets = torch.randn(10, 2, 3), torch.randn(10, 2, 4)
    layers = {"lstm": nn.LSTM(3, 4), "rnn": nn.RNN(3, 4)}
    return {
        name: rnnviz.record(layer, x, targets, loss="squared") for name, layer in layers.items()
    }


OF_A_PLAIN_RNN = ("recurrent_weights",)
"""Whose examples ask for what an LSTM does not have."""


EXAMPLES = tuple(docstrings_with_examples())


@pytest.mark.parametrize("docstring", EXAMPLES, ids=lambda each: f"{each.module}.{each.owner}")
def test_the_example_of_a_docstring_runs(
    docstring: Docstring, scope: dict[str, Any], traces: dict[str, rnnviz.Trace]
) -> None:
    names = {**vars(import_module(docstring.module)), **scope}
    if docstring.owner in OF_A_PLAIN_RNN:
        names["trace"] = traces["rnn"]
    if docstring.owner == "train":
        names["train"] = briefly(training.train)
    examples = doctest.DocTestParser().get_examples(docstring.text.replace("Example:", " " * 8))
    assert examples
    for example in examples:
        wanted = example.want.strip()
        if wanted:
            assert repr(eval(example.source, names)) == wanted
        else:
            exec(example.source, names)


def test_a_notebook_of_the_documents_is_run_by_a_test_of_its_own() -> None:
    books = {path.name for path in (ROOT / "docs").glob("*.ipynb")}
    assert books == {"rnnviz.ipynb"}  # tests/test_notebook.py
    assert json.loads((ROOT / "docs" / "rnnviz.ipynb").read_text(encoding="utf-8"))["cells"]

"""The example notebook runs from its first cell to its last, and shows what it promises."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).resolve().parent.parent / "docs" / "rnnviz.ipynb"
STRICT = """
import warnings

warnings.simplefilter("error")
# of the kernel itself, when it ends
warnings.filterwarnings("ignore", module="ipykernel")
# of pydub, which manim imports for sound; see pyproject.toml
warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning, "pydub")
warnings.filterwarnings("ignore", "Couldn't find ffmpeg or avconv", RuntimeWarning, "pydub")
"""
BRIEFLY = """
import functools

import rnnviz.training

rnnviz.training.train = functools.partial(rnnviz.training.train, epochs=1)
"""


@pytest.fixture(scope="module")
def stored() -> nbformat.NotebookNode:
    book = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(book)
    return book


@pytest.fixture(scope="module")
def outputs(
    stored: nbformat.NotebookNode, tmp_path_factory: pytest.TempPathFactory
) -> list[nbformat.NotebookNode]:
    """What the cells show, with a training of one epoch and every warning as an error."""
    folder = tmp_path_factory.mktemp("notebook")
    book = nbformat.from_dict(stored)
    book.cells.insert(0, nbformat.v4.new_code_cell(STRICT + BRIEFLY))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RNNVIZ_CACHE_DIR", str(folder / "cache"))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        client = NotebookClient(book, timeout=300, resources={"metadata": {"path": str(folder)}})
        client.execute()
    return [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]


def shown(outputs: list[nbformat.NotebookNode], kind: str) -> list[str]:
    return [output.data[kind] for output in outputs if kind in output.get("data", {})]


def test_it_is_stored_without_outputs(stored: nbformat.NotebookNode) -> None:
    code = [cell for cell in stored.cells if cell.cell_type == "code"]
    assert [cell.outputs for cell in code] == [[]] * len(code)
    assert {cell.execution_count for cell in code} == {None}


def test_it_shows_a_summary_figures_and_a_film(outputs: list[nbformat.NotebookNode]) -> None:
    pages = shown(outputs, "text/html")
    assert any("<caption>trace " in page for page in pages)
    assert any('src="data:video/mp4;base64,' in page for page in pages)
    assert len(shown(outputs, "image/png")) == 2


def test_it_proves_its_trace_and_complains_of_nothing(
    outputs: list[nbformat.NotebookNode],
) -> None:
    streams = {output.name: output.text for output in outputs if output.output_type == "stream"}
    assert set(streams) == {"stdout"}
    assert "all passed: True" in streams["stdout"]

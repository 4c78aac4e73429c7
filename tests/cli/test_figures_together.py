"""``rnnviz figure`` with several traces, a chosen state, and normalised values."""

import html
from functools import partial

import pypdf
import pytest
import torch
from models import Around, layer_of
from PIL import Image

import rnnviz
from rnnviz.figures import FIGURES
from rnnviz.recording import record


def saved(path, cell="tanh", seed=0, steps=6, hidden=4, **options):
    torch.manual_seed(seed)
    model = Around(layer_of(cell, 3, hidden), 4).double()
    x = torch.randn(steps, 2, 3, dtype=torch.float64)
    return record(model, x, torch.randint(4, (steps, 2)), **options).save(path)


@pytest.fixture
def run(run):
    """(arguments …) → exit status, stdout, stderr of ``rnnviz figure``."""
    return partial(run, "figure")


@pytest.fixture
def pair(run, tmp_path):
    return saved(tmp_path / "plain.safetensors"), saved(tmp_path / "other_1.safetensors", seed=1)


def text_of(path):
    return pypdf.PdfReader(path).pages[0].extract_text()


def both(pair):
    return [word for path in pair for word in ("--trace", path)]


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, entry in FIGURES.items()
        if entry.drawn_from == "trace" and entry.no_overlay is None
    ],
)
def test_two_traces_in_one_figure_are_labelled_by_their_files(name, run, pair):
    status, out, err = run(name, *both(pair), "-o", "a.pdf")
    assert (status, out.strip(), err) == (0, "a.pdf", "")
    text = text_of("a.pdf")
    assert "plain" in text
    assert "other_1" in text


def test_labels_replace_the_file_names(run, pair):
    labels = ["--label", "before", "--label", "after"]
    assert run("products", *both(pair), *labels, "-o", "a.pdf")[0] == 0
    # text of a PDF has no space between a rotated label and the next one
    assert all(f"{label}, largest" in text_of("a.pdf") for label in ("before", "after"))
    subject = pypdf.PdfReader("a.pdf").metadata.subject
    assert "--trace plain.safetensors --trace other_1.safetensors --label before" in subject


def test_files_of_the_same_name_are_labelled_by_their_paths(run, tmp_path):
    files = []
    for number, folder in enumerate(("one", "two")):
        (tmp_path / folder).mkdir()
        saved(tmp_path / folder / "run.safetensors", seed=number)
        files.append(f"{folder}/run.safetensors")
    assert run("products", *both(files), "-o", "a.pdf")[0] == 0
    assert "one/run.safetensors" in text_of("a.pdf")


@pytest.mark.parametrize("name", [name for name, entry in FIGURES.items() if entry.no_overlay])
def test_a_figure_that_shows_one_trace_refuses_two(name, run, pair, tmp_path):
    status, out, err = run(name, *both(pair), "-o", "a.pdf")
    assert status in (1, 2)
    assert out == ""
    assert err.strip().splitlines()[-1].startswith("Error: ")
    assert not (tmp_path / "a.pdf").exists()
    if FIGURES[name].drawn_from == "trace":
        assert f"{FIGURES[name].no_overlay}; draw one figure for each" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--label", "a"], "give one --label per --trace: expected 2, got 1"),
        (["--label", "a", "--label", "a"], "a different --label"),
        (["--task", "prices"], "--trace cannot be combined with a task"),
        (["--state", "c"], "figure 'products' has no option --state"),
        (["--normalize"], "figure 'products' has no option --normalize"),
    ],
)
def test_options_that_cannot_be_combined(arguments, message, run, pair):
    status, _, err = run("products", *both(pair), *arguments, "-o", "a.pdf")
    assert status == 2
    assert message in err


def test_a_state_that_the_trace_lacks_is_refused(run, pair):
    status, _, err = run("gradient-by-lag", "--trace", pair[0], "--state", "c", "-o", "a.pdf")
    assert status == 1
    assert "an RNN has no cell state c; use state h" in err


@pytest.mark.parametrize("name", ["gradient-by-lag", "states"])
def test_c_of_an_lstm(name, run, tmp_path):
    file = saved(tmp_path / "lstm.safetensors", "lstm")
    assert run(name, "--trace", file, "--state", "c", "-o", "c.pdf")[0] == 0
    assert run(name, "--trace", file, "--state", "h", "-o", "h.pdf")[0] == 0
    assert text_of("c.pdf") != text_of("h.pdf")


def test_normalize_divides_by_the_value_at_lag_0(run, pair):
    assert run("gradient-by-lag", *both(pair), "--normalize", "-o", "a.pdf")[0] == 0


@pytest.mark.parametrize(("kind", "reported"), [("pdf", True), ("svg", True), ("png", False)])
def test_cells_drawn_as_an_image_are_reported(kind, reported, run, tmp_path):
    file = saved(tmp_path / "big.safetensors", steps=101, hidden=50, losses="last")
    status, _, err = run("states", "--trace", file, "-o", f"a.{kind}")
    assert status == 0
    assert ("50 × 101 cells are drawn as an image; up to 5000 are drawn" in err) == reported


def metadata_of(path):
    """Return the metadata of a file as text."""
    if path.suffix == ".pdf":
        return " ".join(map(str, pypdf.PdfReader(path).metadata.values()))
    if path.suffix == ".png":
        with Image.open(path) as picture:
            return " ".join(map(str, picture.info.values()))
    return html.unescape(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", ["pdf", "svg", "png"])
def test_a_file_records_its_origin(kind, run, pair, tmp_path):
    assert run("products", *both(pair), "--venue", "acl", "-o", f"a.{kind}")[0] == 0
    metadata = metadata_of(tmp_path / f"a.{kind}")
    for path in pair:
        assert rnnviz.load(path).identity in metadata
    command = "rnnviz figure products --trace plain.safetensors --trace other_1.safetensors"
    assert f"{command} --venue acl" in metadata
    assert f"rnnviz {rnnviz.__version__}" in metadata

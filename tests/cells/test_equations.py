"""Every cell's equations are those of PyTorch's module of it."""

import subprocess
import sys

import pytest
import torch

from rnnviz import cells
from rnnviz.cells.steps import NUMPY
from rnnviz.errors import CellError
from rnnviz.recording.equation_layer import TORCH, EquationLayer
from rnnviz.recording.modules import layer_module

KINDS = [
    cells.cell(name, nonlinearity)
    for name, kind in cells.known_cells().items()
    for nonlinearity in kind.nonlinearities
]


@pytest.mark.parametrize("cell", KINDS, ids=lambda cell: cell.full_title)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"num_layers": 2, "bidirectional": True},
        {"num_layers": 2, "batch_first": True, "bias": False},
    ],
    ids=str,
)
def test_a_layer_of_the_equations_is_pytorchs(cell, options):
    torch.manual_seed(0)
    fused = layer_module(cell, 3, 4, **options).double()
    own = EquationLayer(cell, 3, 4, **options).double()
    assert {n: p.shape for n, p in own.named_parameters()} == {
        n: p.shape for n, p in fused.named_parameters()
    }
    own.load_state_dict(fused.state_dict())
    x = torch.randn(5, 2, 3).double()
    for given in (x, x[:, 0]):
        (got, got_last), (expected, last) = own(given), fused(given)
        torch.testing.assert_close(got, expected)
        torch.testing.assert_close(got_last, last)
        again, _ = own(given, got_last)
        torch.testing.assert_close(again, fused(given, last)[0])
    got, expected = (
        torch.autograd.grad(each(x)[0].square().sum(), each.parameters()) for each in (own, fused)
    )
    for ours, theirs in zip(got, expected, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_dropout_is_drawn_between_layers_in_training_only():
    layer = EquationLayer(cells.cell("rnn"), 3, 50, 2, dropout=0.5)
    x = torch.randn(4, 1, 3)
    assert not torch.equal(layer(x)[0], layer(x)[0])
    layer.eval()
    assert torch.equal(layer(x)[0], layer(x)[0])


@pytest.mark.parametrize("cell", KINDS, ids=lambda cell: cell.full_title)
def test_the_equations_are_the_same_in_numpy(cell):
    torch.manual_seed(0)
    of_input, of_state = torch.randn(2, 6, 5, len(cell.gates), 4).double()
    expected = cell.activate_all(cell.preactivations(of_input, of_state, TORCH), TORCH)
    sums = cell.preactivations(of_input.numpy().copy(), of_state.numpy(), NUMPY)
    got = cell.activate_all(sums, NUMPY)
    torch.testing.assert_close(torch.from_numpy(got), expected)
    slopes = torch.from_numpy(cell.slopes(got, NUMPY))
    torch.testing.assert_close(slopes, cell.slopes(expected, TORCH))


def test_cells_are_listed_the_oldest_first():
    assert cells.names() == ("rnn", "lstm", "gru")
    assert cells.nonlinearities() == ("tanh", "relu")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (("elman",), "unknown cell 'elman'; choose one of rnn, lstm, gru"),
        (("gru", "relu"), "cell 'gru' has no nonlinearity 'relu'; leave it out, or choose cell"),
        (("gru", "sine"), "cell 'gru' has no nonlinearity 'sine'; leave it out$"),
        (("rnn", "sine"), "cell 'rnn' has no nonlinearity 'sine'; choose one of tanh, relu"),
    ],
)
def test_a_cell_that_there_is_not(asked, expected):
    with pytest.raises(CellError, match=expected):
        cells.cell(*asked)


def test_names_of_cells_load_no_arrays():
    code = "import sys, rnnviz.cells as c; c.names(); print({'torch', 'numpy'} & {*sys.modules})"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "set()"

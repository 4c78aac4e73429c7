"""A cell is told apart in its own module and nowhere else, and a new module is a new cell."""

import ast
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import rnnviz
from rnnviz import cells, measure
from rnnviz.errors import RnnvizError, TraceError, TrainingError
from rnnviz.recording import recurrent_layers
from rnnviz.recording.modules import layer_module
from rnnviz.scene.needs import NEEDS
from rnnviz.training import train
from rnnviz.training.network import Network
from rnnviz.verification.reference import cells as reference

ROOT = Path(__file__).parents[2]
NAMES = {"rnn", "gru", "lstm"}
CLASSES = {"Rnn", "Gru", "Lstm"}
ALLOWED = (
    "rnnviz/cells/",
    "rnnviz/verification/reference/",
    "rnnviz/text/palette.py",  # a colour of its own for each
    "rnnviz/scene/kinds.py",  # lists the kinds of networks that scenes are asked about
)


def names_cell(node):
    """Whether an expression is a cell's name, or several values among which one is."""
    match node:
        case ast.Constant(value=value):
            return value in NAMES
        case ast.Attribute(value=ast.Name(id=name)):
            return name in CLASSES
        case ast.Tuple(elts=values) | ast.List(elts=values) | ast.Set(elts=values):
            return any(map(names_cell, values))
    return False


def told_apart(source):
    """The lines that compare with a cell's name, look one up, list several, or ask for a class."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Compare(left=left, comparators=others):
                found = any(map(names_cell, (left, *others)))
            case ast.Dict(keys=keys):
                found = any(map(names_cell, keys))
            case ast.Subscript(slice=ast.Constant() as key):
                found = names_cell(key)
            case ast.MatchValue(value=value):
                found = names_cell(value)
            case ast.Tuple(elts=values) | ast.List(elts=values) | ast.Set(elts=values):
                literals = (each for each in values if isinstance(each, ast.Constant))
                found = sum(map(names_cell, literals)) > 1
            case ast.Call(func=ast.Name(id="isinstance" | "issubclass"), args=[_, kinds]):
                named = (each.id for each in ast.walk(kinds) if isinstance(each, ast.Name))
                found = not CLASSES.isdisjoint(named)
            case _:
                found = False
        if found:
            yield node.lineno


@pytest.mark.parametrize(
    "source",
    [
        "cell == 'rnn'",
        "'lstm' != trace.metadata.cell",
        "cell in ('gru', other)",
        "about.cell == Lstm.name",
        "{'rnn': 1, **others}[cell]",
        "runs['lstm']",
        "cells = ('rnn', 'gru')",
        "isinstance(cell, Rnn)",
        "match cell:\n    case 'gru':\n        pass",
    ],
)
def test_telling_cells_apart_is_found(source):
    assert list(told_apart(source))


@pytest.mark.parametrize("source", ["self.rnn = 1", "named('rnn')", "('rnn', 'weight')", "x == 1"])
def test_other_names_are_not(source):
    assert not list(told_apart(source))


def test_no_module_but_a_cells_own_tells_cells_apart():
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for folder in ("rnnviz", "scenes")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if not str(path.relative_to(ROOT)).startswith(ALLOWED)
        for line in told_apart(path.read_text(encoding="utf-8"))
    ]
    assert found == []


# --- a new cell -----------------------------------------------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def mgu(tmp_path_factory):
    """The cell of one file, put where the package finds it."""
    folder = tmp_path_factory.mktemp("cells")
    shutil.copy(Path(__file__).with_name("mgu.py"), folder)
    cells.__path__.append(str(folder))
    cells.known_cells.cache_clear()
    yield cells.cell("mgu")
    cells.__path__.remove(str(folder))
    cells.known_cells.cache_clear()
    sys.modules.pop("rnnviz.cells.mgu")


@pytest.fixture(scope="module")
def trained(mgu):
    return train("adding", cell="mgu", hidden=4, epochs=2, seed=1, record_every=1)


@pytest.fixture(scope="module")
def trace(trained):
    return trained.record()


@pytest.fixture(scope="module")
def deep(mgu):
    """Two layers in two directions, on sequences of several lengths."""
    return recorded(layers=2, directions=2)


def recorded(*, layers=1, directions=1, lengths=None):
    torch.manual_seed(0)
    model = Network(3, 4, 2, cell="mgu", layers=layers, bidirectional=directions == 2).double()
    x, targets = torch.randn(6, 2, 3).double(), torch.randint(2, (6, 2))
    return rnnviz.record(model, x, targets, lengths=lengths)


def one_step(trace, x, h, layer=0, direction=0):
    """A step by the equations, written once more."""
    held = [
        torch.tensor(np.array(trace.weight(kind, layer, direction)))
        for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    ]
    (u_f, u_n), (w_f, w_n), (b_f, b_n), (c_f, c_n) = (each.chunk(2) for each in held)
    f = torch.sigmoid(u_f @ x + b_f + w_f @ h + c_f)
    n = torch.tanh(u_n @ x + b_n + f * (w_n @ h + c_n))
    return (1 - f) * n + f * h


def test_it_is_known_by_its_name(mgu):
    assert "mgu" in cells.names()
    with pytest.raises(TrainingError, match="choose one of rnn, lstm, gru, mgu"):
        train("adding", cell="elman")


def test_it_is_trained(trained):
    before, *_, after = trained.history.traces
    assert before.metadata.cell == after.metadata.cell == "mgu"
    assert trained.history.loss[-1] < trained.history.loss[0]
    assert trained.history.sigma_1.shape == (2, 2)


@pytest.mark.parametrize(("layers", "directions"), [(1, 1), (2, 1), (1, 2), (2, 2)])
def test_it_is_recorded(layers, directions):
    trace = recorded(layers=layers, directions=directions)
    for layer in range(layers):
        for direction in range(directions):
            entering = torch.tensor(np.array(trace.layer_input(layer)))
            before = torch.tensor(np.array(trace.states_before(layer, direction)))
            for step in range(trace.steps):
                made = one_step(trace, entering[step, 1], before[step, 1], layer, direction)
                np.testing.assert_allclose(trace.h[layer, direction, step, 1], made, atol=1e-12)
    assert repr(trace).startswith("<Trace: MGU, ")
    assert trace.metadata.module == "MGU"


def test_a_padded_batch_is_recorded(mgu):
    trace = recorded(lengths=[6, 4])
    assert not trace.h[0, 0, 4:, 1].any()
    assert trace.grad_h_by_loss[3, 0, 0, :4, 1].any()


def test_its_jacobians_are_autograds(deep):
    for layer, direction in ((0, 0), (1, 1)):
        entering = torch.tensor(np.array(deep.layer_input(layer)))[2, 0]
        before = torch.tensor(np.array(deep.states_before(layer, direction)))[2, 0]
        expected = torch.autograd.functional.jacobian(
            lambda h, x=entering, at=(layer, direction): one_step(deep, x, h, *at), before
        )
        np.testing.assert_allclose(deep.jacobian[layer, direction, 2, 0], expected, atol=1e-12)


def test_its_gradients_are_those_of_a_loop(trace):
    states = [torch.tensor(np.array(trace.h0[0, 0, 0])).requires_grad_()]
    x, v, c = (torch.tensor(np.array(each)) for each in (trace.x, trace.V, trace.output_bias))
    for step in range(trace.steps):
        states.append(one_step(trace, x[step, 0], states[-1]))
    last = trace.loss_steps[-1]
    output = v @ states[last + 1] + c
    target = torch.tensor(np.array(trace.targets[last, 0]))
    loss = 0.5 * (output - target).square().sum()
    found = torch.autograd.grad(loss, states[1 : last + 2])
    row = list(trace.loss_times).index(last)
    got = trace.grad_h_by_loss[row, 0, 0, : last + 1, 0]
    np.testing.assert_allclose(got, torch.stack(found), atol=1e-12)


def test_it_is_measured(trace, deep):
    assert set(measure.gates(trace)) == {"f", "n"}
    kept = measure.cell_path(trace, trace.steps - 1)[trace.steps - 2]
    np.testing.assert_allclose(kept, measure.gates(trace)["f"][-1])
    summed = measure.weight_gradients(deep, layer=1, direction=1).sum(axis=0)
    np.testing.assert_allclose(summed, deep.gradients["rnn.weight_hh_l1_reverse"], atol=1e-12)
    found = measure.fixed_points(trace)
    zero = torch.zeros(trace.input_size, dtype=torch.float64)
    for state in found.states:
        moved = one_step(trace, zero, torch.tensor(state))
        np.testing.assert_allclose(moved, state, atol=1e-8)
    assert len(found.states)
    felt = measure.output_by_input(deep, 3)
    assert np.isfinite(felt).all()
    with pytest.raises(TraceError, match="is that of a plain RNN, got an MGU"):
        measure.state_jacobian_bounds(trace)


def test_it_is_saved_and_run_again(trace, tmp_path):
    loaded = rnnviz.load(trace.save(tmp_path / "mgu.safetensors"))
    assert loaded.digest == trace.digest
    again = rnnviz.rerun(loaded, {})
    np.testing.assert_array_equal(again.grad_h_by_loss, trace.grad_h_by_loss)


@pytest.mark.parametrize("name", ["states", "gates", "saturation", "spectrum", "gradient-by-lag"])
def test_it_is_drawn(trace, name):
    assert rnnviz.figure(name, trace).axes


def test_what_shows_a_plain_network_refuses_it_by_its_title(trace):
    with pytest.raises(TraceError, match="the trace is of an MGU, but 'tanh' shows a tanh RNN"):
        rnnviz.figure("tanh", trace)
    assert "the trace is of an MGU" in NEEDS["plain-rnn"](trace)
    assert NEEDS["one-layer"](trace) is None


def test_it_is_not_verified_without_independent_code(trace):
    with pytest.raises(TraceError, match="cell 'mgu' has no independent implementation"):
        rnnviz.verify(trace)


def test_it_is_verified_with_independent_code(trace, deep, monkeypatch):
    class Independent(reference.Layer):
        gates = 2

        def step(self, x, h, c):
            (x_f, x_n), (h_f, h_n) = (
                np.split(a, 2, axis=-1) for a in (self.input(x), self.state(h))
            )
            f = 1 / (1 + np.exp(-(x_f + h_f)))
            sums = x_n + f * h_n
            n = np.tanh(sums)
            preact, gates = np.stack([x_f + h_f, sums], -2), np.stack([f, n], -2)
            return reference.States(preact, gates, (1 - f) * n + f * h)

        def back(self, at_h, at_c, here, before):
            f, n = here.gates[..., 0, :], here.gates[..., 1, :]
            share = np.split(self.state(before.h), 2, axis=-1)[1]
            at_n = at_h * (1 - f) * (1 - n**2)
            at_f = (at_h * (before.h - n) + at_n * share) * f * (1 - f)
            of_state = np.stack([at_f, at_n * f], -2)
            return reference.Back(np.stack([at_f, at_n], -2), of_state, at_h * f)

    monkeypatch.setitem(reference.LAYERS, "mgu", Independent)
    assert rnnviz.verify(trace).ok
    assert rnnviz.verify(deep).ok


def test_its_own_layer_is_found_in_any_model(mgu):
    model = nn.Sequential(layer_module(mgu, 3, 4))
    assert list(recurrent_layers(model)) == ["0"]


def test_packed_sequences_are_refused(mgu):
    x = nn.utils.rnn.pack_sequence([torch.randn(4, 3), torch.randn(2, 3)])
    with pytest.raises(RnnvizError, match="MGU takes no packed sequences; pass the padded batch"):
        rnnviz.record(Network(3, 4, 2, cell="mgu"), x, torch.zeros(4, 2, dtype=torch.long))

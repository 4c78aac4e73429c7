"""What the engine recomputes in a real browser, against recordings and the measures of them."""

import base64
import dataclasses
import math
from importlib.resources import files

import numpy as np
import pytest
import torch
from drawn_networks import CELLS, any_network, drawn
from handwritten import gated  # noqa: F401
from handwritten.cases import CASES
from hypothesis import given
from hypothesis import strategies as st
from models import Around, layer_of
from playwright.sync_api import Error
from torch import nn

from rnnviz import measure
from rnnviz.errors import TraceError
from rnnviz.explorer.modules import engine_modules, import_map, modules_in
from rnnviz.explorer.network_data import network_data
from rnnviz.recording import record
from rnnviz.text.html import in_script

CLOSE = 1e-10
COMPARE = "(text) => { const d = opened(text); return engine.compare(d.runs, d.recorded); }"


@given(settings=any_network())
def test_it_recomputes_any_recording(ask, settings):
    trace = drawn(**settings)
    found = ask(COMPARE, trace)
    assert found["worst"] < CLOSE, found
    expected = {"h", "output", "y", "loss", "grad_h_by_loss", "grad_x_by_loss"}
    expected |= {f"gradients/{name}" for name in network_data(trace)["network"]["names"]}
    if trace.cell.gated:
        expected.add("gates")
    if trace.cell.has_cell_state:
        expected.add("c")
    assert set(found["byField"]) == expected


@pytest.mark.parametrize("cell", CELLS)
def test_it_recomputes_dropout_between_layers(ask, cell):
    trace = drawn(cell=cell, layers=3, bidirectional=True, dropout=0.4, training=True)
    assert trace.dropout is not None
    assert ask(COMPARE, trace)["worst"] < CLOSE


def test_it_recomputes_a_network_without_an_output_layer(ask):
    torch.manual_seed(0)
    layer = layer_of("lstm", 3, 4, bidirectional=True)
    x, targets = torch.randn(5, 2, 3).double(), torch.randn(5, 2, 8).double()
    trace = record(layer, x, targets, loss="squared")
    found = ask(COMPARE, trace)
    assert found["worst"] < CLOSE
    assert "grad_h_by_loss" in found["byField"]
    assert "gradients/head.weight" not in found["byField"]


def test_missing_targets_have_no_loss(ask, make_trace):
    trace = make_trace(last_only=True)
    assert ask(COMPARE, trace)["worst"] < CLOSE
    losses = ask("(text) => [...opened(text).runs[0].lossTimes]", trace)
    assert losses == [trace.steps - 1]


def test_float32_is_recomputed_to_its_own_precision(ask):
    trace = drawn(dtype=torch.float32, lengths=(20,))
    found = ask(COMPARE, trace)
    assert 1e-10 < found["worst"] < network_data(trace)["recorded"]["tolerance"]


@pytest.fixture(scope="module")
def without_wasm(browser_page):
    """A page with the engine in a browser that has no WebAssembly."""
    page = browser_page.context.browser.new_page()
    page.add_init_script("delete globalThis.WebAssembly")
    page.goto(browser_page.url)
    page.wait_for_selector("body[data-ready=yes]", state="attached")
    assert page.evaluate("typeof WebAssembly") == "undefined"
    yield page
    page.close()


@given(settings=any_network())
def test_it_needs_no_webassembly(without_wasm, settings):
    found = without_wasm.evaluate(COMPARE, in_script(network_data(drawn(**settings))))
    assert found["worst"] < CLOSE, found
    assert "grad_h_by_loss" in found["byField"]


@pytest.mark.parametrize("size", [1e-250, 1e-170, 1.0, 1e150])
def test_norms_of_very_small_and_large_gradients(ask, size):
    """Their squares are no float64."""
    norms = """(text, size) => {
      const { network, sequences: [sequence] } = opened(text);
      const gradients = network.edited({ scale: { V: size } }).run(sequence).gradients();
      const vectors = gradients.h.flatMap((row) => row[0][0].map((h) => [...h]));
      return [[...gradients.norms().data], vectors];
    }"""
    found, vectors = ask(norms, drawn(loss="squared", lengths=(4,)), size)
    expected = [math.hypot(*vector) for vector in vectors]
    assert found == pytest.approx(expected, rel=1e-12, abs=0)
    assert max(found) > 0


def test_a_gradient_that_vanishes_goes_no_further_back(ask):
    """Rows that end on their way are as exact as those that do not."""
    trace = drawn(cell="tanh", lengths=(60,))
    weak = """(text) => {
      const { network, sequences: [sequence] } = opened(text);
      const gradients = network.edited({ scale: { W: 1e-9 } }).run(sequence).gradients();
      return [...gradients.norms().data];
    }"""
    norms = np.reshape(ask(weak, trace), (60, 60))
    lags = [np.diag(norms, -lag) for lag in range(60)]
    assert (lags[30] > 0).all()
    assert (lags[40] == 0).all()
    sizes = np.array([lag[-1] for lag in lags[:30]])
    assert (sizes[1:] < 1e-7 * sizes[:-1]).all()


def test_too_many_gradients_are_refused(ask):
    long = """(text) => {
      const { network, sequences: [sequence] } = opened(text);
      const x = engine.matrixOf(Array.from({ length: 6000 }, () => [0, 0, 0]));
      const run = network.run({ ...sequence, x, targets: new Array(6000).fill(0) });
      const some = run.gradients({ times: [5999] }).norms();
      try { run.gradients(); } catch (error) { return [some.rows, error.message]; }
    }"""
    rows, message = ask(long, drawn(cell="tanh"))
    assert rows == 1
    assert "choose some losses with times" in message


# --- it notices ---------------------------------------------------------------------------------


def tampered(packed, place=-1, by=1e-6):
    """Return a packed array with one number changed."""
    values = np.frombuffer(base64.b64decode(packed["data"]), dtype="<f8").copy()
    largest = np.abs(np.nan_to_num(values)).max()
    values[place] = values[place] + by * largest
    return {**packed, "data": base64.b64encode(values.tobytes()).decode()}


@pytest.mark.parametrize(
    ("keys", "field"),
    [
        (("h", 0), "h"),
        (("c", 1), "c"),
        (("gates", 0), "gates"),
        (("output",), "output"),
        (("y",), "y"),
        (("loss",), "loss"),
        (("gradients", "h", 1, 0), "grad_h_by_loss"),
        (("gradients", "x"), "grad_x_by_loss"),
    ],
)
def test_one_changed_number_of_the_recording_is_noticed(ask, keys, field):
    content = network_data(drawn(layers=2, lengths=(5, 5)))
    assert ask(COMPARE, content)["worst"] < CLOSE
    held = content["recorded"]["sequences"][1]
    for key in keys[:-1]:
        held = held[key]
    held[keys[-1]] = tampered(held[keys[-1]])
    found = ask(COMPARE, content)
    assert found["field"] == field
    assert found["worst"] > 1e-7
    assert all(value < CLOSE for name, value in found["byField"].items() if name != field)


@pytest.mark.parametrize("name", ["weight_ih_l1", "weight_hh_l0", "bias_hh_l0", "head.weight"])
def test_one_changed_gradient_of_a_parameter_is_noticed(ask, name):
    content = network_data(drawn(layers=2, lengths=(5, 5)))
    held = content["recorded"]["parameterGradients"]
    held[name] = tampered(held[name])
    assert ask(COMPARE, content)["field"] == f"gradients/{name}"


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("weight_ih", "h"),
        ("weight_hh", "h"),
        ("bias_ih", "h"),
        ("bias_hh", "h"),
        ("weight_hr", "h"),
        ("weight", "output"),
        ("bias", "output"),
    ],
)
def test_one_changed_weight_is_noticed(ask, name, first):
    content = network_data(drawn(cell="projected"))
    network = content["network"]
    held = network["head"] if name in network["head"] else network["layers"][0][0]["parameters"]
    held[name] = tampered(held[name])
    found = ask(COMPARE, content)
    assert found["worst"] > 1e-9
    assert next(field for field, value in found["byField"].items() if value > 1e-9) == first


# --- what it is given ---------------------------------------------------------------------------


class Deep(nn.Module):
    """A head of two layers."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(3, 4)
        self.head = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 4))

    def forward(self, x):
        return self.head(self.rnn(x)[0])


def test_of_a_deep_head_the_states_are_live(ask):
    torch.manual_seed(0)
    trace = record(Deep().double(), torch.randn(5, 2, 3).double(), torch.randint(4, (5, 2)))
    content = network_data(trace)
    assert content["live"]
    assert content["why"] == "the output is not one Linear of the states"
    found = ask(COMPARE, content)
    assert found["worst"] < CLOSE
    assert set(found["byField"]) == {"h", "gates"}


def test_of_an_own_loss_the_outputs_are_live(ask):
    torch.manual_seed(0)
    model = Around(layer_of("gru", 3, 4)).double()
    x, targets = torch.randn(5, 2, 3).double(), torch.randn(5, 2, 4).double()
    trace = record(model, x, targets, loss=lambda output, wanted: (output - wanted).abs().sum(2))
    content = network_data(trace)
    assert content["live"]
    assert content["why"] == "the loss is the model's own"
    found = ask(COMPARE, content)
    assert found["worst"] < CLOSE
    assert set(found["byField"]) == {"h", "gates", "output"}


def test_a_custom_cell_is_shown_as_recorded(ask):
    case = CASES["minimal"]()
    trace = record(case.model, case.inputs, case.targets, loss="squared", states=case.states)
    content = network_data(trace)
    assert content["network"] is None
    assert not content["live"]
    assert content["why"] == "the cell is the model's own code"
    states = ask("(text) => opened(text).recorded.sequences[0].h[0][0]", trace)
    assert states == trace.h[0, 0, :, 0].ravel().tolist()


def test_a_cell_that_the_engine_does_not_know_is_shown_as_recorded(make_trace, monkeypatch):
    def unknown(trace):
        raise TraceError("no independent implementation")

    monkeypatch.setattr("rnnviz.explorer.network_data.reference_of", unknown)
    content = network_data(make_trace())
    assert not content["live"]
    assert content["why"] == "the engine does not know the equations of the cell"


def test_some_sequences_and_few_losses(ask, make_trace):
    trace = make_trace(batch=3)
    content = network_data(trace, sequences=[2, 0], most=1)
    assert content["recorded"]["parameterGradients"] is None
    assert content["recorded"]["sequences"][0]["gradients"]["times"] == [trace.steps - 1]
    assert ask(COMPARE, content)["worst"] < CLOSE
    states = ask("(text) => [...opened(text).runs[0].h[0][0][3]]", content)
    assert states == pytest.approx(trace.h[0, 0, 3, 2], abs=1e-14)
    with pytest.raises(TraceError, match="there is no sequence 3"):
        network_data(trace, sequences=[3])


def test_few_losses_are_evenly_spaced(make_trace):
    trace = make_trace(steps=9)
    size = trace.h[0, 0, :, 0].size + trace.x[:, 0].size
    content = network_data(trace, sequences=[0], most=3 * size)
    assert content["recorded"]["sequences"][0]["gradients"]["times"] == [0, 4, 8]


def test_labels_are_kept(make_trace):
    trace = make_trace()
    words = (tuple("abcdef"[: trace.steps]),) * trace.batch
    labels = dataclasses.replace(trace.metadata, step_labels=words)
    content = network_data(dataclasses.replace(trace, metadata=labels))
    assert content["sequences"][0]["labels"] == list(words[0])


def test_modules_import_each_other_by_name(browser_page):
    modules = {
        "one/a.js": 'import { b } from "../two/b.js";\nexport const a = b + 1;',
        "two/b.js": 'import { c } from "./c.js";\nexport { c } from "./c.js";\nexport const b = c;',
        "two/c.js": "export const c = 40;",
    }
    page = browser_page.context.browser.new_page()
    try:
        page.set_content(
            import_map(modules)
            + '<script type="module">import { a } from "one/a.js"; window.found = a;</script>'
        )
        page.wait_for_function("window.found")
        assert page.evaluate("found") == 41
    finally:
        page.close()
    with pytest.raises(KeyError, match="which is not there"):
        import_map({"one/a.js": modules["one/a.js"]})


def test_the_modules_of_a_folder_are_all_there():
    folder = files("rnnviz") / "explorer" / "engine"
    names = {f"engine/{each.name}" for each in folder.iterdir() if each.name.endswith(".js")}
    assert set(engine_modules()) == set(modules_in(folder, "engine")) == names
    assert "engine/index.js" in names


# --- what follows from it -----------------------------------------------------------------------


MEASURES = """(text, layer, direction, t) => {
  const { runs: [run] } = opened(text);
  const jacobian = run.jacobian(layer, direction, t);
  const { points, shares } = engine.principalPlane(run.h[layer][direction]) ?? {};
  return {
    jacobian: [...jacobian.data],
    singular: [...engine.singularValues(jacobian)],
    eigen: engine.eigenvalues(jacobian).map(({ re, im }) => [re, im]),
    norms: [...run.gradients().norms(layer, direction).data],
    shares: [...run.weightShares(layer, direction)],
    points,
    along: shares,
    total: [...run.gradientsOfTotal().h[0][layer][direction][t]],
  };
}"""


@given(
    cell=st.sampled_from(CELLS),
    bidirectional=st.booleans(),
    layer=st.integers(0, 1),
    t=st.integers(0, 6),
    seed=st.integers(0, 10_000),
)
def test_measures_of_a_run_equal_those_of_the_trace(ask, cell, bidirectional, layer, t, seed):
    trace = drawn(cell=cell, layers=2, bidirectional=bidirectional, lengths=(7,), seed=seed)
    place = {"layer": layer, "direction": int(bidirectional)}
    found = ask(MEASURES, trace, layer, int(bidirectional), t)
    jacobian = trace.jacobian[layer, int(bidirectional), t, 0]
    assert found["jacobian"] == pytest.approx(jacobian.ravel(), abs=1e-12)
    singular = np.linalg.svd(jacobian, compute_uv=False)
    assert found["singular"] == pytest.approx(singular, abs=1e-12)
    eigen = [complex(*pair) for pair in found["eigen"]]
    close_spectra(eigen, measure.eigenvalues(jacobian), 1e-10)
    norms = measure.gradient_norms(trace, **place)[:, :, 0]
    assert found["norms"] == pytest.approx(np.nan_to_num(norms).ravel(), abs=1e-12)
    if any(found["shares"]):
        shares = measure.weight_gradient_norm_shares(trace, **place)
        assert found["shares"] == pytest.approx(shares, abs=1e-12)
    else:  # relu units that are all off
        with pytest.raises(TraceError, match="all terms of ∂L/∂W are zero"):
            measure.weight_gradient_norm_shares(trace, **place)
    components = measure.principal_components(trace, sequence=0, **place)
    assert found["points"] == pytest.approx(components.trajectories[0][:, 0], abs=1e-9)
    assert found["along"] == pytest.approx(components.shares, abs=1e-12)
    total = trace.grad_h[layer, int(bidirectional), t, 0]
    assert found["total"] == pytest.approx(total, abs=1e-12)


def close_spectra(got, expected, tolerance):
    """Check that two lists of eigenvalues pair up."""
    left = list(expected)
    scale = max(1.0, *np.abs(left))
    for value in got:
        nearest = min(left, key=lambda each: abs(each - value))
        assert abs(nearest - value) <= tolerance * scale
        left.remove(nearest)
    assert left == []


SPECTRA = """(rows) => {
  const a = engine.matrixOf(rows);
  return [[...engine.singularValues(a)], engine.eigenvalues(a).map(({ re, im }) => [re, im])];
}"""


@given(
    size=st.integers(1, 24),
    kind=st.sampled_from(["any", "symmetric", "orthogonal", "scaled", "rank 1", "zero rows"]),
    seed=st.integers(0, 10_000),
)
def test_spectra_are_those_of_numpy(browser_page, size, kind, seed):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(size, size))
    if kind == "symmetric":
        a = a + a.T
    elif kind == "orthogonal":
        a = np.linalg.qr(a)[0]
    elif kind == "scaled":
        a = a * 10.0 ** rng.integers(-3, 3, size=(size, 1))
    elif kind == "rank 1":
        a = np.outer(a[0], a[0])
    elif kind == "zero rows":
        a[rng.random(size) < 0.4] = 0
    singular, eigen = browser_page.evaluate(SPECTRA, a.tolist())
    expected = np.linalg.svd(a, compute_uv=False)
    assert singular == pytest.approx(expected, abs=1e-12 * max(1, expected[0]))
    close_spectra([complex(*pair) for pair in eigen], measure.eigenvalues(a), 1e-10)


def test_the_order_of_eigenvalues_is_that_of_the_measure(browser_page):
    a = np.random.default_rng(3).normal(size=(9, 9))
    _, eigen = browser_page.evaluate(SPECTRA, a.tolist())
    np.testing.assert_allclose([complex(*pair) for pair in eigen], measure.eigenvalues(a))


def test_a_matrix_that_is_not_square_has_no_eigenvalues(browser_page):
    with pytest.raises(Error, match="eigenvalues need a square matrix, got 1 × 2"):
        browser_page.evaluate("engine.eigenvalues(engine.matrixOf([[1, 2]]))")


def test_states_that_do_not_vary_have_no_plane(browser_page):
    flat = "engine.principalPlane([1, 1, 1].map(() => new Float64Array([2, 3])))"
    assert browser_page.evaluate(flat) is None
    assert browser_page.evaluate("engine.principalPlane([])") is None

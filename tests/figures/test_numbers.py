"""Figures, read back as data, show the values of the trace."""

import dataclasses
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
import torch
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from models import Around, layer_of

from rnnviz import measure
from rnnviz.errors import SceneError, TraceError
from rnnviz.experiments.default_recordings import record_task
from rnnviz.figures.axes import color_map
from rnnviz.figures.plots.gates import gates
from rnnviz.figures.plots.gradient_by_lag import gradient_by_lag
from rnnviz.figures.plots.gradient_table import gradient_table
from rnnviz.figures.plots.products import products
from rnnviz.figures.plots.saliency import saliency
from rnnviz.figures.plots.saturation import saturation
from rnnviz.figures.plots.spectrum import spectrum
from rnnviz.figures.plots.states import states
from rnnviz.figures.plots.tanh import tanh
from rnnviz.figures.plots.training import training
from rnnviz.figures.plots.trajectory import trajectory
from rnnviz.figures.plots.unrolled import unrolled
from rnnviz.figures.plots.weight_shares import weight_shares
from rnnviz.recording import record
from rnnviz.text.palette import LIGHT
from rnnviz.training import train


def recorded(cell, seed):
    torch.manual_seed(seed)
    model = Around(layer_of(cell, 3, 4)).double()
    x = torch.randn(7, 2, 3, dtype=torch.float64)
    return record(model, x, torch.randint(4, (7, 2)))


@pytest.fixture(params=[0, 1], ids=["one network", "another"])
def trace(request):
    return recorded("tanh", request.param)


def cells_of(axes):
    (mesh,) = (each for each in axes.collections if isinstance(each, QuadMesh))
    return np.ma.filled(mesh.get_array(), np.nan)


def heights(axes):
    return [bar.get_height() for bar in axes.containers[0]]


def slopes(trace, sequence):
    return 1 - trace.h[0, 0, :, sequence] ** 2


def one_step(trace, step, sequence):
    return np.diag(slopes(trace, sequence)[step]) @ trace.W


def norm_by_pair(trace):
    return {
        (t, k, b): np.sqrt((trace.grad_h_by_loss[t, 0, 0, k, b] ** 2).sum())
        for t in range(7)
        for k in range(t + 1)
        for b in range(2)
    }


def test_states(trace):
    np.testing.assert_array_equal(cells_of(states(trace, sequence=1)), trace.h[0, 0, :, 1].T)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_gates(cell):
    trace = recorded(cell, 0)
    shown = [axes for axes in gates(trace).axes if axes.get_label() != "<colorbar>"]
    assert len(shown) == trace.gates.shape[-2]
    for index, axes in enumerate(shown):
        np.testing.assert_array_equal(cells_of(axes), trace.gates[0, 0, :, 0, index].T)


def test_gradient_table(trace):
    image = np.ma.filled(np.ma.masked_invalid(cells_of(gradient_table(trace))), 0.0)
    for (t, k, b), norm in norm_by_pair(trace).items():
        if b == 0:
            assert image[t, k] == pytest.approx(norm)
    assert (image[np.triu_indices(7, 1)] == 0).all()


def test_gradient_by_lag(trace):
    axes = gradient_by_lag(trace)
    mean, bound = axes.lines
    pairs = norm_by_pair(trace)
    for lag in range(7):
        norms = [norm for (t, k, _), norm in pairs.items() if t - k == lag]
        assert mean.get_ydata()[lag] == pytest.approx(np.mean(norms))
        largest = max(norm for (t, k, _), norm in pairs.items() if t == k)
        sigma = np.sqrt(np.linalg.eigvalsh(trace.W.T @ trace.W)[-1])
        assert bound.get_ydata()[lag] == pytest.approx(largest * sigma**lag)
        assert max(norms) <= bound.get_ydata()[lag] * (1 + 1e-9)


def test_exact_zeros_count_in_the_mean_and_missing_losses_do_not(trace):
    given = trace.grad_h_by_loss.copy()
    given[:, :, :, :, 1] = 0
    given[6, :, :, :5, 0] = 0
    axes = gradient_by_lag(dataclasses.replace(trace, grad_h_by_loss=given))
    by_pair = np.linalg.norm(given[:, 0, 0, :, 0], axis=-1)
    means = [np.mean([by_pair[k + lag, k] for k in range(7 - lag)]) for lag in range(7)]
    assert axes.lines[0].get_ydata() == pytest.approx(means)
    assert means[6] == 0


class Attention(Around):
    """At each step a Linear of a mean over all states, weighted by how like they are to its own."""

    def forward(self, x, state=None):
        states, _ = self.rnn(x, state)
        weights = torch.einsum("tbh,kbh->btk", states, states).softmax(-1)
        return self.fc(torch.einsum("btk,kbh->tbh", weights, states))


@pytest.mark.parametrize("kind", ["attention", "bidirectional"])
@pytest.mark.parametrize("direction", [0, 1])
def test_gradient_by_lag_draws_states_after_the_loss(kind, direction):
    torch.manual_seed(0)
    options = {"bidirectional": True, "num_layers": 2 if kind == "bidirectional" else 1}
    model = (Attention if kind == "attention" else Around)(layer_of("tanh", 3, 4, **options))
    x = torch.randn(7, 2, 3, dtype=torch.float64)
    trace = record(model.double(), x, torch.randint(4, (7, 2)))
    axes = gradient_by_lag(trace, direction=direction)
    mean = axes.lines[0]
    assert mean.get_xdata().tolist() == list(range(-6, 7))
    by_pair = np.linalg.norm(trace.grad_h_by_loss[:, 0, direction], axis=-1)
    for lag, drawn in zip(mean.get_xdata(), mean.get_ydata(), strict=True):
        k = [t + lag if direction else t - lag for t in range(7)]
        norms = [by_pair[t, k[t]] for t in range(7) if 0 <= k[t] < 7]
        assert drawn == pytest.approx(np.mean(norms))
        assert drawn > 0
    left, right = axes.get_xlim()
    assert left < -6
    assert right > 6
    assert "states after the loss" in axes.get_xlabel()
    assert ("k - t" if direction else "t - k") in axes.get_xlabel()
    # the bound is that of a layer whose gradient comes through the loss's own state
    assert [line.get_label() for line in axes.lines if "bound" in str(line.get_label())] == []


def test_the_bound_is_drawn_only_where_it_holds():
    torch.manual_seed(0)
    model = Around(layer_of("tanh", 3, 4, num_layers=2)).double()
    x = torch.randn(7, 2, 3, dtype=torch.float64)
    trace = record(model, x, torch.randint(4, (7, 2)))
    bounds = [
        [line for line in gradient_by_lag(trace, layer=layer).lines if "bound" in line.get_label()]
        for layer in (0, 1)
    ]
    assert list(map(len, bounds)) == [0, 1]


def test_weight_shares(trace):
    norms = []
    for step in range(7):
        before = trace.h[0, 0, step - 1] if step else np.zeros((2, 4))
        at = trace.grad_h[0, 0, step] * (1 - trace.h[0, 0, step] ** 2)
        norms.append(np.linalg.norm(sum(np.outer(at[b], before[b]) for b in range(2))))
    assert heights(weight_shares(trace)) == pytest.approx([n / sum(norms) for n in norms])


def test_shares_of_a_layer_without_gradients_are_refused(trace):
    unfelt = dataclasses.replace(trace, grad_h=np.zeros_like(trace.grad_h))
    with pytest.raises(TraceError, match=r"no recorded loss changes with W .*; choose others"):
        weight_shares(unfelt)


def by_parts(values):
    return sorted((round(float(v.real), 9), round(abs(float(v.imag)), 9)) for v in np.ravel(values))


def test_spectrum(trace):
    of_steps, of_w = spectrum(trace).collections
    found = of_steps.get_offsets() @ [1, 1j]
    expected = [np.linalg.eigvals(one_step(trace, step, 0)) for step in range(7)]
    assert by_parts(found) == by_parts(np.array(expected))
    assert by_parts(of_w.get_offsets() @ [1, 1j]) == by_parts(np.linalg.eigvals(trace.W))


def test_products(trace):
    lines = [line for line in products(trace, sequence=1).lines if len(line.get_xdata()) == 7]
    product = np.eye(4)
    for lag in range(7):
        expected = np.linalg.svd(product, compute_uv=False)
        assert [line.get_ydata()[lag] for line in lines] == pytest.approx(expected, rel=1e-6)
        product = product @ one_step(trace, 6 - lag, 1)


@pytest.mark.parametrize("cell", ["tanh", "gru", "lstm", "projected"])
@pytest.mark.parametrize("direction", [0, 1])
def test_products_and_spectra_of_some_steps_are_those_of_all(cell, direction, monkeypatch):
    """Large layers draw evenly spaced steps, and the legend says so."""
    torch.manual_seed(0)
    model = Around(layer_of(cell, 3, 4, bidirectional=True)).double()
    trace = record(model, torch.randn(20, 2, 3).double(), torch.randint(4, (20, 2)))
    whole = products(trace, sequence=1, direction=direction)
    t = 19 if direction == 0 else 0
    expected = measure.state_jacobian_singular_values(trace, t, direction=direction)[:, 1]
    expected = expected[::-1] if direction == 0 else expected
    every = [line for line in whole.lines if len(line.get_xdata()) == 20]
    assert not any("of 20" in text.get_text() for text in whole.get_legend().get_texts())
    np.testing.assert_allclose([line.get_ydata() for line in every], expected.T, rtol=1e-9)
    all_eigenvalues = spectrum(trace, sequence=1, direction=direction).collections[0].get_offsets()
    assert len(all_eigenvalues) == 80
    monkeypatch.setattr("rnnviz.figures.plots.products._WORK", 0)
    monkeypatch.setattr("rnnviz.figures.plots.spectrum._WORK", 0)
    some = products(trace, sequence=1, direction=direction)
    lines = [line for line in some.lines if len(line.get_xdata()) == 8]
    lags = lines[0].get_xdata()
    assert (lags[0], lags[-1]) == (0, 19)
    np.testing.assert_allclose([line.get_ydata() for line in lines], expected[lags].T, rtol=1e-9)
    assert any("at 8 of 20 lags" in text.get_text() for text in some.get_legend().get_texts())
    drawn = spectrum(trace, sequence=1, direction=direction)
    assert len(drawn.collections[0].get_offsets()) == 32
    kept = {tuple(place) for place in np.round(all_eigenvalues, 9)}
    assert {tuple(place) for place in np.round(drawn.collections[0].get_offsets(), 9)} <= kept
    assert any("8 of 20 steps" in text.get_text() for text in drawn.get_legend().get_texts())


def test_products_hold_one_product_at_a_time(monkeypatch):
    torch.manual_seed(0)
    layer = layer_of("lstm", 2, 48)
    trace = record(layer, torch.randn(60, 1, 2).double(), torch.randn(60, 1, 48).double(),
                   loss="squared", gradients=False)  # fmt: skip
    monkeypatch.setattr("rnnviz.measure.jacobians._BLOCK", 1)
    tracemalloc.start()
    try:
        products(trace)
        spectrum(trace)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < trace.steps * 96**2 * 8 / 2


def test_saturation(trace):
    (patch,) = saturation(trace).patches
    values, edges, _ = patch.get_data()
    every = np.concatenate([slopes(trace, b).ravel() for b in range(2)])
    expected = [
        ((every >= low) & ((every < high) | (high == 1))).mean() for low, high in pairwise(edges)
    ]
    assert values == pytest.approx(expected)


def test_tanh(trace):
    on_curve, on_slope = tanh(trace).collections
    sums = trace.preact.ravel()
    np.testing.assert_allclose(np.sort(on_curve.get_offsets()[:, 0]), np.sort(sums))
    for dots, function in ((on_curve, np.tanh), (on_slope, lambda a: np.cosh(a) ** -2.0)):
        at, value = np.asarray(dots.get_offsets()).T
        np.testing.assert_allclose(value, function(at))


@pytest.mark.parametrize(
    ("cell", "named"), [("lstm", "an LSTM"), ("gru", "a GRU"), ("relu", "a relu RNN")]
)
def test_tanh_names_what_it_does_not_show(cell, named):
    with pytest.raises(TraceError, match=f"the trace is of {named}, but 'tanh' shows"):
        tanh(recorded(cell, 0))


def test_saliency(trace):
    expected = np.sqrt((trace.grad_x_by_loss[4, :, 1] ** 2).sum(axis=-1))
    assert heights(saliency(trace, loss=4, sequence=1)) == pytest.approx(expected)
    expected = np.sqrt((trace.grad_x_by_loss[6, :, 0] ** 2).sum(axis=-1))
    assert heights(saliency(trace)) == pytest.approx(expected)


def test_trajectory(trace):
    axes = trajectory(trace, fixed_points=False)
    path = np.array(axes.lines[0].get_xydata())
    centred = trace.h[0, 0, :, 0] - trace.h[0, 0, :, 0].mean(axis=0)
    _, singular, directions = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(np.abs(path), np.abs(centred @ directions[:2].T), atol=1e-9)
    for label, value in zip((axes.get_xlabel(), axes.get_ylabel()), singular[:2], strict=True):
        assert f"({value**2 / (singular**2).sum():.0%})" in label


def test_unrolled(trace):
    cells = [patch for patch in unrolled(trace).patches if type(patch) is Rectangle]
    expected = [
        color_map(LIGHT, "signed")((value + 1) / 2) for value in trace.h[0, 0, :, 0].ravel()
    ]
    got = [to_rgba(cell.get_facecolor()) for cell in cells]
    np.testing.assert_allclose(got, expected, atol=1e-9)


def test_training():
    history = train("sentence", epochs=3, seed=1, clip=0.1).history
    loss, norms = training(history).axes
    np.testing.assert_array_equal(loss.lines[0].get_ydata(), history.loss)
    before, after = (line.get_ydata() for line in norms.lines)
    np.testing.assert_array_equal(before, history.gradient_norm)
    np.testing.assert_array_equal(after, history.clipped_norm)


def test_training_of_a_trace_is_its_own():
    again = train("sentence", epochs=3, seed=1).history
    loss, norms = training(record_task("sentence", epochs=3, seed=1)).axes
    np.testing.assert_array_equal(loss.lines[0].get_ydata(), again.loss)
    np.testing.assert_array_equal(norms.lines[0].get_ydata(), again.gradient_norm)


def test_training_with_settings_of_its_own_is_refused():
    other = record_task("sentence", epochs=3, seed=1, learning_rate=0.05)
    with pytest.raises(SceneError, match="so its training cannot be shown; record"):
        training(other)


def test_training_of_a_network_that_rnnviz_did_not_train_is_refused(trace):
    with pytest.raises(SceneError, match="does not say how its network was trained"):
        training(trace)


def test_panels_are_made_of_the_functions_on_given_axes(trace):
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert states(trace, ax=left) is left
    assert tanh(trace, ax=right) is right
    assert left.collections
    assert right.lines

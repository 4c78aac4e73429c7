"""What 'backpropagation' draws is the trace's, computed here by explicit loops."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from models import Around
from often import NETWORKS
from torch import nn

from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.theme import DARK
from rnnviz.recording import record

STEPS = 8


@pytest.fixture(params=NETWORKS)
def trace(request, default_trace_of, changed_trace_of):
    made = default_trace_of if request.param == "as recorded" else changed_trace_of
    return made("backpropagation")


@pytest.fixture(scope="module")
def seen_of(perform):
    """What the scene shows of a trace, performed once for all tests."""
    return cache(lambda trace: perform("backpropagation", look, trace))


def look(scene):
    sums, product = getattr(scene, "sums", None), getattr(scene, "product", None)
    grids = [part for part in product or () if hasattr(part, "grid")]
    return SimpleNamespace(
        alone=scene.alone,
        corner=getattr(scene.corner, "text", None),
        entry=[
            colors(cells) if len(cells) else colors([cells])
            for cells in getattr(product, "entry", [])
        ],
        equation=scene.equation.ink.text if hasattr(scene, "equation") else None,
        facts=scene.facts(),
        factors=[(part.grid.values, part.scale_mark.text) for part in grids],
        gradients={step: colors(strip) for step, strip in scene.chain.gradients.items()},
        notes=scene.notes(),
        other=sums and sums.other and colors(sums.other.cells),
        paths=getattr(scene, "paths", None),
        product=product,
        rule=scene.rule,
        terms=sums and {step: colors(card.cells) for step, card in scene.chain.terms.items()},
        total=sums and colors(sums.total.cells),
    )


def by_hand(trace):
    """States, ∂L/∂o, ∂L/∂h by step and the terms of ∂L/∂W by step, of the loss at the last step."""
    states = [np.zeros(trace.hidden_size)]
    for step in trace.x[:, 0]:
        states.append(np.tanh(trace.U @ step + trace.W @ states[-1] + trace.b))
    scores = trace.V @ states[-1] + trace.output_bias
    at_output = np.exp(scores) / np.exp(scores).sum()
    at_output[int(trace.targets[-1, 0])] -= 1
    at_states, terms = {STEPS: trace.V.T @ at_output}, {}
    for k in range(STEPS, 0, -1):
        at_sum = (1 - states[k] ** 2) * at_states[k]
        terms[k] = np.outer(at_sum, states[k - 1])
        at_states[k - 1] = trace.W.T @ at_sum
    return states, at_output, at_states, terms


def colors(cells):
    return [cell.get_fill_color().to_hex() for cell in cells]


def expected(values, limit):
    return [DARK.shade("signed", value / limit).to_hex() for value in np.ravel(values)]


def largest(values):
    return np.unravel_index(np.abs(values).argmax(), values.shape)


def of_terms(terms):
    return max(np.abs(term).max() for term in terms.values())


def test_every_term_their_sum_and_autograds_gradient(trace, seen_of):
    seen = seen_of(trace)
    *_, terms = by_hand(trace)
    screen = seen["second_term"]
    assert screen.terms == {k: expected(terms[k], of_terms(terms)) for k in (8, 7)}
    two = {k: terms[k] for k in (8, 7)}
    assert screen.total == expected(two[8] + two[7], of_terms(two))
    screen = seen["all_paths"]
    assert screen.terms == {k: expected(terms[k], of_terms(terms)) for k in range(2, STEPS + 1)}
    assert screen.total == expected(sum(terms.values()), of_terms(terms))
    assert screen.other == screen.total
    assert not terms[1].any()  # the state before step 1 is zero, so that no term is left out
    autograd = trace.gradients["rnn.weight_hh_l0"]
    np.testing.assert_allclose(sum(terms.values()), autograd, atol=1e-15)
    assert float(screen.facts["apart"].split("·")[0]) < 10
    assert screen.facts["apart"] == "0" or "·10⁻¹" in screen.facts["apart"]


def test_the_factors_of_each_product(trace, seen_of):
    seen = seen_of(trace)
    states, at_output, at_states, terms = by_hand(trace)
    columns = {
        "output_weights": [at_output, states[8][None], np.outer(at_output, states[8])],
        "into_the_state": [trace.V.T, at_output, at_states[8]],
        "first_term": [at_states[8], 1 - states[8] ** 2, states[7][None], terms[8]],
        "one_step_back": [trace.W.T, at_states[8], 1 - states[8] ** 2, at_states[7]],
        "second_term": [at_states[7], 1 - states[7] ** 2, states[6][None], terms[7]],
    }
    for beat, wanted in columns.items():
        for (values, mark), array in zip(seen[beat].factors, wanted, strict=True):
            shown = array if array.ndim == 2 else array[:, None]
            np.testing.assert_allclose(values, shown, atol=1e-12)
            assert mark == f"±{number(np.abs(array).max())}"


def test_the_cells_pointed_out_make_the_largest_entry(trace, seen_of):
    seen = seen_of(trace)
    states, at_output, at_states, terms = by_hand(trace)
    of_v = np.outer(at_output, states[8])
    (i, j), unit = largest(of_v), int(np.abs(at_states[8]).argmax())
    wanted = {
        "output_weights": [
            (at_output[i], at_output), (states[8][j], states[8]), (of_v[i, j], of_v),
        ],
        "into_the_state": [
            (trace.V[:, unit], trace.V), (at_output, at_output), (at_states[8][unit], at_states[8]),
        ],
    }  # fmt: skip
    i, j = largest(terms[8])
    slopes = 1 - states[8] ** 2
    wanted["first_term"] = [
        (at_states[8][i], at_states[8]), (slopes[i], slopes), (states[7][j], states[7]),
        (terms[8][i, j], terms[8]),
    ]  # fmt: skip
    unit = int(np.abs(at_states[7]).argmax())
    wanted["one_step_back"] = [
        (trace.W[:, unit], trace.W), (at_states[8], at_states[8]), (slopes, slopes),
        (at_states[7][unit], at_states[7]),
    ]  # fmt: skip
    for beat, cells in wanted.items():
        assert seen[beat].entry == [expected(part, np.abs(whole).max()) for part, whole in cells]


def test_the_way_back_says_how_long_the_gradient_is(trace, seen_of):
    seen = seen_of(trace)
    *_, at_states, _ = by_hand(trace)
    screen = seen["way_back"]
    ratio = np.linalg.norm(at_states[1]) / np.linalg.norm(at_states[STEPS])
    assert screen.facts["reach"] == number(float(ratio))
    trained = trace.metadata.epochs is not None
    assert screen.facts["when"] == ("After training" if trained else "Here")
    assert ("after training" in screen.notes) == trained
    assert screen.corner == "width: size of the gradient"
    assert seen["all_paths"].corner == "width: size of the term"


def test_the_chain_rule_of_one_weight_in_numbers(trace, seen_of):
    screen = seen_of(trace)["one_weight"]
    one = screen.product
    states, _, at_states, terms = by_hand(trace)
    row, column = np.unravel_index(np.abs(terms[8]).argmax(), terms[8].shape)
    assert (one.row, one.column) == (row + 1, column + 1)
    # one use of the weight, not all of them
    assert f"(partial^+ L_(8))/(partial W_({row + 1},{column + 1}))" in screen.equation
    np.testing.assert_allclose(one.product, terms[8][row, column], atol=1e-12)
    factors = [states[7][column], 1 - states[8][row] ** 2, at_states[8][row]]
    assert [text.text for text in one.values] == [number(value, 3) for value in factors]
    assert screen.facts["product"] == number(float(np.prod(factors)), 3)


def test_gradients_stand_in_the_boxes_they_have_reached(trace, seen_of):
    seen = seen_of(trace)
    *_, at_states, _ = by_hand(trace)
    reached = {"output_weights": [], "into_the_state": [8], "one_step_back": [8, 7],
               "third_step": [8, 7, 6], "general": range(1, 9)}  # fmt: skip
    for beat, steps in reached.items():
        assert seen[beat].gradients == {
            k: expected(at_states[k], np.abs(at_states[k]).max()) for k in steps
        }


def test_paths_are_as_wide_as_their_norms(trace, seen_of):
    seen = seen_of(trace)
    *_, at_states, _ = by_hand(trace)
    norms = {k: np.linalg.norm(at_states[k]) for k in range(1, STEPS + 1)}
    first, second = seen["two_paths"].paths
    np.testing.assert_allclose(first.norms, [norms[8], norms[8]])
    np.testing.assert_allclose(second.norms, [norms[8], norms[7], norms[7]])
    for path in (first, second):
        np.testing.assert_allclose(path.shares, path.norms / max(norms.values()))


def test_the_default_recording_has_its_one_loss_after_the_last_word(default_trace_of, seen_of):
    trace = default_trace_of("backpropagation")
    alone = seen_of(trace)["one_loss"].alone
    assert trace.loss_steps == (STEPS - 1,)
    np.testing.assert_array_equal(alone.h, trace.h)
    for name, gradient in trace.gradients.items():
        np.testing.assert_allclose(alone.gradients[name], gradient, atol=1e-15)


def test_the_gradients_of_v_and_u(default_trace_of):
    trace = default_trace_of("backpropagation")
    states, at_output, at_states, _ = by_hand(trace)
    np.testing.assert_allclose(
        np.outer(at_output, states[-1]), trace.gradients["fc.weight"], atol=1e-15
    )
    of_u = sum(
        np.outer((1 - states[k] ** 2) * at_states[k], trace.x[k - 1, 0])
        for k in range(1, STEPS + 1)
    )
    np.testing.assert_allclose(of_u, trace.gradients["rnn.weight_ih_l0"], atol=1e-15)


def test_of_many_units_those_that_move_most_are_in_products(perform):
    torch.manual_seed(0)
    x, classes = torch.randn(STEPS, 1, 3), torch.full((STEPS, 1), -100)
    classes[-1] = 2
    trace = record(Around(nn.RNN(3, 20)), x, classes, dtype="float64")
    moved = np.abs(np.diff(trace.h[0, 0, :, 0], axis=0)).sum(axis=0)
    units = np.sort(np.argsort(-moved)[:8])
    both = np.ix_(units, units)
    states, _, at_states, terms = by_hand(trace)

    def read(scene):
        product, sums = getattr(scene, "product", None), getattr(scene, "sums", None)
        arrays = [part.grid.values for part in product or () if hasattr(part, "grid")]
        other = sums and len(sums.other) and colors(sums.other.cells)
        return arrays, other, scene.notes(), product

    seen = perform("backpropagation", read, trace)
    wanted = {
        "first_term": (at_states[8][units], states[7][units][None], terms[8][both]),
        "one_step_back": (trace.W.T[both], at_states[8][units], at_states[7][units]),
    }
    for beat, arrays in wanted.items():
        drawn = seen[beat][0]
        kept = [drawn[0], *drawn[2:]] if beat == "first_term" else [*drawn[:2], drawn[-1]]
        for array, found in zip(arrays, kept, strict=True):
            np.testing.assert_allclose(found.ravel(), array.ravel(), atol=1e-12)
    autograd = trace.gradients["rnn.weight_hh_l0"]
    assert seen["all_paths"][1] == expected(autograd[both], of_terms(terms))
    assert "8 units that move most" in seen["all_paths"][2]
    one = seen["one_weight"][3]
    row, column = largest(terms[8][both])
    assert (one.row, one.column) == (units[row] + 1, units[column] + 1)


@pytest.mark.parametrize("layer", [nn.LSTM, nn.GRU])
def test_the_terms_of_a_cell_with_gates_add_up_to_autograds_gradient(layer, seen_of):
    torch.manual_seed(0)
    x, classes = torch.randn(6, 1, 3), torch.full((6, 1), -100)
    classes[-1] = 2
    trace = record(Around(layer(3, 5)), x, classes, dtype="float64")

    seen = seen_of(trace)
    screen = seen["all_paths"]
    terms = screen.rule.terms_w
    gradient = trace.gradients["rnn.weight_hh_l0"][screen.rule.rows]
    np.testing.assert_allclose(terms.sum(axis=0), gradient, atol=1e-15)
    assert screen.total == screen.other == expected(gradient, np.abs(terms).max())
    jacobian, before, after = (values for values, _ in seen["one_step_back"].factors)
    if layer is nn.GRU:  # all of its five units are in the product
        np.testing.assert_allclose(jacobian, trace.jacobian[0, 0, -1, 0].T, atol=1e-15)
        recorded = trace.grad_h_by_loss[-1, 0, 0, :, 0]
        np.testing.assert_allclose(before[:, 0], recorded[-1], atol=1e-15)
        np.testing.assert_allclose(after[:, 0], recorded[-2], atol=1e-15)

"""What 'backpropagation' draws is the trace's, computed here by explicit loops."""

import numpy as np
import pytest

from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.theme import DARK

SPELLED_OUT = 3


@pytest.fixture(params=["as recorded", "with another network"])
def trace(request, default_trace_of, changed_trace_of):
    made = default_trace_of if request.param == "as recorded" else changed_trace_of
    return made("backpropagation")


def by_hand(trace):
    """Terms of ∂L/∂W of the last loss alone, on the last three steps, from the state zero."""
    x, target = trace.x[-SPELLED_OUT:, 0], trace.targets[-1, 0]
    states = [np.zeros(trace.hidden_size)]
    for step in x:
        states.append(np.tanh(trace.U @ step + trace.W @ states[-1] + trace.b))
    at_output = trace.V @ states[-1] + trace.output_bias - target
    at_state = trace.V.T @ at_output
    terms = {}
    for k in range(SPELLED_OUT, 0, -1):
        at_sum = (1 - states[k] ** 2) * at_state
        terms[k] = np.outer(at_sum, states[k - 1])
        at_state = trace.W.T @ at_sum
    return states, at_output, terms


def colors(matrix):
    return [cell.get_fill_color().to_hex() for cell in matrix.cells]


def expected(values, limit):
    return [DARK.signed(value / limit).to_hex() for value in np.ravel(values)]


def test_terms_their_sum_and_autograds_gradient(trace, perform):
    seen = perform(
        "backpropagation",
        lambda scene: (
            hasattr(scene, "sums")
            and (
                [colors(each.term) for each in scene.sums.products],
                colors(scene.sums.total),
                colors(scene.sums.other),
                scene.facts(),
            )
        ),
        trace,
    )
    _, _, terms = by_hand(trace)
    limit = max(np.abs(term).max() for term in terms.values())
    drawn, total, other, facts = seen["equals_autograd"]
    assert drawn == [expected(terms[k], limit) for k in (3, 2, 1)]
    assert total == expected(sum(terms.values()), limit)
    assert total == other
    twice = sum((SPELLED_OUT - k + 1) * term for k, term in terms.items())
    assert seen["counted_twice"][1] == expected(twice, limit)
    off = np.linalg.norm(twice - sum(terms.values())) / np.linalg.norm(sum(terms.values()))
    assert facts["wrong"] == f"{off:.0%}"


def test_the_factors_of_v_and_of_one_step_back(trace, perform):
    seen = perform(
        "backpropagation",
        lambda scene: hasattr(scene, "product")
        and [(part.grid.values, part.scale_mark.text) for part in scene.product.parts
             if hasattr(part, "grid")],
        trace,
    )  # fmt: skip
    states, at_output, _ = by_hand(trace)
    values = [value for value, _ in seen["output_weights"]]
    np.testing.assert_allclose(values[0], at_output[:, None])
    np.testing.assert_allclose(values[1], states[3][None, :])
    np.testing.assert_allclose(values[2], np.outer(at_output, states[3]))
    at_last = trace.V.T @ at_output
    before, weights, slopes, last = [value for value, _ in seen["one_step_back"]]
    np.testing.assert_allclose(weights, trace.W.T)
    np.testing.assert_allclose(slopes[:, 0], 1 - states[3] ** 2)
    np.testing.assert_allclose(last[:, 0], at_last)
    np.testing.assert_allclose(before[:, 0], trace.W.T @ ((1 - states[3] ** 2) * at_last))
    assert seen["one_step_back"][3][1] == f"±{number(np.abs(at_last).max())}"


def test_the_claims_of_the_captions_hold(default_trace_of, perform):
    trace = default_trace_of("backpropagation")
    seen = perform("backpropagation", lambda scene: (scene.alone, scene.facts()))
    alone, _ = seen["general"]
    assert len(trace.loss_steps) == trace.steps
    assert alone.steps == SPELLED_OUT
    assert not alone.h0.any()
    _, _, terms = by_hand(trace)
    apart = np.abs(sum(terms.values()) - alone.gradients["rnn.weight_hh_l0"]).max()
    assert apart < 1e-14
    assert not terms[1].any()


def test_the_gradients_of_v_and_u_of_one_loss_alone(default_trace_of, perform):
    trace = default_trace_of("backpropagation")
    alone = perform("backpropagation", lambda scene: scene.alone)["general"]
    states, at_output, _ = by_hand(trace)
    np.testing.assert_allclose(
        np.outer(at_output, states[-1]), alone.gradients["fc.weight"], atol=1e-15
    )
    of_u = np.zeros_like(trace.U)
    at_state = trace.V.T @ at_output
    for k in range(SPELLED_OUT, 0, -1):
        at_sum = (1 - states[k] ** 2) * at_state
        of_u += np.outer(at_sum, alone.x[k - 1, 0])
        at_state = trace.W.T @ at_sum
    np.testing.assert_allclose(of_u, alone.gradients["rnn.weight_ih_l0"], atol=1e-15)

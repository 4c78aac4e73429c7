"""∂o_t[j]/∂x_k through all layers and directions, against loops."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz import measure
from rnnviz.errors import TraceError

EXACT = {"rtol": 1e-9, "atol": 1e-13}


@given(data=st.data())
def test_the_derivative_of_every_output_is_autograds(draw_study, data):
    study = draw_study(data)
    trace = study.trace
    whole = len(study.loop.output) < trace.steps
    step = trace.steps - 1 if whole else data.draw(st.integers(0, trace.steps - 1), "step")
    got = measure.output_by_input(trace, step)
    assert got.shape == (3, trace.steps, trace.batch, trace.input_size)
    there = trace.mask & (whole or trace.mask[step])
    for output in range(3):
        expected = study.loop.by_input(-1 if whole else step, output)
        np.testing.assert_allclose(got[output][there], expected[there], **EXACT)
        assert np.isnan(got[output][~there]).all()
        norms = measure.output_saliency(trace, step, output)
        np.testing.assert_allclose(norms[there], np.linalg.norm(expected, axis=-1)[there], **EXACT)


@given(data=st.data())
def test_by_way_of_the_outputs_it_is_the_gradient_of_the_loss(draw_study, data):
    """∂L_t/∂x_k = Σ_j (y − onehot)_j ∂o_t[j]/∂x_k for cross-entropy."""
    trace = draw_study(data, head="steps", gaps=False).trace
    for step in range(trace.steps):
        errors = trace.y[step] - np.eye(3)[np.clip(trace.targets[step], 0, 2)]
        made = np.einsum("bj,jkbi->kbi", errors, measure.output_by_input(trace, step))
        there = trace.mask & trace.mask[step]
        np.testing.assert_allclose(made[there], trace.grad_x_by_loss[step][there], **EXACT)


def test_outputs_are_chosen_by_their_numbers(make_study):
    trace = make_study("gru").trace
    every = measure.output_by_input(trace, 3)
    np.testing.assert_allclose(measure.output_by_input(trace, 3, [2, 0]), every[[2, 0]], **EXACT)
    np.testing.assert_allclose(measure.output_by_input(trace, 3, 1), every[[1]], **EXACT)
    assert not every[:, 4].any()


@pytest.mark.parametrize("head", ["cells", "mixed"])
def test_a_head_that_is_not_one_linear_has_no_such_derivative(make_study, head):
    trace = make_study("lstm", head=head).trace
    with pytest.raises(TraceError, match="the trace has no output layer"):
        measure.output_by_input(trace, 4)


def test_what_is_not_there_is_named(make_study):
    trace = make_study(head="last").trace
    with pytest.raises(TraceError, match="one output for the whole sequence, at step 4"):
        measure.output_by_input(trace, 3)
    with pytest.raises(TraceError, match="there is no output 3; the trace has 3"):
        measure.output_by_input(trace, 4, 3)
    with pytest.raises(TraceError, match="there is no step 7"):
        measure.output_by_input(trace, 7)


def test_an_only_output_that_no_states_make_is_refused(make_study):
    trace = make_study(head="last").trace
    apart = dataclasses.replace(trace, output=trace.output + 0.1)
    with pytest.raises(TraceError, match="is not made of the first or last states"):
        measure.output_by_input(apart, 4)

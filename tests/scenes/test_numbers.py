"""The values on the screen are the trace's: with another network they are other values."""

import numpy as np
import pytest
from rnnviz.scenes.weight_sharing.shared_weights import WeightSet

from rnnviz import measure
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.theme import DARK


@pytest.fixture(params=["as recorded", "with another network"])
def trace_of(request, default_trace_of, changed_trace_of):
    return default_trace_of if request.param == "as recorded" else changed_trace_of


def colors(mobjects):
    return [mobject.get_fill_color().to_hex() for mobject in mobjects]


def expected_colors(values, limit):
    return [DARK.signed(value / limit).to_hex() for value in np.ravel(values)]


def test_the_changed_network_differs(default_trace_of, changed_trace_of):
    for name in ("unrolling", "vanishing-gradient"):
        a, b = default_trace_of(name), changed_trace_of(name)
        assert np.abs(a.h - b.h).max() > 0.01
        assert np.array_equal(a.x, b.x)


def test_unrolling_shows_the_recorded_states_and_predictions(trace_of, perform):
    trace = trace_of("unrolling")

    def look(scene):
        strips = [colors(strip) for strip in scene.chain.strips]
        words = [word.text for word in scene.chain.words]
        if not hasattr(scene, "output"):
            return strips, words, None
        bars = scene.output.bars
        return (
            strips,
            words,
            (
                [bar.width for bar in bars.bars],
                [text.text for text in bars.numbers],
                [text.text for text in bars.names],
            ),
        )

    seen = perform("unrolling", lambda scene: hasattr(scene, "chain") and look(scene), trace)
    strips, words, (widths, numbers, names) = seen["prediction"]
    assert strips == [expected_colors(state, 1.0) for state in trace.h[0, 0, :, 0]]
    assert words == list(trace.metadata.step_labels[0])
    y = trace.y[-1, 0]
    labels = trace.metadata.output_labels
    shown = [float(y[labels.index(name)]) for name in names]
    assert int(trace.targets[-1, 0]) in [labels.index(name) for name in names]
    assert numbers == [number(value) for value in shown]
    np.testing.assert_allclose(
        np.array(widths), np.maximum(np.array(shown) * widths[0] / shown[0], 0.02), rtol=1e-6
    )


def test_space_shows_the_recorded_values(trace_of, perform):
    trace = trace_of("space")
    fields = {
        "input": trace.x[:, 0],
        "hidden": trace.h[0, 0, :, 0],
        "output": trace.y[:, 0],
    }

    def look(scene):
        sheets = scene.sheets
        tiles = {
            name: [colors(list(column)[1:]) for column in getattr(sheets, name).columns]
            for name in fields
        }
        return tiles, sheets.limit, dict(scene.facts()), scene.step, scene.unit

    tiles, limit, facts, step, unit = perform("space", look, trace)["three_layers"]
    assert limit == max(np.abs(values).max() for values in fields.values())
    for name, values in fields.items():
        assert tiles[name] == [expected_colors(row, limit) for row in values]
    preact = trace.preact[0, 0, step, 0, 0, unit]
    carried = trace.W[unit] @ trace.h[0, 0, step - 1, 0]
    assert facts["state"] == number(float(np.tanh(preact)))
    assert facts["from_state"] == number(float(carried))
    entered = trace.U[unit] @ trace.x[step, 0]
    assert entered + carried + trace.b[unit] == pytest.approx(preact)
    assert facts["from_input"] == number(float(entered))


def test_the_lines_of_space_carry_weight_times_value(trace_of, perform):
    trace = trace_of("space")

    def look(scene):
        lines = scene.sheets.into_hidden(scene.step)
        return len(lines), sorted(line.get_stroke_color().to_hex() for line in lines), scene

    count, shown, scene = perform("space", look, trace)["three_layers"]
    carried = trace.U * trace.x[scene.step, 0] / scene.sheets.limit
    kept = carried[np.abs(carried) >= 0.04]
    assert count == len(kept)
    assert shown == sorted(DARK.signed(float(value)).to_hex() for value in kept)


def test_weight_sharing_shows_the_weights_the_nudge_and_the_gradients(trace_of, perform):
    trace = trace_of("weight-sharing")

    def look(scene):
        seen = {
            "W": colors(scene.weights.matrices["W"].cells),
            "limit": scene.weights.limit,
            "variant": scene.context.experiments["nudged"],
        }
        if hasattr(scene, "nudged"):
            seen["numbers"] = [text.text for text in scene.nudged.numbers]
            seen["strips"] = [colors(strip) for strip in scene.chain.strips]
        if hasattr(scene, "gradients"):
            gradients = scene.gradients
            seen["terms"] = [matrix.values for matrix in gradients.matrices]
            seen["cells"] = [colors(matrix.cells) for matrix in gradients.matrices]
            seen["sum"] = colors(gradients.sum.cells)
            seen["gradient limit"] = gradients.limit
        return seen

    seen = perform("weight-sharing", look, trace)
    first = seen["one_set"]
    limit = first["limit"]
    assert first["W"] == expected_colors(trace.W, limit)
    assert limit == max(
        np.abs(a).max() for a in (trace.U, trace.W, trace.b, trace.V, trace.output_bias)
    )
    again = first["variant"]
    nudge = seen["nudge"]
    assert int((again.W != trace.W).sum()) == 1
    assert nudge["W"] == expected_colors(again.W, limit)
    assert nudge["strips"] == [expected_colors(state, 1.0) for state in again.h[0, 0, :, 0]]
    moved = np.linalg.norm(again.h[0, 0, :, 0] - trace.h[0, 0, :, 0], axis=-1)
    assert nudge["numbers"] == [number(float(value)) for value in moved]
    gradients = seen["gradient_of_each_step"]
    assert gradients["W"] == expected_colors(trace.W, limit)
    terms = np.array(gradients["terms"])
    total = trace.gradients["rnn.weight_hh_l0"]
    np.testing.assert_allclose(terms.sum(axis=0), total, atol=1e-12)
    shown_limit = gradients["gradient limit"]
    assert gradients["cells"] == [expected_colors(term, shown_limit) for term in terms]
    assert gradients["sum"] == expected_colors(total, shown_limit)


def test_the_count_of_weights_is_that_of_the_network(default_trace_of):
    trace = default_trace_of("weight-sharing")
    held = sum(value.size for value in trace.parameters.values())
    assert WeightSet.count_of(trace) == held - trace.hidden_size  # two biases, added


def test_vanishing_gradient_shows_the_recorded_norms(trace_of, perform):
    trace = trace_of("vanishing-gradient")

    def look(scene):
        chart = scene.flow.chart
        seen = {
            "heights": np.array([bar.height for bar in chart.bars]),
            "numbers": [text.text for text in chart.numbers],
            "factors": [text.text for text in scene.flow.factor_marks],
            "factor values": scene.flow.factors,
            "widths": np.array([arrow.thickness for arrow in scene.flow.arrows]),
            "arrow colors": colors(scene.flow.arrows),
            "steps": scene.window.steps,
            "facts": dict(scene.facts()),
            "variants": scene.context.experiments,
        }
        if hasattr(scene, "comparison"):
            axis = scene.comparison.axis
            seen["axis"] = (axis.base, axis.height_of_all, axis.low, axis.high)
            seen["lines"] = [
                (line.values, [float(dot.get_y()) for dot in line.dots])
                for line in scene.comparison.lines
            ]
        return seen

    seen = perform("vanishing-gradient", look, trace)
    linear, log = seen["step_back"], seen["log_scale"]
    steps = np.array(linear["steps"]) - 1
    norms = np.linalg.norm(trace.grad_h_by_loss[-1, 0, 0, steps, 0], axis=-1)
    assert linear["numbers"] == [number(float(value)) for value in norms]
    heights = linear["heights"] / linear["heights"].max()
    np.testing.assert_allclose(heights, np.maximum(norms / norms.max(), heights.min()), rtol=1e-6)
    factors = [np.linalg.norm(trace.jacobian[0, 0, step, 0], 2) for step in steps[1:]]
    assert linear["factors"] == [number(float(value)) for value in factors]
    # written with two digits, they may all be alike
    np.testing.assert_allclose(linear["factor values"], factors)
    thick = linear["widths"] > linear["widths"].min()
    np.testing.assert_allclose(
        linear["widths"][thick] / linear["widths"].max(),
        (norms[:-1] / norms[:-1].max())[thick],
        rtol=1e-6,
    )
    shares = norms[:-1] / norms.max()
    assert linear["arrow colors"] == [DARK.magnitude(float(s)).to_hex() for s in shares]
    grown = log["heights"][log["heights"] > 0.02]
    slopes = np.diff(grown) / np.diff(np.log10(norms[-len(grown) :]))
    np.testing.assert_allclose(slopes, slopes[0], rtol=1e-6)

    compared = seen["three_networks"]
    base, height, low, high = compared["axis"]
    traces = [trace, *linear["variants"].values()]
    for (values, ys), one in zip(compared["lines"], traces, strict=True):
        expected = np.linalg.norm(one.grad_h_by_loss[-1, 0, 0, steps, 0], axis=-1)
        np.testing.assert_allclose(values, expected)
        shares = np.clip((np.log10(expected) - low) / (high - low), 0, 1)
        np.testing.assert_allclose(ys, base + height * shares, atol=1e-6)
    assert np.array_equal(linear["variants"]["half"].W, 0.5 * trace.W)
    assert np.array_equal(linear["variants"]["triple"].W, 3 * trace.W)

    facts = linear["facts"]
    assert facts["left"] == percent(float(norms[0] / norms[-1]))
    slope = np.polyfit(np.arange(len(norms)), np.log(norms), 1)[0]
    assert facts["trained"] == number(float(np.exp(-slope)))
    shares = measure.weight_gradient_share_by_lag(trace)
    near = int(facts["near"])
    assert shares[: near + 1].sum() >= 0.9 > shares[:near].sum()
    assert facts["near_share"] == percent(float(shares[: near + 1].sum()))


def test_the_captions_claims_hold_on_the_default_recording(default_trace_of, perform):
    facts = perform("vanishing-gradient", lambda scene: dict(scene.facts()))["one_loss"]
    assert facts["seen"] == "On this scale it is gone."
    assert facts["shape"] == "lie close to a line"
    assert float(facts["half"]) < float(facts["trained"]) < 1

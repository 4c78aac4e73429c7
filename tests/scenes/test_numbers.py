"""The values on the screen are the trace's: with another network they are other values."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from manim import ManimColor
from often import NETWORKS
from rnnviz.scenes.weight_sharing.weight_part import WeightPart
from rnnviz.scenes.weight_sharing.wording import gradient_of_first_use, what_arrays

from rnnviz import measure
from rnnviz.experiments.default_recordings import record_task
from rnnviz.experiments.retraining import before_training
from rnnviz.mobjects.numbers import MINUS, decimals, number, percent
from rnnviz.mobjects.theme import DARK


@pytest.fixture(params=NETWORKS)
def trace_of(request, default_trace_of, changed_trace_of):
    return default_trace_of if request.param == "as recorded" else changed_trace_of


def colors(mobjects):
    return [mobject.get_fill_color().to_hex() for mobject in mobjects]


def expected_colors(values, limit):
    return [DARK.shade("signed", value / limit).to_hex() for value in np.ravel(values)]


def test_the_changed_network_differs(default_trace_of, changed_trace_of):
    for name in ("unrolling", "vanishing-gradient"):
        a, b = default_trace_of(name), changed_trace_of(name)
        assert np.abs(a.h - b.h).max() > 0.01
        assert np.array_equal(a.x, b.x)


def look_at_unrolling(scene):
    chain, output = getattr(scene, "chain", None), getattr(scene, "output", None)
    start = getattr(chain, "start", None)
    return SimpleNamespace(
        chain=chain
        and ([colors(strip) for strip in chain.strips], [word.text for word in chain.words]),
        facts=dict(scene.facts()),
        output=output
        and (
            [bar.width for bar in output.bars.bars],
            [text.text for text in output.bars.numbers],
            [text.text for text in output.bars.names],
            [text.text for text in output.scores],
        ),
        start=start and (colors(start.strip), start.title.text),
    )


def test_unrolling_shows_the_recorded_states_and_predictions(trace_of, perform):
    trace = trace_of("unrolling")
    seen = perform("unrolling", look_at_unrolling, trace)["prediction"]
    (strips, words), (widths, numbers, names, scores) = seen.chain, seen.output
    assert strips == [expected_colors(state, 1.0) for state in trace.h[0, 0, :, 0]]
    assert words == list(trace.metadata.step_labels[0])
    y = trace.y[-1, 0]
    labels = trace.metadata.output_labels
    shown = [float(y[labels.index(name)]) for name in names]
    assert int(trace.targets[-1, 0]) in [labels.index(name) for name in names]
    assert sorted(names) == sorted(labels)
    assert numbers == [percent(value) for value in shown]
    o = trace.V @ trace.h[0, 0, -1, 0] + trace.output_bias
    assert scores == [decimals(float(o[labels.index(name)])) for name in names]
    np.testing.assert_allclose(
        np.array(widths), np.maximum(np.array(shown) * widths[0] / shown[0], 0.02), rtol=1e-6
    )


def test_unrolling_starts_from_the_recorded_state(trace_of, perform):
    trace = trace_of("unrolling")
    seen = perform("unrolling", look_at_unrolling, trace)["start"]
    (shown, title), facts = seen.start, seen.facts
    assert shown == expected_colors(np.zeros(trace.hidden_size), 1.0)
    assert title == "h_(0) = 0"
    assert "$h_(0)$ is zero" in facts["start"]
    y = trace.y[-1, 0]
    answer = trace.metadata.output_labels[y.argmax()]
    assert facts["result"] == f"“{answer}” gets {percent(y.max())}."
    long = record_task("sentence", epochs=1, seed=1, gap=10)
    first = long.steps - 9
    seen = perform("unrolling", look_at_unrolling, long)["start"]
    (shown, title), facts = seen.start, seen.facts
    assert shown == expected_colors(long.h[0, 0, first - 2, 0], 1.0)
    assert title == f"h_({first - 1})"
    assert "zero" not in facts["start"]


def look_at_space(scene):
    space, sheet, view = scene.space, scene.space.hidden, scene.stage.view
    units, guess = range(sheet.values.shape[1]), vars(scene).get("guess")
    return SimpleNamespace(
        faces=np.array(
            [face.points[::4, :2].mean(axis=0) for face in sheet.faces if len(face.points)]
        ),
        facts=dict(scene.facts()),
        feet=np.array([view.project(sheet.foot(1, unit)) for unit in units]),
        grown=[each.grown.copy() for each in space.sheets],
        guess=guess and guess.ink.text,
        limit=space.limit,
        passing=vars(scene).get("passing"),
        picture=vars(scene).get("picture"),
        rims=sheet.rim.copy(),
        sheets=[
            (each.values.copy(), each.heights.copy(), [ManimColor(c).to_hex() for c in each.colors])
            for each in space.sheets
        ],
        source=scene.source.text,
        start=scene.context.experiments["start"],
        tops=np.array([view.project(sheet.top(1, unit)) for unit in units]),
        way=vars(scene).get("way"),
    )


def test_space_shows_the_recorded_values(trace_of, perform):
    trace = trace_of("space")
    seen = perform("space", look_at_space, trace)["forward"]
    states = np.concatenate([trace.h0[0, 0, :1], trace.h[0, 0, :, 0]])
    for (shown, heights, _), values in zip(
        seen.sheets, (trace.x[:, 0], states, trace.y[:, 0]), strict=True
    ):
        assert np.array_equal(shown, values)
        ratios = heights[values != 0] / np.abs(values[values != 0])
        np.testing.assert_allclose(ratios, ratios[0])
    assert all((share == 1).all() for share in seen.grown)
    assert seen.sheets[1][2] == expected_colors(states, seen.limit)


def test_a_prism_of_space_is_drawn_as_high_as_its_value(trace_of, perform):
    trace = trace_of("space")
    seen = perform("space", look_at_space, trace)["one_sheet"]
    feet, tops, drawn = seen.feet, seen.tops, seen.faces
    lengths = np.linalg.norm(tops - feet, axis=1) / np.abs(trace.h[0, 0, 0, 0])
    assert np.ptp(lengths) < 0.2 * lengths.mean()  # perspective changes them a little
    for top in tops:
        assert np.linalg.norm(drawn - top[:2], axis=1).min() < 0.02


def test_the_strands_of_space_are_the_six_largest_products(trace_of, perform):
    trace = trace_of("space")
    step = 5
    products = {
        "U": trace.U * trace.x[step, 0],
        "W": trace.W * trace.h[0, 0, step - 1, 0],
        "V": trace.V * trace.h[0, 0, step, 0],
    }
    seen = perform("space", look_at_space, trace)["forward"].passing
    for which, values in products.items():
        strands = seen.steps[step][which]
        largest = np.sort(np.abs(values[values != 0]))[::-1][:6]
        np.testing.assert_allclose(np.abs(strands.products), largest)
        assert [values[pair] for pair in strands.pairs] == list(strands.products)
        shares = strands.widths[:, 0] / np.abs(strands.products)
        np.testing.assert_allclose(shares, shares[0])


def test_the_sum_of_space_adds_up_as_it_is_written(trace_of, perform):
    trace = trace_of("space")
    picture = perform("space", look_at_space, trace)["one_unit"].picture
    one = picture.one
    t, unit = one.step, one.unit
    terms = (
        trace.U[unit] @ trace.x[t, 0],
        trace.W[unit] @ trace.h[0, 0, t - 1, 0],
        trace.b[unit],
    )
    assert (one.from_input, one.from_state, one.bias) == pytest.approx(terms)
    assert one.state == trace.h[0, 0, t, 0, unit]
    entry = unit + 1
    names = [sign.ink.text.split(" =")[0] for sign in picture.terms]
    assert names == [f"(U x_({t + 1}))_({entry})", f"(W h_({t}))_({entry})", f"b_({entry})"]
    read = [float(sign.ink.text.split("= ")[1].replace(MINUS, "-")) for sign in picture.terms]
    total, state = (
        float(sign.ink.text.replace(MINUS, "-")) for sign in (picture.total, picture.state)
    )
    assert sum(read) == pytest.approx(total, abs=1e-9)
    assert read == pytest.approx(terms, abs=0.006)
    assert round(float(np.tanh(total)), one.decimals) == state
    for sign in (*picture.terms, picture.total, picture.state):
        assert sign.ink.text.split("= ")[-1].strip("()") in picture.formula.ink.text


def test_space_turns_into_the_network_before_training(trace_of, perform):
    trace = trace_of("space")
    seen = perform("space", look_at_space, trace)["untrained"]
    (_, hidden, output), start = seen.sheets, seen.start
    states = np.concatenate([start.h0[0, 0, :1], start.h[0, 0, :, 0]])
    for (values, heights, _), wanted in ((hidden, states), (output, start.y[:, 0])):
        np.testing.assert_allclose(values, wanted, atol=1e-7)
        ratios = heights[wanted != 0] / np.abs(wanted[wanted != 0])
        np.testing.assert_allclose(ratios, ratios[0])
    assert hidden[2] == expected_colors(states, 1.0)
    y = start.y[-1, 0]
    assert seen.guess == f"{trace.metadata.output_labels[y.argmax()]} {percent(float(y.max()))}"
    if start is not trace:
        assert not np.array_equal(start.W, trace.W)
        assert percent(float(y.max())) in seen.facts["start"]


def test_space_says_which_network_and_which_output_it_shows(default_trace_of, perform):
    seen = perform("space", look_at_space)
    assert "before training" not in seen["one_unit"].source
    for beat in ("untrained", "way_back", "compared"):
        assert seen[beat].source == "RNN with 8 units · before training"
    assert default_trace_of("space").loss_steps == (7,)
    assert seen["forward"].facts["counts"] == "Only the last one counts."


def test_the_way_back_of_space_is_the_gradient_before_training(trace_of, perform):
    trace = trace_of("space")
    seen = perform("space", look_at_space, trace)["way_back"]
    way, rims, fate, start = seen.way, seen.rims, seen.facts["fate"], seen.start
    norms = measure.gradient_norms(start)[start.loss_steps[-1], :, 0]
    assert np.array_equal(way.norms, norms)
    assert [sign.ink.text for sign in way.numbers] == [percent(float(n / norms[-1])) for n in norms]
    for unit in range(trace.hidden_size):
        np.testing.assert_allclose(rims[1:, unit], norms / norms.max())
    ends = way.tube.widths[:, 1] / norms[::-1]
    np.testing.assert_allclose(ends, ends[0])
    left = float(norms[0] / norms[-1])
    assert (percent(left) if left <= 2 else number(left)) in fate


def test_space_shows_both_states_of_an_lstm_and_the_gradient_at_both(perform):
    trace = record_task("sentence", epochs=1, seed=1, cell="lstm", hidden=3)
    seen = perform("space", look_at_space, trace)
    shown = seen["forward"].sheets[1][0]
    run, start = trace, seen["forward"].start
    np.testing.assert_array_equal(shown[1:, :3], run.h[0, 0, :, 0])
    np.testing.assert_array_equal(shown[1:, 3:], run.c[0, 0, :, 0])
    at_h, at_c = (
        measure.gradient_norms(start, state=state)[start.loss_steps[-1], :, 0] for state in "hc"
    )
    np.testing.assert_allclose(seen["way_back"].way.norms, np.hypot(at_h, at_c))


def test_before_training_the_gradient_of_space_dies_out(default_trace_of):
    start = before_training(default_trace_of("space"))
    norms = measure.gradient_norms(start)[start.loss_steps[-1], :, 0]
    assert norms[0] < 0.01 * norms[-1]


def test_weight_sharing_shows_the_weights_the_nudge_and_the_gradients(trace_of, perform):
    trace = trace_of("weight-sharing")

    def look(scene):
        seen = {
            "W": colors(scene.weights.w.cells),
            "limit": scene.weights.limit,
            "counts": [text.text for text in scene.weights.counts],
            "variant": scene.context.experiments["nudged"],
            "facts": dict(scene.facts()),
        }
        if hasattr(scene, "chain"):
            seen["strips"] = [colors(strip) for strip in scene.chain.strips]
        if hasattr(scene, "change"):
            seen["change"] = scene.change.value.text, (scene.change.row, scene.change.column)
        if hasattr(scene, "changed"):
            changed = scene.changed
            seen["numbers"] = [text.text for text in changed.chart.numbers]
            seen["heights"] = np.array([bar.height for bar in changed.chart.bars])
            seen["new strips"] = [colors(strip) for strip in changed.strips]
            seen["rings"] = [len(rings) for rings in changed.rings]
        if hasattr(scene, "gradients"):
            gradients = scene.gradients
            seen["terms"] = gradients.terms
            seen["cells"] = [colors(matrix.cells) for matrix in gradients.matrices]
            seen["sum"] = colors(gradients.sum.cells)
            seen["flow"] = gradients.flow.norms
            seen["gradient limit"] = gradients.limit
        if hasattr(scene, "update"):
            change = scene.update.change
            seen["update"] = change.value.text, (change.row, change.column)
        return seen

    seen = perform("weight-sharing", look, trace)
    first = seen["one_set"]
    limit = first["limit"]
    arrays = (trace.U, trace.W, trace.b, trace.V, trace.output_bias)
    assert first["W"] == expected_colors(trace.W, limit)
    again = first["variant"]
    stepped = trace.W - float(first["facts"]["alpha"]) * trace.gradients["rnn.weight_hh_l0"]
    assert limit == max(1.0, *(np.abs(each).max() for each in (*arrays, again.W, stepped)))
    assert first["counts"] == [str(each.size) for each in arrays]
    (entry,) = np.argwhere(again.W != trace.W)
    nudge = seen["nudge"]
    assert nudge["W"] == expected_colors(again.W, limit)
    assert nudge["strips"] == [expected_colors(state, limit) for state in trace.h[0, 0, :, 0]]
    before, after = (number(float(each[tuple(entry)]), 3) for each in (trace.W, again.W))
    assert nudge["change"] == (f"{before} → {after}", tuple(entry))
    run = seen["run_again"]
    assert run["new strips"] == [expected_colors(state, limit) for state in again.h[0, 0, :, 0]]
    apart = again.h[0, 0, :, 0] - trace.h[0, 0, :, 0]
    moved = np.linalg.norm(apart, axis=-1)
    assert run["numbers"] == [number(float(value)) for value in moved]
    heights = run["heights"] / run["heights"].max()
    np.testing.assert_allclose(heights, np.maximum(moved / moved.max(), heights.min()), rtol=1e-6)
    assert run["rings"] == [int((abs(row) >= 0.1).sum()) for row in apart]
    start = np.flatnonzero(moved)[0] + 1
    assert f"every state from $h_({start})$ on" in run["facts"]["moved"]
    assert (moved[start - 1 :] > 0).all()
    assert ("multiplies only $h_0 = 0$" in run["facts"]["moved"]) == (start == 2)

    gradients = seen["gradient_of_each_use"]
    assert gradients["W"] == expected_colors(trace.W, limit)
    terms = np.array(gradients["terms"])
    total = trace.gradients["rnn.weight_hh_l0"]
    np.testing.assert_allclose(terms.sum(axis=0), total, atol=1e-12)
    assert gradients["facts"]["first"] == "That of $W_1$ is 0, since $h_0 = 0$."
    assert not terms[0].any()
    shown_limit = gradients["gradient limit"]
    assert shown_limit == max(np.abs(terms).max(), np.abs(total).max())
    assert gradients["cells"] == [expected_colors(term, shown_limit) for term in terms]
    assert gradients["sum"] == expected_colors(np.zeros_like(total), shown_limit)
    np.testing.assert_allclose(
        gradients["flow"], np.linalg.norm(trace.grad_h[0, 0, :-1, 0], axis=-1)
    )
    assert seen["sum_of_all"]["sum"] == expected_colors(total, shown_limit)

    last = seen["one_update"]
    alpha = float(last["facts"]["alpha"])
    step = alpha * np.abs(total).max() / np.abs(trace.W).max()
    assert 0.05 < step <= 0.5
    stepped = trace.W - alpha * total
    assert last["W"] == expected_colors(stepped, limit)
    place = np.unravel_index(np.abs(total).argmax(), total.shape)
    before, after = (number(float(each[place]), 3) for each in (trace.W, stepped))
    assert last["update"] == (f"{before} → {after}", place)


def test_a_sum_of_gradients_begins_with_the_steps_that_are_not_shown(perform):
    trace = record_task("sentence", epochs=1, seed=1, gap=10)

    def look(scene):
        gradients = getattr(scene, "gradients", None)
        return gradients and (gradients.others, gradients.terms, colors(gradients.sum.cells))

    others, terms, _ = perform("weight-sharing", look, trace)["gradient_of_each_use"]
    assert len(terms) < trace.steps
    total = trace.gradients["rnn.weight_hh_l0"]
    np.testing.assert_allclose(others + terms.sum(axis=0), total, atol=1e-12)


def test_a_first_use_of_w_that_multiplies_a_state_has_a_gradient(default_trace_of):
    trace = default_trace_of("weight-sharing")
    assert gradient_of_first_use(trace, str) != ""
    started = replace(trace, h0=np.ones_like(trace.h0))
    assert gradient_of_first_use(started, str) == ""


def test_the_count_of_weights_is_that_of_the_network(default_trace_of):
    trace = default_trace_of("weight-sharing")
    held = sum(value.size for value in trace.parameters.values())
    count = held - trace.hidden_size  # two biases, added
    told = what_arrays(trace, WeightPart.of(trace), str)
    assert told == f"The whole network is five arrays: {count}"


def look_at_vanishing(scene):
    seen = {
        "steps": scene.window.steps,
        "facts": dict(scene.facts()),
        "networks": scene.context.experiments,
        "notes": scene.notes(),
        "shown": scene.shown,
        "shares": scene.gradient.shares,
        "terms": vars(scene).get("terms"),
        "widths": scene.fading.flows[0].norms,
        "rims": np.array([rim.get_stroke_width() for rim in scene.fading.rims[0]]),
    }
    if hasattr(scene, "bars"):
        chart = scene.bars.main.chart
        seen["heights"] = np.array([bar.height for bar in chart.bars])
        seen["numbers"] = [text.text for text in chart.numbers]
        seen["ratios"] = [text.text for text in scene.bars.main.marks]
        seen["arrows"] = np.array([arrow.thickness for arrow in scene.bars.main.arrows])
        axis = scene.bars.axis
        seen["axis"] = (axis.base, axis.height_of_all, axis.low, axis.high)
        seen["ticks"] = [float(line.get_y()) for line in axis.lines], list(axis.decades)
    if hasattr(scene, "others"):
        seen["lines"] = [
            (line.title.text, line.values, [float(dot.get_y()) for dot in line.dots])
            for line in scene.others.lines
        ]
        seen["rates"] = [text.text for text in scene.others.rates]
    return seen


def test_vanishing_gradient_shows_the_recorded_norms(trace_of, perform):
    trace = trace_of("vanishing-gradient")
    seen = perform("vanishing-gradient", look_at_vanishing, trace)
    first, linear, log = seen["one_loss"], seen["what_is_left"], seen["log_scale"]
    shown, half, triple = (first["networks"][name] for name in ("start", "half", "triple"))
    steps = np.array(first["steps"]) - 1

    def lengths(network):
        return np.linalg.norm(network.grad_h_by_loss[-1, 0, 0, steps, 0], axis=-1)

    norms = lengths(shown)
    np.testing.assert_allclose(first["widths"], norms[::-1])
    thick = first["rims"] > 1.0
    np.testing.assert_allclose(
        first["rims"][thick] / first["rims"].max(), (norms / norms.max())[thick], rtol=1e-6
    )
    assert linear["numbers"] == [number(float(value)) for value in norms]
    heights = linear["heights"] / linear["heights"].max()
    np.testing.assert_allclose(heights, np.maximum(norms / norms.max(), heights.min()), rtol=1e-6)
    assert linear["ratios"] == [f"×{number(float(r))}" for r in norms[:-1] / norms[1:]]
    thick = linear["arrows"] > linear["arrows"].min()
    np.testing.assert_allclose(
        linear["arrows"][thick] / linear["arrows"].max(),
        (norms[:-1] / norms[:-1].max())[thick],
        rtol=1e-6,
    )

    base, height, low, high = log["axis"]

    def at(values):
        return height * np.clip((np.log10(values) - low) / (high - low), 0, 1)

    np.testing.assert_allclose(log["heights"], np.maximum(at(norms), 0.012), rtol=1e-6)
    ys, decades = log["ticks"]
    np.testing.assert_allclose(ys, base + at(10.0 ** np.array(decades)), atol=1e-9)
    names, values, places = zip(*seen["other_weights"]["lines"], strict=True)
    assert names == ("0.5 $W$", "$W$", "3 $W$")
    for drawn, y, network in zip(values, places, (half, shown, triple), strict=True):
        np.testing.assert_allclose(drawn, lengths(network))
        np.testing.assert_allclose(y, base + at(lengths(network)), atol=1e-6)
    assert np.array_equal(half.W, 0.5 * shown.W)
    assert np.array_equal(triple.W, 3 * shown.W)

    facts = first["facts"]
    left = float(norms[0] / norms[-1])
    if left <= 1:
        assert facts["left"] == f"{percent(left)} of the gradient is left."
    else:
        assert facts["left"] == f"the gradient is {number(left)} times as long."
    slope = np.polyfit(np.arange(len(norms)), np.log(norms), 1)[0]
    assert facts["rates"] == f"×{number(float(np.exp(-slope)))}"
    rates = [f"×{facts['half']}", facts["rates"], f"×{facts['triple']}"]
    assert seen["other_weights"]["rates"] == rates


def test_vanishing_gradient_shares_add_up_to_the_whole(trace_of, perform):
    trace = trace_of("vanishing-gradient")
    seen = perform("vanishing-gradient", look_at_vanishing, trace)["terms_of_w"]
    shown, shares, facts, drawn = (seen[key] for key in ("shown", "shares", "facts", "terms"))
    assert [text.text for _, text in drawn.sums] == [facts["near_share"], facts["far_share"]]
    terms = measure.weight_gradient_norms(shown)[-1, :, 0]
    np.testing.assert_allclose(shares, terms / terms.sum())
    near = drawn.near
    assert facts["last_terms"] == ("The last one holds" if near == 1 else f"The last {near} hold")
    assert bool(facts["what_w_learns"]) == (2 * near < np.count_nonzero(shares))
    near_share, far_share = (int(facts[name].rstrip("%")) for name in ("near_share", "far_share"))
    assert near_share + far_share == 100
    assert abs(near_share - 100 * shares[-near:].sum()) < near
    assert near_share >= 85 > 100 * shares[1 - near :].sum() - near or near == 1


def test_vanishing_gradient_shows_a_trained_network_as_it_began(default_trace_of, perform):
    trace = default_trace_of("vanishing-gradient")
    seen = perform("vanishing-gradient", look_at_vanishing)["one_loss"]
    shown = seen["shown"]
    assert np.array_equal(shown.x, trace.x)
    assert np.abs(shown.W).max() <= 1 / np.sqrt(trace.hidden_size)  # as PyTorch draws weights
    assert not np.allclose(shown.W, trace.W)
    assert seen["notes"] == ("before training",)


def test_vanishing_gradient_shows_any_other_network_as_it_is(changed_trace_of, perform):
    trace = changed_trace_of("vanishing-gradient")
    seen = perform("vanishing-gradient", look_at_vanishing, trace)["one_loss"]
    assert seen["shown"] is trace
    assert seen["notes"] == ()
    assert seen["facts"]["which"] == "Take the network as it was recorded."


def test_the_captions_claims_hold_on_the_default_recording(perform):
    facts = perform("vanishing-gradient", look_at_vanishing)["one_loss"]["facts"]
    assert facts["ratios"] == "it gets shorter every time."
    assert facts["seen"] == "On this scale it has vanished."
    assert facts["shape"] == "lie close to a line"
    rate = float(facts["rates"].removeprefix("×"))
    assert float(facts["half"]) < rate < 1 < float(facts["triple"])
    told = "Small weights let a gradient vanish, large ones let it grow."
    assert facts["what_w_does"] == told

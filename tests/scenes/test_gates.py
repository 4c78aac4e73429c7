"""What the scene of gates shows and says is what was recorded and measured."""

import numpy as np
import pytest

from rnnviz.errors import SceneError
from rnnviz.experiments.default_recordings import record_task
from rnnviz.experiments.studies import study_of
from rnnviz.mobjects.numbers import decimals, number
from rnnviz.mobjects.theme import DARK
from rnnviz.scene.loading import load_scene
from rnnviz.scene.needs import check_needs

NAME = "gates"


@pytest.fixture(scope="module")
def study(default_trace_of):
    return study_of(default_trace_of(NAME))


def first(study, cell):
    return study.of(cell, 20)[0]


@pytest.fixture(scope="module", params=["default", "own lstm", "own gru"])
def shown(request, default_trace_of, study):
    """A trace to play, and the networks whose gates are then to be seen: LSTM and GRU."""
    kinds = {"own lstm": "lstm", "own gru": "gru"}
    found = {cell: first(study, cell).trace for cell in ("lstm", "gru")}
    if request.param == "default":
        return default_trace_of(NAME), found
    cell = kinds[request.param]
    own = record_task("sentence", cell=cell, gap=3, hidden=6, epochs=1, seed=4)
    return own, {**found, cell: own}


def colors(mobjects):
    return [mobject.get_fill_color().to_hex() for mobject in mobjects]


def open_share(valve):
    """How much of a valve's way is free, as drawn."""
    _, *leaves = valve.leaves
    shut = sum(leaf.height if valve.upright else leaf.width for leaf in leaves)
    return 1 - shut / (2 * valve.half)


def look(scene):
    source = [ink.text for ink in scene.source.get_family() if hasattr(ink, "text")]
    seen = {"facts": dict(scene.facts()), "source": " ".join(source)}
    if hasattr(scene, "belt"):
        valves = scene.belt.keep, scene.belt.write, scene.belt.read
        seen["lstm"] = scene.belt.unit, scene.belt.box[1].text
        seen["new"] = scene.belt.new[1].text if hasattr(scene.belt, "new") else None
        seen["valves"] = [(each.share, each.name.text, open_share(each)) for each in valves]
    if hasattr(scene, "gru_belt"):
        seen["gru"] = scene.gru_belt.unit, scene.gru_belt.box[1].text
        seen["new"] = scene.gru_belt.new[1].text
    if hasattr(scene, "grid"):
        words = [text.text for text in scene.words.texts]
        opacities = {cell.get_fill_opacity() for cell in scene.grid.cells}
        named = [text.text for text in scene.grid.units]
        seen["grid"] = colors(scene.grid.cells), words, opacities, named
    if hasattr(scene, "kept"):
        seen["product"] = scene.kept.values, [bar.height for bar in scene.kept.chart.bars]
        seen["numbers"] = scene.kept.texts
    if hasattr(scene, "lines"):
        seen["axis"] = scene.lines.axis
        seen["lines"] = {
            cell: (line.values, [float(dot.get_y()) for dot in line.dots])
            for cell, line in scene.lines.lines.items()
        }
    if hasattr(scene, "answer"):
        seen["answers"] = [
            (title.text, bars.values, [bar.width for bar in bars.bars])
            for title, bars in scene.answer.panels
        ]
        seen["rates"] = [text.text for text in scene.answer.rates]
    return seen


@pytest.fixture(scope="module")
def seen(shown, perform):
    return perform(NAME, look, shown[0])


@pytest.fixture(scope="module")
def seen_by_default(perform):
    return perform(NAME, look)


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


def gates_by_hand(trace):
    """i f g o of an LSTM, or r z n of a GRU, from inputs and states: (time, gate, unit)."""
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    w_x, w_h, b_x, b_h = (trace.parameters[f"rnn.{name}"] for name in names)
    before = np.concatenate([trace.h0[0, 0, :, :], trace.h[0, 0, :-1, 0]])
    from_x, from_h = trace.x[:, 0] @ w_x.T + b_x, before @ w_h.T + b_h
    if trace.metadata.cell == "lstm":
        i, f, g, o = np.split(from_x + from_h, 4, axis=-1)
        return np.stack([sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)], axis=1)
    (r_x, z_x, n_x), (r_h, z_h, n_h) = np.split(from_x, 3, axis=-1), np.split(from_h, 3, axis=-1)
    r, z = sigmoid(r_x + r_h), sigmoid(z_x + z_h)
    return np.stack([r, z, np.tanh(n_x + r * n_h)], axis=1)


def cells_by_hand(trace):
    i, f, g, _ = np.moveaxis(gates_by_hand(trace), 1, 0)
    cells, c = [], np.zeros(f.shape[-1])
    for step in range(len(f)):
        c = f[step] * c + i[step] * g[step]
        cells.append(c)
    return np.array(cells)


def update_gates(trace):
    """z by hand, and the eight units whose z differ most over the words, from the one that does."""
    z = gates_by_hand(trace)[:, 1]
    order = np.argsort(z.min(axis=0) - z.max(axis=0), kind="stable")
    return z, order[:8]


def test_the_grid_holds_the_update_gates_that_move_most(shown, seen):
    _, networks = shown
    gru = networks["gru"]
    z, units = update_gates(gru)
    followed, _ = kept_by(gru, lambda at: (1 - at[1]) * at[2])
    if followed not in units:
        units = [*units[:-1], followed]
    units = sorted(units, key=lambda unit: not (z[3, unit] < 0.5 < z[4:, unit].mean()))
    wanted = [DARK.shade("gate", value) for value in z[:, units].T.ravel()]
    found, words, opacities, named = seen["all_units"]["grid"]
    assert named == ["unit", *(str(unit + 1) for unit in units)]
    assert opacities == {1.0}
    assert len(found) == len(wanted)
    assert {"Beijing", "speak"} <= set(words)
    far = [
        (a, b.to_hex())
        for a, b in zip(found, wanted, strict=True)
        if np.abs(rgb(a) - b.to_rgb() * 255).max() > 1.01
    ]
    assert not far


def test_the_caption_says_what_the_update_gates_do(shown, seen):
    _, networks = shown
    z, units = update_gates(networks["gru"])
    at, later = z[3, units], z[4:, units].mean(axis=0)
    held = (at < 0.5) & (later > 0.5)
    text = seen["all_units"]["facts"]["gates"]
    if not held.any():
        assert text == "None lets “Beijing” in and then keeps it."
        return
    low, high = (decimals(float(values[held].mean())) for values in (at, later))
    assert text == f"The upper {held.sum()} drop to {low} at “Beijing”, then stay at {high}."


def rgb(text):
    return np.array([int(text[place : place + 2], 16) for place in (1, 3, 5)], dtype=float)


def kept_by(trace, written):
    """The unit that has most of Beijing at the end, and the products of its gate from there on."""
    gates = gates_by_hand(trace)
    products = np.cumprod(np.vstack([np.ones(gates.shape[-1]), gates[4:, 1]]), axis=0)
    unit = int(np.abs(written(gates[3]) * products[-1]).argmax())
    return unit, products[:, unit]


def test_the_belt_carries_one_units_cell(shown, seen):
    _, networks = shown
    lstm = networks["lstm"]
    cells, gates = cells_by_hand(lstm), gates_by_hand(lstm)
    unit, products = kept_by(lstm, lambda at: at[0] * at[2])
    i, f, g, q = gates[3, :, unit]
    found, _ = seen["read"]["lstm"]
    assert found.unit == unit
    assert (found.before, found.now) == pytest.approx((cells[2, unit], cells[3, unit]), rel=1e-6)
    assert (found.keep, found.write, found.new) == pytest.approx((f, i, g), rel=1e-6)
    assert (found.read, found.out) == pytest.approx((q, q * np.tanh(cells[3, unit])), rel=1e-6)
    assert found.now == pytest.approx(found.keep * found.before + found.write * found.new)
    np.testing.assert_allclose(found.left, products, rtol=1e-6)
    rides = [seen[beat]["lstm"][1] for beat in ("cell", "forget", "write")]
    values = cells[2, unit], f * cells[2, unit], cells[3, unit]
    assert rides == [decimals(float(value)) for value in values]
    assert [seen[beat]["new"] for beat in ("forget", "write")] == [None, decimals(float(g))]


def test_a_valve_is_open_by_its_gate(seen):
    for share, text, drawn in seen["read"]["valves"]:
        assert drawn == pytest.approx(share, abs=0.03)
        assert decimals(share) in text
    assert [drawn for *_, drawn in seen["cell"]["valves"]] == pytest.approx([0.0] * 3)


def test_the_gru_keeps_and_writes_its_state(shown, seen):
    _, networks = shown
    gru = networks["gru"]
    unit, _ = kept_by(gru, lambda at: (1 - at[1]) * at[2])
    r, z, n = gates_by_hand(gru)[3, :, unit]
    found, rides = seen["gru"]["gru"]
    assert found.unit == unit
    assert (found.keep, found.write, found.new) == pytest.approx((z, 1 - z, n), rel=1e-5)
    assert found.reset == pytest.approx(r, rel=1e-6)
    assert found.now == pytest.approx(z * found.before + (1 - z) * n, rel=1e-5)
    assert found.now == pytest.approx(gru.h[0, 0, 3, 0, unit])
    assert rides == decimals(found.now)
    assert seen["gru"]["new"] == decimals(float(n))
    assert seen["reset"]["facts"]["reset"] == decimals(float(r))


def test_what_is_kept_is_the_product_of_the_gate(shown, seen):
    _, networks = shown
    _, products = kept_by(networks["gru"], lambda at: (1 - at[1]) * at[2])
    values, heights = seen["what_is_kept"]["product"]
    np.testing.assert_allclose(values, products, rtol=1e-6)
    np.testing.assert_allclose(heights, np.maximum(2.6 * products, min(heights)), rtol=1e-6)
    texts = seen["what_is_kept"]["numbers"]
    assert texts[-1] == number(float(products[-1])) == seen["cell"]["facts"]["kept"]
    for text, product in zip(texts, products, strict=True):
        assert text in ("", number(float(product)))


def test_the_lines_are_gradients_at_what_is_carried(seen_by_default, study):
    found = seen_by_default["gradients"]
    axis, lines = found["axis"], found["lines"]
    for cell in ("rnn", "gru"):
        trace = first(study, cell).untrained
        norms = np.linalg.norm(trace.grad_h_by_loss[-1, 0, 0, :, 0], axis=-1)
        values, ys = lines[cell]
        np.testing.assert_allclose(values, norms / norms[-1])
        logs = np.log10(norms / norms[-1])
        share = (logs - axis.low) / (axis.high - axis.low)
        np.testing.assert_allclose(ys, axis.base + axis.height_of_all * share, atol=1e-6)
    values, _ = lines["lstm"]
    np.testing.assert_allclose(values, cell_gradients(first(study, "lstm").untrained), rtol=1e-6)


def cell_gradients(trace):
    """‖∂L/∂c_k‖ over that at the last step, by the chain rule over c and h from the loss back."""
    gates, cells = gates_by_hand(trace), cells_by_hand(trace)
    w_h = trace.parameters["rnn.weight_hh_l0"]
    units = cells.shape[1]
    probabilities = np.exp(trace.output[-1, 0] - trace.output[-1, 0].max())
    wrong = probabilities / probabilities.sum()
    wrong[int(trace.targets[-1, 0])] -= 1
    at_h, at_c = wrong @ trace.V, np.zeros(units)
    norms = []
    for step in range(len(cells) - 1, -1, -1):
        i, f, g, o = gates[step]
        before = cells[step - 1] if step else np.zeros(units)
        squashed = np.tanh(cells[step])
        at_c = at_c + at_h * o * (1 - squashed**2)
        norms.append(np.linalg.norm(at_c))
        at_gates = np.concatenate(
            [
                at_c * g * i * (1 - i),
                at_c * before * f * (1 - f),
                at_c * i * (1 - g**2),
                at_h * squashed * o * (1 - o),
            ]
        )
        at_h, at_c = at_gates @ w_h, at_c * f
    return np.array(norms[::-1]) / norms[0]


def test_the_answers_are_those_of_the_networks(seen_by_default, study):
    found = seen_by_default["answers"]["answers"]
    assert [title for title, *_ in found] == ["RNN", "LSTM", "GRU"]
    for cell, (_, values, widths) in zip(study.cells, found, strict=True):
        scores = first(study, cell).trace.output[-1, 0].astype(float)
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        np.testing.assert_allclose(values, shares, rtol=1e-5)
        np.testing.assert_allclose(widths, np.maximum(1.35 * shares, 0.02), rtol=1e-5)


def test_the_captions_numbers_are_those_of_the_networks(seen_by_default, study):
    facts = seen_by_default["cell"]["facts"]
    lstm = first(study, "lstm").trace
    assert facts["clue"] == "Beijing"
    assert int(facts["lag"]) == lstm.steps - 4
    assert (facts["gap"], facts["seeds"]) == ("20", "5")
    texts = seen_by_default["answers"]["rates"]
    for cell, text in zip(study.cells, texts, strict=True):
        run = first(study, cell)
        before, after = (rate_by_hand(trace, cell) for trace in (run.untrained, run.trace))
        assert (facts[f"{cell}_rate"], facts[f"{cell}_trained"]) == (before, after)
        assert text == f"gradient ×{before} → ×{after}"
        if cell in ("lstm", "gru"):  # f and z are the second gate of either
            kept = gates_by_hand(run.untrained)[:, 1].mean()
            assert facts[f"{cell}_kept"] == decimals(float(kept))
        learnt = sum(run.accuracy >= 0.95 for run in study.of(cell, 20))
        assert facts[f"{cell}_learnt"] == str(learnt)


def rate_by_hand(trace, cell):
    """The factor of a gradient for each step back, by a line through the logarithms."""
    norms = (
        cell_gradients(trace)
        if cell == "lstm"
        else np.linalg.norm(trace.grad_h_by_loss[-1, 0, 0, :, 0], axis=-1)
    )
    slope = np.polyfit(np.arange(len(norms)), np.log(norms), 1)[0]
    return number(float(np.exp(-slope)))


def test_the_lesson_holds_on_the_default_study(seen_by_default, study):
    """Before training the RNN and the GRU fade and the LSTM, whose gates start open, keeps; over
    the greatest gap all LSTMs and GRUs learn, and most RNNs do not.
    """
    facts = seen_by_default["cell"]["facts"]
    assert all(float(facts[f"{cell}_rate"]) < 0.8 for cell in ("rnn", "gru"))
    assert float(facts["lstm_rate"]) > 0.95
    assert float(facts["gru_trained"]) > 0.9 > 0.8 > float(facts["rnn_trained"])
    assert float(facts["kept"]) > 0.9
    assert facts["gates"] == "The upper 6 drop to 0.01 at “Beijing”, then stay at 1.00."
    z, units = update_gates(first(study, "gru").trace)
    assert np.ptp(z[:, units], axis=0).min() > 0.9
    assert (facts["lstm_learnt"], facts["gru_learnt"]) == ("5", "5")
    assert int(facts["rnn_learnt"]) <= 2
    assert [first(study, cell).learnt for cell in study.cells] == [False, True, True]


def test_the_source_line_names_the_network_that_is_shown(shown, seen):
    _, networks = shown
    names = {beat: view["source"] for beat, view in seen.items()}
    assert f"LSTM with {networks['lstm'].hidden_size} units" in names["cell"]
    for beat in ("gru", "reset", "all_units", "what_is_kept"):
        assert f"GRU with {networks['gru'].hidden_size} units" in names[beat]
    assert "RNN, LSTM and GRU with 16 units" in names["gradients"]


def test_what_cannot_be_shown_is_refused():
    loaded = load_scene(NAME)
    with pytest.raises(SceneError, match="tanh RNN, which has no gates"):
        check_needs(loaded, record_task("prices", epochs=1, seed=1))

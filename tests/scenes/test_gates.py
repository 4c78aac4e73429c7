"""What the scene of gates shows and says is what was recorded and measured."""

import numpy as np
import pytest

from rnnviz.errors import SceneError
from rnnviz.experiments.default_recordings import record_task
from rnnviz.experiments.studies import study_of
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.theme import DARK
from rnnviz.scene.loading import load_scene
from rnnviz.scene.needs import check_needs

NAME = "gates"


@pytest.fixture(scope="module")
def study(default_trace_of):
    return study_of(default_trace_of(NAME))


def best(study, cell):
    gap = study.learnt_by_all
    return max(study.of(cell, gap), key=lambda run: (run.accuracy, -run.trace.metadata.epochs))


@pytest.fixture(scope="module", params=["default", "own lstm", "own gru"])
def shown(request, default_trace_of, study):
    """A trace to play, and the networks whose gates are then to be seen: LSTM and GRU."""
    kinds = {"own lstm": "lstm", "own gru": "gru"}
    found = {cell: best(study, cell).trace for cell in ("lstm", "gru")}
    if request.param == "default":
        return default_trace_of(NAME), found
    cell = kinds[request.param]
    own = record_task("sentence", cell=cell, gap=3, hidden=6, epochs=1, seed=4)
    return own, {**found, cell: own}


def colors(mobjects):
    return [mobject.get_fill_color().to_hex() for mobject in mobjects]


def look(scene):
    seen = {"facts": dict(scene.facts()), "source": scene.source.text}
    if hasattr(scene, "step"):
        seen["step"] = scene.step.values, scene.step.about.text
    if hasattr(scene, "grid"):
        words = [text.text for text in scene.words.texts]
        opacities = {cell.get_fill_opacity() for cell in scene.grid.cells}
        seen["grid"] = colors(scene.grid.cells), words, opacities
    if hasattr(scene, "row"):
        seen["row"] = scene.row.retention, scene.row.number.text
    if hasattr(scene, "before"):
        seen["axis"] = scene.before.axis
        seen["lines"] = {
            name: {
                cell: (line.values, [float(dot.get_y()) for dot in line.dots])
                for cell, line in paths.lines.items()
            }
            for name, paths in (("before", scene.before), ("after", scene.after))
        }
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


def test_the_grids_hold_gates_and_cells(shown, seen):
    _, networks = shown
    forget = gates_by_hand(networks["lstm"])[:, 1]
    update = gates_by_hand(networks["gru"])[:, 1]
    cells = cells_by_hand(networks["lstm"])
    expected = {
        "forget_gate": [DARK.magnitude(value) for value in forget[:, :16].T.ravel()],
        "cell_state": [DARK.signed(v / np.abs(cells).max()) for v in cells[:, :16].T.ravel()],
        "state_is_kept": [DARK.magnitude(value) for value in update[:, :16].T.ravel()],
    }
    for beat, wanted in expected.items():
        found, words, opacities = seen[beat]["grid"]
        assert opacities == {1.0}, beat
        assert len(found) == len(wanted), beat
        of = networks["gru" if beat == "state_is_kept" else "lstm"]
        assert len(words) == of.steps
        far = [
            (a, b.to_hex())
            for a, b in zip(found, wanted, strict=True)
            if np.abs(rgb(a) - b.to_rgb() * 255).max() > 1.01
        ]
        assert not far, beat


def rgb(text):
    return np.array([int(text[place : place + 2], 16) for place in (1, 3, 5)], dtype=float)


def test_one_units_step_adds_up(shown, seen):
    _, networks = shown
    (now, keep, before, write, new), about = seen["cell_and_gates"]["step"]
    lstm = networks["lstm"]
    unit = int(about.split()[1]) - 1
    assert now == pytest.approx(keep * before + write * new)
    cells, gates = cells_by_hand(lstm), gates_by_hand(lstm)
    assert (now, before) == pytest.approx((cells[3, unit], cells[2, unit]), rel=1e-6)
    assert (write, keep, new) == pytest.approx(tuple(gates[3, :3, unit]), rel=1e-6)


def test_what_is_kept_is_the_product_of_the_gate(shown, seen):
    _, networks = shown
    for beat, cell in (("what_is_kept", "lstm"), ("state_is_kept", "gru")):
        parts = np.prod(gates_by_hand(networks[cell])[4:, 1], axis=0)
        kept, text = seen[beat]["row"]
        assert kept.unit == int(parts[:16].argmax())
        assert kept.part == pytest.approx(parts[:16].max(), rel=1e-6)
        assert text == f"×{number(float(parts[:16].max()))}"


def test_the_lines_are_gradients_at_what_is_carried(seen_by_default, study):
    found = seen_by_default["before_training"]
    axis, lines = found["axis"], found["lines"]
    for when in ("before", "after"):
        for cell in ("rnn", "gru"):
            run = best(study, cell)
            trace = run.trace if when == "after" else run.untrained
            norms = np.linalg.norm(trace.grad_h_by_loss[-1, 0, 0, :, 0], axis=-1)
            values, ys = lines[when][cell]
            np.testing.assert_allclose(values, norms / norms[-1])
            logs = np.log10(norms / norms[-1])
            share = (logs - axis.low) / (axis.high - axis.low)
            np.testing.assert_allclose(ys, axis.base + axis.height_of_all * share, atol=1e-6)
        values, _ = lines[when]["lstm"]
        run = best(study, "lstm")
        trace = run.trace if when == "after" else run.untrained
        np.testing.assert_allclose(values, cell_gradients(trace), rtol=1e-6)


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


def test_the_captions_numbers_are_those_of_the_networks(seen_by_default, study):
    facts = seen_by_default["forget_gate"]["facts"]
    lstm, gru = best(study, "lstm").trace, best(study, "gru").trace
    forget, update = gates_by_hand(lstm)[:, 1], gates_by_hand(gru)[:, 1]
    assert facts["units"] == "16"
    assert facts["share"] == percent(float((forget > 0.5).mean()))
    assert facts["clue"] == "Beijing"
    assert int(facts["lag"]) == lstm.steps - 4
    assert facts["z_clue"] == number(float(update[3].mean()))
    assert facts["z_after"] == number(float(update[4:].mean()))
    for cell in ("rnn", "gru"):
        run = best(study, cell)
        norms = np.linalg.norm(run.trace.grad_h_by_loss[-1, 0, 0, :, 0], axis=-1)
        assert facts[f"{cell}_left"] == number(float(norms[3] / norms[-1]))
        begun = np.linalg.norm(run.untrained.grad_h_by_loss[-1, 0, 0, :, 0], axis=-1)
        slope = np.polyfit(np.arange(len(begun)), np.log(begun), 1)[0]
        assert facts[f"{cell}_rate"] == number(float(np.exp(-slope)))
    assert facts["lstm_left"] == number(float(cell_gradients(lstm)[3]))
    for cell in study.cells:
        right = np.mean([run.accuracy for run in study.of(cell, 20)])
        assert facts[f"{cell}_right"] == percent(float(right))


def test_the_lesson_holds_on_the_default_study(seen_by_default, study):
    """At the gap that is shown all three have learnt; before training all three fade; the GRU
    writes at the word that decides; over the greatest gap LSTMs fail.
    """
    facts = seen_by_default["forget_gate"]["facts"]
    assert study.learnt_by_all == 5
    assert all(best(study, cell).accuracy >= 0.95 for cell in study.cells)
    assert all(float(facts[f"{cell}_rate"]) < 0.8 for cell in study.cells)
    assert float(facts["z_clue"]) < float(facts["z_after"])
    assert study.accuracies("lstm")[-1].mean() < 0.25
    assert facts["verdict"] == "The LSTM could keep the word, but has not learnt to."


def test_the_source_line_names_the_network_whose_gates_are_shown(shown, seen):
    trace, networks = shown
    own = trace.metadata.cell
    named = networks[own if own in networks else "lstm"]
    assert all(named.identity in beat["source"] for beat in seen.values())


def test_what_cannot_be_shown_is_refused():
    loaded = load_scene(NAME)
    with pytest.raises(SceneError, match="about sentences"):
        check_needs(loaded, record_task("prices", epochs=1, seed=1))
    with pytest.raises(SceneError, match="2 layers"):
        check_needs(loaded, record_task("sentence", cell="lstm", layers=2, epochs=1, seed=1))

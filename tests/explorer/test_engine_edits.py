"""What the engine computes of changed networks and sequences, and how it trains them."""

import copy

import numpy as np
import pytest
import torch
from drawn_networks import CELLS, LOSSES, any_network, data_for, drawn, model_of
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Error

from rnnviz.explorer.network_data import network_data
from rnnviz.recording import record
from rnnviz.recording.losses import loss_by_step

CLOSE = 1e-10
EDITED = """(text, recorded, changes) => {
  const { network, sequences } = opened(text);
  const edited = network.edited(changes), expected = opened(JSON.stringify(recorded)).recorded;
  return engine.compare(sequences.map((each) => edited.run(each)), expected);
}"""


def in_both(ask, model, change, changes, loss="cross-entropy", lengths=(5, 5)):
    """Compare a changed network of PyTorch, recorded, with the engine's change of the original."""
    x, targets = data_for(model, lengths, loss)
    content = network_data(record(model, x, targets, loss=loss))
    changed = copy.deepcopy(model)
    with torch.no_grad():
        change(changed)
    other = network_data(record(changed, x, targets, loss=loss))
    return ask(EDITED, content, other, changes)


@pytest.mark.parametrize("cell", CELLS)
def test_scaled_weights(ask, cell):
    torch.manual_seed(1)

    def scale(model):
        for name, parameter in model.named_parameters():
            for kind, factor in (("weight_hh", 3.0), ("weight_ih", 0.5), ("fc.weight", -2.0)):
                if kind in name:
                    parameter *= factor

    model = model_of(cell, layers=2, bidirectional=True)
    found = in_both(ask, model, scale, {"scale": {"W": 3, "U": 0.5, "V": -2}})
    assert found["worst"] < CLOSE, found


def test_entries_are_the_numbers_in_use(ask):
    torch.manual_seed(1)

    def enter(model):
        model.rnn.weight_hh_l1_reverse *= 2
        model.rnn.weight_hh_l0 *= 2
        model.rnn.weight_hh_l0_reverse *= 2
        model.rnn.weight_hh_l1 *= 2
        model.rnn.weight_hh_l1_reverse[3, 2] = 1.5
        model.rnn.bias_ih_l0[4] = -0.25
        model.fc.weight[1, 6] = 0.75
        model.fc.bias[2] = 3

    entries = [
        {"layer": 1, "direction": 1, "name": "weight_hh", "row": 3, "col": 2, "value": 1.5},
        {"layer": 0, "name": "bias_ih", "row": 4, "value": -0.25},
        {"name": "weight", "row": 1, "col": 6, "value": 0.75},
        {"name": "bias", "row": 2, "value": 3},
    ]
    model = model_of("gru", layers=2, bidirectional=True)
    found = in_both(ask, model, enter, {"scale": {"W": 2}, "entries": entries})
    assert found["worst"] < CLOSE, found


def test_another_nonlinearity(ask):
    torch.manual_seed(1)
    tanh, relu = model_of("tanh", layers=2), model_of("relu", layers=2)
    relu.load_state_dict(tanh.state_dict())
    x, targets = data_for(tanh, (5, 5), "squared")
    one, other = (network_data(record(each, x, targets, loss="squared")) for each in (tanh, relu))
    found = ask(EDITED, one, other, {"nonlinearity": "relu"})
    assert found["worst"] < CLOSE, found


def test_given_parameters(ask):
    torch.manual_seed(1)
    first, second = model_of("lstm"), model_of("lstm")
    x, targets = data_for(first, (5,), "squared")
    one, other = (
        network_data(record(each, x, targets, loss="squared")) for each in (first, second)
    )
    swap = """(text, other) => {
      const { network, sequences } = opened(text);
      const { network: from, recorded } = opened(JSON.stringify(other));
      const edited = network.edited({ parameters: from.parameters() });
      return engine.compare(sequences.map((each) => edited.run(each)), recorded);
    }"""
    assert ask(swap, one, other)["worst"] < CLOSE


def test_an_edit_leaves_the_network_as_it_was(ask):
    keep = """(text) => {
      const { network, sequences, recorded } = opened(text);
      network.edited({
        scale: { U: 2, W: 2, V: 2 },
        entries: [
          { layer: 0, name: "weight_hh", row: 0, col: 0, value: 9 },
          { name: "bias", row: 0, value: 9 },
        ],
        clamps: [{ step: 1, unit: 0, part: "h", value: 1 }],
      });
      return engine.compare(sequences.map((each) => network.run(each)), recorded);
    }"""
    assert ask(keep, drawn())["worst"] < CLOSE


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"nonlinearity": "relu"}, "can be chosen for an RNN, not for cell 'lstm'"),
        (
            {"entries": [{"layer": 0, "name": "weight_hh", "row": 0, "col": 4, "value": 1}]},
            r"no entry \(0, 4\) of 'weight_hh' in layer 0",
        ),
        ({"parameters": {"bias_ih_l9": {}}}, "parameter 'bias_ih_l9' has no numbers here"),
        ({"clamps": [{"part": "q", "value": 1}]}, "no part 'q'"),
        ({"clamps": [{"part": "h", "value": 1, "unit": 4}]}, "no unit 4 of 'h'"),
        ({"clamps": [{"part": "h", "value": 1, "layer": 1}]}, "no layer 1 with direction 0"),
    ],
)
def test_a_change_that_cannot_be_made_is_refused(ask, changes, message):
    with pytest.raises(Error, match=message):
        ask("(text, changes) => { opened(text).network.edited(changes); }", drawn(), changes)


# --- clamps -------------------------------------------------------------------------------------


CLAMPED = """(text, clamps, seed) => {
  const { network: free, sequences: [sequence] } = opened(text);
  const network = free.edited({ clamps });
  const run = network.run(sequence);
  const [x] = run.gradientsOfTotal().x, gradients = run.parameterGradients();
  const slope = (change) => {
    const at = (step) => network.edited({}).run(change(step)).total;
    return (at(1e-5) - at(-1e-5)) / 2e-5;
  };
  const moved = (t, j) => (by) => {
    const data = sequence.x.data.slice();
    data[t * sequence.x.cols + j] += by;
    return { ...sequence, x: engine.matrix(sequence.x.rows, sequence.x.cols, data) };
  };
  const pairs = [];
  for (let t = 0; t < run.steps; t++) pairs.push([x[t][0], slope(moved(t, 0))]);
  for (const [name, values] of Object.entries(network.parameters())) {
    const index = seed % values.length;
    const at = (by) => {
      const changed = values.slice();
      changed[index] += by;
      return network.edited({ parameters: { [name]: changed } }).run(sequence).total;
    };
    pairs.push([gradients[name][index], (at(1e-5) - at(-1e-5)) / 2e-5]);
  }
  const held = clamps.map(({ layer, direction, step, unit, part }) => {
    const values = part === "h" || part === "c" ? run[part] : run.gates;
    const here = values[layer][direction][step];
    return part === "h" || part === "c" ? here[unit] : here[part][unit];
  });
  return { pairs, held };
}"""


@given(
    cell=st.sampled_from(["tanh", "gru", "lstm", "projected"]),
    parts=st.lists(st.integers(0, 5), min_size=1, max_size=3),
    bidirectional=st.booleans(),
    loss=st.sampled_from(LOSSES),
    seed=st.integers(0, 10_000),
)
def test_a_clamp_holds_and_no_gradient_goes_back_through_it(
    ask, cell, parts, bidirectional, loss, seed
):
    rng = np.random.default_rng(seed)
    trace = drawn(cell=cell, layers=2, bidirectional=bidirectional, loss=loss, seed=seed)
    names = ["h", *(["c"] if trace.c is not None else [])]
    names += trace.cell.gates if trace.cell.gated else []
    clamps = {}
    for part in parts:
        clamp = {
            "layer": int(rng.integers(2)),
            "direction": int(rng.integers(1 + bidirectional)),
            "step": int(rng.integers(trace.steps)),
            "unit": int(rng.integers(trace.hidden_size)),
            "part": names[part % len(names)],
        }
        clamps[tuple(clamp.values())] = {**clamp, "value": float(rng.uniform(-1, 1))}
    given_clamps = list(clamps.values())
    found = ask(CLAMPED, trace, given_clamps, seed)
    assert found["held"] == [clamp["value"] for clamp in given_clamps]
    for computed, slope in found["pairs"]:
        assert computed == pytest.approx(slope, rel=1e-5, abs=1e-8)


def test_a_clamp_of_all_units_and_steps(ask):
    forget = """(text) => {
      const { network, sequences: [sequence] } = opened(text);
      const run = network.edited({ clamps: [{ part: "f", value: 0 }] }).run(sequence);
      return run.gates[0][0].flatMap((gates, t) =>
        [...gates.f, ...run.c[0][0][t].map((c, j) => c - gates.i[j] * gates.g[j])]);
    }"""
    assert set(ask(forget, drawn())) == {0}


def test_a_shorter_and_a_longer_sequence(ask, make_trace):
    """The states at the steps that two sequences share are the same."""
    prefix = """(text, kept) => {
      const { network, sequences: [{ x, ...others }], runs: [whole] } = opened(text);
      const rows = engine.rowsOf(x).slice(0, kept);
      const run = network.run({ ...others, x: engine.matrixOf(rows) });
      return run.h[0][0].every((h, t) => h.join() === whole.h[0][0][t].join()) && run.steps;
    }"""
    assert ask(prefix, make_trace(), 3) == 3
    with pytest.raises(Error, match="x has 2 entries a step, but the network reads 3"):
        ask("(text) => opened(text).network.run({ x: engine.matrixOf([[1, 2]]) })", make_trace())


# --- training -----------------------------------------------------------------------------------


TRAIN = """(text, name, settings, steps) => {
  const { network: start, sequences } = opened(text);
  const optimizer = engine.optimizer(name, settings);
  let network = start;
  const made = [];
  for (let step = 0; step < steps; step++) {
    const { network: next, loss, gradientNorm } = optimizer.step(network, sequences);
    made.push([loss, gradientNorm]);
    network = next;
  }
  return { made, parameters: network.parameters() };
}"""


def test_the_first_step_of_adam_is_as_long_as_the_rate(ask):
    """Source: Kingma & Ba 2015, algorithm 1: after one step, m / √v is the sign of the gradient."""
    moved = """(text) => {
      const { network, sequences } = opened(text);
      const { gradients } = engine.lossAndGradients(network, sequences);
      const trained = engine.optimizer("adam", { rate: 0.01 }).step(network, sequences).network;
      const [before, after] = [network, trained].map((each) => each.parameters().weight_hh_l0);
      return [...before].map((value, i) => [gradients.weight_hh_l0[i], after[i] - value]);
    }"""
    gradients, steps = np.transpose(ask(moved, drawn()))
    np.testing.assert_allclose(steps, -0.01 * gradients / (np.abs(gradients) + 1e-8), rtol=1e-9)
    assert steps.max() == pytest.approx(0.01, rel=1e-3)


@given(
    settings=any_network(),
    name=st.sampled_from(["sgd", "adam"]),
    clip=st.sampled_from([None, 0.05, 1.0, 1e6]),
    rate=st.sampled_from([0.001, 0.3]),
)
def test_training_equals_that_of_torch(ask, settings, name, clip, rate):
    """Adam may multiply the rounding of a gradient by rate / ε; a large rate has a large ε here."""
    options = dict(settings)
    lengths, loss, seed = options["lengths"], options["loss"], options["seed"]
    for other in ("packed", "start", "lengths", "loss", "seed"):
        del options[other]
    torch.manual_seed(seed)
    model = model_of(**options)
    x, targets = data_for(model, lengths, loss)
    content = network_data(record(model, x, targets, loss=loss))
    epsilon = 1e-8 if rate < 0.01 else 1e-3
    if name == "sgd":
        optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    else:
        optimizer = torch.optim.Adam(model.parameters(), lr=rate, eps=epsilon)
    expected = []
    for _ in range(4):
        optimizer.zero_grad()
        output = model(x)[0]
        output, wanted = (output[None], targets[None]) if model.whole else (output, targets)
        total = loss_by_step(loss, output, wanted).mean()
        total.backward()
        before = torch.nn.utils.get_total_norm([each.grad for each in model.parameters()])
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        expected.append([total.item(), before.item()])
    found = ask(TRAIN, content, name, {"rate": rate, "clip": clip, "epsilon": epsilon}, 4)
    np.testing.assert_allclose(found["made"], expected, rtol=CLOSE, atol=1e-12)
    state = model.state_dict()
    for ours, theirs in content["network"]["names"].items():
        values = state[theirs].ravel().numpy()
        scale = max(1.0, np.abs(values).max())
        np.testing.assert_allclose(found["parameters"][ours], values, rtol=0, atol=CLOSE * scale)


def test_an_unknown_optimizer_is_refused(browser_page):
    with pytest.raises(Error, match="unknown optimizer 'lion'; choose sgd or adam"):
        browser_page.evaluate("engine.optimizer('lion', { rate: 1 })")


def test_a_gradient_that_is_not_finite_is_refused(ask):
    explode = """(text) => {
      const { network, sequences } = opened(text);
      const far = network.edited({ scale: { W: 1e200, U: 1e200 } });
      engine.optimizer("sgd", { rate: 1 }).step(far, sequences);
    }"""
    with pytest.raises(Error, match="choose a smaller learning rate, or clip"):
        ask(explode, drawn(cell="relu", loss="squared"))

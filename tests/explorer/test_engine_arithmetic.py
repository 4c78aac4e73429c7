"""The arithmetic behind a number: its terms add up, and each leads on to what it is made of."""

import pytest
from drawn_networks import any_network, drawn
from hypothesis import given
from playwright.sync_api import Error

CLOSE = 1e-12

WALK = """(text, clamps, most) => {
  const { network: free, sequences: [sequence] } = opened(text);
  const network = free.edited({ clamps });
  const run = network.run(sequence);
  const wrong = [], seen = new Set(), parts = {};
  const check = (what, got, expected, reference) => {
    if (!(Math.abs(got - expected) <= 1e-12 * Math.max(1, Math.abs(expected)))) {
      wrong.push([what, got, expected, JSON.stringify(reference)]);
    }
  };
  const last = run.steps - 1, top = network.layers.length - 1, to = network.directions - 1;
  const waiting = [{ part: "total" }, { part: "gradient", of: "x", step: 0 }];
  for (const direction of [0, to]) {
    for (const of of ["weight_ih", "weight_hh"]) {
      waiting.push({ part: "gradient", of, layer: top, direction, row: 0, col: 0 });
    }
    for (const loss of run.lossTimes.slice(-1)) {
      waiting.push({ part: "gradient", of: "h", direction, step: direction ? last : 0, loss });
    }
  }
  while (waiting.length && seen.size < most) {
    const [reference] = waiting.splice(Math.floor(waiting.length / 2), 1);
    const key = JSON.stringify(Object.entries(reference).sort());
    if (seen.has(key)) continue;
    seen.add(key);
    const { part, of = "" } = reference, made = run.arithmetic(reference);
    parts[part === "gradient" ? `∂${of}` : part] = true;
    if (part === "x") continue;
    check("result", engine.applied(made), made.result, reference);
    check("sum", made.terms.reduce((sum, term) => sum + term.product, 0), made.sum, reference);
    for (const term of made.terms) {
      if (made.function !== "softmax") check("product", term.weight * term.value, term.product, term);
      if (term.factors?.length) {
        const product = term.factors.reduce((all, factor) => all * factor.value, 1);
        check("factors", product, term.weight, reference);
      }
      for (const next of [term.of, term.weightOf].filter(Boolean)) {
        waiting.push(next);
        if (term.kind === "error") continue;
        const { result } = run.arithmetic(next);
        if (next === term.of) check("value", term.squashed ? Math.tanh(result) : result, term.value, next);
        else check("weight", term.complement ? 1 - result : result, term.weight, next);
      }
    }
  }
  return { wrong, parts: Object.keys(parts).sort() };
}"""  # noqa: E501


@given(settings=any_network())
def test_every_number_is_the_sum_that_it_is_said_to_be(ask, settings):
    trace = drawn(**settings)
    found = ask(WALK, trace, [], 150)
    assert found["wrong"] == []


@pytest.mark.parametrize(
    ("cell", "parts"),
    [
        ("tanh", {"h"}),
        ("relu", {"h"}),
        ("gru", {"h", "r", "z", "n", "share", "∂share", "∂made"}),
        ("lstm", {"h", "c", "i", "f", "g", "o", "∂c", "∂made"}),
        ("projected", {"h", "made", "c", "i", "f", "g", "o", "∂c", "∂made"}),
    ],
)
@pytest.mark.parametrize("loss", ["cross-entropy", "squared", "squared-on-softmax"])
def test_every_part_can_be_reached_from_the_loss_and_its_gradients(ask, cell, parts, loss):
    trace = drawn(cell=cell, layers=2, bidirectional=True, loss=loss, lengths=(2,), sizes=(1, 2, 2))
    found = ask(WALK, trace, [], 5000)
    assert found["wrong"] == []
    everywhere = {"total", "loss", "y", "score", "x", "h"}
    everywhere |= {"∂x", "∂h", "∂a", "∂score", "∂weight_ih", "∂weight_hh"}
    assert set(found["parts"]) >= everywhere | parts


def test_a_number_that_is_held_says_so(ask):
    clamps = [
        {"step": 1, "unit": 0, "part": "f", "value": 0.0},
        {"step": 2, "unit": 1, "part": "c", "value": 0.5},
        {"step": 3, "unit": 2, "part": "h", "value": -0.5},
    ]
    trace = drawn(cell="lstm", lengths=(4,))
    assert ask(WALK, trace, clamps, 5000)["wrong"] == []
    name = """(text, clamps) => {
      const { network, sequences: [sequence] } = opened(text);
      const run = network.edited({ clamps }).run(sequence);
      const made = clamps.map((clamp) => run.arithmetic(clamp));
      return made.map(({ function: name, result }) => [name, result]);
    }"""
    assert ask(name, trace, clamps) == [["held", 0], ["held", 0.5], ["held", -0.5]]


def test_the_terms_of_a_state_are_those_of_the_trace(ask, make_trace):
    trace = make_trace()
    made = ask("(text) => opened(text).runs[1].arithmetic({ part: 'h', step: 3, unit: 2 })", trace)
    products = {kind: [] for kind in ("input", "state", "bias")}
    for term in made["terms"]:
        products[term["kind"]].append(term["product"])
    assert products["input"] == pytest.approx(trace.U[2] * trace.x[3, 1], abs=CLOSE)
    assert products["state"] == pytest.approx(trace.W[2] * trace.h[0, 0, 2, 1], abs=CLOSE)
    assert sum(products["bias"]) == pytest.approx(trace.b[2], abs=CLOSE)
    assert made["sum"] == pytest.approx(trace.preact[0, 0, 3, 1, 0, 2], abs=CLOSE)
    assert (made["function"], made["result"]) == ("tanh", pytest.approx(trace.h[0, 0, 3, 1, 2]))


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ({"part": "h", "step": 9}, "there is no step 9; there are 5, from 0"),
        ({"part": "h", "layer": 1}, "there is no layer 1 with direction 0"),
        ({"part": "h", "unit": 4}, "there is no unit 4 of 'h' at step 0; there are 4"),
        ({"part": "r"}, "there is no unit 0 of 'r'"),
        ({"part": "gradient", "of": "a", "gate": "r"}, "there is no unit 0 of 'a'"),
        ({"part": "gradient", "of": "h", "loss": 7}, "there is no loss at step 7"),
        ({"part": "gradient", "of": "weight_hh", "row": 16}, r"no entry \(16, 0\) of 'weight_hh'"),
    ],
)
def test_a_number_that_is_not_there_is_refused(ask, reference, message):
    with pytest.raises(Error, match=message):
        ask("(text, which) => opened(text).runs[0].arithmetic(which)", drawn(), reference)

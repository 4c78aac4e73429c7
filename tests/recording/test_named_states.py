"""States that are named: what is found without being named, and what is refused."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from handwritten import continuous, gated, loops, lstms, rnns, state_spaces  # noqa: F401
from handwritten.cases import BATCH, CASES, HIDDEN, INPUT, OUTPUT, STEPS
from torch import nn

import rnnviz
from rnnviz import measure
from rnnviz.errors import RecordingError, TraceError
from rnnviz.trace import load

X, Y = torch.randn(STEPS, BATCH, INPUT), torch.randn(STEPS, BATCH, OUTPUT)


class Lstm(nn.Module):
    """An LSTM by hand, of which the code names what it is told to."""

    def __init__(self, *named):
        super().__init__()
        self.gates = nn.Linear(INPUT + HIDDEN, 4 * HIDDEN)
        self.out, self.named = nn.Linear(HIDDEN, OUTPUT), named

    def forward(self, xs):
        h = c = torch.zeros(BATCH, HIDDEN)
        outputs = []
        for x in xs:
            i, f, g, o = self.gates(torch.cat([x, h], -1)).chunk(4, -1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            h = rnnviz.state(h, "h") if "h" in self.named else h
            c = rnnviz.state(c, "c") if "c" in self.named else c
            outputs.append(self.out(h))
        return torch.stack(outputs)


def record(model, inputs=X, targets=Y, **settings):
    return rnnviz.record(model, inputs, targets, loss="squared", **settings)


def recorded(name, **settings):
    case = CASES[name]()
    torch.manual_seed(0)
    return rnnviz.record(
        case.model, case.inputs, case.targets, loss="squared", states=case.states, **settings
    )


def refuse(message, model, inputs=X, targets=Y, **settings):
    with pytest.raises(RecordingError, match=message) as error:
        record(model, inputs, targets, **settings)
    assert "\n" not in str(error.value)


def test_what_passes_beside_the_state_is_named_with_its_line():
    refuse(
        r"do not add up to autograd's gradient of 'gates\.\w+'.* by [\d.e+-]+ of its size, "
        r"since a tensor of shape \(2, 3\) that Add made in step 2 \(.*, line \d+\) enters step "
        r"3 beside the named states; name it as well",
        Lstm("h"),
    )
    assert record(Lstm("h", "c")).metadata.states


class TwoStates(nn.Module):
    """Two states, and a Linear on what ``read`` makes of them."""

    def __init__(self, read, size):
        super().__init__()
        self.read, self.inner = read, nn.Linear(INPUT + HIDDEN, HIDDEN)
        self.out = nn.Linear(size, OUTPUT)

    def forward(self, xs):
        h = m = torch.zeros(BATCH, HIDDEN)
        outputs = []
        for x in xs:
            m = rnnviz.state(0.9 * m + 0.1 * h, "m")
            h = rnnviz.state(torch.tanh(self.inner(torch.cat([x, h], -1)) + m), "h")
            outputs.append(self.out(self.read(h, m)))
        return torch.stack(outputs)


@pytest.mark.parametrize(
    ("read", "size", "names"),
    [
        (lambda h, m: h, HIDDEN, ("h",)),
        (lambda h, m: m, HIDDEN, ("m",)),
        (lambda h, m: torch.cat([m, h], -1), 2 * HIDDEN, ()),
        (lambda h, m: h + m, HIDDEN, None),
        (lambda h, m: h[:, 1:], HIDDEN - 1, None),
    ],
)
def test_a_linear_of_one_state_is_found_with_the_state(read, size, names, tmp_path):
    trace = record(TwoStates(read, size))
    if names is None:
        assert trace.metadata.output_layer is None
        return
    assert trace.metadata.output_layer == "out"
    assert trace.metadata.output_reads == names
    states = measure.states_read(trace)
    assert set(states) == {*(names or ("h", "m"))}
    made = np.concatenate(list(states.values()), axis=-1) @ trace.V.T + trace.output_bias
    np.testing.assert_allclose(made, trace.output, rtol=0, atol=1e-6)
    again = load(trace.save(tmp_path / "two.safetensors"))
    assert again.metadata == trace.metadata
    assert ("out, of" in str(again.summary)) == bool(names)


def test_an_output_layer_reads_states_that_there_are():
    trace = record(TwoStates(lambda h, m: h, HIDDEN))
    for wrong, told in ((("q",), "output_reads has 'q'"), ((), "'out.weight' must be")):
        with pytest.raises(TraceError, match=told):
            replace(trace, metadata=replace(trace.metadata, output_reads=wrong))


def test_an_lstm_by_hand_is_that_of_torch():
    torch.manual_seed(0)
    plain, cell = nn.LSTM(INPUT, HIDDEN), nn.LSTMCell(INPUT, HIDDEN)
    cell.load_state_dict({k.removesuffix("_l0"): v for k, v in plain.state_dict().items()})

    class Looped(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = cell

        def forward(self, xs):
            state = torch.zeros(BATCH, HIDDEN), torch.zeros(BATCH, HIDDEN)
            states = []
            for x in xs:
                state = self.cell(x, state)
                states.append(state[0])
            return torch.stack(states)

    targets = torch.randn(STEPS, BATCH, HIDDEN).double()
    mine = record(Looped().double(), X.double(), targets, states="cell")
    torchs = record(plain.double(), X.double(), targets)
    assert np.allclose(mine.state("h"), torchs.h[0, 0])
    assert np.allclose(mine.state("c"), torchs.c[0, 0])
    at_h = mine.grad_h_by_loss[:, 0, 0, :, :, :HIDDEN]
    assert np.allclose(at_h, torchs.grad_h_by_loss[:, 0, 0], atol=1e-12)
    at_c = np.linalg.norm(mine.grad_h_by_loss[:, 0, 0, :, :, HIDDEN:], axis=-1)
    assert np.allclose(at_c, rnnviz.measure.gradient_norms(torchs, state="c"), atol=1e-12)
    assert np.allclose(mine.jacobian[0, 0, 1:, :, :HIDDEN, :HIDDEN], torchs.jacobian[0, 0, 1:])
    assert np.allclose(mine.grad_x_by_loss, torchs.grad_x_by_loss, atol=1e-12)


def test_the_jacobian_of_a_step_is_that_of_its_function():
    trace = recorded("peephole")
    cell = CASES["peephole"]().model.cell

    def step(state, x):
        h, c = state[None, :HIDDEN], state[None, HIDDEN:]
        return torch.cat(cell(x[None], (h, c)), -1)[0]

    states, x = torch.tensor(trace.h[0, 0]), torch.tensor(trace.x)
    for k in range(1, STEPS):
        for b in range(BATCH):
            expected = torch.func.jacrev(step)(states[k - 1, b], x[k, b])
            assert np.allclose(trace.jacobian[0, 0, k, b], expected.detach(), atol=1e-12)


def test_states_are_given_back_in_their_own_shape():
    trace = recorded("convolutional")
    assert trace.state("c").shape == (STEPS, BATCH, 2, 3, 3)
    assert [str(each) for each in trace.metadata.states] == ["h (2 × 3 × 3)", "c (2 × 3 × 3)"]
    with pytest.raises(TraceError, match="no state 'd'; it has h, c"):
        trace.state("d")
    turned = recorded("linear_recurrent_unit")
    assert turned.state("h").dtype == np.complex128
    assert turned.state("h").shape == (STEPS, BATCH, HIDDEN)
    assert "h (3 complex)" in str(turned)
    plain = record(nn.RNN(INPUT, OUTPUT))
    assert np.array_equal(plain.state("h"), plain.h[0, 0])


def test_gates_are_kept_where_they_are_named():
    trace = recorded("gru_from_scratch")
    assert list(trace.named_gates) == ["z", "r"]
    assert trace.named_gates["z"].shape == (STEPS, BATCH, HIDDEN)
    assert np.array_equal(rnnviz.measure.gates(trace)["r"], trace.named_gates["r"])
    with pytest.raises(TraceError, match=r"names no gates; .* rnnviz\.gate\(z, 'z'\)"):
        rnnviz.measure.gates(recorded("leaky"))


@pytest.mark.parametrize(
    ("name", "cuts"), [("truncated", (2, 4)), ("reset_between_episodes", ()), ("leaky", ())]
)
def test_cuts_of_the_model_are_exact_zeros(name, cuts):
    trace = recorded(name)
    assert trace.metadata.cuts == cuts
    for cut in cuts:
        assert not trace.grad_h_by_loss[cut:, 0, 0, :cut].any()
        assert trace.grad_h_by_loss[cut - 1, 0, 0, cut - 1].any()
    if name == "reset_between_episodes":
        assert not trace.grad_h_by_loss[2:, 0, 0, :2, 0].any()
        assert trace.grad_h_by_loss[2:, 0, 0, :2, 1].any()


def test_the_state_before_the_first_step_is_found():
    assert not recorded("concatenated").h0.any()
    model = CASES["without_a_batch"]().model
    found = recorded("without_a_batch").h0
    assert np.array_equal(found[0, 0, 0], model.h0.detach().numpy())
    assert np.array_equal(recorded("leaky").states_before()[1], recorded("leaky").h[0, 0, 0])


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("concatenated", "arguments"),
        ("from_scratch", "takes"),
        ("batch_first", "takes"),
        ("classifier", "takes"),
        ("feeds_back_its_prediction", "arguments"),
    ],
)
def test_what_enters_a_step_is_found(name, what):
    trace = recorded(name)
    assert what in trace.metadata.step_input
    assert trace.grad_x_by_loss.any()
    if name == "from_scratch":
        assert set(np.unique(trace.x)) == {0.0, 1.0}


def test_a_file_holds_all_of_it(tmp_path):
    trace = recorded("gru_from_scratch")
    again = load(trace.save(tmp_path / "own.safetensors"))
    assert again.identity == trace.identity
    assert again.metadata.states == trace.metadata.states
    assert again.named_gates.keys() == trace.named_gates.keys()
    assert again.metadata.schema == 3
    assert record(nn.RNN(INPUT, OUTPUT)).metadata.schema == 2


def test_without_a_recording_a_name_costs_nothing():
    h = torch.zeros(3)
    assert rnnviz.state(h, "h") is h
    assert rnnviz.gate(h, "z") is h
    loaded = (
        "import sys, rnnviz; rnnviz.state(1, 'h'); print({'manim', 'matplotlib'} & {*sys.modules})"
    )
    found = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "set()"
    plain = "import sys, rnnviz; print('torch' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", plain], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "False"


def test_large_jacobians_are_left_out_unless_asked_for():
    trace = record(Lstm("h", "c"), jacobians=False)
    asked = record(Lstm("h", "c"), jacobians=True)
    assert trace.step_jacobian is None
    assert asked.step_jacobian.shape[-1] == 2 * HIDDEN
    with pytest.raises(
        TraceError, match="left out for their size, and are kept with jacobians=True"
    ):
        rnnviz.measure.jacobian_norms(trace)
    torch.manual_seed(0)
    model = Lstm("h", "c").double()
    with_, without = (record(model, X.double(), Y.double(), jacobians=j) for j in (True, False))
    assert np.allclose(with_.grad_h_by_loss, without.grad_h_by_loss, atol=1e-14)
    assert np.allclose(with_.grad_x_by_loss, without.grad_x_by_loss, atol=1e-14)


def test_states_may_be_chosen_among_those_named():
    trace = recorded("stacked_in_one_loop")
    assert [each.name for each in trace.metadata.states] == ["h1", "h2"]
    torch.manual_seed(0)
    case = CASES["stacked_layer_by_layer"]()
    high = record(case.model, case.inputs, case.targets, states=["h2"])
    assert [each.name for each in high.metadata.states] == ["h2"]
    refuse("names no state 'h3'", case.model, case.inputs, case.targets, states=["h3"])


def test_names_and_picks_of_a_module():
    case = CASES["with_output_inside"]()
    given = case.model, case.inputs, case.targets
    found = record(*given, states="rnn")
    for states in ({"rnn": lambda result: result[1]}, {"rnn": "h"}):
        assert np.array_equal(record(*given, states=states).grad_h, found.grad_h)
    assert [s.name for s in record(*given, states={"rnn": "hidden"}).metadata.states] == ["hidden"]
    refuse("does not return as it is", *given, states={"rnn": lambda result: result[1] * 2})
    refuse(
        "failed on what the module returns, tuple: IndexError",
        *given,
        states={"rnn": lambda r: r[2]},
    )
    refuse("returns 1 states, but 2 names", *given, states={"rnn": ("h", "c")})
    refuse(r"no module 'cell'; it has 'rnn' \(Cell\)", *given, states="cell")
    refuse("no module of class GRU", *given, states=nn.GRU)
    refuse("states must be the path of a module", *given, states=3)


class Odd(nn.Module):
    """A loop that names its state in a way that is refused."""

    def __init__(self, how):
        super().__init__()
        self.cell, self.out, self.how = nn.Linear(INPUT + OUTPUT, OUTPUT), nn.Linear(3, 3), how

    def forward(self, xs):
        h, outputs = torch.zeros(BATCH, OUTPUT), []
        for t, x in enumerate(xs):
            h = self.how(torch.tanh(self.cell(torch.cat([x, h], -1))), t)
            outputs.append(self.out(h))
        return torch.stack(outputs)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (lambda h, t: h, "Odd has no recurrent layer; .* rnnviz.state"),
        (lambda h, t: rnnviz.state((h, h))[0], "state 'h' is tuple, but a state is one tensor"),
        (lambda h, t: rnnviz.state(h, "h" if t else "first"), "different numbers of steps"),
        (lambda h, t: h + rnnviz.state(torch.ones(3 + t)).sum(), r"shape \(4,\) .* at step 2, but"),
        (lambda h, t: rnnviz.state(h * float("inf")), "not finite at step 1"),
        (
            lambda h, t: rnnviz.state(h) + rnnviz.state(h.T.contiguous(), "other").T,
            r"different numbers of sequences \(h 2, other 3\)",
        ),
        (lambda h, t: rnnviz.gate(rnnviz.state(h), "z") if t else rnnviz.state(h), "named 5 times"),
    ],
)
def test_what_is_named_wrongly_is_refused(how, message):
    refuse(message, Odd(how))


def test_a_state_may_have_its_sequences_in_another_axis():
    def turned(h, t):
        return rnnviz.state(h) + 0 * rnnviz.state(h.T.contiguous(), "other", batch=1).T

    assert record(Odd(turned)).state("other").shape == (STEPS, BATCH, OUTPUT)


def test_sequences_that_read_each_other():
    def mixed(h, t):
        return rnnviz.state(h - h.mean(0))

    trace = record(Odd(mixed).double(), X.double(), Y.double())
    assert trace.step_jacobian is None
    assert trace.grad_h_by_loss.any()
    with pytest.raises(TraceError, match="a step reads more than the state before it"):
        _ = trace.jacobian
    refuse("one sequence another's", Odd(mixed), jacobians=True)


def test_the_module_that_seems_to_make_a_step_is_suggested():
    case = CASES["concatenated"]()
    given = case.model, case.inputs, case.targets
    refuse("Loop has no recurrent layer; .*; try states='cell'", *given)
    refuse(
        "'cell' is Cell, no recurrent layer.*, record it with states='cell'", *given, layer="cell"
    )


def test_results_by_name_are_states_by_name():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.sum = nn.Linear(INPUT + HIDDEN, HIDDEN)

        def forward(self, x, state):
            rate = torch.tanh(self.sum(torch.cat([x, state["rate"]], -1)))
            return {"rate": rate, "trace": 0.9 * state["trace"] + rate}

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.out = Named(), nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            state = {name: torch.zeros(BATCH, HIDDEN) for name in ("rate", "trace")}
            outputs = []
            for x in xs:
                state = self.cell(x, state)
                outputs.append(self.out(state["trace"]))
            return torch.stack(outputs)

    trace = record(Model(), states="cell")
    assert [each.name for each in trace.metadata.states] == ["rate", "trace"]
    assert rnnviz.verify(trace).ok


@pytest.mark.parametrize("start", [None, 0.5])
def test_a_cell_of_torch_that_is_given_no_state_starts_from_zero(start):
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = nn.GRUCell(INPUT, OUTPUT)

        def forward(self, xs):
            h = None if start is None else torch.full((BATCH, OUTPUT), start)
            states = []
            for x in xs:
                h = self.cell(x, hx=h)
                states.append(h)
            return torch.stack(states)

    assert (record(Model(), states="cell").h0 == (start or 0)).all()

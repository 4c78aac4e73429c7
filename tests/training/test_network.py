import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from rnnviz.cells import names
from rnnviz.errors import TrainingError
from rnnviz.training.network import Network, seeded

KINDS = st.fixed_dictionaries(
    {"layers": st.integers(1, 3), "bidirectional": st.booleans()},
).flatmap(
    lambda shape: st.one_of(
        st.sampled_from(names()).map(lambda cell: {"cell": cell, **shape}),
        st.just({"cell": "rnn", "nonlinearity": "relu", **shape}),
    )
)


def one_step(cell, nonlinearity, x, state, weights):
    """PyTorch's equations of one step: a pair (h, c) in and out, c unused but by the LSTM."""
    h, c = state
    u, w, b_u, b_w = weights
    given, held = u @ x + b_u, w @ h + b_w
    if cell == "rnn":
        total = given + held
        return (total.clamp_min(0) if nonlinearity == "relu" else total.tanh()), c
    if cell == "gru":
        (r_x, z_x, n_x), (r_h, z_h, n_h) = given.chunk(3), held.chunk(3)
        r, z = (r_x + r_h).sigmoid(), (z_x + z_h).sigmoid()
        n = (n_x + r * n_h).tanh()
        return (1 - z) * n + z * h, c
    i, f, g, o = (given + held).chunk(4)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def test_the_network_is_the_textbooks_equations():
    network = seeded(0, 3, 5, 4)
    rnn, fc = network.rnn, network.fc
    x, hidden = torch.randn(6, 2, 3), torch.randn(1, 2, 5)
    output, last = network(x, hidden)
    state = hidden[0]
    for x_t, output_t in zip(x, output, strict=True):
        state = torch.tanh(
            x_t @ rnn.weight_ih_l0.T + rnn.bias_ih_l0 + state @ rnn.weight_hh_l0.T + rnn.bias_hh_l0
        )
        torch.testing.assert_close(output_t, state @ fc.weight.T + fc.bias)
    torch.testing.assert_close(last[0], state)


def test_states_start_at_zero():
    network, x = seeded(0, 3, 5, 4), torch.randn(6, 2, 3)
    torch.testing.assert_close(network(x)[0], network(x, torch.zeros(1, 2, 5))[0])


def test_the_seed_alone_determines_the_weights():
    torch.manual_seed(1)
    first = seeded(3, 2, 4, 2).state_dict()
    state = torch.get_rng_state()
    again, other = seeded(3, 2, 4, 2).state_dict(), seeded(4, 2, 4, 2).state_dict()
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize("name", ["rnn", "fc"])
def test_the_parts_have_the_names_that_traces_use(name):
    assert name in dict(Network(2, 3, 4).named_children())


@given(kind=KINDS, hidden=st.integers(1, 4))
def test_every_cell_in_layers_and_directions_is_its_equations(kind, hidden):
    network = seeded(0, 3, hidden, 2, **kind).double()
    x = torch.tensor([[0.3, -1.2, 0.5], [2.0, 0.1, -0.4], [-0.7, 0.9, 1.1]], dtype=torch.float64)
    below = list(x)
    named = dict(network.rnn.named_parameters())
    for layer in range(kind["layers"]):
        states = []
        for end in ("", "_reverse") if kind["bidirectional"] else ("",):
            weights = [
                named.pop(f"{part}_l{layer}{end}")
                for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            ]
            state = (torch.zeros(hidden).double(), torch.zeros(hidden).double())
            found = []
            for step in reversed(below) if end else below:
                state = one_step(kind["cell"], kind.get("nonlinearity"), step, state, weights)
                found.append(state[0])
            states.append(found[::-1] if end else found)
        below = [torch.cat(each) for each in zip(*states, strict=True)]
    assert not named
    expected = torch.stack([network.fc.weight @ state + network.fc.bias for state in below])
    torch.testing.assert_close(network(x[:, None])[0][:, 0], expected)


@given(kind=KINDS, scale=st.floats(-2, 2), seed=st.integers(0, 9))
def test_initialising_sets_every_gate_of_the_recurrent_weights_and_nothing_else(kind, scale, seed):
    plain = seeded(seed, 3, 4, 2, **kind)
    made = {
        how: seeded(seed, 3, 4, 2, **kind, initial=how, scale=scale)
        for how in ("default", "identity", "orthogonal")
    }
    drawn = []
    for name, parameter in plain.named_parameters():
        found = {how: network.get_parameter(name) for how, network in made.items()}
        if "weight_hh" not in name:
            assert all(torch.equal(value, parameter) for value in found.values())
            continue
        torch.testing.assert_close(found["default"], scale * parameter)
        for gate in found["identity"].split(4):
            torch.testing.assert_close(gate, scale * torch.eye(4))
        for gate in found["orthogonal"].split(4):
            torch.testing.assert_close(gate @ gate.T, scale**2 * torch.eye(4), atol=1e-5, rtol=0)
            drawn.append(gate)
    if abs(scale) > 0.1:
        for index, gate in enumerate(drawn):
            assert not any(torch.allclose(gate, other) for other in drawn[:index])


STARTED = {"cell": "lstm", "layers": 2, "bidirectional": True}
"""A network with four pairs of biases."""


def biases(network):
    """PyTorch's two biases of every layer and direction, added: gate i, f, g, o → (pair · unit)."""
    named = dict(network.rnn.named_parameters())
    places = [name.removeprefix("bias_ih") for name in named if name.startswith("bias_ih")]
    sums = torch.stack([named[f"bias_ih{end}"] + named[f"bias_hh{end}"] for end in places])
    return dict(zip("ifgo", sums.detach().unflatten(1, (4, -1)).unbind(1), strict=True))


@given(bias=st.floats(-5, 5), seed=st.integers(0, 9))
def test_a_forget_bias_is_the_sum_of_both_biases_and_nothing_else_changes(bias, seed):
    plain = seeded(seed, 3, 4, 2, **STARTED)
    made = seeded(seed, 3, 4, 2, **STARTED, forget_bias=bias, steps=9)
    found, before = biases(made), biases(plain)
    torch.testing.assert_close(found["f"], torch.full((4, 4), bias))
    assert all(torch.equal(found[gate], before[gate]) for gate in "igo")
    for name, parameter in plain.named_parameters():
        if "bias" not in name or "fc" in name:
            assert torch.equal(made.get_parameter(name), parameter)


def test_forget_gates_start_at_the_sigmoid_of_their_bias():
    network = seeded(0, 3, 200, 2, cell="lstm", forget_bias=3.0)
    x = torch.zeros(1, 3)
    cell = nn.LSTMCell(3, 200)
    cell.load_state_dict(
        {name.removesuffix("_l0"): value for name, value in network.rnn.state_dict().items()}
    )
    # from h = 0 and c = 1 without an input: c' = f + i g
    zero = torch.zeros(1, 200)
    kept = cell(x, (zero, zero + 1))[1] - cell(x, (zero, zero))[1]
    torch.testing.assert_close(kept, torch.full((1, 200), 1 / (1 + np.exp(-3))).float())


def test_chrono_draws_the_forget_bias_for_the_length_of_the_sequences():
    steps = 41
    found = biases(seeded(5, 3, 2000, 2, cell="lstm", forget_bias="chrono", steps=steps))
    times = found["f"].exp()
    assert 1.0 <= times.min() < 1.2
    assert steps - 1.2 < times.max() <= steps - 1 + 1e-4
    for below in (0.25, 0.5, 0.75):  # uniform between 1 and steps − 1
        share = (times < 1 + below * (steps - 2)).float().mean()
        assert share.item() == pytest.approx(below, abs=0.04)
    torch.testing.assert_close(found["i"], -found["f"])
    again, other = (
        biases(seeded(seed, 3, 2000, 2, cell="lstm", forget_bias="chrono", steps=steps))["f"]
        for seed in (5, 6)
    )
    assert torch.equal(found["f"], again)
    assert not torch.equal(found["f"], other)


@pytest.mark.parametrize("steps", [1, 2])
def test_chrono_of_sequences_too_short_to_forget_in_is_zero(steps):
    found = biases(seeded(0, 3, 4, 2, **STARTED, forget_bias="chrono", steps=steps))
    assert not found["f"].any()


@pytest.mark.parametrize("cell", ["rnn", "gru"])
@pytest.mark.parametrize("bias", [1.0, "chrono"])
def test_a_cell_without_a_forget_gate_has_no_forget_bias(cell, bias):
    expected = f"cell '{cell}' has no forget gate whose bias could be {bias}; .* choose cell 'lstm'"
    with pytest.raises(TrainingError, match=expected):
        seeded(0, 2, 3, 1, cell=cell, forget_bias=bias, steps=4)


def test_an_orthogonal_initialisation_leaves_the_callers_random_state():
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first, again = (seeded(3, 2, 4, 2, initial="orthogonal", cell="lstm") for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first.rnn.weight_hh_l0, again.rnn.weight_hh_l0)


def test_an_orthogonal_initialisation_prefers_no_direction():
    gates = torch.stack(
        [seeded(seed, 1, 3, 1, initial="orthogonal").rnn.weight_hh_l0 for seed in range(400)]
    )
    assert (gates.mean(dim=0).abs() < 0.12).all()  # four standard errors of 1/√3
    assert (torch.linalg.det(gates.detach()) > 0).float().mean().item() == pytest.approx(
        1 / 2, abs=0.1
    )


def test_weights_are_parameters_that_can_be_trained():
    network = seeded(0, 2, 3, 1, initial="identity", scale=0.5, cell="gru", layers=2)
    network(torch.ones(4, 1, 2))[0].sum().backward()
    for parameter in network.parameters():
        assert isinstance(parameter, nn.Parameter)
        assert parameter.grad is not None


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ({"cell": "elman"}, "unknown cell 'elman'; choose one of rnn, lstm, gru"),
        ({"nonlinearity": "sigmoid"}, "no nonlinearity 'sigmoid'; choose one of tanh, relu"),
        ({"cell": "gru", "nonlinearity": "relu"}, "cell 'gru' has no nonlinearity 'relu'"),
        ({"cell": "lstm", "nonlinearity": "relu"}, "leave it out, or choose cell 'rnn'"),
        ({"layers": 0}, "layers must be a positive integer, got 0"),
        ({"initial": "zeros"}, "unknown initialisation 'zeros'; choose one of default, identity"),
        ({"scale": float("inf")}, "the scale must be finite, got inf"),
        ({"scale": float("nan")}, "the scale must be finite, got nan"),
    ],
)
def test_a_network_that_there_is_not(kind, expected):
    with pytest.raises(TrainingError, match=expected):
        seeded(0, 2, 3, 1, **kind)

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

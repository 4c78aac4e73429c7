import pytest
import torch

from rnnviz.network import Network, seeded


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

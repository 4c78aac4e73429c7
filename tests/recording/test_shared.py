"""A weight that stands in several places of a model: its whole gradient, under one name."""

import numpy as np
import pytest
import torch
from models import layer_of
from torch import nn
from torch.nn import functional

from rnnviz.errors import RecordingError
from rnnviz.measure.chain_rule import chain_rule
from rnnviz.recording import record, rerun
from rnnviz.trace import load
from rnnviz.verification import UNCHECKED, verify

WORDS, SIZE = 7, 5


class Tied(nn.Module):
    """A language model whose decoder has the embedding's weight."""

    def __init__(self, cell, decoder_first):
        super().__init__()
        if decoder_first:
            self.decoder = nn.Linear(SIZE, WORDS)
        self.embedding = nn.Embedding(WORDS, SIZE)
        self.rnn = layer_of(cell, SIZE, SIZE, "float32")
        if not decoder_first:
            self.decoder = nn.Linear(SIZE, WORDS)
        self.decoder.weight = self.embedding.weight

    def forward(self, ids):
        return self.decoder(self.rnn(self.embedding(ids))[0])


@pytest.fixture(params=[False, True], ids=["embedding first", "decoder first"])
def tied(request):
    torch.manual_seed(4)
    model = Tied("tanh", request.param).double()
    data = torch.randint(WORDS, (6, 3)), torch.randint(WORDS, (6, 3))
    return model, data, record(model, *data)


def test_a_shared_weight_has_its_whole_gradient_under_its_first_name(tied):
    model, (ids, targets), trace = tied
    loss = functional.cross_entropy(model(ids).flatten(0, 1), targets.flatten(), reduction="sum")
    loss.backward()
    named = dict(model.named_parameters())
    assert trace.gradients.keys() == named.keys()
    for name, parameter in named.items():
        np.testing.assert_allclose(trace.gradients[name], parameter.grad, atol=1e-12)
    first = next(name for name in ("embedding.weight", "decoder.weight") if name in named)
    other = ({"embedding.weight", "decoder.weight"} - {first}).pop()
    assert trace.metadata.shared == {other: first}


def test_the_output_weights_are_the_shared_ones(tied, tmp_path):
    model, _, trace = tied
    again = load(trace.save(tmp_path / "tied.safetensors"))
    for each in (trace, again):
        assert each.metadata.output_layer == "decoder"
        np.testing.assert_array_equal(each.V, model.embedding.weight.detach())
        np.testing.assert_array_equal(each.output_bias, model.decoder.bias.detach())
    assert again.metadata == trace.metadata
    rule = chain_rule(trace, 5)
    np.testing.assert_allclose(rule.terms_w[-1], np.outer(rule.at_sums[-1], trace.h[0, 0, 4, 0]))


def test_a_shared_weights_gradient_is_told_to_be_more_than_the_heads(tied):
    proof = verify(tied[2])
    assert proof.ok
    name = next(iter(tied[2].metadata.shared.values()))
    kinds = {check.against for check in proof.checks if f"gradients/{name}" in check.field}
    notes = {check.note for check in proof.checks if f"gradients/{name}" in check.field}
    assert (kinds, notes) == ({UNCHECKED}, {"other parts of the model share it"})


def test_a_network_with_a_shared_weight_runs_again(tied):
    trace = tied[2]
    again = rerun(trace, {"rnn.weight_hh_l0": trace.W / 2})
    assert not again.metadata.shared
    np.testing.assert_array_equal(again.V, trace.V)
    assert verify(again).ok
    name = next(iter(trace.metadata.shared.values()))
    with pytest.raises(RecordingError, match=f"'{name}' is not of the recurrent layer"):
        rerun(trace, {name: trace.V})

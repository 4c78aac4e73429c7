"""Outputs that a model pads to more steps than its longest sequence has."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from models import layer_of, same_traces
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnnviz.errors import RecordingError
from rnnviz.recording import record
from rnnviz.verification import verify


class Packs(nn.Module):
    """Packs inside forward, and unpacks to as many steps as it is told, or as there are."""

    def __init__(self, layer, total=None, shape=lambda output: output, outputs=4):
        super().__init__()
        self.rnn, self.total, self.shape = layer, total, shape
        self.fc = nn.Linear(layer.hidden_size * (1 + layer.bidirectional), outputs).double()

    def forward(self, x, lengths):
        first = self.rnn.batch_first
        packed = pack_padded_sequence(x, lengths, batch_first=first, enforce_sorted=False)
        states, _ = pad_packed_sequence(
            self.rnn(packed)[0], batch_first=first, total_length=self.total
        )
        return self.shape(self.fc(states))


def around(cell, batch_first, bidirectional, **settings):
    torch.manual_seed(7)
    options = {"batch_first": batch_first, "bidirectional": bidirectional}
    return Packs(layer_of(cell, 3, 5, **options), **settings)


def flat(output):
    return output.reshape(-1, output.shape[-1])


@settings(deadline=None, max_examples=15)
@given(
    cell=st.sampled_from(["tanh", "lstm"]),
    batch_first=st.booleans(),
    bidirectional=st.booleans(),
    lengths=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    extra=st.integers(1, 3),
    loss=st.sampled_from(["cross-entropy", "squared", "own", "one number", "flat"]),
)
def test_padding_beyond_the_longest_sequence_changes_nothing(
    cell, batch_first, bidirectional, lengths, extra, loss
):
    steps, batch = max(lengths), len(lengths)
    total = steps + extra
    x = torch.randn(total, batch, 3, dtype=torch.float64)
    targets = torch.randint(4, (total, batch))
    if loss == "squared":
        targets = torch.randn(total, batch, 4, dtype=torch.float64)
    elif loss == "one number":  # what stands in the padding would be a part of it
        for sequence, length in enumerate(lengths):
            targets[length:, sequence] = -100

    def own(output, wanted):
        return functional.cross_entropy(flat(output), wanted.reshape(-1), reduction="none").reshape(
            wanted.shape
        )

    def mean(output, wanted):
        return functional.cross_entropy(flat(output), wanted.reshape(-1))

    def recorded(given, padded_to):
        wanted = targets[: len(given)]
        if batch_first:
            given, wanted = given.transpose(0, 1), wanted.transpose(0, 1)
        shape = (lambda output: output) if loss != "flat" else flat
        if loss == "flat":
            wanted = wanted.reshape(-1)
        return record(
            around(cell, batch_first, bidirectional, total=padded_to, shape=shape),
            (given, torch.tensor(lengths)),
            wanted,
            loss={"own": own, "one number": mean, "squared": "squared"}.get(loss, "cross-entropy"),
            per=None if loss == "one number" else (
                ("sequence", "step") if batch_first else ("step", "sequence")
            ),
        )  # fmt: skip

    got, expected = recorded(x, total), recorded(x[:steps], None)
    if loss in ("own", "one number"):  # whose targets are kept as they were given
        axis = int(batch_first)
        assert got.targets.shape[axis] == total
        np.testing.assert_array_equal(got.targets.take(range(steps), axis), expected.targets)
        for trace in (got, expected):
            object.__setattr__(trace, "targets", expected.targets)
    same_traces(got, expected, 1e-12)


def test_one_value_a_step_without_an_axis_of_its_own():
    model = around("gru", True, False, total=6, shape=lambda output: output[..., 0], outputs=1)
    x, targets = torch.randn(3, 6, 3).double(), torch.randn(3, 6).double()
    trace = record(model, (x, torch.tensor([2, 4, 3])), targets, loss="squared")
    np.testing.assert_allclose(
        trace.output[:2, 0, 0], model(x, torch.tensor([2, 4, 3]))[0, :2].detach().numpy()
    )
    assert trace.output.shape == (4, 3, 1)
    assert verify(trace).ok


def test_labels_of_the_padding_are_left_out():
    model = around("tanh", True, False, total=5)
    words = [[f"{row}{step}" for step in range(5)] for row in range(2)]
    arguments = (torch.randn(2, 5, 3).double(), torch.tensor([3, 2])), torch.zeros(2, 5, dtype=int)
    trace = record(model, *arguments, about={"step_labels": words})
    assert trace.metadata.step_labels == (("00", "01", "02"), ("10", "11", "12"))
    cut = [row[:3] for row in words]
    again = record(model, *arguments, about={"step_labels": cut})
    assert again.metadata.step_labels == trace.metadata.step_labels
    with pytest.raises(RecordingError, match=r"must have the shape \(2, 3\)"):
        record(model, *arguments, about={"step_labels": [row[:4] for row in words]})


def test_more_outputs_than_steps_that_depend_on_states_are_no_padding():
    def further(output):
        return torch.cat([output, output[:, -1:].expand(-1, 2, -1)], dim=1)

    model = around("tanh", True, False, shape=further)
    with pytest.raises(RecordingError, match="one entry for each of 3 steps and 2 sequences"):
        record(
            model,
            (torch.randn(2, 5, 3).double(), torch.tensor([3, 2])),
            torch.zeros(2, 5, dtype=int),
        )

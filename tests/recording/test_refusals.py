"""What cannot be recorded, or not exactly, is refused in one line that says why and what to do."""

import psutil
import pytest
import torch
from models import Around, Loop
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from rnnviz.errors import RecordingError
from rnnviz.recording import gradient_tables, record
from rnnviz.recording.bptt import Tables
from rnnviz.training.network import Network, seeded

F64 = torch.float64


def refuse(model, match, *, x=None, targets=None, **options):
    x = torch.ones(6, 2, 3) if x is None else x
    targets = torch.zeros(6, 2, dtype=torch.long) if targets is None else targets
    with pytest.raises(RecordingError, match=match) as error:
        record(model, x, targets, **options)
    assert "\n" not in str(error.value)


# --- the model ----------------------------------------------------------------------------------


def test_a_model_without_a_recurrent_layer():
    refuse(nn.Linear(3, 4), "Linear has no recurrent layer; record a model that holds an nn.RNN")


def test_several_layers_are_all_listed_and_one_is_to_be_chosen():
    several = Around(nn.RNN(3, 5))
    several.other = nn.ModuleList([nn.GRUCell(3, 5)])
    listed = r"'rnn' \(RNN\), 'other.0' \(GRUCell\)"
    refuse(several, rf"several recurrent layers \({listed}\); choose one with layer=")
    refuse(several, rf"no recurrent layer 'fc'; it has {listed}", layer="fc")


def test_weights_that_are_not_finite_are_named():
    model = seeded(0, 3, 5, 4)
    with torch.no_grad():
        model.rnn.weight_hh_l0[1, 2] = float("inf")
    refuse(model, "parameter 'rnn.weight_hh_l0' has a value that is not finite")


def test_weights_that_are_shared_or_not_there_yet():
    several = Around(nn.RNN(3, 5))
    several.other = nn.RNN(3, 5)
    several.other.weight_hh_l0 = several.rnn.weight_hh_l0
    refuse(several, "layer 'other' shares 'weight_hh_l0' with another part", layer="other")
    refuse(nn.Sequential(nn.LazyLinear(3), nn.RNN(3, 5)), "parameter '0.weight' has no values yet")
    refuse(nn.RNN(3, 5, device="meta"), "parameter 'weight_ih_l0' has no values yet")


def test_what_is_no_model():
    refuse(nn.RNN, "an instance of torch.nn.Module, got the class RNN")
    refuse(lambda x: x, "must be an instance of torch.nn.Module, got function")


def test_a_model_that_cannot_be_copied():
    model = Around(nn.RNN(3, 5))
    model.fc.stream = {"of": [iter(x for x in "ab")]}
    refuse(
        model,
        "cannot be copied: its attribute 'fc.stream' holds dict: TypeError: cannot pickle 'gen.*; "
        "a recording works on a copy, so remove what cannot be copied",
    )


def test_a_layer_that_is_not_called():
    class Never(Network):
        def forward(self, x):
            return self.fc(torch.ones(len(x), 2, 5))

    refuse(Never(3, 5, 4), "does not call its recurrent layer 'rnn'")


class Again(nn.Module):
    """A layer called twice in one forward, with a state in between."""

    def __init__(self, between, **options):
        super().__init__()
        self.rnn, self.fc, self.between = nn.LSTM(3, 5, **options), nn.Linear(5, 4), between

    def forward(self, x):
        first, state = self.rnn(x[:3])
        second, _ = self.rnn(x[3:], self.between(state))
        return self.fc(torch.cat([first, second])[..., :5])


@pytest.mark.parametrize(
    ("between", "match"),
    [
        (lambda state: None, "call 2 .* does not continue from the state in which call 1 ended"),
        (lambda state: (state[0] * 0.5, state[1]), "call 2 .* does not continue"),
        (lambda state: (state[0], state[1] + 1), "call 2 .* does not continue"),
        (lambda state: tuple(part.detach() for part in state), "detached between calls"),
    ],
    ids=["none", "another h", "another c", "detached"],
)
def test_calls_that_do_not_make_one_sequence(between, match):
    x, targets = torch.randn(6, 2, 3), torch.zeros(6, 2, dtype=torch.int64)
    assert record(Again(between), x, targets).metadata.cell == "custom"  # step by step
    refuse(Again(between, bidirectional=True), f"({match}|more than once).*nor .* step by step")


def test_calls_in_two_directions():
    refuse(Again(lambda state: state, bidirectional=True), "called more than once in one forward")


def test_a_loop_that_feeds_its_output_back():
    class Speaking(Loop):
        def forward(self, x):
            state, step, outputs = None, x[0], []
            for _ in x:
                state = self.rnn(step, state)
                outputs.append(self.fc(state))
                step = outputs[-1][:, :3]
            return torch.stack(outputs)

    x, targets = torch.randn(6, 2, 3), torch.zeros(6, 2, dtype=torch.int64)
    trace = record(Speaking(nn.GRUCell(3, 5)), x, targets)
    assert trace.metadata.cell == "custom"
    assert trace.grad_h_by_loss[-1, 0, 0, 0].any()


class Drifting(Network):
    """A network that gives another output each time, in a way that no copy undoes."""

    drift = 0.0

    def forward(self, x, hidden=None):
        states, last = self.rnn(x, hidden)
        Drifting.drift += 0.5
        return self.fc(states) + self.drift, last


def test_a_replay_that_disagrees_says_by_how_much():
    torch.manual_seed(0)
    refuse(Drifting(3, 5, 4), r"output differs between .* and its replay by \d\.\de-01 of its")


def test_a_model_that_calls_its_layer_otherwise_when_it_runs_again():
    class Fickle(Network):
        calls = 0

        def forward(self, x, hidden=None):
            Fickle.calls += 1
            if self.calls == 2:
                x = x + 1
            return self.fc(self.rnn(x)[0])

    refuse(Fickle(3, 5, 4), "input differs between two runs of the model by")


def test_a_way_from_the_weights_to_the_loss_beside_the_steps():
    """The loss reads W itself: it is recorded by its states, whose sums count that as well."""

    class Decaying(Network):
        def forward(self, x, hidden=None):
            states, _ = self.rnn(x)
            return self.fc(states) + self.rnn.weight_hh_l0.square().sum()

    x, targets = torch.randn(6, 2, 3), torch.zeros(6, 2, 4)
    trace = record(Decaying(3, 5, 4), x, targets, loss="squared")
    assert trace.metadata.cell == "custom"


def test_a_fused_layer_that_computes_something_else():
    class Doubling(nn.RNN):
        def forward(self, x, hx=None):
            states, last = super().forward(x, hx)
            return 2 * states, last

    refuse(Around(Doubling(3, 5)), r"replayed layer differs from the fused one by \d")


# --- inputs and lengths -------------------------------------------------------------------------


def test_inputs_that_the_layer_does_not_take():
    model = Around(nn.RNN(3, 5))
    refuse(model, r"'rnn' got an input of shape \(6, 2, 9\); it takes 3", x=torch.ones(6, 2, 9))
    whole = torch.ones(6, 2, 3, dtype=torch.long)
    refuse(model, "got an input of torch.int64, but takes torch.float32; embed or", x=whole)
    refuse(model, "takes 3 axes", x=torch.ones(2, 6, 2, 3))
    refuse(Loop(nn.RNNCell(3, 5)), "takes 2 axes", x=torch.ones(6, 2, 2, 3))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_an_input_that_is_not_finite_is_named_with_its_step(value):
    x = torch.ones(6, 2, 3)
    x[2, 1, 0] = value
    refuse(Around(nn.RNN(3, 5)), "input of the recurrent layer is not finite at step 3", x=x)
    refuse(Loop(nn.RNNCell(3, 5)), "input of the recurrent layer is not finite at step 3", x=x)
    across = Around(nn.RNN(3, 5, batch_first=True))
    refuse(across, "not finite at step 2", x=x)


def test_an_empty_batch_and_states_that_are_not_the_layers():
    model = Around(nn.LSTM(3, 5))
    refuse(model, r"empty input of shape \(6, 0, 3\)", x=torch.ones(6, 0, 3))
    refuse(model, "a first state that is not its own", state=torch.zeros(1, 2, 5))
    zero, bad = torch.zeros(1, 2, 5), torch.full((1, 2, 5), float("nan"))
    refuse(model, "a first state that is not its own", state=(zero, torch.zeros(1, 2, 4)))
    refuse(model, "the first state of the recurrent layer is not finite", state=(zero, bad))


def test_states_that_grow_beyond_all_numbers():
    model = Around(nn.RNN(3, 5, nonlinearity="relu"))
    with torch.no_grad():
        model.rnn.weight_hh_l0.fill_(1e20)
        model.rnn.bias_hh_l0.fill_(1)
    refuse(model, "state of the recurrent layer is not finite at step 3; its weights or inputs")


def test_lengths_that_do_not_fit():
    model = Around(nn.RNN(3, 5))
    refuse(model, "lengths must be a whole number for each sequence", lengths=[1.5, 6])
    for lengths in ([6], [6, 7], [0, 6]):
        refuse(model, "but there are 2 sequences of 1 to 6 steps", lengths=lengths)
    packed = pack_padded_sequence(torch.ones(6, 2, 3), torch.tensor([6, 4]))
    refuse(model, r"but the packed sequences have \[6, 4\]", x=packed, lengths=[6, 5])


def test_padding_that_a_reverse_direction_would_read():
    both = Around(nn.RNN(3, 5, bidirectional=True))
    refuse(both, "reads the padding before the sequence; pack the batch", lengths=[6, 4])


def test_a_loss_that_reads_the_padding():
    refuse(
        Around(nn.RNN(3, 5)),
        "depends on steps beyond the lengths",
        lengths=[6, 4],
        loss=lambda output, targets: output.square().sum(),
    )


# --- outputs, targets and losses ----------------------------------------------------------------


def test_outputs_that_have_no_place():
    class Giving(Network):
        def forward(self, x):
            return {"a": self.fc(self.rnn(x)[0])}

    refuse(Giving(3, 5, 4), "must be a floating-point tensor, alone or first in a tuple, got dict")
    refuse(Giving(3, 5, 4), "output must be a function of what the model", output="a")
    refuse(
        Giving(3, 5, 4),
        r"output= failed .*KeyError: 'b' \(test_refusals.py, line \d+\)",
        output=lambda made: made["b"],
    )
    refuse(Giving(3, 5, 4), "output is int64|torch.int64", output=lambda made: made["a"].argmax(-1))
    refuse(
        Giving(3, 5, 4),
        r"must have one entry for each of 6 steps .* got \(3, 2, 4\)",
        output=lambda made: made["a"][:3],
    )


def test_targets_that_do_not_fit_say_what_does():
    model, long = seeded(0, 3, 5, 4), torch.long
    refuse(model, r"needs them to begin with \(6, 2\)", targets=torch.zeros(5, 2, dtype=long))
    refuse(model, r"needs \(6, 2, 4\)", targets=torch.zeros(6, 2, 3), loss="squared")
    refuse(model, "needs class indices", targets=torch.zeros(6, 2))
    refuse(model, "use 0 to 3, or -100", targets=torch.full((6, 2), 4))
    refuse(model, "choose one of cross-entropy, squared", loss="hinge")
    refuse(model, "the loss must be one of cross-entropy, .* got 3", loss=3)
    refuse(model, "a function or a callable instance, got", loss=nn.MSELoss)
    refuse(model, "targets must be a tensor or an array, got list", targets=[1, 2])


def test_losses_of_ones_own_that_are_none():
    model = seeded(0, 3, 5, 4)
    refuse(
        model,
        r"gives shape \(5, 2\); it must give one number a step",
        loss=lambda o, w: o[:5, :, 0],
    )
    refuse(model, "the loss must give a floating-point tensor, .* got float", loss=lambda o, w: 1.0)
    refuse(
        model,
        r"the loss <lambda> failed .*: no",
        loss=lambda o, w: (_ for _ in ()).throw(ValueError("no")),
    )
    refuse(model, "does not depend on the", loss=lambda o, w: (o.detach() ** 2).sum())
    refuse(model, "the loss is not finite at step 4", loss=lambda o, w: nan_at(o, 3))


def nan_at(output, step):
    losses = output.square().sum(-1)
    return torch.where(torch.arange(6)[:, None] == step, float("nan"), losses)


def test_a_loss_that_does_not_depend_on_the_layer():
    class Apart(Network):
        def forward(self, x):
            self.rnn(x)
            return self.fc(torch.ones(len(x), 2, 5))

    refuse(Apart(3, 5, 4), "does not depend on the recurrent layer")


@pytest.mark.parametrize(
    ("losses", "match"),
    [
        ("first", "losses must be 'all', 'last', .* got 'first'"),
        (0, "losses must be a positive integer, got 0"),
        ([], "losses must be 'all', .* got \\[\\]"),
        ([2.5], "losses must be 'all', .* got .2.5."),
        (True, "losses must be 'all', .* got True"),
        (None, "losses must be 'all', .* got None"),
        ([6], r"losses must be at steps 0 to 5, counted from 0, got \[6\]"),
        ([-7], "steps 0 to 5, counted from 0, got"),
    ],
)
def test_losses_that_are_not_there(losses, match):
    refuse(seeded(0, 3, 5, 4), match, losses=losses)


def test_metadata_that_there_is_not():
    refuse(seeded(0, 3, 5, 4), "unknown metadata 'colour'; choose from acc", about={"colour": 1})


def test_gradients_that_explode_beyond_all_numbers():
    model = Around(nn.RNN(3, 5, nonlinearity="relu"))
    with torch.no_grad():
        model.rnn.weight_hh_l0.copy_(40 * torch.eye(5))
        model.rnn.weight_ih_l0.fill_(1e-30)
        model.rnn.bias_hh_l0.fill_(1e-30)
        model.rnn.bias_ih_l0.fill_(0)
    x, targets = torch.ones(25, 1, 3), torch.zeros(25, 1, dtype=torch.long)
    refuse(model, "not finite", x=x, targets=targets, loss=lambda o, w: 1e35 * o.sum(-1))


# --- memory -------------------------------------------------------------------------------------


def test_a_table_that_no_memory_holds_is_refused_before_it_is_made(monkeypatch):
    """The size it would have had is named, and how to do with less."""

    class Little:
        available = 100_000

    model = Around(nn.RNN(3, 5))
    x, targets = torch.randn(100, 2, 3), torch.zeros(100, 2, dtype=torch.long)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: Little)

    def never(*_, **__):
        raise AssertionError("a table was made")

    with monkeypatch.context() as patch:
        patch.setattr(gradient_tables, "_zeros", never)
        patch.setattr(Tables, "__init__", never)
        match = r"100 losses at 100 steps take 0\.00064 GB, but 0\.0001 GB .*losses='last'"
        refuse(model, match, x=x, targets=targets)
    assert record(model, x, targets, losses="last").grad_h_by_loss.shape[0] == 1


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_one_loss_of_many_steps_takes_memory_in_proportion_to_the_steps(kind):
    model = Around(kind(3, 5))

    def size(steps):
        x, targets = torch.randn(steps, 1, 3), torch.zeros(steps, 1, dtype=torch.long)
        trace = record(model, x, targets, losses="last")
        return sum(array.nbytes for array in trace.arrays().values())

    small, middle, large = size(500), size(1000), size(2000)
    assert large - middle == 2 * (middle - small)

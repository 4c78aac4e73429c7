"""Models as people write them, unchanged: whatever stands before and after the recurrent layer."""

import numpy as np
import pytest
import torch
from by_hand import trace_by_hand
from models import Around, Loop, same_traces
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence

from rnnviz.errors import RecordingError
from rnnviz.recording import record, recurrent_layers
from rnnviz.trace import NO_TARGET

F64 = torch.float64
LAYER_FIELDS = (
    *("x", "h0", "h", "c0", "c", "preact", "gates", "loss", "output", "loss_times"),
    *("grad_direct", "grad_direct_c", "grad_direct_by_loss", "grad_direct_c_by_loss"),
    *("grad_h", "grad_h_by_loss", "grad_x_by_loss"),
)


def double(*shape):
    return torch.randn(*shape, dtype=F64)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(11)


# --- the textbook's class -----------------------------------------------------------------------


class RNN(nn.Module):
    """The class of many articles, letter by letter."""

    def __init__(self, input_size, output_size, hidden_dim, n_layers):
        super().__init__()
        self.hidden_dim = hidden_dim
        self.rnn = nn.RNN(input_size, hidden_dim, n_layers, batch_first=True)
        self.fc = nn.Linear(hidden_dim, output_size)

    def forward(self, x, hidden):
        r_out, hidden = self.rnn(x, hidden)
        r_out = r_out.view(-1, self.hidden_dim)
        output = self.fc(r_out)
        return output, hidden


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(("batch", "steps"), [(1, 5), (1, 20), (3, 1)])
def test_the_textbooks_class_is_recorded_unchanged(layers, batch, steps):
    model = RNN(1, 1, 8, layers).double()
    x, targets = double(batch, steps, 1), double(batch, steps, 1)
    by_hand = trace_by_hand(
        model.rnn, model.fc, x.transpose(0, 1), targets.transpose(0, 1), loss="squared"
    )
    for call in (
        {"inputs": x},
        {"inputs": (x, None)},
        {"inputs": {"x": x, "hidden": None}},
        {"inputs": x, "state": torch.zeros(layers, batch, 8, dtype=F64)},
    ):
        for given in (targets, targets.view(-1, 1)):
            trace = record(model, targets=given, loss="squared", **call)
            same_traces(trace, by_hand, 1e-10)
    assert trace.metadata.output_layer == "fc"


def test_its_view_fails_on_a_batch_in_pytorch_itself_and_the_error_says_so():
    model = RNN(1, 1, 8, 1)
    x = torch.randn(2, 6, 1)
    with pytest.raises(RuntimeError, match="view size is not compatible"):
        model(x, None)
    with pytest.raises(
        RecordingError, match=r"forward failed on .*\(2, 6, 1\): .*view size is not"
    ):
        record(model, x, x, loss="squared")


def test_its_mean_squared_error_is_one_loss_of_the_whole():
    model = RNN(1, 1, 8, 2).double()
    x, targets = double(1, 6, 1), double(1, 6, 1)
    criterion = nn.MSELoss()
    trace = record(model, x, targets.view(-1, 1), loss=criterion)
    output, _ = model(x, None)
    expected = criterion(output, targets.view(-1, 1))
    expected.backward()
    assert trace.loss[-1, 0] == pytest.approx(expected.item())
    assert not trace.loss[:-1].any()
    assert (trace.metadata.reduction, trace.metadata.loss) == ("sum", "MSELoss")
    assert trace.loss_times.tolist() == [5]
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(trace.gradients[name], parameter.grad, atol=1e-14)
    np.testing.assert_allclose(trace.grad_h_by_loss[0], trace.grad_h, atol=1e-15)


# --- before the layer ---------------------------------------------------------------------------


class Speaker(nn.Module):
    """Two inputs, an embedding, a learnt first state, and keyword arguments only."""

    def __init__(self):
        super().__init__()
        self.words, self.speakers = nn.Embedding(9, 3), nn.Embedding(2, 4)
        self.start = nn.Parameter(0.1 * torch.randn(1, 1, 5))
        self.part = nn.ModuleDict({"memory": nn.GRU(7, 5)})
        self.head = nn.Sequential(nn.Linear(5, 6), nn.Tanh(), nn.Linear(6, 4))

    def forward(self, *, tokens, speaker):
        both = torch.cat(
            [self.words(tokens), self.speakers(speaker).expand(*tokens.shape, 4)], dim=-1
        )
        h0 = self.start.expand(1, tokens.shape[1], 5).contiguous()
        states, last = self.part["memory"](both, h0)
        return {"logits": self.head(states), "state": last}


def test_several_inputs_an_embedding_a_learnt_start_and_an_output_to_pick():
    model = Speaker().double()
    tokens, speaker = torch.randint(9, (6, 2)), torch.tensor([0, 1])
    targets = torch.randint(4, (6, 2))
    trace = record(
        model,
        {"tokens": tokens, "speaker": speaker},
        targets,
        output=lambda result: result["logits"],
    )
    assert trace.metadata.layer == "part.memory"
    assert trace.metadata.output_layer is None
    logits = model(tokens=tokens, speaker=speaker)["logits"]
    np.testing.assert_allclose(trace.output, logits.detach(), atol=1e-14)
    functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum").backward()
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(trace.gradients[name], parameter.grad, atol=1e-12)
    assert trace.gradients["start"].any()
    by_hand = trace_by_hand(
        model.part["memory"],
        lambda states: model.head(states.top),
        torch.tensor(trace.x),
        targets,
        h0=torch.tensor(trace.h0),
    )
    for name in ("h", "gates", "grad_direct", "grad_h_by_loss", "grad_x_by_loss"):
        np.testing.assert_allclose(getattr(trace, name), getattr(by_hand, name), atol=1e-12)


# --- after the layer ----------------------------------------------------------------------------


class Headed(nn.Module):
    """A recurrent layer and any function of (output, last state)."""

    def __init__(self, layer, head):
        super().__init__()
        self.rnn, self.head = layer, head

    def forward(self, x):
        return self.head(*self.rnn(x))


def headed_case(layer, head, x, targets, by_hand_head, **options):
    trace = record(Headed(layer, head), x, targets, **options)
    by_hand = trace_by_hand(layer, by_hand_head, x, options.pop("wanted", targets), **options)
    return trace, by_hand


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(
    "mix",
    [
        lambda states: states.flip(0),
        lambda states: states.cumsum(0),
        lambda states: states + 0.01 * states.roll(1, 0),
        lambda states: states - states.mean(0),
        lambda states: states - states.mean(1, keepdim=True),
    ],
    ids=["flipped", "summed", "weakly", "centred", "over the batch"],
)
def test_what_mixes_steps_or_sequences_after_the_layer_is_recorded(kind, bidirectional, mix):
    layer = kind(3, 4, num_layers=2, bidirectional=bidirectional).double()
    fc = nn.Linear(8 if bidirectional else 4, 4).double()
    trace, by_hand = headed_case(
        layer,
        lambda states, last: fc(mix(states)),
        double(5, 3, 3),
        torch.randint(4, (5, 3)),
        lambda states: fc(mix(states.top)),
    )
    assert by_hand.grad_direct_by_loss is not None or mix(torch.eye(3)).shape
    same_traces_of_layer(trace, by_hand)


def same_traces_of_layer(trace, by_hand, tolerance=1e-10):
    """As ``same_traces``, for a model whose head holds no parameters that the trace would name."""
    for name in LAYER_FIELDS:
        ours, theirs = getattr(trace, name), getattr(by_hand, name)
        assert (ours is None) == (theirs is None), name
        if theirs is not None:
            np.testing.assert_allclose(ours, theirs, atol=tolerance, err_msg=name)
    for name, gradient in by_hand.gradients.items():
        np.testing.assert_allclose(trace.gradients[name], gradient, atol=tolerance, err_msg=name)


def test_attention_over_the_states_is_recorded():
    layer = nn.LSTM(3, 4, bidirectional=True).double()
    attention = nn.MultiheadAttention(8, 2).double().eval()
    fc = nn.Linear(8, 4).double()

    def read(states):
        return fc(attention(states, states, states)[0])

    trace, by_hand = headed_case(
        layer,
        lambda states, last: read(states),
        double(5, 2, 3),
        torch.randint(4, (5, 2)),
        lambda states: read(states.top),
    )
    assert trace.grad_direct_by_loss is not None
    same_traces_of_layer(trace, by_hand)


@pytest.mark.parametrize("loss", ["cross-entropy", "squared", "squared-on-softmax"])
@pytest.mark.parametrize(
    ("head", "by_hand_head"),
    [
        (lambda s, last: last[0][-1], lambda states: states.last(states.h)[-1, -1][None]),
        (lambda s, last: last[1][0], lambda states: states.last(states.c)[0, 0][None]),
        (lambda s, last: s.mean(0), lambda states: states.top.mean(0)[None]),
        (
            lambda s, last: last[0][0] + s[2] * last[1][-1].tanh(),
            lambda states: (
                states.last(states.h)[0, 0] + states.top[2] * states.last(states.c)[-1, -1].tanh()
            )[None],
        ),
    ],
    ids=["the last state", "the last cell state", "mean pooling", "all at once"],
)
def test_one_output_for_the_whole_sequence(loss, head, by_hand_head):
    layer = nn.LSTM(3, 4, num_layers=2).double()
    targets = double(1, 3, 4) if loss == "squared" else torch.randint(4, (1, 3))
    trace = record(Headed(layer, head), double_x := double(5, 3, 3), targets[0], loss=loss)
    by_hand = trace_by_hand(layer, by_hand_head, double_x, targets, loss=loss)
    assert trace.output.shape == (1, 3, 4)
    assert trace.loss_steps == (4,)
    same_traces_of_layer(trace, by_hand)


class Translator(nn.Module):
    """Two recurrent layers: an encoder whose last states start a decoder."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = nn.LSTM(3, 4), nn.LSTM(2, 4)
        self.fc = nn.Linear(4, 5)

    def forward(self, source, shifted):
        _, state = self.encoder(source)
        return self.fc(self.decoder(shifted, state)[0])


def test_one_of_several_layers_is_chosen_by_name():
    model = Translator().double()
    source, shifted, targets = double(6, 2, 3), double(4, 2, 2), torch.randint(5, (4, 2))
    assert list(recurrent_layers(model)) == ["encoder", "decoder"]

    def loss(output, wanted):
        return functional.cross_entropy(output.flatten(0, 1), wanted.flatten(), reduction="sum")

    decoder = record(model, (source, shifted), targets, layer="decoder")
    by_hand = trace_by_hand(
        model.decoder,
        model.fc,
        shifted,
        targets,
        h0=torch.tensor(decoder.h0),
        c0=torch.tensor(decoder.c0),
    )
    np.testing.assert_allclose(decoder.grad_h_by_loss, by_hand.grad_h_by_loss, atol=1e-12)
    assert decoder.metadata.output_layer == "fc"

    encoder = record(model, (source, shifted), targets, layer="encoder", loss=loss)
    assert encoder.output is None
    assert encoder.metadata.layer == "encoder"

    def decoded(states):
        end = states.last(states.h)[0], states.last(states.c)[0]
        return loss(model.fc(model.decoder(shifted, end)[0]), targets).expand(1, 2, 1)

    by_hand = trace_by_hand(model.encoder, decoded, source, targets, loss=lambda o, w: o[:, :1, 0])
    for name in ("grad_direct", "grad_direct_c", "grad_h", "grad_h_by_loss", "grad_x_by_loss"):
        np.testing.assert_allclose(getattr(encoder, name), getattr(by_hand, name), atol=1e-12)
    total = loss(model(source, shifted), targets)
    total.backward()
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(encoder.gradients[name], parameter.grad, atol=1e-12)


def test_a_loop_that_calls_a_fused_layer_for_each_step_is_one_sequence():
    class Stepwise(Around):
        def forward(self, x):
            state, outputs = None, []
            for step in x:
                states, state = self.rnn(step[None], state)
                outputs.append(self.fc(states[0]))
            return torch.stack(outputs)

    for kind in (nn.RNN, nn.GRU, nn.LSTM):
        layer = kind(3, 4, num_layers=2)
        model = Stepwise(layer).double()
        x, targets = double(6, 2, 3), torch.randint(4, (6, 2))
        same_traces(record(model, x, targets), trace_by_hand(layer, model.fc, x, targets), 1e-10)


def test_a_cell_beside_another_is_recorded_with_all_ways_through_it():
    class Stacked(nn.Module):
        def __init__(self):
            super().__init__()
            self.low, self.high = nn.GRUCell(3, 4), nn.GRUCell(4, 4)
            self.fc = nn.Linear(4, 4)

        def forward(self, x):
            low = high = x.new_zeros(x.shape[1], 4)
            outputs = []
            for step in x:
                low = self.low(step, low)
                high = self.high(low, high)
                outputs.append(self.fc(high))
            return torch.stack(outputs)

    model = Stacked().double()
    fused = nn.GRU(3, 4, num_layers=2).double()
    with torch.no_grad():
        for place, cell in enumerate((model.low, model.high)):
            for name, value in cell.named_parameters():
                getattr(fused, f"{name}_l{place}").copy_(value)
    x, targets = double(6, 2, 3), torch.randint(4, (6, 2))
    whole = trace_by_hand(fused, model.fc, x, targets)
    for place, name in enumerate(("low", "high")):
        trace = record(model, x, targets, layer=name)
        np.testing.assert_allclose(trace.h[0], whole.h[place], atol=1e-12)
        np.testing.assert_allclose(
            trace.grad_h_by_loss[:, 0], whole.grad_h_by_loss[:, place], atol=1e-12
        )


def test_what_works_in_place_on_the_layers_output_is_recorded():
    class Cutting(Around):
        def forward(self, x):
            return self.fc(self.rnn(x)[0].relu_())

    class CuttingLoop(Loop):
        def forward(self, x):
            state, outputs = torch.zeros(2, 5, dtype=F64), []
            for step in x:
                state = self.rnn(step, state)
                outputs.append(self.fc(state.clone().relu_()))
            return torch.stack(outputs)

    x, targets = double(6, 2, 3), torch.randint(4, (6, 2))
    for model in (Cutting(nn.RNN(3, 5)).double(), CuttingLoop(nn.RNNCell(3, 5)).double()):
        by_hand = trace_by_hand(model.rnn, lambda s, m=model: m.fc(s.top.relu()), x, targets)
        same_traces_of_layer(record(model, x, targets), by_hand)


@pytest.mark.parametrize("seed", range(4))
def test_a_gradient_that_is_zero_but_for_rounding_is_recorded(seed):
    """The head adds one number to all logits, which cross-entropy does not see."""
    torch.manual_seed(seed)
    layer, fc = nn.LSTM(2, 3, 2).double(), nn.Linear(3, 3).double()
    head = Headed(layer, lambda s, last: fc(last[1][0]) + last[1].square().sum((0, 2))[:, None])
    record(head, double(5, 2, 2), torch.randint(3, (2,)))


# --- forms of inputs, outputs, targets and losses -----------------------------------------------


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_an_input_without_a_batch(kind):
    for layer in (kind(3, 4, num_layers=2, bidirectional=True), kind(3, 4, batch_first=True)):
        model = Around(layer).double()
        x, targets = double(6, 3), torch.randint(4, (6,))
        trace = record(model, x, targets)
        same_traces(trace, trace_by_hand(layer, model.fc, x[:, None], targets[:, None]), 1e-10)


@pytest.mark.parametrize("kind", [nn.RNNCell, nn.LSTMCell])
def test_cells_without_a_batch(kind):
    model = Loop(kind(3, 5)).double()
    x, targets = double(6, 3), torch.randint(4, (6,))
    by_hand = trace_by_hand(model.rnn, model.fc, x[:, None], targets[:, None])
    same_traces(record(model, x, targets), by_hand, 1e-10)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("batch", "steps"), [(3, 3), (2, 5)])
def test_the_order_of_an_outputs_axes_is_seen_even_in_a_square(batch_first, turned, batch, steps):
    """A model may turn its axes; where both readings fit, the gradients decide."""

    class Turning(Around):
        def forward(self, x):
            states, _ = self.rnn(x)
            return self.fc(states.transpose(0, 1) if turned else states)

    layer = nn.RNN(3, 4, batch_first=batch_first)
    model = Turning(layer).double()
    axes = ("sequence", "step") if batch_first != turned else ("step", "sequence")
    x, targets = double(steps, batch, 3), torch.randint(4, (steps, batch))
    trace = record(
        model,
        x.transpose(0, 1) if batch_first else x,
        targets.transpose(0, 1) if batch_first != turned else targets,
        per=axes if turned and batch == steps else None,
    )
    same_traces(trace, trace_by_hand(layer, model.fc, x, targets), 1e-10)


@pytest.mark.parametrize(("batch", "steps"), [(3, 3), (1, 5), (2, 4)])
@pytest.mark.parametrize("shape", ["(time, batch)", "flat"])
def test_a_regression_without_an_axis_of_outputs(batch, steps, shape):
    class Squeezing(Around):
        def forward(self, x):
            output = self.fc(self.rnn(x)[0]).squeeze(-1)
            return output if shape == "(time, batch)" else output.flatten()

    layer = nn.RNN(3, 4)
    model = Squeezing(layer, 1).double()
    x, targets = double(steps, batch, 3), double(steps, batch)
    trace = record(model, x, targets if shape != "flat" else targets.flatten(), loss="squared")
    by_hand = trace_by_hand(layer, model.fc, x, targets[..., None], loss="squared")
    same_traces(trace, by_hand, 1e-10)


def test_packed_sequences_as_inputs_outputs_and_targets():
    class Packed(Around):
        def forward(self, packed):
            return self.fc(self.rnn(packed)[0].data)

    for kind in (nn.RNN, nn.GRU, nn.LSTM):
        layer = kind(3, 4, num_layers=2, bidirectional=True)
        model = Packed(layer).double()
        lengths = [3, 6, 1]
        x, targets = double(6, 3, 3), torch.randint(4, (6, 3))
        inputs = pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False)
        wanted = pack_padded_sequence(targets, torch.tensor(lengths), enforce_sorted=False)
        trace = record(model, inputs, wanted)
        for b, length in enumerate(lengths):
            targets[length:, b] = NO_TARGET
        same_traces(trace, trace_by_hand(layer, model.fc, x, targets, lengths=lengths), 1e-10)


def test_sequences_that_were_packed_sorted():
    layer = nn.GRU(3, 4)
    model = Around(layer).double()
    rows = [double(5, 3), double(2, 3)]
    targets = torch.randint(4, (5, 2))
    trace = record(model, pack_sequence(rows), targets)
    assert trace.lengths.tolist() == [5, 2]
    assert not trace.h[..., 2:, 1, :].any()


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_a_padded_batch_with_its_lengths(kind):
    layer = kind(3, 4, num_layers=2)
    model = Around(layer).double()
    x, targets = double(6, 3, 3), torch.randint(4, (6, 3))
    trace = record(model, x, targets, lengths=[6, 2, 4])
    for b, length in enumerate([6, 2, 4]):
        targets[length:, b] = NO_TARGET
    by_hand = trace_by_hand(layer, model.fc, x, targets, lengths=[6, 2, 4])
    same_traces(trace, by_hand, 1e-10)
    assert trace.mask.sum(axis=0).tolist() == [6, 2, 4]


@pytest.mark.parametrize(
    ("given", "reduction"),
    [
        (lambda o, w: (o - w).square().sum(-1), "sum"),
        (lambda o, w: (o - w).square().sum((1, 2)), "batch"),
        (lambda o, w: (o - w).square().sum((0, 2)), "sum"),
        (lambda o, w: (o - w).square().mean(), "batch"),
    ],
    ids=["step and sequence", "step", "sequence", "whole"],
)
def test_a_loss_of_ones_own(given, reduction):
    layer = nn.GRU(3, 4)
    model = Around(layer).double()
    x, targets = double(6, 2, 3), double(6, 2, 4)
    trace = record(model, x, targets, loss=given)
    found = given(model.fc(layer(x)[0]), targets)
    total = found.sum()
    assert trace.loss.sum() == pytest.approx(total.item())
    assert trace.metadata.reduction == reduction
    total.backward()
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(trace.gradients[name], parameter.grad, atol=1e-12)
    shapes = {(6, 2): (6, 2), (6,): (6, 1), (2,): (1, 2), (): (1, 1)}
    by_hand = trace_by_hand(
        layer, model.fc, x, targets, loss=lambda o, w: given(o, w).view(shapes[found.shape])
    )
    same_traces(trace, by_hand, 1e-10)


def test_an_index_to_ignore_and_entries_without_a_target():
    model = Around(nn.RNN(3, 4)).double()
    x, targets = double(6, 2, 3), torch.randint(1, 4, (6, 2))
    targets[2:4] = 0
    trace = record(model, x, targets, ignore_index=0)
    assert trace.loss_steps == (0, 1, 4, 5)
    assert (trace.targets[2:4] == NO_TARGET).all()
    assert not trace.loss[2:4].any()
    values = torch.full((6, 2, 4), float("nan"), dtype=F64)
    values[-1] = 0.5
    last = record(model, x, values, loss="squared")
    assert last.loss_steps == (5,)
    assert not last.grad_h_by_loss[:-1].any()
    np.testing.assert_allclose(
        last.loss[-1], 0.5 * ((last.output[-1] - 0.5) ** 2).sum(-1), atol=1e-14
    )


# --- dtypes, devices, surroundings --------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_recording_of_another_precision_leaves_the_model_in_its_own(dtype):
    model = Around(nn.LSTM(3, 4))
    trace = record(model, torch.randn(6, 2, 3), torch.randint(4, (6, 2)), dtype=dtype)
    assert trace.metadata.dtype == str(trace.grad_h.dtype) == dtype
    assert model.fc.weight.dtype == torch.float32


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float16, 2e-2), (torch.bfloat16, 1e-1)])
@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_half_precision_is_recorded_as_it_ran(kind, dtype, tolerance):
    model = Around(kind(3, 4, num_layers=2)).to(dtype)
    x, targets = torch.randn(6, 2, 3), torch.randint(4, (6, 2))
    trace = record(model, x, targets)
    assert trace.metadata.dtype == str(dtype).removeprefix("torch.")
    ran, _ = model.rnn(x.to(dtype))
    np.testing.assert_array_equal(trace.h[-1, 0], ran.detach().float())
    exact = record(model, x.to(dtype), targets, dtype="float64")
    scale = np.abs(exact.grad_h_by_loss).max()
    np.testing.assert_allclose(
        trace.grad_h_by_loss, exact.grad_h_by_loss, rtol=0, atol=tolerance * scale
    )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU is here")
@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_a_model_on_a_gpu_is_recorded_there(kind):
    model = Around(kind(3, 4, num_layers=2, bidirectional=True)).double()
    x, targets = double(6, 2, 3), torch.randint(4, (6, 2))
    on_cpu = record(model, x, targets)
    on_gpu = record(model.cuda(), x.cuda(), targets.cuda())
    same_traces(on_gpu, on_cpu, 1e-10)
    assert on_gpu.metadata.device == "cuda"


@pytest.mark.parametrize("training", [False, True])
def test_dropout_and_batch_norm_after_the_layer_leave_the_model_as_it_was(training):
    class Noisy(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(3, 4, num_layers=2, dropout=0.5)
            self.norm, self.drop = nn.BatchNorm1d(4), nn.Dropout(0.5)
            self.fc = nn.Linear(4, 4)

        def forward(self, x):
            states = self.norm(self.rnn(x)[0].permute(1, 2, 0)).permute(2, 0, 1)
            return self.fc(self.drop(states))

    model = Noisy().double().train()
    held = {name: value.clone() for name, value in model.state_dict().items()}
    random_state = torch.get_rng_state()
    x, targets = double(6, 3, 3), torch.randint(4, (6, 3))
    random_state = torch.get_rng_state()
    first = record(model, x, targets, training=training)
    assert torch.equal(torch.get_rng_state(), random_state)
    assert record(model, x, targets, training=training).identity == first.identity
    assert model.training
    assert all(torch.equal(value, held[name]) for name, value in model.state_dict().items())
    assert first.metadata.training is training

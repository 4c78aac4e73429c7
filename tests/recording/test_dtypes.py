"""Numbers of every kind are recorded as they are, or refused; and no exception is not ours."""

import numpy as np
import pytest
import torch
from models import Around, same_traces
from torch import nn
from torch.utils.checkpoint import checkpoint

import rnnviz
from rnnviz.errors import RecordingError
from rnnviz.recording import record, rerun


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(9)


def data():
    return torch.randn(6, 2, 3), torch.randint(4, (6, 2))


class After(Around):
    """Something done to the output."""

    def __init__(self, change, layer=None):
        super().__init__(layer or nn.GRU(3, 5))
        self.change = change

    def forward(self, x):
        return self.change(self.fc(self.rnn(x)[0]))


def with_parameter(value, learnt=True):
    model = After(lambda output: output)
    model.extra = nn.Parameter(torch.as_tensor(value), requires_grad=learnt)
    return model


# --- parameters and buffers ---------------------------------------------------------------------


def test_a_complex_parameter_is_refused_and_the_remedy_works():
    x, y = data()
    with pytest.raises(RecordingError, match=r"'extra' is torch\.complex64.*view_as_real"):
        record(with_parameter(torch.full((4,), 1 + 2j)), x, y)

    class Remedied(Around):
        def forward(self, x):
            factors = torch.view_as_complex(self.extra)
            return (self.fc(self.rnn(x)[0]) * factors).abs()

    model = Remedied(nn.GRU(3, 5))
    model.extra = nn.Parameter(torch.view_as_real(torch.full((4,), 1 + 2j)).clone())
    trace = record(model, x, y)
    assert trace.gradients["extra"][:, 1].any()


@pytest.mark.parametrize("dtype", [None, "float64"])
def test_a_complex_buffer_stays_complex(dtype):
    class Turning(Around):
        def forward(self, x):
            return (self.fc(self.rnn(x)[0]) * self.factors).real

    model, (x, y) = Turning(nn.GRU(3, 5)), data()
    model.register_buffer("factors", torch.full((4,), 1 + 2j) * torch.randn(4))
    trace = record(model, x, y, dtype=dtype)
    np.testing.assert_allclose(trace.output, model(x).detach(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "value", [torch.tensor([3, 5]), torch.tensor([True, False]), torch.tensor([0.1]).half()]
)
def test_numbers_that_a_recording_holds_are_taken(value):
    trace = record(with_parameter(value, value.is_floating_point()), *data())
    np.testing.assert_array_equal(trace.parameters["extra"], value.numpy().astype(np.float32))
    assert not trace.gradients["extra"].any()


@pytest.mark.parametrize(
    "value", [torch.tensor([1 / 3], dtype=torch.float64), torch.tensor([2**40 + 1])]
)
def test_numbers_that_would_be_rounded_are_refused(value):
    model = with_parameter(value, value.is_floating_point())
    with pytest.raises(RecordingError, match=r"'extra' .*would be rounded.*dtype='float64'"):
        record(model, *data())
    held = record(model, *data(), dtype="float64").parameters["extra"]
    np.testing.assert_array_equal(held, value.numpy())


def test_a_layer_in_half_precision_and_a_head_in_full():
    class Mixed(Around):
        def forward(self, x):
            return self.fc(self.rnn(x.bfloat16())[0].float())

    model = Mixed(nn.GRU(3, 5).bfloat16())
    trace = record(model, *data())
    assert (trace.metadata.dtype, trace.metadata.output_layer) == ("bfloat16", "fc")
    assert rnnviz.verify(trace).ok


# --- tensors of a dtype of their own ------------------------------------------------------------


class Filling(Around):
    """Outputs put into a tensor that the forward makes, as many a decoder does."""

    def forward(self, x):
        logits = torch.zeros(*x.shape[:2], 4)
        for t, state in enumerate(self.rnn(x)[0]):
            logits[t] = self.fc(state)
        return logits


@pytest.mark.parametrize("how", ["dtype", "double", "bfloat16"])
def test_an_output_that_a_forward_makes_itself(how):
    model, (x, y) = Filling(nn.GRU(3, 5)), data()
    plain = Around(model.rnn)
    plain.fc = model.fc
    options = {"dtype": "float64"} if how == "dtype" else {}
    if how != "dtype":
        model, plain = getattr(model, how)(), getattr(plain, how)()
    trace = record(model, x, y, **options)
    assert torch.get_default_dtype() == torch.float32
    assert trace.metadata.output_layer == "fc"
    assert rnnviz.verify(trace).ok
    tolerance = 1e-12 if how != "bfloat16" else 1e-2
    same_traces(trace, record(plain, x, y, **options), tolerance)


def test_an_output_that_is_rounded_is_refused_with_what_to_do():
    model, (x, y) = After(lambda output: output.float()), data()
    assert record(model, x, y, dtype="float64").metadata.dtype == "float64"  # what is made, too
    with pytest.raises(RecordingError, match=r"output is float32, but its layer torch.float64"):
        record(model.double(), x.double(), y)
    same_traces(record(model.double(), x, y, dtype="float32"), record(model.float(), x, y), 1e-6)
    with pytest.raises(RecordingError, match=r"output is float16.* remove that conversion"):
        record(After(lambda output: output.half()), x, y)


def test_an_output_wider_than_the_layer_is_taken():
    trace = record(After(lambda output: output.double()), *data())
    assert trace.metadata.output_layer == "fc"
    assert rnnviz.verify(trace).ok


# --- what others found to crash -----------------------------------------------------------------


def test_a_sparse_embedding():

    class Tagger(nn.Module):
        def __init__(self, sparse):
            super().__init__()
            torch.manual_seed(1)
            self.words, self.body = nn.Embedding(9, 3, sparse=sparse), Around(nn.LSTM(3, 5))

        def forward(self, x):
            return self.body(self.words(x))

    x, y = torch.randint(9, (6, 2)), torch.randint(4, (6, 2))
    same_traces(record(Tagger(True), x, y), record(Tagger(False), x, y), 1e-6)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpointed_layers(reentrant, layers):
    class Checkpointed(Around):
        def forward(self, x):
            states = checkpoint(lambda given: self.rnn(given)[0], x, use_reentrant=reentrant)
            return checkpoint(self.fc, states, use_reentrant=reentrant)

    model, (x, y) = Checkpointed(nn.LSTM(3, 5, layers)), data()
    plain = Around(model.rnn)
    plain.fc = model.fc
    same_traces(record(model, x, y), record(plain, x, y), 1e-6)


@pytest.mark.parametrize("in_place", [True, False])
def test_a_compiled_model_runs_as_it_was_written(in_place):
    def backend(graph, examples):
        raise AssertionError("something was compiled")

    model, (x, y) = Around(nn.LSTM(3, 5)), data()
    plain = record(model, x, y)
    if in_place:
        model.compile(backend=backend)
        compiled = record(model, x, y)
    else:
        compiled = record(torch.compile(model, backend=backend), x, y)
    np.testing.assert_array_equal(compiled.grad_h_by_loss, plain.grad_h_by_loss)


class NoWayBack(torch.autograd.Function):
    @staticmethod
    def forward(ctx, value):
        return value.clone()

    @staticmethod
    def backward(ctx, gradient):
        raise OSError("no way\nback")


def failing(error):
    def change(output):
        raise error

    return change


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (
            failing(StopIteration()),
            r"forward failed .*: StopIteration \(test_dtypes.py, line \d+\)",
        ),
        (failing(KeyError(5)), r"forward failed .*: KeyError: 5 \(test_dtypes.py, line \d+\)"),
        (failing(ValueError("two\n lines")), r"ValueError: two lines \(test_dtypes.py, line"),
        (lambda output: output[99], r"IndexError: index 99 .* \(test_dtypes.py, line \d+\)"),
        (
            NoWayBack.apply,
            r"recording failed \(OSError: no way back \(test_dtypes.py, line \d+\)\)",
        ),
    ],
)
def test_no_exception_is_not_ours(change, match):
    with pytest.raises(RecordingError, match=match) as error:
        record(After(change), *data())
    assert "\n" not in str(error.value)
    assert error.value.__cause__ is not None


@pytest.mark.parametrize(
    "options",
    [
        {"lengths": [[1], [2, 3]]},
        {"about": 5},
        {"about": {"source": object()}},
        {"ignore_index": "a"},
        {"layer": 5},
        {"dtype": 3},
        {"losses": {}},
        {"state": "x"},
        {"output": 3},
        {"inputs": np.array([object()])},
        {"inputs": None},
        {"targets": np.array(["a"])},
        {"model": None},
    ],
)
def test_no_argument_raises_what_is_not_ours(options):
    x, y = data()
    given = {"model": After(lambda output: output), "inputs": x, "targets": y, **options}
    with pytest.raises(rnnviz.RnnvizError) as error:
        record(given.pop("model"), given.pop("inputs"), given.pop("targets"), **given)
    assert "report this" not in str(error.value)


def test_nor_does_one_of_rerecord():
    trace = record(After(lambda output: output), *data())
    for changed in ({"fc.weight": "a"}, {"fc.weight": [[1], [2, 3]]}, 5, {5: 5}):
        with pytest.raises(rnnviz.RnnvizError):
            rerun(trace, changed)
    with pytest.raises(rnnviz.RnnvizError):
        rerun(trace, {}, x="a", targets="b")

import copy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from models import Around, same_traces
from torch import nn
from torch.nn import functional

from rnnviz.errors import RecordingError
from rnnviz.recording import record, rerun
from rnnviz.trace import NO_TARGET, hash_arrays
from rnnviz.training.network import Network, seeded

LOSSES = ["cross-entropy", "squared", "squared-on-softmax"]
TOLERANCE = {"float32": 2e-5, "float64": 1e-12}


def autograd_losses(loss, output, targets):
    """L_t of one step: (batch,)."""
    if loss == "squared":
        return 0.5 * ((output - targets) ** 2).sum(-1)
    kept = targets != NO_TARGET
    classes = torch.where(kept, targets, 0)
    if loss == "cross-entropy":
        return -torch.log_softmax(output, -1).gather(-1, classes[:, None])[:, 0] * kept
    wanted = functional.one_hot(classes, output.shape[-1])
    return 0.5 * ((output.softmax(-1) - wanted) ** 2).sum(-1) * kept


def autograd_tables(model, x, targets, loss):
    """∂L_t/∂h_k, ∂⁺L_t/∂h_t and ∂L_t/∂x_k by one backward pass a loss, over an explicit loop."""
    cell = nn.RNNCell(x.shape[-1], model.rnn.hidden_size, bias=model.rnn.bias).to(x.dtype)
    with torch.no_grad():
        for name, parameter in cell.named_parameters():
            parameter.copy_(getattr(model.rnn, f"{name}_l0"))
    steps = [x_t.clone().requires_grad_(True) for x_t in x]
    state = x.new_zeros(x.shape[1], model.rnn.hidden_size) if model.h0 is None else model.h0[0]
    states, losses, direct = [], [], []
    for x_t, target in zip(steps, targets, strict=True):
        state = cell(x_t, state)
        states.append(state)
        losses.append(autograd_losses(loss, model.fc(state), target))
        alone = state.detach().requires_grad_(True)
        total = autograd_losses(loss, model.fc(alone), target).sum()
        direct.append(torch.autograd.grad(total, alone)[0])

    def table(of):
        rows = [
            torch.autograd.grad(
                one.sum(), of, retain_graph=True, allow_unused=True, materialize_grads=True
            )
            for one in losses
        ]
        return np.array([[cell.numpy() for cell in row] for row in rows])

    return {
        "h": torch.stack(states).detach().numpy(),
        "loss": torch.stack(losses).detach().numpy(),
        "grad_direct": torch.stack(direct).numpy(),
        "grad_h_by_loss": table(states),
        "grad_x_by_loss": table(steps),
    }


def assert_close(got, expected, dtype):
    scale = max(np.abs(expected).max(), 1e-3)
    np.testing.assert_allclose(got, expected, rtol=0, atol=TOLERANCE[dtype] * scale)


def assert_agrees_with_autograd(trace, model, x, targets, loss, dtype):
    expected = autograd_tables(model, x, targets, loss)
    for name, got in {
        "h": trace.h[0, 0],
        "loss": trace.loss,
        "grad_direct": trace.grad_direct[0, 0],
        "grad_h_by_loss": trace.grad_h_by_loss[:, 0, 0],
        "grad_x_by_loss": trace.grad_x_by_loss,
    }.items():
        assert_close(got, expected[name], dtype)
    assert_close(trace.grad_h[0, 0], expected["grad_h_by_loss"].sum(0), dtype)

    model = copy.deepcopy(model)
    output = model(x)
    sum(autograd_losses(loss, o, t).sum() for o, t in zip(output, targets, strict=True)).backward()
    assert dict(trace.gradients).keys() == {name for name, _ in model.named_parameters()}
    for name, parameter in model.named_parameters():
        assert_close(trace.gradients[name], parameter.grad.numpy(), dtype)
        np.testing.assert_array_equal(trace.parameters[name], parameter.detach().numpy())


# --- numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("given_h0", [False, True])
def test_every_gradient_is_autograds_over_an_explicit_loop(
    make_case, make_trace, loss, dtype, given_h0
):
    model, x, targets = make_case(loss, dtype, given_h0=given_h0)
    trace = make_trace(loss, dtype, given_h0=given_h0)
    assert_agrees_with_autograd(trace, model, x, targets, loss, dtype)


@given(
    loss=st.sampled_from(LOSSES),
    dtype=st.sampled_from(["float32", "float64"]),
    steps=st.integers(1, 7),
    batch=st.integers(1, 3),
    inputs=st.integers(1, 4),
    hidden=st.integers(1, 6),
    outputs=st.integers(2, 4),
    bias=st.booleans(),
    given_h0=st.booleans(),
    last_only=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_a_network_of_any_size_agrees_with_autograd(make_case, loss, dtype, **options):
    model, x, targets = make_case(loss, dtype, **options)
    trace = record(model, x, targets, loss=loss)
    assert_agrees_with_autograd(trace, model, x, targets, loss, dtype)
    steps = trace.steps
    later = np.triu_indices(steps, 1)
    assert not trace.grad_h_by_loss[:, 0, 0][later].any()
    assert not trace.grad_x_by_loss[later].any()
    np.testing.assert_array_equal(
        trace.grad_h_by_loss[range(steps), 0, 0, range(steps)], trace.grad_direct[0, 0]
    )


def test_the_layers_equations_hold_in_the_recording(make_trace):
    trace = make_trace(given_h0=True)
    before = np.concatenate([trace.h0[0, 0][None], trace.h[0, 0, :-1]])
    preact = trace.x @ trace.U.T + before @ trace.W.T + trace.b
    np.testing.assert_allclose(trace.preact[0, 0, :, :, 0], preact, atol=1e-14)
    np.testing.assert_allclose(trace.h[0, 0], np.tanh(preact), atol=1e-14)
    np.testing.assert_array_equal(trace.gates[0, 0, :, :, 0], trace.h[0, 0])
    np.testing.assert_allclose(trace.output, trace.h[0, 0] @ trace.V.T + trace.output_bias)
    odds = np.exp(trace.output)
    np.testing.assert_allclose(trace.y, odds / odds.sum(-1, keepdims=True))
    np.testing.assert_allclose(
        trace.jacobian[0, 0], (1 - trace.h[0, 0] ** 2)[..., None] * trace.W, atol=1e-14
    )


def test_the_jacobian_is_autograds(make_case, make_trace):
    model, x, _ = make_case()
    trace = make_trace()
    weights = {
        name: getattr(model.rnn, f"{name}_l0").detach()
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    }

    def step(state):
        return torch.tanh(
            functional.linear(x[3, 1], weights["weight_ih"], weights["bias_ih"])
            + functional.linear(state, weights["weight_hh"], weights["bias_hh"])
        )

    expected = torch.autograd.functional.jacobian(step, torch.tensor(trace.h[0, 0, 2, 1]))
    np.testing.assert_allclose(trace.jacobian[0, 0, 3, 1], expected, atol=1e-14)


def test_the_squared_loss_shows_the_linear_output(make_trace):
    trace = make_trace("squared")
    np.testing.assert_array_equal(trace.y, trace.output)


def test_the_squared_loss_on_a_softmax_has_the_softmaxs_jacobian(make_case, make_trace):
    _, _, targets = make_case("squared-on-softmax")
    trace = make_trace("squared-on-softmax")
    y = trace.y
    error = y - np.eye(trace.output_size)[targets.numpy()]
    at_output = np.einsum(
        "tbij,tbj->tbi", y[..., None] * np.eye(4) - y[..., None] * y[..., None, :], error
    )
    np.testing.assert_allclose(trace.grad_direct[0, 0], at_output @ trace.V, atol=1e-14)


def test_a_loss_at_the_last_step_alone_is_ordinary(make_trace):
    trace = make_trace(last_only=True)
    assert trace.loss_steps == (5,)
    assert not trace.loss[:-1].any()
    assert not trace.grad_h_by_loss[:-1].any()
    assert not trace.grad_direct[0, 0, :-1].any()
    assert trace.grad_h[0, 0].all()


def test_a_hook_on_the_fused_layer_sees_the_direct_part_only(make_case, make_trace):
    """With a loss at the last step it reads zero everywhere else, which is not vanishing."""
    model, x, targets = make_case(last_only=True)
    model = copy.deepcopy(model)
    states, _ = model.rnn(x)
    states.retain_grad()
    functional.cross_entropy(model.fc(states[-1]), targets[-1], reduction="sum").backward()
    hooked = states.grad.numpy()

    trace = make_trace(last_only=True)
    total = autograd_tables(model, x, targets, "cross-entropy")["grad_h_by_loss"].sum(0)
    np.testing.assert_allclose(hooked, trace.grad_direct[0, 0], atol=1e-14)
    assert not hooked[:-1].any()
    np.testing.assert_allclose(trace.grad_h[0, 0], total, atol=1e-14)
    assert np.abs(trace.grad_h[0, 0]).min() > 1e-6


def test_recording_without_gradients_records_the_rest(make_trace):
    trace, full = make_trace(gradients=False), make_trace()
    assert not trace.has_gradients
    assert trace.grad_h_by_loss is None
    for name in ("x", "h", "preact", "output", "y", "loss", "jacobian"):
        np.testing.assert_array_equal(getattr(trace, name), getattr(full, name))


def test_metadata_says_what_was_recorded(make_case):
    model, x, targets = make_case(dtype="float32")
    trace = record(model, x, targets, about={"task": "sentence", "seed": 7, "cell": "overruled"})
    about = trace.metadata
    assert (about.task, about.seed, about.cell, about.nonlinearity) == (
        "sentence",
        7,
        "rnn",
        "tanh",
    )
    assert (about.loss, about.reduction, about.dtype) == ("cross-entropy", "sum", "float32")
    assert (about.layer, about.output_layer) == ("rnn", "fc")
    assert about.parameters_hash == hash_arrays(trace.parameters)
    assert about.versions["torch"] == torch.__version__


# --- the user's own module ----------------------------------------------------------------------


class Wrapped(nn.Module):
    """A model of someone else: an embedding, other names, two layers after, a tuple out."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(7, 3)
        self.encoder = nn.ModuleDict({"memory": nn.RNN(3, 5)})
        self.head = nn.Sequential(nn.Linear(5, 6), nn.ReLU(), nn.Dropout(0.5), nn.Linear(6, 4))

    def forward(self, tokens):
        states, last = self.encoder["memory"](self.words(tokens))
        return self.head(states), last


def wrapped_case():
    torch.manual_seed(1)
    return Wrapped().double(), torch.randint(7, (6, 2)), torch.randint(4, (6, 2))


def test_a_model_of_someone_else_is_recorded_as_it_is():
    model, tokens, targets = wrapped_case()
    trace = record(model, tokens, targets)
    assert trace.metadata.layer == "encoder.memory"
    assert trace.metadata.output_layer is None
    assert trace.W is trace.parameters["encoder.memory.weight_hh_l0"]
    np.testing.assert_array_equal(trace.x, model.words(tokens).detach())

    twin = copy.deepcopy(model).eval()
    functional.cross_entropy(
        twin(tokens)[0].flatten(0, 1), targets.flatten(), reduction="sum"
    ).backward()
    for name, parameter in twin.named_parameters():
        np.testing.assert_allclose(trace.gradients[name], parameter.grad, atol=1e-12)
    states, _ = twin.encoder["memory"](twin.words(tokens))
    direct = torch.autograd.grad(
        functional.cross_entropy(
            twin.head(states).flatten(0, 1), targets.flatten(), reduction="sum"
        ),
        states,
    )[0]
    np.testing.assert_allclose(trace.grad_direct[0, 0], direct, atol=1e-12)


class Failing(Network):
    """A forward that breaks the second time, which is in the middle of a replay."""

    calls = 0

    def forward(self, x, hidden=None):
        states, last = self.rnn(x, hidden)
        type(self).calls += 1
        if type(self).calls == 2:
            raise ValueError("not twice")
        return self.fc(states), last


def global_state():
    flags = torch.backends.cudnn
    return (
        torch.get_rng_state().tolist(),
        np.random.get_state()[1].tolist(),
        torch.is_grad_enabled(),
        (flags.enabled, flags.benchmark, flags.deterministic),
    )


@pytest.mark.parametrize("breaks", [False, True])
def test_the_model_and_the_surroundings_stay_as_they_are(breaks):
    Failing.calls = 0 if breaks else 10
    torch.manual_seed(0)
    model = Failing(3, 5, 4).train()
    model.fc.bias.requires_grad_(False)
    model.rnn.weight_hh_l0.grad = torch.full((5, 5), 0.25)
    model.rnn.register_forward_hook(lambda *_: None)
    held = {name: value.clone() for name, value in model.state_dict().items()}
    forward = model.rnn.forward
    before = global_state()

    x, targets = torch.ones(6, 2, 3), torch.zeros(6, 2, dtype=torch.long)
    with torch.no_grad():
        if breaks:
            with pytest.raises(RecordingError, match=r"forward fails when replayed .*: not twice"):
                record(model, x, targets)
        else:
            record(model, x, targets)

    assert global_state() == before
    assert model.training
    assert model.rnn.training
    assert model.rnn.forward == forward
    assert "forward" not in vars(model.rnn)
    assert len(model.rnn._forward_hooks) == 1
    assert [p.requires_grad for p in model.parameters()] == [True] * 5 + [False]
    assert [p.grad is None for p in model.parameters()] == [True, False] + [True] * 4
    assert torch.equal(model.rnn.weight_hh_l0.grad, torch.full((5, 5), 0.25))
    for name, value in model.state_dict().items():
        assert torch.equal(value, held[name])


def test_recording_does_not_change_what_it_is_given(make_case):
    model, x, targets = make_case()
    held = x.clone(), targets.clone()
    trace = record(model, x, targets)
    assert torch.equal(x, held[0])
    assert torch.equal(targets, held[1])
    assert record(model, x, targets).identity == trace.identity


# --- the same network again ---------------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES)
def test_rerecording_unchanged_gives_the_same_numbers(make_trace, loss):
    trace = make_trace(loss)
    again = rerun(trace, {})
    assert again.metadata == trace.metadata
    assert again.identity == trace.identity


def test_rerecording_runs_the_changed_network(make_case, make_trace):
    model, x, targets = make_case()
    trace = make_trace()
    again = rerun(trace, {"rnn.weight_hh_l0": 0.5 * trace.W})
    changed = copy.deepcopy(model)
    with torch.no_grad():
        changed.rnn.weight_hh_l0.mul_(0.5)
    assert_agrees_with_autograd(again, changed, x, targets, "cross-entropy", "float64")
    assert again.metadata.parameters_hash != trace.metadata.parameters_hash


def test_rerecording_works_for_other_names_and_no_biases(make_trace):
    trace = make_trace(bias=False)
    np.testing.assert_allclose(rerun(trace, {}).h, trace.h, atol=1e-14)


def test_rerecording_names_a_parameter_that_is_not_there(make_trace):
    with pytest.raises(RecordingError, match=r"no parameter 'W'; it has rnn.weight_ih_l0, "):
        rerun(make_trace(), {"W": np.eye(5)})


def test_rerecording_starts_from_the_recorded_state(make_trace):
    trace = make_trace(given_h0=True)
    np.testing.assert_array_equal(rerun(trace, {}).h0, trace.h0)


@pytest.mark.parametrize("cell", [nn.RNN, nn.GRU, nn.LSTM])
def test_rerecording_on_other_data_is_recording_the_model_on_them(cell):
    torch.manual_seed(0)
    model = Around(cell(3, 5)).double()
    start = torch.randn(1, 2, 5, dtype=torch.float64)
    state = (start, start) if cell is nn.LSTM else start
    first = torch.randn(6, 2, 3, dtype=torch.float64)
    trace = record(model, first, torch.zeros(6, 2, dtype=torch.long), state=state)
    x = np.random.default_rng(0).normal(size=(9, 4, 3))
    targets = np.random.default_rng(1).integers(4, size=(9, 4))
    labels = tuple(tuple(f"{step}" for step in range(9)) for _ in range(4))
    again = rerun(trace, {}, x=x, targets=targets, step_labels=labels)
    expected = record(model, torch.tensor(x), torch.tensor(targets))
    same_traces(again, expected, 1e-12)
    assert again.metadata.step_labels == labels
    assert not again.h0.any()


def test_other_data_are_inputs_and_targets_together(make_trace):
    trace = make_trace()
    with pytest.raises(RecordingError, match="x and targets must be given together"):
        rerun(trace, {}, x=trace.x)


@pytest.mark.parametrize("shape", [(), (5,), (3, 3)])
def test_rerecording_refuses_a_parameter_of_another_shape(make_trace, shape):
    with pytest.raises(RecordingError, match="shape"):
        rerun(make_trace(), {"rnn.weight_hh_l0": np.ones(shape)})


def test_rerecording_does_not_claim_the_old_accuracy(make_case):
    trace = record(*make_case(), about={"accuracy": 0.9})
    changed = rerun(trace, {"rnn.weight_hh_l0": 0.5 * trace.W})
    assert changed.metadata.accuracy is None


def test_the_arrays_of_a_trace_can_be_recorded_again(make_case, make_trace):
    model, _, _ = make_case()
    trace = make_trace()
    torch.set_warn_always(True)
    try:
        assert record(model, trace.x, trace.targets).identity == trace.identity
    finally:
        torch.set_warn_always(False)


def test_the_state_can_be_given_by_name():
    class ByName(Network):
        def forward(self, x):
            return self.fc(self.rnn(x, hx=torch.full((1, 2, 5), 0.5))[0])

    trace = record(ByName(3, 5, 4), torch.ones(6, 2, 3), torch.zeros(6, 2, dtype=torch.long))
    assert (trace.h0 == 0.5).all()


def test_a_model_that_keeps_its_last_state_is_recorded():
    class Keeping(Network):
        def forward(self, x):
            states, self.last = self.rnn(x)
            return self.fc(states)

    model = Keeping(3, 5, 4)
    x, targets = torch.ones(6, 2, 3), torch.zeros(6, 2, dtype=torch.long)
    model(x)
    record(model, x, targets)


@pytest.mark.parametrize("kind", [torch.int32, torch.int16])
def test_class_targets_of_any_integer_type_are_taken(make_case, kind):
    model, x, _ = make_case()
    record(model, x, torch.zeros(6, 2).to(kind))


def test_whole_numbers_can_be_targets_of_the_squared_loss(make_case):
    model, x, _ = make_case()
    trace = record(model, x, torch.ones(6, 2, 4, dtype=torch.long), loss="squared")
    assert trace.loss_steps == tuple(range(6))


def test_a_chaotic_network_is_recorded():
    """The 'large W' of the vanishing-gradient scene over a longer text."""
    torch.manual_seed(0)
    model = seeded(1, 3, 16, 4)
    with torch.no_grad():
        model.rnn.weight_hh_l0.mul_(6)
    record(model, torch.randn(50, 1, 3), torch.zeros(50, 1, dtype=torch.long))

"""Recording a recurrent network: every state and every gradient of one run.

A hook on a fused layer sees only the direct part of ∂L/∂h_t. Here the recurrent layer is replayed
step by step with its own weights while the rest of the model runs as it is; the replayed states
must agree with the fused layer's. All one-step Jacobians are then one batched product, and the
gradients of all T losses are swept back through time together, in T products.
"""

import copy
import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from rnnviz.errors import RecordingError
from rnnviz.losses import loss_by_step, prediction
from rnnviz.network import Network
from rnnviz.trace import Metadata, Trace, hash_arrays

_AGREEMENT: Final = {torch.float32: 1e-5, torch.float64: 1e-12}
_RECURRENT: Final = (nn.RNNBase, nn.RNNCellBase)


def record(
    model: nn.Module,
    inputs: Tensor | np.ndarray,
    targets: Tensor | np.ndarray,
    *,
    loss: str = "cross-entropy",
    gradients: bool = True,
    about: Mapping[str, Any] | None = None,
) -> Trace:
    """Record one run of a model with one recurrent layer: a one-layer tanh ``nn.RNN``.

    The model is called with ``inputs`` and must return its output (time, batch, output), alone
    or first in a tuple. It works on a copy: the model and the random state stay as they are.
    ``about`` gives what only the caller knows of the metadata: task, labels, seed, accuracy, …

    Shapes: inputs (time, batch, input) as the model takes them; targets (time, batch), class
            indices with −100 for no target, or (time, batch, output) for the squared loss
    Units:  the loss is summed over time and batch, and so are its gradients
    Raises: RecordingError if the model cannot be recorded exactly
    """
    subject = copy.deepcopy(model).eval().requires_grad_(True)
    name, layer = _recurrent_layer(subject)
    weights = _Weights.of(layer)
    dtype, device = weights.hidden.dtype, weights.hidden.device
    _check_parameters(subject)
    given = torch.as_tensor(inputs, device=device)
    given = given.to(dtype) if given.is_floating_point() else given
    wanted = torch.as_tensor(targets, device=device)
    wanted = wanted.to(dtype) if wanted.is_floating_point() else wanted

    with torch.random.fork_rng(), torch.enable_grad():
        output = _output_of(subject, given)
        total = loss_by_step(loss, output, wanted).sum()
        parameter_gradients = _parameter_gradients(subject, total) if gradients else None
        with _replaying(layer) as replay:
            replayed = _output_of(subject, given)
        losses = loss_by_step(loss, replayed, wanted)
        _check_agreement(output, replayed)
        direct = _direct_gradients(losses, replay.states) if gradients else None
        jacobian = _jacobians(weights, replay.states)
        swept = None if direct is None else _sweep(direct, jacobian)

    parameters = {key: _numpy(value) for key, value in subject.named_parameters()}
    arrays = {
        "x": _numpy(replay.x),
        "targets": _numpy(wanted),
        "h0": _numpy(replay.h0)[None, None],
    }
    details = {
        "task": "",
        **(about or {}),
        "cell": "rnn",
        "nonlinearity": layer.nonlinearity,
        "loss": loss,
        "layer": name,
        "output_layer": _linear_after(subject, replay.states, replayed),
        "dtype": str(dtype).removeprefix("torch."),
        "parameters_hash": hash_arrays(parameters),
        "inputs_hash": hash_arrays(arrays),
        "versions": _versions(),
    }
    return Trace(
        **arrays,
        h=_stacked(replay.states),
        preact=_stacked(replay.preact.unsqueeze(2)),
        gates=_stacked(replay.states.unsqueeze(2)),
        output=_numpy(replayed),
        y=_numpy(prediction(loss, replayed)),
        loss=_numpy(losses),
        grad_direct=None if direct is None else _stacked(direct),
        grad_h=None if swept is None else _stacked(swept.sum(dim=0)),
        grad_h_by_loss=None if swept is None else _numpy(swept)[:, None, None],
        grad_x_by_loss=None if swept is None else _numpy(_to_inputs(weights, replay.states, swept)),
        jacobian=_stacked(jacobian),
        parameters=parameters,
        gradients=parameter_gradients,
        metadata=Metadata(**details),
    )


def rerecord(trace: Trace, parameters: Mapping[str, np.ndarray]) -> Trace:
    """Run the network of a trace again, on the same data, with changed parameters.

    ``parameters`` holds those that change, by name; the others stay.

    Raises: TraceError if what follows the recurrent layer is not one Linear,
            RecordingError for an unknown parameter
    """
    unknown = [key for key in parameters if key not in trace.parameters]
    if unknown:
        raise RecordingError(
            f"the trace has no parameter {unknown[0]!r}; it has {', '.join(trace.parameters)}"
        )
    values = {**trace.parameters, **parameters}
    own = {
        **{f"rnn.{kind}_l0": trace.parameter_name(kind) for kind in _KINDS},
        "fc.weight": f"{trace.metadata.output_layer}.weight",
        "fc.bias": f"{trace.metadata.output_layer}.bias",
    }
    network = Network(trace.input_size, trace.hidden_size, len(trace.V))
    network = network.to(getattr(torch, trace.metadata.dtype))
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            value = values.get(own[name])
            parameter.copy_(torch.zeros(()) if value is None else torch.tensor(value))
    return record(
        network,
        torch.tensor(trace.x),
        torch.tensor(trace.targets),
        loss=trace.metadata.loss,
        gradients=trace.has_gradients,
        about=asdict(trace.metadata),
    )


_KINDS: Final = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


@dataclass(frozen=True)
class _Weights:
    """U, W and the two biases of a one-layer ``nn.RNN``, whose attributes carry no types."""

    input: Tensor
    hidden: Tensor
    input_bias: Tensor | None
    hidden_bias: Tensor | None

    @classmethod
    def of(cls, layer: nn.RNN) -> "_Weights":
        held: dict[str, Tensor] = dict(layer.named_parameters())
        u, w, b_u, b_w = (held.get(f"{kind}_l0") for kind in _KINDS)
        assert u is not None
        assert w is not None
        return cls(u, w, b_u, b_w)


class _Replay:
    """One layer's run, step by step: what went in, and each step's state as a leaf.

    The rest of the model continues from the leaf, so that autograd stops there and gives the
    direct part of a gradient.
    """

    def __init__(self, layer: nn.RNN):
        self.layer = layer
        self.calls = 0

    def __call__(self, x: Tensor, h0: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.calls += 1
        if self.calls > 1:
            raise RecordingError(
                "the recurrent layer is called more than once in one forward; "
                "record a model that calls it once"
            )
        layer = self.layer
        if x.dim() != 3:
            raise RecordingError(
                f"the recurrent layer got an input of shape {tuple(x.shape)}; "
                "give it (time, batch, input)"
            )
        self.x = x.detach()
        weights = _Weights.of(layer)
        state = x.new_zeros(x.shape[1], layer.hidden_size) if h0 is None else h0.detach()[0]
        self.h0 = state
        preact = []
        with torch.no_grad():
            for x_t in self.x:
                preact.append(_affine(weights, x_t, state))
                state = torch.tanh(preact[-1])
            self.preact = torch.stack(preact)
        self.states = torch.tanh(self.preact).requires_grad_(True)
        return self.states, self.states[-1:]


def _affine(weights: _Weights, x: Tensor, state: Tensor) -> Tensor:
    from_input = nn.functional.linear(x, weights.input, weights.input_bias)
    return from_input + nn.functional.linear(state, weights.hidden, weights.hidden_bias)


@contextmanager
def _replaying(layer: nn.RNN) -> Iterator[_Replay]:
    replay = _Replay(layer)
    forward: Callable[..., Any] = layer.forward
    layer.forward = replay  # type: ignore[method-assign, assignment]
    try:
        yield replay
    finally:
        layer.forward = forward  # type: ignore[method-assign]
    if not replay.calls:
        raise RecordingError("the model's forward does not call its recurrent layer")


def _recurrent_layer(model: nn.Module) -> tuple[str, nn.RNN]:
    found = [(name, part) for name, part in model.named_modules() if isinstance(part, _RECURRENT)]
    if not found:
        raise RecordingError(
            f"{type(model).__name__} has no recurrent layer; record a model with an nn.RNN"
        )
    if len(found) > 1:
        names = ", ".join(name or type(part).__name__ for name, part in found)
        raise RecordingError(f"the model has several recurrent layers ({names}); record one")
    name, layer = found[0]
    if not isinstance(layer, nn.RNN) or layer.nonlinearity != "tanh":
        raise RecordingError(
            f"layer {name!r} is {layer}, which is not recorded yet; use nn.RNN with tanh"
        )
    if layer.num_layers > 1 or layer.bidirectional or layer.batch_first:
        raise RecordingError(
            f"layer {name!r} is {layer}; one layer, one direction and batch_first=False "
            "are recorded"
        )
    return name, layer


def _check_parameters(model: nn.Module) -> None:
    for name, parameter in model.named_parameters():
        if not torch.isfinite(parameter).all():
            raise RecordingError(
                f"parameter {name!r} has a value that is not finite; train again with a smaller "
                "learning rate"
            )


def _output_of(model: nn.Module, inputs: Tensor) -> Tensor:
    try:
        result = model(inputs)
    except RecordingError:
        raise
    except Exception as error:
        raise RecordingError(
            f"the model's forward failed on inputs of shape {tuple(inputs.shape)}: {error}"
        ) from error
    output = result[0] if isinstance(result, tuple) else result
    if not isinstance(output, Tensor) or output.dim() != 3 or len(output) != len(inputs):
        shape = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
        raise RecordingError(
            f"the model's output is {shape}; it must be a tensor (time, batch, output)"
        )
    return output


def _parameter_gradients(model: nn.Module, total: Tensor) -> dict[str, np.ndarray]:
    named = dict(model.named_parameters())
    if not total.requires_grad:
        raise RecordingError("the loss does not depend on the model's parameters")
    found = torch.autograd.grad(total, list(named.values()), allow_unused=True)
    return {
        name: _numpy(torch.zeros_like(value) if gradient is None else gradient)
        for (name, value), gradient in zip(named.items(), found, strict=True)
    }


def _check_agreement(fused: Tensor, replayed: Tensor) -> None:
    scale = max(float(fused.detach().abs().max()), 1.0)
    error = float((fused - replayed).detach().abs().max()) / scale
    if not error <= _AGREEMENT.get(fused.dtype, 1e-2):
        raise RecordingError(
            f"the replayed layer differs from the fused one by {error:.1e} of the output's size; "
            "this model cannot be recorded exactly"
        )


def _direct_gradients(losses: Tensor, states: Tensor) -> Tensor:
    """∂⁺L_t/∂h_t, after a check that L_t has no other direct way back than h_t.

    Shapes: losses (time, batch), states (time, batch, hidden) → (time, batch, hidden)
    """
    if not losses.requires_grad:
        raise RecordingError("the loss does not depend on the recurrent layer")
    weights = torch.linspace(1.0, 2.0, len(losses), dtype=losses.dtype, device=losses.device)
    plain, weighted = (
        torch.autograd.grad(total, states, retain_graph=True)[0]
        for total in (losses.sum(), (weights[:, None] * losses).sum())
    )
    difference = float((weighted - weights[:, None, None] * plain).abs().max())
    if difference > 1e-4 * max(float(plain.abs().max()), 1e-30):
        raise RecordingError(
            "what follows the recurrent layer mixes time steps, which is not recorded yet; "
            "record a model whose output at step t depends on h_t alone"
        )
    return plain


def _jacobians(weights: _Weights, states: Tensor) -> Tensor:
    """∂h_k/∂h_{k−1} = diag(1 − h_k²) W: (time, batch, hidden, hidden)."""
    return ((1 - states.square())[..., None] * weights.hidden).detach()


def _sweep(direct: Tensor, jacobian: Tensor) -> Tensor:
    """∂L_t/∂h_k of all losses at once; exactly zero for k > t.

    Shapes: direct (time, batch, hidden), jacobian (time, batch, hidden, hidden)
            → (loss_time, time, batch, hidden)
    """
    steps = len(direct)
    table = direct.new_zeros(steps, *direct.shape)
    table[range(steps), range(steps)] = direct
    for k in range(steps - 2, -1, -1):
        later = table[k + 1 :, k + 1]
        table[k + 1 :, k] = torch.einsum("tbi,bij->tbj", later, jacobian[k + 1])
    return table


def _to_inputs(weights: _Weights, states: Tensor, swept: Tensor) -> Tensor:
    """∂L_t/∂x_k: (loss_time, time, batch, input)."""
    return (swept * (1 - states.square())) @ weights.input


def _linear_after(model: nn.Module, states: Tensor, output: Tensor) -> str | None:
    """The module path of the Linear that alone makes the output of the states."""
    for name, part in model.named_modules():
        if isinstance(part, nn.Linear) and part.in_features == states.shape[-1]:
            made = part(states)
            if made.shape == output.shape and torch.allclose(made, output):
                return name
    return None


def _stacked(values: Tensor) -> np.ndarray:
    """One layer's, one direction's values with both axes in front."""
    return _numpy(values)[None, None]


def _numpy(values: Tensor) -> np.ndarray:
    return np.asarray(values.detach().cpu().numpy())


def _versions() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in ("rnnviz", "torch", "numpy")},
    }

"""Recording a recurrent network: every state and every gradient of one run.

A hook on a fused layer sees only the direct part of ∂L/∂h_t. Here the recurrent layer is replayed
with its own weights, each step from the state that the fused layer had before it, while the rest
of the model runs as it is; the replayed states must agree with the fused layer's. All one-step
Jacobians are then one batched product, and the gradients of all T losses are swept back through
time together, in T products.
"""

import copy
import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
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
    state: Tensor | np.ndarray | None = None,
    about: Mapping[str, Any] | None = None,
) -> Trace:
    """Record one run of a model with one recurrent layer: a one-layer tanh ``nn.RNN``.

    The model is called with ``inputs``, and with ``state`` if that is given, and must return its
    output (time, batch, output), alone or first in a tuple. It works on a copy: the model and the
    random state stay as they are. ``about`` gives what only the caller knows of the metadata:
    task, labels, seed, accuracy, …

    Shapes: inputs (time, batch, input) as the model takes them; targets (time, batch), class
            indices with −100 for no target, or (time, batch, output) for the squared loss
    Units:  the loss is summed over time and batch, and so are its gradients
    Raises: RecordingError if the model cannot be recorded exactly
    """
    subject = _copied(model)
    name, layer = _recurrent_layer(subject)
    weights = _Weights.of(layer)
    dtype, device = weights.hidden.dtype, weights.hidden.device
    if dtype not in _AGREEMENT:
        raise RecordingError(f"the layer is {dtype}; float32 and float64 are recorded")
    _check_parameters(subject)
    given = [_tensor(value, dtype, device) for value in (inputs, state) if value is not None]
    _check_inputs(given[0])
    wanted = _tensor(targets, dtype, device)
    wanted = wanted.to(dtype if loss == "squared" or wanted.is_floating_point() else torch.int64)

    with torch.random.fork_rng(), torch.enable_grad():
        output = _output_of(subject, *given)
        total = loss_by_step(loss, output, wanted).sum()
        parameter_gradients = _parameter_gradients(subject, total) if gradients else None
        with _replaying(layer) as replay:
            replayed = _output_of(subject, *given)
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
    _check_about(about or {})
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
            RecordingError for a parameter that is unknown or of another shape
    """
    unknown = [key for key in parameters if key not in trace.parameters]
    if unknown:
        raise RecordingError(
            f"the trace has no parameter {unknown[0]!r}; it has {', '.join(trace.parameters)}"
        )
    for key, value in parameters.items():
        if np.shape(value) != trace.parameters[key].shape:
            raise RecordingError(
                f"parameter {key!r} has shape {np.shape(value)}, but the network's has "
                f"{trace.parameters[key].shape}"
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
            held = values.get(own[name])
            parameter.copy_(torch.zeros(()) if held is None else torch.tensor(held))
    return record(
        network,
        torch.tensor(trace.x),
        torch.tensor(trace.targets),
        loss=trace.metadata.loss,
        gradients=trace.has_gradients,
        state=torch.tensor(trace.h0[0]),
        about={**asdict(trace.metadata), **_OF_ANOTHER_NETWORK},
    )


_KINDS: Final = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
_OF_ANOTHER_NETWORK: Final = {"accuracy": None, "accuracy_name": "", "epochs": None}


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
    """One layer's run: what went in, and each step's state as a leaf, one step at a time from
    the fused layer's states, so that rounding does not grow along the sequence.

    The rest of the model continues from the leaf, so that autograd stops there and gives the
    direct part of a gradient.
    """

    def __init__(self, layer: nn.RNN):
        self.layer = layer
        self.fused: Callable[..., tuple[Tensor, Tensor]] = layer.forward
        self.calls = 0

    def __call__(self, input: Tensor, hx: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.calls += 1
        if self.calls > 1:
            raise RecordingError(
                "the recurrent layer is called more than once in one forward; "
                "record a model that calls it once"
            )
        if input.dim() != 3:
            raise RecordingError(
                f"the recurrent layer got an input of shape {tuple(input.shape)}; "
                "give it (time, batch, input)"
            )
        self.x = input.detach()
        start = input.new_zeros(input.shape[1], self.layer.hidden_size)
        self.h0 = start if hx is None else hx.detach()[0]
        with torch.no_grad():
            fused, _ = self.fused(self.x, self.h0[None])
            before = torch.cat([self.h0[None], fused[:-1]])
            self.preact = _affine(_Weights.of(self.layer), self.x, before)
            states = torch.tanh(self.preact)
        _check_agreement(fused, states)
        self.states = states.requires_grad_(True)
        return self.states, self.states[-1:]


def _affine(weights: _Weights, x: Tensor, state: Tensor) -> Tensor:
    from_input = nn.functional.linear(x, weights.input, weights.input_bias)
    return from_input + nn.functional.linear(state, weights.hidden, weights.hidden_bias)


@contextmanager
def _replaying(layer: nn.RNN) -> Iterator[_Replay]:
    replay = _Replay(layer)
    layer.forward = replay  # type: ignore[method-assign, assignment]
    try:
        yield replay
    finally:
        layer.forward = replay.fused  # type: ignore[method-assign, assignment]
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


def _copied(model: nn.Module) -> nn.Module:
    """A copy to work on; what the model keeps of earlier runs is copied without their graphs."""
    kept = [
        value
        for part in model.modules()
        for value in vars(part).values()
        if isinstance(value, Tensor) and value.grad_fn is not None
    ]
    memo = {id(value): value.detach().clone() for value in kept}
    return copy.deepcopy(model, memo).eval().requires_grad_(True)


def _tensor(value: Tensor | np.ndarray, dtype: torch.dtype, device: torch.device) -> Tensor:
    """A tensor on the model's device; numbers with a point get the model's dtype."""
    made = value.detach() if isinstance(value, Tensor) else torch.from_numpy(np.array(value))
    return made.to(device, dtype if made.is_floating_point() else made.dtype)


def _check_inputs(inputs: Tensor) -> None:
    if inputs.is_floating_point() and not torch.isfinite(inputs).all():
        step = int(torch.nonzero(~torch.isfinite(inputs))[0, 0]) + 1
        raise RecordingError(
            f"the inputs have a value that is not finite at step {step}; correct the data"
        )


def _check_about(about: Mapping[str, Any]) -> None:
    known = {item.name for item in fields(Metadata)}
    unknown = [name for name in about if name not in known]
    if unknown:
        raise RecordingError(f"metadata has no {unknown[0]!r}; it has {', '.join(sorted(known))}")


def _output_of(model: nn.Module, inputs: Tensor, *state: Tensor) -> Tensor:
    try:
        result = model(inputs, *state)
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
    if not error <= _AGREEMENT[fused.dtype]:
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
    drawn = np.random.default_rng(0).uniform(0.5, 1.5, size=losses.shape)
    weights = torch.as_tensor(drawn, dtype=losses.dtype, device=losses.device)
    plain, weighted = (
        torch.autograd.grad(total, states, retain_graph=True, allow_unused=True)[0]
        for total in (losses.sum(), (weights * losses).sum())
    )
    if plain is None or weighted is None:
        raise RecordingError("the loss does not depend on the recurrent layer")
    difference = float((weighted - weights[..., None] * plain).abs().max())
    if difference > 1e-4 * max(float(plain.abs().max()), 1e-30):
        raise RecordingError(
            "what follows the recurrent layer mixes time steps or sequences, which is not "
            "recorded yet; record a model whose output at step t depends on h_t alone"
        )
    return plain


def _jacobians(weights: _Weights, states: Tensor) -> Tensor:
    """∂h_k/∂h_{k−1} = diag(1 − h_k²) W: (time, batch, hidden, hidden)."""
    return (_slope(states)[..., None] * weights.hidden).detach()


def _slope(states: Tensor) -> Tensor:
    """1 − h², in the form that keeps its digits where h is nearly 1."""
    return (1 - states) * (1 + states)


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
    return (swept * _slope(states)) @ weights.input


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

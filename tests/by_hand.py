"""Traces from explicit loops over PyTorch's cells, with one ``autograd.grad`` per loss.

They are slow, simple, and independent of ``rnnviz.recording`` and
``rnnviz.verification.reference``, which are compared with them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from rnnviz.trace import NO_TARGET, Trace, hash_arrays
from rnnviz.trace.metadata import Metadata

Place = tuple[int, int, int, int]
"""Layer, direction, step, sequence."""

_CELLS = {"RNN_TANH": "rnn", "RNN_RELU": "rnn", "GRU": "gru", "LSTM": "lstm"}
_SUFFIXES = ("", "_reverse")


@dataclass(frozen=True)
class States:
    """The states at all places, as the rest of a model sees them."""

    h: Mapping[Place, Tensor]
    c: Mapping[Place, Tensor]
    shape: tuple[int, int, int]
    lengths: tuple[int, ...]

    def padded(self, states: Mapping[Place, Tensor], layer: int, direction: int) -> Tensor:
        """Return states (time, batch, hidden), zero in the padding."""
        steps = self.shape[2]
        zero = torch.zeros_like(states[layer, direction, 0, 0])
        return torch.stack(
            [
                torch.stack(
                    [states.get((layer, direction, t, b), zero) for b in range(len(self.lengths))]
                )
                for t in range(steps)
            ]
        )

    @property
    def top(self) -> Tensor:
        """PyTorch's output: (time, batch, directions · hidden)."""
        layers, directions, _ = self.shape
        return torch.cat(
            [self.padded(self.h, layers - 1, way) for way in range(directions)], dim=-1
        )

    def last(self, states: Mapping[Place, Tensor]) -> Tensor:
        """Return PyTorch's h_n or c_n: (layer, direction, batch, hidden)."""
        layers, directions, _ = self.shape
        return torch.stack(
            [
                torch.stack(
                    [
                        torch.stack(
                            [
                                states[layer, way, 0 if way else length - 1, b]
                                for b, length in enumerate(self.lengths)
                            ]
                        )
                        for way in range(directions)
                    ]
                )
                for layer in range(layers)
            ]
        )

    @property
    def ends(self) -> Tensor:
        """The final states of the top layer, concatenated: (1, batch, directions · hidden)."""
        return torch.cat(list(self.last(self.h)[-1]), dim=-1)[None]

    def leaves(self) -> "States":
        """Return a copy in which each state is a leaf, so that all others are held fixed."""
        h, c = (
            {place: state.detach().requires_grad_() for place, state in states.items()}
            for states in (self.h, self.c)
        )
        return States(h, c, self.shape, self.lengths)


Head = nn.Linear | Callable[[States], Tensor]


def trace_by_hand(
    layer: Any,
    head: Head,
    x: Tensor,
    targets: Tensor,
    *,
    loss: str | Callable[[Tensor, Tensor], Tensor] = "cross-entropy",
    reads: str = "top",
    lengths: Sequence[int] | None = None,
    dropout: Tensor | None = None,
    h0: Tensor | None = None,
    c0: Tensor | None = None,
    losses: Sequence[int] | None = None,
    gradients: bool = True,
) -> Trace:
    """Return the trace of a recurrent layer or cell 'rnn' with a head 'fc'.

    A Linear reads the 'top' states at each step, the 'ends', or the 'last' step; any other head is
    called with all ``States``. ``loss`` is a name or a callable that gives (time, batch), (time,
    1), or (1, batch) or (1, 1) for the whole sequence.

    Shapes: x (time, batch, input), targets as the trace has them, dropout (gap, time, batch,
            feature), h0 and c0 (layer, direction, batch, ·)
    """
    network = _Network.of(layer)
    steps, batch, _ = x.shape
    real = tuple(lengths) if lengths is not None else (steps,) * batch
    shape = (network.layers, network.directions, steps)
    start = (network.layers, network.directions, batch)
    h0 = x.new_zeros(*start, network.hidden_size) if h0 is None else h0
    if network.cell == "lstm" and c0 is None:
        c0 = x.new_zeros(*start, network.cell_size)
    run = _run(network, x, h0, c0, real, dropout)
    states = States(run["h"], run["c"], shape, real)
    output = _output(head, reads, states)
    found = _losses(loss, output, targets, real, steps)

    fields = {name: _table(values, shape, batch) for name, values in run.items() if values}
    fields |= {
        "x": _existing(x, real, steps),
        "targets": targets,
        "h0": h0,
        "c0": c0,
        "dropout": dropout,
    }
    fields["lengths"] = None if lengths is None else torch.tensor(real)
    fields["output"] = _existing(output, real, steps)
    named = loss if isinstance(loss, str) else loss.__name__
    softmax = named in ("cross-entropy", "squared-on-softmax")
    fields["y"] = _existing(output.softmax(dim=-1), real, steps) if softmax else fields["output"]
    fields["loss"] = x.new_zeros(steps, found.shape[1])
    fields["loss"][-len(found) :] = found
    parameters = {f"rnn.{name}": value for name, value in layer.named_parameters()}
    if isinstance(head, nn.Module):
        parameters |= {f"fc.{name}": value for name, value in head.named_parameters()}
    of_parameters = None
    if gradients:
        direct_of = states.leaves()
        direct = _losses(loss, _output(head, reads, direct_of), targets, real, steps)
        x_leaves = run["x_leaves"]
        chosen = [steps - 1] if len(found) == 1 else list(losses or range(steps))
        fields |= _gradient_fields(states, direct_of, found, direct, x_leaves, chosen)
        of_parameters = dict(
            zip(
                parameters,
                _grad(found.sum(), list(parameters.values())),
                strict=True,
            )
        )
    del fields["x_leaves"]
    arrays = {name: _numpy(value) for name, value in fields.items() if value is not None}
    held = {name: _numpy(value) for name, value in parameters.items()}
    hashed = ("x", "targets", "h0", "c0", "lengths")
    return Trace(
        **arrays,
        parameters=held,
        gradients=of_parameters and {name: _numpy(g) for name, g in of_parameters.items()},
        metadata=Metadata(
            task="by hand",
            cell=network.cell,
            nonlinearity=network.nonlinearity,
            loss=named,
            layer="rnn",
            output_layer="fc" if isinstance(head, nn.Linear) else None,
            dtype=str(x.dtype).removeprefix("torch."),
            parameters_hash=hash_arrays(held),
            inputs_hash=hash_arrays({name: arrays[name] for name in hashed if name in arrays}),
            module=f"nn.{type(layer).__name__}",
            reduction="batch" if found.shape[1] < batch else "sum",
        ),
    )


@dataclass(frozen=True)
class _Network:
    """Return the sizes of a layer, and a step function for each of its stacked layers."""

    module: Any
    cell: str
    nonlinearity: str
    layers: int
    directions: int
    hidden_size: int
    cell_size: int

    @classmethod
    def of(cls, module: Any) -> "_Network":
        size = module.hidden_size
        if isinstance(module, nn.RNNCellBase):
            cell = {nn.RNNCell: "rnn", nn.GRUCell: "gru", nn.LSTMCell: "lstm"}[type(module)]
            return cls(module, cell, getattr(module, "nonlinearity", "tanh"), 1, 1, size, size)
        return cls(
            module,
            _CELLS[module.mode],
            "relu" if module.mode == "RNN_RELU" else "tanh",
            module.num_layers,
            1 + module.bidirectional,
            module.proj_size or size,
            size,
        )

    def weights(self, layer: int, direction: int) -> dict[str, Tensor]:
        suffix = f"_l{layer}{_SUFFIXES[direction]}"
        if isinstance(self.module, nn.RNNCellBase):
            suffix = ""
        kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
        held = {kind: getattr(self.module, kind + suffix, None) for kind in kinds}
        return {kind: value for kind, value in held.items() if value is not None}

    def step(
        self, layer: int, direction: int, x: Tensor, h: Tensor, c: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """Run one step of PyTorch's cell on x (features) from h and c."""
        weights = self.weights(layer, direction)
        if "weight_hr" in weights:
            return _projected_step(weights, x, h, c)
        sizes = (len(x), self.cell_size, "bias_ih" in weights)
        if self.cell == "rnn":
            cell = nn.RNNCell(*sizes, nonlinearity=self.nonlinearity, device="meta")
        else:
            cell = {"gru": nn.GRUCell, "lstm": nn.LSTMCell}[self.cell](*sizes, device="meta")
        state = h if c is None else (h, c)
        made = torch.func.functional_call(cell, weights, (x, state))
        return made if isinstance(made, tuple) else (made, None)

    def preact(self, layer: int, direction: int, x: Tensor, h: Tensor) -> Tensor:
        """Return the preactivation of each gate: (gate, cell)."""
        weights = self.weights(layer, direction)
        of_x = functional.linear(x, weights["weight_ih"], weights.get("bias_ih"))
        of_h = functional.linear(h, weights["weight_hh"], weights.get("bias_hh"))
        made = (of_x + of_h).view(-1, self.cell_size)
        if self.cell == "gru":
            r = torch.sigmoid(made[0])
            n = of_x[2 * self.cell_size :] + r * of_h[2 * self.cell_size :]
            made = torch.stack([made[0], made[1], n])
        return made

    def gates(self, preact: Tensor) -> Tensor:
        """Return the activation of each gate: (gate, cell)."""
        if self.cell == "rnn":
            return torch.relu(preact) if self.nonlinearity == "relu" else torch.tanh(preact)
        made = list(torch.sigmoid(preact))
        made[2] = torch.tanh(preact[2])
        return torch.stack(made)


def _projected_step(
    weights: Mapping[str, Tensor], x: Tensor, h: Tensor, c: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Run a step of an LSTM with a projection, for which PyTorch has no cell."""
    of_x = functional.linear(x, weights["weight_ih"], weights.get("bias_ih"))
    made = of_x + functional.linear(h, weights["weight_hh"], weights.get("bias_hh"))
    i, f, g, o = made.chunk(4)
    assert c is not None
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return weights["weight_hr"] @ (torch.sigmoid(o) * torch.tanh(c)), c


def _run(
    network: _Network,
    x: Tensor,
    h0: Tensor,
    c0: Tensor | None,
    lengths: Sequence[int],
    dropout: Tensor | None,
) -> dict[str, dict[Any, Tensor]]:
    found: dict[str, dict[Any, Tensor]] = {name: {} for name in ("h", "c", "preact", "gates")}
    entering: dict[tuple[int, int], Tensor] = {
        (t, b): x[t, b].detach().requires_grad_()
        for b, length in enumerate(lengths)
        for t in range(length)
    }
    found["x_leaves"] = dict(entering)
    for layer in range(network.layers):
        for way in range(network.directions):
            for b, length in enumerate(lengths):
                h, c = h0[layer, way, b], None if c0 is None else c0[layer, way, b]
                for t in reversed(range(length)) if way else range(length):
                    place = (layer, way, t, b)
                    found["preact"][place] = network.preact(layer, way, entering[t, b], h)
                    found["gates"][place] = network.gates(found["preact"][place])
                    h, c = network.step(layer, way, entering[t, b], h, c)
                    found["h"][place] = h
                    if c is not None:
                        found["c"][place] = c
        for t, b in entering:
            ways = [found["h"][layer, way, t, b] for way in range(network.directions)]
            entering[t, b] = torch.cat(ways)
            if dropout is not None and layer < network.layers - 1:
                entering[t, b] = entering[t, b] * dropout[layer, t, b]
    return found


def _output(head: Head, reads: str, states: States) -> Tensor:
    if not isinstance(head, nn.Linear):
        return head(states)
    return head({"top": states.top, "last": states.top[-1:], "ends": states.ends}[reads])


def _losses(
    loss: Any, output: Tensor, targets: Tensor, lengths: Sequence[int], steps: int
) -> Tensor:
    """Return the losses (time, batch), or the result of a callable; zero in the padding."""
    if not isinstance(loss, str):
        found = loss(output, targets)
        exists = torch.arange(steps)[:, None] < torch.tensor(lengths)
        return found * exists if found.shape == exists.shape else found
    rows = []
    for t, outputs in enumerate(output):
        whole = len(output) < steps
        rows.append(
            torch.stack(
                [
                    _loss(loss, o, targets[t, b]) if whole or t < lengths[b] else 0.0 * o.sum()
                    for b, o in enumerate(outputs)
                ]
            )
        )
    return torch.stack(rows)


def _loss(name: str, output: Tensor, target: Tensor) -> Tensor:
    if name == "squared":
        wanted = ~target.isnan()
        return 0.5 * (output[wanted] - target[wanted]).square().sum()
    if int(target) == NO_TARGET:
        return 0.0 * output.sum()
    if name == "cross-entropy":
        return functional.cross_entropy(output, target)
    return 0.5 * (output.softmax(0) - functional.one_hot(target, len(output))).square().sum()


def _gradient_fields(
    states: States,
    leaves: States,
    found: Tensor,
    direct: Tensor,
    x: Mapping[tuple[int, int], Tensor],
    chosen: Sequence[int],
) -> dict[str, Tensor | None]:
    """Return the gradient of every loss, with one ``autograd.grad`` each."""
    batch = len(states.lengths)

    def of(total: Tensor, wanted: Mapping[Place, Tensor]) -> Tensor:
        values = _grad(total, list(wanted.values()))
        return _table(dict(zip(wanted, values, strict=True)), states.shape, batch)

    def row(losses: Tensor, time: int) -> Tensor:
        return losses[0 if len(losses) == 1 else time].sum()

    of_x = []
    for time in chosen:
        values = _grad(row(found, time), list(x.values()))
        table = torch.zeros(states.shape[2], batch, len(values[0]), dtype=found.dtype)
        for place, value in zip(x, values, strict=True):
            table[place] = value
        of_x.append(table)
    fields: dict[str, Tensor | None] = {
        "loss_times": torch.tensor(list(chosen)),
        "grad_direct": of(direct.sum(), leaves.h),
        "grad_h": of(found.sum(), states.h),
        "grad_h_by_loss": torch.stack([of(row(found, time), states.h) for time in chosen]),
        "grad_x_by_loss": torch.stack(of_x),
    }
    by_loss = {"h": torch.stack([of(row(direct, time), leaves.h) for time in chosen])}
    if leaves.c:
        total = of(direct.sum(), leaves.c)
        fields["grad_direct_c"] = total if total.any() else None
        by_loss["c"] = torch.stack([of(row(direct, time), leaves.c) for time in chosen])
    own = torch.eye(states.shape[2], dtype=torch.bool)[list(chosen)]
    elsewhere = ~own[:, None, None, :, None, None]
    if len(found) > 1 and any(bool((rows * elsewhere).any()) for rows in by_loss.values()):
        fields["grad_direct_by_loss"] = by_loss["h"]
        if fields.get("grad_direct_c") is not None:
            fields["grad_direct_c_by_loss"] = by_loss["c"]
    return fields


def _grad(total: Tensor, wanted: list[Tensor]) -> list[Tensor]:
    values = torch.autograd.grad(total, wanted, retain_graph=True, allow_unused=True)
    return [
        torch.zeros_like(leaf) if value is None else value
        for leaf, value in zip(wanted, values, strict=True)
    ]


def _table(values: Mapping[Any, Tensor], shape: tuple[int, int, int], batch: int) -> Tensor:
    """Return values as (layer, direction, time, batch, …), zero in the padding."""
    some = next(iter(values.values()))
    table = torch.zeros(*shape, batch, *some.shape, dtype=some.dtype)
    for place, value in values.items():
        if len(place) == 4:
            table[place] = value.detach()
    return table


def _existing(values: Tensor, lengths: Sequence[int], steps: int) -> Tensor:
    """Set the padding to zero if there is one entry per step."""
    if len(values) < steps:
        return values
    times = torch.arange(len(values))[:, None, None]
    return values * (times < torch.tensor(lengths)[:, None])


def _numpy(value: Tensor) -> Any:
    return value.detach().numpy()

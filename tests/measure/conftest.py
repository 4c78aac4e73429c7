"""Networks of every kind with their traces, and the same networks as explicit loops.

The loops use a copy of each parameter at each step, so that autograd tells the terms ∂L_t/∂θ_s
apart. They know nothing of rnnviz but the names of PyTorch's parameters.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnnviz.recording import record
from rnnviz.trace import Trace

KINDS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
_REMEMBERED = 32
"""Networks kept for further tests, each with the graph of its loop."""
UNEVEN = torch.tensor([1.0, -1.0, 0.5])


class Network(nn.Module):
    """A recurrent layer from a given state, packed if there are lengths, and a head.

    Heads: 'steps' reads each h_t, 'last' the last states of the top layer, 'cells' the last cells
    of all layers, 'mixed' adds the last cells to what each step gives.
    """

    def __init__(self, cell: str, inputs: int, hidden: int, *, head: str, lengths: Any, **options):
        super().__init__()
        self.rnn = getattr(nn, cell.upper())(inputs, hidden, **options)
        self.head, self.lengths = head, lengths
        width = self.rnn.hidden_size if head == "cells" else self.rnn.proj_size or hidden
        self.fc = nn.Linear(width * (1 + self.rnn.bidirectional), 3)
        self.start: tuple[Tensor, ...] = ()

    def forward(self, x: Tensor) -> Tensor:
        given = x
        if self.lengths is not None:
            given = pack_padded_sequence(x, self.lengths, enforce_sorted=False)
        top, state = self.rnn(given, self.start if len(self.start) == 2 else self.start[0])
        if self.lengths is not None:
            top, _ = pad_packed_sequence(top, total_length=len(x))
        return self.read(top, *(state if isinstance(state, tuple) else (state, None)))

    def read(self, top: Tensor, h_n: Tensor, c_n: Tensor | None) -> Tensor:
        """What the head makes of all states of the top layer and the last ones of all layers."""
        directions = 1 + self.rnn.bidirectional
        if self.head == "last":
            return self.fc(torch.cat(list(h_n[-directions:]), dim=-1))
        if self.head == "cells":
            return self.fc(torch.cat(list(c_n[:directions]), dim=-1)) + self.felt(c_n)
        return self.fc(top) + self.felt(c_n) if self.head == "mixed" else self.fc(top)

    def felt(self, c_n: Tensor) -> Tensor:
        """Something of the last cells that differs by layer, direction and output."""
        places = torch.arange(1, len(c_n) + 1)[:, None, None]
        return (places * c_n).sum(dim=(0, 2))[:, None] ** 2 * UNEVEN.to(c_n)


@dataclass(frozen=True)
class Loop:
    """Loss by step and sequence, the output, and the leaves of an explicit loop.

    ``leaves`` has a copy of each parameter for each step, by (kind, layer, direction).
    """

    losses: Tensor
    output: Tensor
    x: list[Tensor]
    leaves: dict[tuple[str, int, int], list[Tensor]]

    @cached_property
    def terms(self) -> dict[tuple[str, int, int], np.ndarray]:
        """∂L_t/∂θ_s of each sequence: (loss, sequence, step, *parameter)."""
        flat = [leaf for leaves in self.leaves.values() for leaf in leaves]
        rows = [[_gradients(loss, flat) for loss in row] for row in self.losses]
        made, at = {}, 0
        for key, leaves in self.leaves.items():
            made[key] = np.array([[one[at : at + len(leaves)] for one in row] for row in rows])
            at += len(leaves)
        return made

    def by_input(self, step: int, output: int) -> np.ndarray:
        """∂o_t[j]/∂x_k: (time, batch, input)."""
        return np.array(_gradients(self.output[step, :, output].sum(), self.x))


def _gradients(value: Tensor, leaves: list[Tensor]) -> list[np.ndarray]:
    found = torch.autograd.grad(
        value, leaves, retain_graph=True, allow_unused=True, materialize_grads=True
    )
    return [one.numpy() for one in found]


def one_step(
    mode: str, weights: dict[str, Tensor], x: Tensor, h: Tensor, c: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """One step by the equations of PyTorch's documentation; x and h have any leading axes."""
    into = functional.linear(x, weights["weight_ih"], weights.get("bias_ih"))
    held = functional.linear(h, weights["weight_hh"], weights.get("bias_hh"))
    if mode.startswith("RNN"):
        return (torch.relu if mode.endswith("RELU") else torch.tanh)(into + held), None
    if mode == "GRU":
        r_x, z_x, n_x = into.chunk(3, dim=-1)
        r_h, z_h, n_h = held.chunk(3, dim=-1)
        z = torch.sigmoid(z_x + z_h)
        n = torch.tanh(n_x + torch.sigmoid(r_x + r_h) * n_h)
        return (1 - z) * n + z * h, None
    i, f, g, o = (into + held).chunk(4, dim=-1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    h = torch.sigmoid(o) * torch.tanh(c)
    return (h @ weights["weight_hr"].T if "weight_hr" in weights else h), c


@dataclass(frozen=True)
class Study:
    """A network, its data, its trace."""

    network: Network
    x: Tensor
    targets: Tensor
    trace: Trace

    def weights(self, layer: int, direction: int) -> dict[str, Tensor]:
        """The parameters of one layer and direction."""
        suffix = f"_l{layer}{'_reverse' if direction else ''}"
        found = {kind: getattr(self.network.rnn, kind + suffix, None) for kind in KINDS}
        return {kind: one.detach() for kind, one in found.items() if one is not None}

    def order(self, sequence: int, direction: int) -> list[int]:
        """The steps of one sequence, as the layer takes them."""
        lengths = self.network.lengths
        steps = range(len(self.x) if lengths is None else lengths[sequence])
        return list(reversed(steps)) if direction else list(steps)

    @cached_property
    def loop(self) -> Loop:
        """The network once more, sequence by sequence and step by step."""
        rnn, steps = self.network.rnn, len(self.x)
        directions = 1 + rnn.bidirectional
        x = [one.clone().requires_grad_(True) for one in self.x]
        leaves, below, ends = {}, list(x), []
        for layer in range(rnn.num_layers):
            if layer and self.trace.dropout is not None:
                factors = torch.tensor(self.trace.dropout[layer - 1])
                below = [one * factor for one, factor in zip(below, factors, strict=True)]
            outs = []
            for direction in range(directions):
                weights = self.weights(layer, direction)
                for kind, one in weights.items():
                    leaves[kind, layer, direction] = [
                        one.clone().requires_grad_(True) for _ in range(steps)
                    ]
                rows = [[None] * steps for _ in range(self.x.shape[1])]
                for sequence, row in enumerate(rows):
                    start = [one[layer * directions + direction, sequence] for one in self.start]
                    h, c = start if len(start) == 2 else (start[0], None)
                    for step in self.order(sequence, direction):
                        own = {kind: leaves[kind, layer, direction][step] for kind in weights}
                        h, c = one_step(rnn.mode, own, below[step][sequence], h, c)
                        row[step] = h
                    ends.append((h, c))
                    row[:] = [torch.zeros_like(h) if one is None else one for one in row]
                outs.append(torch.stack([torch.stack(row) for row in rows], dim=1))
            below = list(torch.cat(outs, dim=-1))
        batch = self.x.shape[1]
        h_n, c_n = (
            None if one[0] is None else torch.stack(one).unflatten(0, (-1, batch))
            for one in zip(*ends, strict=True)
        )
        output = self.network.read(torch.stack(below), h_n, c_n)
        output = output if output.ndim == 3 else output[None]
        losses = functional.cross_entropy(
            output.flatten(0, 1), self.targets.flatten(), reduction="none"
        ).view(len(output), batch)
        return Loop(losses, output, x, leaves)

    @property
    def start(self) -> tuple[Tensor, ...]:
        """The given state: (layer · direction, batch, size), h and c."""
        return self.network.start

    def layer_inputs(self, layer: int) -> Tensor:
        """What entered a layer, as recorded."""
        return torch.tensor(self.trace.layer_input(layer))

    def state_by_state(
        self, layer: int, direction: int, sequence: int, step: int, before: int | None
    ) -> np.ndarray:
        """∂h_t/∂h_k of one sequence by running the layer on from h_k: (hidden, hidden)."""
        order, weights = self.order(sequence, direction), self.weights(layer, direction)
        inputs, trace = self.layer_inputs(layer), self.trace
        if before is None:
            at, begin_h, begin_c = 0, trace.h0[layer, direction], trace.c0
            begin_c = None if begin_c is None else begin_c[layer, direction]
        else:
            at = order.index(before) + 1
            begin_h = trace.h[layer, direction, before]
            begin_c = None if trace.c is None else trace.c[layer, direction, before]
        first_c = None if begin_c is None else torch.tensor(begin_c[sequence])

        def on(h: Tensor) -> Tensor:
            c = first_c
            for k in order[at : order.index(step) + 1]:
                h, c = one_step(self.network.rnn.mode, weights, inputs[k, sequence], h, c)
            return h

        return torch.autograd.functional.jacobian(on, torch.tensor(begin_h[sequence])).numpy()


@lru_cache(maxsize=_REMEMBERED)
def _study(options: tuple[tuple[str, Any], ...]) -> Study:
    return _make(**dict(options))


def _make(
    cell: str = "rnn",
    *,
    relu: bool = False,
    layers: int = 1,
    directions: int = 1,
    projection: int = 0,
    bias: bool = True,
    dropout: float = 0.0,
    head: str = "steps",
    steps: int = 5,
    batch: int = 2,
    inputs: int = 2,
    hidden: int = 3,
    lengths: tuple[int, ...] | None = None,
    losses: str | tuple[int, ...] = "all",
    gaps: bool = False,
    only_last: bool = False,
    gradients: bool = True,
    dtype: str = "float64",
    gain: float = 1.0,
    seed: int = 0,
) -> Study:
    generator = torch.Generator().manual_seed(seed)
    options: dict[str, Any] = {"num_layers": layers, "bidirectional": directions == 2, "bias": bias}
    if cell == "rnn":
        options["nonlinearity"] = "relu" if relu else "tanh"
    if projection:
        options["proj_size"] = projection
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Network(
            cell, inputs, hidden, head=head, lengths=lengths, dropout=dropout, **options
        ).to(getattr(torch, dtype))
    kind = {"dtype": getattr(torch, dtype), "generator": generator}
    with torch.no_grad():
        for parameter in network.parameters():
            size = parameter.shape[-1] ** 0.5
            parameter.copy_(gain * torch.randn(parameter.shape, **kind) / size)
    sizes = (projection or hidden, hidden) if cell == "lstm" else (hidden,)
    network.start = tuple(
        0.5 * torch.randn(layers * directions, batch, size, **kind) for size in sizes
    )
    x = torch.randn(steps, batch, inputs, **kind)
    whole = head in ("last", "cells")
    targets = torch.randint(0, 3, (1 if whole else steps, batch), generator=generator)
    if not whole:
        if lengths is not None:
            targets[torch.arange(steps)[:, None] >= torch.tensor(lengths)] = -100
        if gaps:
            targets[::2] = -100
        if only_last:
            targets[:-1] = -100
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        trace = record(
            network,
            x,
            targets[0] if whole else targets,
            losses=list(losses) if isinstance(losses, tuple) else losses,
            gradients=gradients,
            training=dropout > 0,
        )
    return Study(network, x, targets, trace)


@pytest.fixture(scope="session")
def make_study() -> Callable[..., Study]:
    """(cell, options of a network and its data) → the network, its trace, its loop."""

    def make(cell: str = "rnn", **options: Any) -> Study:
        return _study(tuple(sorted({"cell": cell, **options}.items())))

    return make


STRUCTURES = [
    {
        "cell": cell,
        "head": head,
        "directions": directions,
        "lengths": lengths,
        "layers": 2,
        "dropout": 0.4 if directions == 2 else 0.0,
        "relu": cell == "rnn" and head == "last",
        "projection": 2 if cell == "lstm" and directions == 2 else 0,
        "batch": 3,
        "steps": 4,
        "seed": 2,
    }
    for cell in ("rnn", "gru", "lstm")
    for head in ("steps", "last")
    for directions in (1, 2)
    for lengths in (None, (4, 2, 3))
]


@pytest.fixture(
    scope="session",
    params=STRUCTURES,
    ids=lambda one: "-".join(str(one[key]) for key in ("cell", "head", "directions", "lengths")),
)
def study(request: pytest.FixtureRequest) -> Study:
    """Two layers of every cell, for each head, in one direction or two, with lengths or without."""
    return _study(tuple(sorted(request.param.items())))


@pytest.fixture(scope="session")
def draw_study() -> Callable[..., Study]:
    """(Hypothesis's data, options that are given) → a study of any kind."""

    def draw(data: st.DataObject, **given: Any) -> Study:
        options: dict[str, Any] = {
            "cell": data.draw(st.sampled_from(("rnn", "gru", "lstm")), "cell"),
            "layers": data.draw(st.integers(1, 3), "layers"),
            "directions": data.draw(st.integers(1, 2), "directions"),
            "bias": data.draw(st.booleans(), "bias"),
            "steps": data.draw(st.integers(1, 5), "steps"),
            "batch": data.draw(st.integers(1, 3), "batch"),
            "inputs": data.draw(st.integers(1, 3), "inputs"),
            "hidden": data.draw(st.integers(1, 4), "hidden"),
            "head": data.draw(st.sampled_from(("steps", "last")), "head"),
            "gaps": data.draw(st.booleans(), "gaps"),
            "seed": data.draw(st.integers(0, 1000), "seed"),
        } | given
        if options["cell"] == "rnn":
            options.setdefault("relu", data.draw(st.booleans(), "relu"))
        if options["cell"] == "lstm" and options["hidden"] > 1:
            options.setdefault(
                "projection", data.draw(st.integers(0, options["hidden"] - 1), "projection")
            )
        if options["layers"] > 1:
            options.setdefault("dropout", data.draw(st.sampled_from((0.0, 0.4)), "dropout"))
        if data.draw(st.booleans(), "of different lengths"):
            drawn = data.draw(
                st.tuples(
                    *(st.integers(1, options["steps"]) for _ in range(options["batch"] - 1)),
                    st.just(options["steps"]),
                ),
                "lengths",
            )
            options.setdefault("lengths", drawn)
        return _make(**options)

    return draw


@pytest.fixture(scope="session")
def draw_place() -> Callable[..., dict[str, int]]:
    """(Hypothesis's data, a trace) → one of its layers and directions."""

    def draw(data: st.DataObject, trace: Trace) -> dict[str, int]:
        return {
            "layer": data.draw(st.integers(0, trace.layers - 1), "layer of it"),
            "direction": data.draw(st.integers(0, trace.directions - 1), "direction of it"),
        }

    return draw


@pytest.fixture(scope="session")
def places() -> Callable[[Trace], list[dict[str, int]]]:
    """A trace → all of its layers and directions."""
    return lambda trace: [
        {"layer": layer, "direction": direction}
        for layer in range(trace.layers)
        for direction in range(trace.directions)
    ]

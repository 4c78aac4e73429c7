"""PyTorch's modules of a trace's sizes, run on its inputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import Trace

CLASS: Final = """\
class RNN(nn.Module):
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
"""
"""The textbook's network as a class of PyTorch."""

ARGUMENTS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "plain": {"batch_first": True},
        "two layers": {"batch_first": True, "num_layers": 2},
        "dropout": {"batch_first": True, "num_layers": 2, "dropout": 0.5},
        "two directions": {"batch_first": True, "bidirectional": True},
        "relu": {"batch_first": True, "nonlinearity": "relu"},
        "no bias": {"batch_first": True, "bias": False},
        "time first": {},
    }
)
"""Arguments of ``nn.RNN`` beside the sizes, by the network they give."""


def lines_of(method: str) -> tuple[str, ...]:
    """Return the first line of the class, and those of one of its methods."""
    first, *lines = CLASS.splitlines()
    starts = [index for index, line in enumerate(lines) if line.lstrip().startswith("def ")]
    begin = next(index for index in starts if f"def {method}(" in lines[index])
    end = next((index for index in starts if index > begin), len(lines))
    return (first, *lines[begin:end])


@dataclass(frozen=True, repr=False)
class ModuleRun(ShortRepr):
    """One call of a module: its parameters, and its inputs and outputs by name."""

    parameters: Mapping[str, np.ndarray]
    tensors: Mapping[str, np.ndarray]


def class_run(trace: Trace) -> ModuleRun:
    """Run the class with the parameters of a trace on its first sequence.

    Tensors: x, r_out, hidden, the r_out of ``view`` as ``flat``, and output.
    """
    import torch
    from torch import nn

    names: dict[str, Any] = {"nn": nn}
    exec(CLASS, names)
    sizes = (trace.input_size, trace.output_size, trace.hidden_size, trace.layers)
    with torch.random.fork_rng(devices=[]):
        module = names["RNN"](*sizes).to(torch.tensor(trace.h).dtype)
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    state = {f"rnn.{kind}_l0": trace.weight(kind) for kind in kinds}
    state |= {"fc.weight": trace.V, "fc.bias": trace.output_bias}
    module.load_state_dict({name: torch.tensor(value) for name, value in state.items()})
    seen: dict[str, Any] = {}
    module.rnn.register_forward_hook(lambda _, inputs, outputs: seen.update(r_out=outputs[0]))
    module.fc.register_forward_pre_hook(lambda _, given: seen.update(flat=given[0]))
    seen["x"] = torch.tensor(trace.x[:, :1]).transpose(0, 1)
    with torch.no_grad():
        seen["output"], seen["hidden"] = module(
            seen["x"], torch.tensor(trace.states_before()[:1, :1])
        )
    return ModuleRun(
        {name: value.detach().numpy().copy() for name, value in module.named_parameters()},
        {name: value.numpy().copy() for name, value in seen.items()},
    )


def argument_runs(trace: Trace) -> Mapping[str, ModuleRun]:
    """``nn.RNN`` of a trace's sizes with each of ``ARGUMENTS``, untrained, run on its sequence.

    Tensors: x, r_out and hidden.
    """
    import torch
    from torch import nn

    x = torch.tensor(trace.x[:, :1])
    runs = {}
    for name, arguments in ARGUMENTS.items():
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(0)
            module = nn.RNN(trace.input_size, trace.hidden_size, **arguments).to(x.dtype)
            given = x.transpose(0, 1) if module.batch_first else x
            states, last = module(given)
        tensors = {"x": given, "r_out": states, "hidden": last}
        runs[name] = ModuleRun(
            {key: value.detach().numpy().copy() for key, value in module.named_parameters()},
            {key: value.numpy().copy() for key, value in tensors.items()},
        )
    return runs

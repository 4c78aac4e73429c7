"""The part of a layer's weights that has room on the stage."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rnnviz import measure
from rnnviz.mobjects.matrix import MOST_ROWS
from rnnviz.mobjects.shown_states import chosen_note
from rnnviz.mobjects.wording import Say
from rnnviz.system.short_repr import ShortRepr
from rnnviz.text.notation import gate_source
from rnnviz.text.plain_text import Phrase
from rnnviz.trace import Trace


@dataclass(frozen=True, repr=False)
class WeightPart(ShortRepr):
    """Which rows and columns of W are shown: those of the units that move most.

    A cell with gates has a W for each of them, one below the other, of which that with the largest
    gradient is shown.

    Shapes: ``rows`` (shown,) are indices of W's rows, ``columns`` (shown,) of its columns
    """

    rows: np.ndarray
    columns: np.ndarray
    gate: str | None

    @classmethod
    def of(cls, trace: Trace) -> "WeightPart":
        """Return the part of a layer that is shown."""
        columns = measure.most_moving(trace.h[0, 0, :, 0], MOST_ROWS)
        if trace.hidden_size == trace.cell_size:
            units = columns
        else:
            assert trace.c is not None
            units = measure.most_moving(trace.c[0, 0, :, 0], MOST_ROWS)
        if not trace.cell.gated:
            return cls(units, columns, None)
        gradients = total_gradient(trace).reshape(len(trace.cell.gates), trace.cell_size, -1)
        gate = int(np.linalg.norm(gradients, axis=(1, 2)).argmax())
        return cls(gate * trace.cell_size + units, columns, trace.cell.gates[gate])

    def of_w(self, values: np.ndarray) -> np.ndarray:
        """Return the entries shown of an array (…, gate · cell, hidden)."""
        return values[..., self.rows[:, None], self.columns]

    def notes(self, trace: Trace, say: Say) -> tuple[str, ...]:
        """Return what the source line says of the part, empty if all weights are shown."""
        units = chosen_note(len(self.columns), trace.hidden_size, say)
        if self.gate is None:
            return units
        return (say("weights of gate {gate}").format(gate=gate_source(self.gate)), *units)

    def told(self, say: Say) -> str:
        """Return a sentence that says which rows are shown, empty if all gates' are."""
        if self.gate is None:
            return ""
        text = say(" Shown are the rows of gate ${gate}$.")
        return Phrase(text.format(gate=f"{gate_source(self.gate)}_t"))

    def arrays(self, trace: Trace) -> Mapping[str, tuple[np.ndarray, np.ndarray]]:
        """Return each array of the network by its formula: all of it, and the entries shown.

        They are those of the layer and, if the network has no other, of the output layer.
        """
        found = {"U": (trace.U, trace.U[self.rows]), "W": (trace.W, self.of_w(trace.W))}
        for name, bias in _biases(trace).items():
            found[name] = bias[:, None], bias[self.rows, None]
        projection = trace.weight("weight_hr")
        if projection is not None:
            units = self.rows % trace.cell_size
            found['W_"hr"'] = projection, projection[self.columns[:, None], units]
        if is_whole(trace):
            found["V"] = trace.V, trace.V[:, self.columns]
            bias = trace.output_bias[:, None]
            if trace.metadata.output_parameter("bias") in trace.parameters:
                found["c"] = bias, bias
        return found


def entries_shown(trace: Trace) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows and columns of W that are shown of a layer."""
    part = WeightPart.of(trace)
    return part.rows, part.columns


def is_whole(trace: Trace) -> bool:
    """Whether a layer and the Linear after it are the whole network."""
    return trace.metadata.output_layer is not None


def total_gradient(trace: Trace) -> np.ndarray:
    """Return the recorded ∂L/∂W: (gate · cell, hidden)."""
    assert trace.gradients is not None
    return trace.gradients[trace.parameter_name("weight_hh")]


def _biases(trace: Trace) -> Mapping[str, np.ndarray]:
    """Return b, or the two biases of a GRU, of which one is within the product with r."""
    given = [trace.weight(kind) for kind in ("bias_ih", "bias_hh")]
    if given[0] is None:
        return {}
    if trace.cell.shared_gates:
        return {'italic("b")_"ih"': given[0], 'italic("b")_"hh"': np.asarray(given[1])}
    return {"b": trace.b}

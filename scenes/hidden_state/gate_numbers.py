"""The numbers of one step of a cell with gates."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from rnnviz.scenes.hidden_state.step_numbers import MOST_INPUTS, adds_up, first_input, written

from rnnviz import measure
from rnnviz.mobjects.numbers import decimals
from rnnviz.mobjects.theme import Role
from rnnviz.mobjects.wording import Say
from rnnviz.text.translation import N_
from rnnviz.trace import Trace

MOST: Final = 6
_SEEN: Final = 0.05
"""The least size of the parts of a state that are worth showing."""
_GATE_NAMES: Final[Mapping[str, str]] = {
    "f": N_("forget gate"),
    "i": N_("input gate"),
    "g": N_("candidate"),
    "q": N_("output gate"),
    "r": N_("reset gate"),
    "z": N_("update gate"),
    "n": N_("candidate"),
}


@dataclass(frozen=True)
class Quantity:
    """A column of numbers: its values, its formula, a word for it, and the row to follow.

    Shapes: values (rows,); an input's may be of any number
    """

    values: np.ndarray
    formula: str
    role: Role
    word: str = ""
    is_gate: bool = False
    is_input: bool = False
    row: int | None = None


class GateNumbers:
    """One step (from 0) of the first sequence of an LSTM or a GRU, for some of its units.

    ``columns`` are what the step computes, by name, for ``units``; a state before the step has the
    name of the state and _before. ``row`` is the unit to follow, as its place among those.
    """

    def __init__(self, trace: Trace, step: int, word: str, say: Say, row: int = 0):
        self.step, self.row = step, row
        self.units = shown_units(trace)
        self.is_projected = trace.cell_size != trace.hidden_size
        self.values = (_gru if trace.c is None else _lstm)(trace, step, self.units)
        gate = "f" if "f" in self.values else "z"
        self.columns = {
            name: replace(
                _quantity(name, values, step + 1, gate, say),
                row=row if name in self.of_units else None,
            )
            for name, values in self.values.items()
        }
        x = trace.x[step, 0]
        first = first_input(x)
        shown = x[first : first + MOST_INPUTS]
        self.columns["x"] = Quantity(shown, f"x_({step + 1})", "input", word, is_input=True)

    @classmethod
    def clearest(cls, trace: Trace, words: Iterable[str], say: Say) -> "GateNumbers":
        """Return the step and unit whose numbers are clear: large, and right as they are written.

        It is neither the first nor the last step.
        """
        found = []
        texts = list(words)
        for step in range(1, trace.steps - 1):
            numbers = cls(trace, step, texts[step], say)
            for row, score in enumerate(numbers._scores()):
                found.append((score, -step, -row))
        _, step, row = max(found)
        return cls(trace, -step, texts[-step], say, -row)

    @property
    def of_units(self) -> tuple[str, ...]:
        """The names of what has a number for each of the units."""
        return tuple(name for name in self.values if not (self.is_projected and "h" in name[:1]))

    def text(self, name: str) -> str:
        """Return the number of the unit that is followed, as it is written."""
        return decimals(float(self.values[name][self.row]))

    @property
    def unit(self) -> int:
        """The unit that is followed, from 1."""
        return int(self.units[self.row]) + 1

    @property
    def reach(self) -> float:
        """The size of the greatest number."""
        return max(float(np.abs(column.values).max()) for column in self.columns.values())

    def _scores(self) -> list[tuple[bool, bool, int, float]]:
        v = self.values
        parts = np.minimum(np.abs(v["kept"]), np.abs(v["new"]))
        state = v["c"] if "c" in v else v["h"]
        sums = adds_up(np.stack([v["from_input"], v["from_state"], v["b"]], axis=1), v["sum"])
        sums &= adds_up(np.stack([v["kept"], v["new"]], axis=1), state)
        if "reset" in v:
            sums &= adds_up(np.stack([v["of_input"], v["reset"]], axis=1), v["total"])
        right = sum(
            (written(written(v[one]) * written(v[other])) == written(v[made])).astype(int)
            for one, other, made in _PRODUCTS
            if one in v and made in v
        )
        return [
            (bool(part >= _SEEN), bool(fits), int(many), float(part))
            for part, fits, many in zip(parts, sums, np.asarray(right), strict=True)
        ]


_WORDS: Final[Mapping[str, str]] = {
    "sum": N_("sum"),
    "total": N_("sum"),
    "kept": N_("kept"),
    "new": N_("added"),
    "reset": N_("let through"),
}
_FORMULAS: Final[Mapping[str, tuple[str, Role]]] = {
    "from_input": ("U_GATE x_(STEP)", "input"),
    "from_state": ("W_GATE h_(BEFORE)", "hidden"),
    "b": ("b_GATE", "weight"),
    "h_before": ("h_(BEFORE)", "hidden"),
    "c_before": ("c_(BEFORE)", "hidden"),
    "c": ("c_(STEP)", "hidden"),
    "h": ("h_(STEP)", "hidden"),
    "tanh_c": ("tanh c_(STEP)", "text"),
    "out": ("q_(STEP) dot.o tanh c_(STEP)", "hidden"),
    "rest": ("1 - z_(STEP)", "gate"),
    "of_input": ("U_n x_(STEP) + b_n", "input"),
    "of_state": ("W_n h_(BEFORE) + b'_n", "hidden"),
}
_PRODUCTS: Final = (
    ("f", "c_before", "kept"),
    ("i", "g", "new"),
    ("q", "tanh_c", "out"),
    ("z", "h_before", "kept"),
    ("rest", "n", "new"),
    ("r", "of_state", "reset"),
)


def shown_units(trace: Trace) -> np.ndarray:
    """Return the units that are drawn: those whose cell state, or else state, moves most."""
    states = trace.h if trace.c is None else trace.c
    return measure.most_moving(states[0, 0, :, 0], MOST)


def _parts(trace: Trace, step: int, gate: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return U_g x, W_g h_before and b_g of a gate."""
    place, count = trace.cell.gates.index(gate), len(trace.cell.gates)
    u, w, b = (np.split(each, count)[place] for each in (trace.U, trace.W, trace.b))
    return u @ trace.x[step, 0], w @ trace.states_before()[step, 0], b


def _lstm(trace: Trace, step: int, units: np.ndarray) -> dict[str, np.ndarray]:
    assert trace.gates is not None
    assert trace.preact is not None
    assert trace.c is not None
    i, f, g, q = trace.gates[0, 0, step, 0]
    from_input, from_state, b = _parts(trace, step, "f")
    c_before, c = trace.cells_before()[step, 0], trace.c[0, 0, step, 0]
    h_before, h = trace.states_before()[step, 0], trace.h[0, 0, step, 0]
    made = {
        **{"from_input": from_input, "from_state": from_state, "b": b},
        "sum": trace.preact[0, 0, step, 0, 1],
        **{"f": f, "i": i, "g": g, "q": q},
        **{"c_before": c_before, "kept": f * c_before, "new": i * g, "c": c},
        **{"tanh_c": np.tanh(c), "out": q * np.tanh(c)},
    }
    of_state = units if len(h) == len(c) else measure.most_moving(trace.h[0, 0, :, 0], MOST)
    return {
        **{name: values[units] for name, values in made.items()},
        **{"h_before": h_before[of_state], "h": h[of_state]},
    }


def _gru(trace: Trace, step: int, units: np.ndarray) -> dict[str, np.ndarray]:
    assert trace.gates is not None
    assert trace.preact is not None
    r, z, n = trace.gates[0, 0, step, 0]
    from_input, from_state, b = _parts(trace, step, "z")
    of_input, of_state, _ = _parts(trace, step, "n")
    own, states = trace.weight("bias_ih"), trace.weight("bias_hh")
    if own is not None and states is not None:
        of_input, of_state = of_input + np.split(own, 3)[2], of_state + np.split(states, 3)[2]
    h_before = trace.states_before()[step, 0]
    made = {
        **{"from_input": from_input, "from_state": from_state, "b": b},
        "sum": trace.preact[0, 0, step, 0, 1],
        **{"z": z, "r": r, "of_input": of_input, "of_state": of_state, "reset": r * of_state},
        **{"total": trace.preact[0, 0, step, 0, 2], "n": n, "h_before": h_before},
        **{"kept": z * h_before, "rest": 1 - z, "new": (1 - z) * n, "h": trace.h[0, 0, step, 0]},
    }
    return {name: values[units] for name, values in made.items()}


def _quantity(name: str, values: np.ndarray, step: int, gate: str, say: Say) -> Quantity:
    if name in _GATE_NAMES:
        squashed = name not in ("g", "n")
        return Quantity(values, f"{name}_({step})", "gate", say(_GATE_NAMES[name]), squashed)
    if name in _WORDS:
        return Quantity(values, "", "text", say(_WORDS[name]))
    source, role = _FORMULAS[name]
    source = source.replace("BEFORE", str(step - 1)).replace("STEP", str(step))
    return Quantity(values, source.replace("GATE", gate), role, is_gate=name == "rest")

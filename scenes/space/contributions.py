"""The products that a matrix adds up, as strands between sheets."""

from typing import Final

import numpy as np
from rnnviz.scenes.space.network_space import NetworkSpace
from rnnviz.scenes.space.value_lines import ValueLines

from rnnviz.mobjects.prisms import Prisms
from rnnviz.mobjects.strands import arch

STRONGEST: Final = 6
_WIDEST: Final = 0.11
_RISES: Final = {"U": 0.35, "W": 0.95, "V": 0.4}
_PALEST: Final = 0.45


class Contributions(ValueLines):
    """The strongest products weight × value of one matrix into one step, at most six.

    ``which`` is U (input to state), W (state before to state) or V (state to output); with
    ``unit``, only the products into that unit. ``pairs`` are (target, source) of each strand and
    ``products`` their values; a strand is as wide as its product against the greatest product of
    all matrices in the window.
    """

    def __init__(self, space: NetworkSpace, which: str, step: int, unit: int | None = None):
        weights, source, source_step, target, target_step = _ends(space, which, step)
        products = _products(weights, source, source_step)
        if unit is not None:
            products = np.where(np.arange(len(products))[:, None] == unit, products, 0.0)
        order = np.argsort(-np.abs(products), axis=None, kind="stable")[:STRONGEST]
        chosen = [divmod(int(place), products.shape[1]) for place in order]
        self.pairs = [pair for pair in chosen if products[pair] != 0]
        self.products = np.array([products[pair] for pair in self.pairs])
        shares = np.abs(self.products) / greatest_product(space)
        paths = [
            arch(source.top(source_step, origin), target.top(target_step, unit), _RISES[which])
            for unit, origin in self.pairs
        ]
        colors = [
            space.theme.shade("signed", float(np.sign(p) * (_PALEST + (1 - _PALEST) * share)))
            for p, share in zip(self.products, shares, strict=True)
        ]
        widths = _WIDEST * np.repeat(shares[:, None], 2, axis=1)
        curves = np.array(paths) if paths else np.zeros((0, 2, 3))
        super().__init__(curves, widths, colors, space.theme.color("text"))


def greatest_product(space: NetworkSpace) -> float:
    """Return the greatest |weight × value| of all matrices at the steps and units shown."""
    found = [1e-300]
    for which in _RISES if space.output is not None else "UW":
        for step in range(len(space.xs)):
            weights, source, source_step, *_ = _ends(space, which, step)
            found.append(float(np.abs(_products(weights, source, source_step)).max()))
    return max(found)


def _ends(
    space: NetworkSpace, which: str, step: int
) -> tuple[np.ndarray, Prisms, int, Prisms, int]:
    """Return the weights shown of a matrix, and where its products start and end.

    The hidden sheet is one step ahead.
    """
    trace, shown, hidden = space.trace, space.contents, space.hidden
    if which == "U":
        weights = trace.U[np.ix_(shown.units, shown.inputs)]
        return weights, space.input, step, hidden, step + 1
    if which == "W":
        return trace.W[np.ix_(shown.units, shown.units)], hidden, step, hidden, step + 1
    assert space.output is not None
    return trace.V[np.ix_(shown.outputs, shown.units)], hidden, step + 1, space.output, step


def _products(weights: np.ndarray, source: Prisms, step: int) -> np.ndarray:
    return np.asarray(weights * source.values[step], dtype=float)

"""Small data for figures, and formulas that are parsed once."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from figure_data import study_of_shares
from matplotlib.mathtext import MathTextParser
from models import Around, layer_of

from rnnviz.recording import record


@pytest.fixture(scope="module", autouse=True)
def _formulas_are_parsed_once():
    """Matplotlib parses a formula again for each renderer, which takes a third of the time."""
    parse = MathTextParser._parse_cached.__wrapped__

    @cache
    def parsed(kind, *key):
        return parse(MathTextParser("path" if kind == "vector" else "agg"), *key)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            MathTextParser, "_parse_cached", lambda self, *key: parsed(self._output_type, *key)
        )
        yield


@pytest.fixture(scope="module")
def small():
    """The trace of a small network."""
    torch.manual_seed(0)
    model = Around(layer_of("tanh", 3, 4), 4).double()
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    return record(model, x, torch.randint(4, (6, 2)))


@pytest.fixture(scope="module")
def data_of(small):
    """(entry) → the data of a figure."""
    norms = np.array([3.0, 2.0, 1.5])
    history = SimpleNamespace(
        epochs=3, loss=norms / 2, gradient_norm=norms, clipped_norm=norms.clip(max=1)
    )
    study = study_of_shares({"rnn": [[1, 0.9], [0.4, 0.6]], "lstm": [[1, 1], [1, 1]]})
    data = {"nothing": (), "history": (history,), "study": (study,), "trace": (small,)}
    return lambda entry: data[entry.drawn_from]

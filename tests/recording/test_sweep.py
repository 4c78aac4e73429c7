"""Both ways of going back, through whole matrices and through their factors, give the same."""

import numpy as np
import pytest
import torch
from models import Around, layer_of

from rnnviz.recording import record
from rnnviz.recording.backward import Factored, Whole, back_of
from rnnviz.recording.call_recorder import CallRecorder, standing_in
from rnnviz.recording.layers import choose
from rnnviz.recording.run import Run
from rnnviz.recording.used import Used

OPTIONS = [
    ("rnn", {}),
    ("gru", {}),
    ("lstm", {}),
    ("lstm", {"proj_size": 3}),
    ("gru", {"bidirectional": True}),
    ("lstm", {"num_layers": 2, "bidirectional": True}),
]


@pytest.mark.parametrize(("cell", "options"), OPTIONS)
@pytest.mark.parametrize("batch", [1, 3])
def test_rows_do_not_depend_on_how_many_are_made(cell, options, batch):
    torch.manual_seed(0)
    model = Around(layer_of(cell, 2, 12, **options)).double()
    x, targets = torch.randn(40, batch, 2, dtype=torch.float64), torch.randint(4, (40, batch))
    many = record(model, x, targets)
    for time in (3, 39):
        one = record(model, x, targets, losses=[time])
        for name in ("grad_h_by_loss", "grad_x_by_loss"):
            expected, got = getattr(many, name)[time], getattr(one, name)[0]
            assert np.abs(expected).max() > 0
            np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-16)


@pytest.mark.parametrize(("losses", "kind"), [(2, Factored), (13, Whole)])
def test_the_way_is_chosen_by_the_number_of_losses(losses, kind):
    model = Around(layer_of("lstm", 2, 12)).double()
    layer = choose(model, None)
    tap = CallRecorder(layer, Used.of(model))
    with standing_in(layer, tap):
        model(torch.randn(5, 1, 2, dtype=torch.float64))
    steps = Run.of(tap, None, torch.float64).steps[0][0]
    back, length = back_of(steps, losses)
    assert isinstance(back, kind)
    assert length == 5

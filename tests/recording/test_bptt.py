"""Both ways of going back, through whole matrices and through their factors, give the same."""

import numpy as np
import pytest
import torch
from models import Around, layer_of

from rnnviz.recording import record
from rnnviz.recording.backward_step import StepFactors, StepMatrices, choose_backward_step
from rnnviz.recording.call_recorder import CallRecorder
from rnnviz.recording.effective_weights import EffectiveWeights
from rnnviz.recording.layer_run import LayerRun
from rnnviz.recording.layers import choose_layer, replaced_forward

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


@pytest.mark.parametrize(("losses", "kind"), [(2, StepFactors), (13, StepMatrices)])
def test_the_way_is_chosen_by_the_number_of_losses(losses, kind):
    model = Around(layer_of("lstm", 2, 12)).double()
    layer = choose_layer(model, None)
    recorder = CallRecorder(layer, EffectiveWeights.of(model))
    with replaced_forward(layer, recorder):
        model(torch.randn(5, 1, 2, dtype=torch.float64))
    steps = LayerRun.of(recorder, None, torch.float64).steps[0][0]
    back, length = choose_backward_step(steps, losses)
    assert isinstance(back, kind)
    assert length == 5

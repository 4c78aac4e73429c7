"""The dropout between stacked layers."""

import torch
from torch import Tensor

from rnnviz.recording.layers import Layer


def draw_dropout(layer: Layer, x: Tensor) -> list[Tensor]:
    """Draw the factors, 0 or 1/(1 − p), between each layer and the next."""
    if not layer.dropout:
        return []
    kept = 1.0 - layer.dropout
    shape = (*x.shape[:2], layer.directions * layer.hidden_size)
    return [
        torch.bernoulli(x.new_full(shape, kept)) / (kept or 1.0) for _ in range(layer.layers - 1)
    ]

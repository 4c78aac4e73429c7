"""The network of the textbook: one recurrent layer and a linear output layer."""

import torch
from torch import Tensor, nn


class Network(nn.Module):
    """h_t = tanh(U x_t + W h_{t−1} + b), o_t = V h_t + c.

    Shapes: x (time, batch, input), hidden (1, batch, hidden) →
            output (time, batch, output), hidden (1, batch, hidden)

    The output is o_t, before any softmax: logits of a classifier, values of a regression.
    """

    def __init__(self, input_size: int, hidden_size: int, output_size: int):
        super().__init__()
        self.rnn = nn.RNN(input_size, hidden_size)
        self.fc = nn.Linear(hidden_size, output_size)

    def forward(self, x: Tensor, hidden: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Run all steps of a batch of sequences."""
        states, last = self.rnn(x, hidden)
        return self.fc(states), last


def seeded(seed: int, input_size: int, hidden_size: int, output_size: int) -> Network:
    """A freshly initialised network that the seed alone determines."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Network(input_size, hidden_size, output_size)

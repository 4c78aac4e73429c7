"""Gates that keep and forget: an LSTM and a GRU on a sentence, beside a plain RNN."""

from rnnviz.scenes.gates.storyboard import Gates

__all__ = ["Gates"]

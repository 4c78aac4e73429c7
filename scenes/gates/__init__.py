"""Gates that keep and forget: an LSTM and a GRU at work on a sentence, beside the plain RNN."""

from rnnviz.scenes.gates.storyboard import Gates

__all__ = ["Gates"]

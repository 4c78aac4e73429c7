"""A network in training: loss, weights, states and prediction over the recorded epochs."""

from rnnviz.scenes.training.storyboard import Training

__all__ = ["Training"]

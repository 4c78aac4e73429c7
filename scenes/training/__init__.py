"""A network while it learns: loss, weights, states and answer over the recorded epochs."""

from rnnviz.scenes.training.storyboard import Training

__all__ = ["Training"]

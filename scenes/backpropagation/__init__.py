"""The chain rule for one loss, factor by factor, up to autograd's own number."""

from rnnviz.scenes.backpropagation.storyboard import Backpropagation

__all__ = ["Backpropagation"]

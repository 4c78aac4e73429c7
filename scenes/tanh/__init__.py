"""Where recorded sums lie on tanh, how steep it is there, and what many slopes multiply to."""

from rnnviz.scenes.tanh.storyboard import Tanh

__all__ = ["Tanh"]

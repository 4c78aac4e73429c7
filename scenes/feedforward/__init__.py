"""A plain network, and the loop that makes it answer the same input otherwise."""

from rnnviz.scenes.feedforward.storyboard import Feedforward

__all__ = ["Feedforward"]

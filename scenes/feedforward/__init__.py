"""A feedforward network, and the loop that lets its output depend on earlier inputs."""

from rnnviz.scenes.feedforward.storyboard import Feedforward

__all__ = ["Feedforward"]

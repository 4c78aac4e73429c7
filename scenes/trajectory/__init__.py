"""A sentence as a path of hidden states, a second path, and the fixed points of a step."""

from rnnviz.scenes.trajectory.storyboard import Trajectory

__all__ = ["Trajectory"]

"""A sentence as a path of hidden states, a second path, and the states of many sentences."""

from rnnviz.scenes.trajectory.storyboard import Trajectory

__all__ = ["Trajectory"]

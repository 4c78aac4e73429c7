"""A sentence as a path of hidden states, another that parts from it, and where states rest."""

from rnnviz.scenes.trajectory.storyboard import Trajectory

__all__ = ["Trajectory"]

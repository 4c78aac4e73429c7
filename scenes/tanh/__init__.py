"""Recorded sums on the curve of tanh, the slopes there, and products of slopes."""

from rnnviz.scenes.tanh.storyboard import Tanh

__all__ = ["Tanh"]

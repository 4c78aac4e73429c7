"""One set of weights, used at every step: nudged, and given its gradient by all of them."""

from rnnviz.scenes.weight_sharing.storyboard import WeightSharing

__all__ = ["WeightSharing"]

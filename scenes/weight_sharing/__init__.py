"""One set of weights used at every step: changed, and given its gradient by all steps."""

from rnnviz.scenes.weight_sharing.storyboard import WeightSharing

__all__ = ["WeightSharing"]

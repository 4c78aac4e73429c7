"""From one loss back through time: how the gradient fades, and what the weights feel of it."""

from rnnviz.scenes.vanishing_gradient.storyboard import VanishingGradient

__all__ = ["VanishingGradient"]

"""From one loss back through time: how the gradient decays, and what that does to W."""

from rnnviz.scenes.vanishing_gradient.storyboard import VanishingGradient

__all__ = ["VanishingGradient"]

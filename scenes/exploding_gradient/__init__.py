"""Large weights, a cliff in the error, and clipping."""

from rnnviz.scenes.exploding_gradient.storyboard import ExplodingGradient

__all__ = ["ExplodingGradient"]

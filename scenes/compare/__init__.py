"""Two recordings of one sequence side by side: states, answers, and gradients."""

from rnnviz.scenes.compare.storyboard import Compare

__all__ = ["Compare"]

"""From the last state to an output: scores, probabilities, the loss, and two gradients."""

from rnnviz.scenes.output.storyboard import Output

__all__ = ["Output"]

"""From the last state to an answer: scores, shares, the loss, and what two losses give back."""

from rnnviz.scenes.output.storyboard import Output

__all__ = ["Output"]

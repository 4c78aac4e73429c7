"""One step of a recurrent layer in numbers: two products, their sum, and its tanh."""

from rnnviz.scenes.hidden_state.storyboard import HiddenState

__all__ = ["HiddenState"]

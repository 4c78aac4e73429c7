"""What goes into a network, step by step, and why its order matters."""

from rnnviz.scenes.inputs.storyboard import Inputs

__all__ = ["Inputs"]

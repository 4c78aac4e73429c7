"""The inputs of a network, step by step, and why their order matters."""

from rnnviz.scenes.inputs.storyboard import Inputs

__all__ = ["Inputs"]

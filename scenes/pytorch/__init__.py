"""The network as a class of PyTorch: its lines, its tensors, and the arguments of nn.RNN."""

from rnnviz.scenes.pytorch.storyboard import Pytorch

__all__ = ["Pytorch"]

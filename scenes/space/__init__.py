"""The unrolled network in space: time, unit and layer as its three axes."""

from rnnviz.scenes.space.storyboard import Space

__all__ = ["Space"]

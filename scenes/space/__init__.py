"""The unrolled network in space, with time, units and layers as axes."""

from rnnviz.scenes.space.storyboard import Space

__all__ = ["Space"]

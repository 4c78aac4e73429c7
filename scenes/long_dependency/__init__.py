"""When the answer lies far back: one word decides, the gap grows, and training was tried."""

from rnnviz.scenes.long_dependency.storyboard import LongDependency

__all__ = ["LongDependency"]

"""Long-term dependencies: one word decides, the gap grows, and networks are trained."""

from rnnviz.scenes.long_dependency.storyboard import LongDependency

__all__ = ["LongDependency"]

"""One offline page to look into a trace: linked views of its states and gradients."""

from rnnviz.explorer.page import explore

__all__ = ["explore"]

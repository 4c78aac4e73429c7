"""Build an offline page for exploring a trace, with linked charts of states and gradients."""

from rnnviz.explorer.page import explore

__all__ = ["explore"]

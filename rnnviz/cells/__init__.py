"""The recurrent cells: their gates, and the derivatives of a step."""

from rnnviz.cells.derivatives import GATES, SUFFIXES, WITH_ARTICLE

__all__ = ["GATES", "SUFFIXES", "WITH_ARTICLE"]

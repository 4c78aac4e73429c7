"""Build an offline page in which a recorded network runs, to be changed and looked into."""

from rnnviz.explorer.notebook import show_live
from rnnviz.explorer.page import explore

__all__ = ["explore", "show_live"]

"""One recurrent layer, folded, then unrolled over the steps of a real sentence."""

from rnnviz.scenes.unrolling.storyboard import Unrolling

__all__ = ["Unrolling"]

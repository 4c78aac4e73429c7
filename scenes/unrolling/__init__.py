"""One recurrent layer with its loop, then unrolled over the steps of a sentence."""

from rnnviz.scenes.unrolling.storyboard import Unrolling

__all__ = ["Unrolling"]

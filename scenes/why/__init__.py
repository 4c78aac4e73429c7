"""Why recurrent networks: a window of fixed length against a memory."""

from rnnviz.scenes.why.storyboard import Why

__all__ = ["Why"]

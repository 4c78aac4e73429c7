"""From a scene and a trace to a video or stills."""

from rnnviz.rendering.entry import render, show
from rnnviz.rendering.pending import PendingRender, Rendered, begin
from rnnviz.rendering.request import Progress

__all__ = ["PendingRender", "Progress", "Rendered", "begin", "render", "show"]

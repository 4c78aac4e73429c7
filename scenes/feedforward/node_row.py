"""The nodes of one layer."""

import numpy as np
from manim import Animation, AnimationGroup, Circle, FadeIn, LaggedStart, VGroup

from rnnviz.mobjects.theme import Role, Theme


class NodeRow(VGroup):
    """The nodes of one layer, filled with the colours of their values."""

    def __init__(
        self, count: int, theme: Theme, *, role: Role, y: float, pitch: float, centre: float
    ):
        self.theme = theme
        self.role: Role = role
        self.values = np.zeros(count)
        xs = (np.arange(count) - (count - 1) / 2) * pitch + centre
        super().__init__(
            *[
                Circle(
                    min(0.23, 0.4 * pitch),
                    stroke_width=2.5,
                    stroke_color=theme.color(role),
                    fill_color=theme.surface,
                    fill_opacity=1.0,
                ).move_to([x, y, 0.0])
                for x in xs
            ]
        )
        self.set_z_index(2)

    def appear(self) -> Animation:
        """Fade the nodes in."""
        return LaggedStart(*[FadeIn(node, scale=0.5) for node in self], lag_ratio=0.1)

    def recolor(self, values: np.ndarray, limit: float) -> Animation:
        """Turn the colours into those of other values."""
        self.values = np.asarray(values, dtype=float)
        return AnimationGroup(
            *[
                node.animate.set_fill(self.theme.shade("signed", value / limit))
                for node, value in zip(self, self.values, strict=True)
            ]
        )

    def empty(self) -> Animation:
        """Clear the colours and the values."""
        self.values = np.zeros(len(self))
        return AnimationGroup(*[node.animate.set_fill(self.theme.surface) for node in self])

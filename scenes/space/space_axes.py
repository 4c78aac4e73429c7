"""The axes of time, units and layers."""

from collections.abc import Sequence

import numpy as np
from manim import RIGHT, UP, Animation, AnimationGroup, FadeIn, LaggedStart, VGroup
from rnnviz.scenes.space.placed import Placed, Sign
from rnnviz.scenes.space.sheets import Sheets

from rnnviz.mobjects.text import BODY, label
from rnnviz.mobjects.theme import Theme


class SpaceAxes(VGroup):
    """Three named axes at the near corner of the hidden sheet."""

    def __init__(self, names: Sequence[str], sheets: Sheets, theme: Theme):
        hidden = sheets.hidden
        origin = np.array([hidden.xs[0] - 0.6, hidden.ys[0] - 0.3, hidden.z])
        ends = origin + np.diag([hidden.xs[-1] - hidden.xs[0] + 1.6, 3.6, 2.0])
        color = theme.color("text")
        self.lines = VGroup(
            *[
                Placed(np.array([origin, end]), stroke_color=color, stroke_width=3).project_by(
                    sheets.view
                )
                for end in ends
            ]
        )
        self.names = VGroup(
            *[
                Sign(label(name, color=color, size=BODY), end, offset).project_by(sheets.view)
                for name, end, offset in zip(names, ends, (RIGHT, -RIGHT, UP), strict=True)
            ]
        )
        super().__init__(self.lines, self.names)

    def appear(self) -> Animation:
        """Show one axis after the other."""
        return LaggedStart(
            *[
                AnimationGroup(FadeIn(line), FadeIn(name))
                for line, name in zip(self.lines, self.names, strict=True)
            ],
            lag_ratio=0.6,
            run_time=2.4,
        )

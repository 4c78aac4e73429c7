"""A loss's gradient on its way back through the states, in space."""

from typing import Final

import numpy as np
from manim import Animation, FadeIn
from rnnviz.scenes.space.gradient_chart import GradientChart
from rnnviz.scenes.space.loss_path import LossPath
from rnnviz.scenes.space.network_space import RESTING, NetworkSpace
from rnnviz.scenes.space.views import ABOVE

from rnnviz.mobjects.billboard import Billboard
from rnnviz.mobjects.camera3d import Camera3D
from rnnviz.mobjects.numbers import percent
from rnnviz.mobjects.stage3d import Track, change, during
from rnnviz.mobjects.strands import Strands, arch
from rnnviz.mobjects.text import SMALL, Ink, formula, label
from rnnviz.mobjects.wording import Say
from rnnviz.trace import Trace

_WIDEST: Final = 0.34
_RISE: Final = 0.7
_DROP: Final = 0.16
"""The share of the way back that the drop from the loss takes."""
_OVER_ROW: Final = 1.0
_BESIDE_DROP: Final = 0.35


class WayBack:
    """‖∂L_t/∂h_k‖ at each state, as the width of a tube and the glow on the prisms.

    The numbers are its shares of that at the last step shown.

    Shapes: norms (steps,)
    """

    def __init__(self, space: NetworkSpace, trace: Trace, path: LossPath, say: Say):
        self.space, theme = space, space.theme
        self.chart = GradientChart(trace, path, theme, say)
        self.norms = self.chart.norms
        self.shares = self.norms / max(float(self.norms.max()), 1e-300)
        hidden, last = space.hidden, len(space.xs)
        middle = float(hidden.ys.mean())
        over = hidden.z + hidden.height_of_limit
        self.stops = [np.array([x, middle, over]) for x in hidden.xs[1:]]
        paths = [arch(space.loss_at, self.stops[-1], 0.0)]
        widths = [self.shares[-1:].repeat(2)]
        for index in reversed(range(last - 1)):
            paths.append(arch(self.stops[index + 1], self.stops[index], _RISE))
            widths.append(self.shares[[index + 1, index]])
        color = theme.color("gradient")
        self.tube = Strands(
            np.array(paths),
            _WIDEST * np.array(widths),
            [color] * len(paths),
            theme.color("text"),
        )
        loss = formula(f"L_({path.loss})", color=color, size=0.5)
        self.loss = Billboard(loss, space.loss_at, (1.0, 0.0), theme)
        above = np.array([0.0, 0.0, _RISE + 0.25])
        self.numbers = [
            Billboard(self._number(value), stop + above, (0.0, 1.0), theme)
            for value, stop in zip(self.norms, self.stops, strict=True)
        ]
        self.numbers[-1].offset = np.array([1.0, 0.0])
        if space.output is None:  # right of what drops from the loss
            self.numbers[-1].world[0] += _BESIDE_DROP
        if len(self.numbers) > 1:  # left of what drops from the loss
            self.numbers[-2].offset = np.array([-0.4, 1.0])
        self.signs = [self.loss, *self.numbers]
        self.names = space.state_names[1:]

    def begin(self) -> list[Track]:
        """Return tracks that dim the prisms, and show the loss over the last output alone."""
        output = self.space.output
        others = [] if output is None else [change(output.there, (np.s_[:-1], np.s_[:]), 0.0)]
        named = [] if output is None else self.space.names[-1]
        return [
            during(0.0, 0.6, *self.space.dim(RESTING)),
            during(0.0, 0.4, *[change(name.shown, ..., 0.0) for name in named]),
            *[during(0.2, 0.6, change(name.shown, ..., RESTING)) for name in self.names],
            during(0.0, 0.4, *others),
            during(0.5, 0.9, change(self.loss.shown, ..., 1.0)),
        ]

    def run(self) -> list[Track]:
        """Return tracks in which the gradient goes from the loss to the first state."""
        tracks: list[Track] = []
        hidden, count = self.space.hidden, len(self.norms)
        lasting = (1 - _DROP) / count
        for order in range(count):
            index = count - 1 - order
            start = 0.0 if order == 0 else _DROP + (order - 1) * lasting
            end = _DROP if order == 0 else start + lasting
            tracks.append(during(start, end, self._flow(order)))
            column = (index + 1, np.s_[:])
            share = float(self.shares[index])
            lit = RESTING + (1 - RESTING) * share
            glowing = (
                change(hidden.rim, column, share, since=0.0),
                change(hidden.light, column, lit, since=RESTING),
            )
            named = change(self.names[index].shown, ..., 1.0, since=RESTING)
            tracks.append(during(end - 0.02, min(1.0, end + 0.06), *glowing, named))
        return tracks

    def compare(self) -> list[Track]:
        """Return tracks in which the numbers come, from the last state to the first."""
        count = len(self.numbers)
        return [
            during(0.8 * order / count, 0.8 * order / count + 0.2, change(sign.shown, ..., 1.0))
            for order, sign in enumerate(reversed(self.numbers))
        ]

    def _flow(self, order: int) -> Track:
        def run(share: float) -> None:
            self.tube.end[order] = share
            self.tube.pulse[order] = share if share < 1 else 0.0

        return run

    def lie_flat(self) -> list[Track]:
        """Return tracks in which the prisms sink, and all but the states goes."""
        space = self.space
        gone = [
            change(thing, np.s_[:] if thing.ndim else ..., 0.0)
            for thing in (
                *[space.sheets[at].there for at in space.around],
                *[space.panes[at].shown for at in space.around],
                space.floor.shown,
                self.loss.shown,
                *[name.shown for row in space.names for name in row],
                *[word.shown for word in space.words],
                *[name.shown for name in space.state_names],
                *[sign.shown for sign in self.numbers],
            )
        ]
        return [
            during(0.0, 0.5, *gone, change(self.tube.strength, 0, 0.0)),
            during(0.3, 1.0, change(space.hidden.grown, np.s_[:], 0.0)),
        ]

    def over_chart(self) -> Camera3D:
        """Return the view from above in which each column is at the place of its bar."""
        hidden, chart = self.space.hidden, self.chart
        scale = chart.pitch / (hidden.xs[1] - hidden.xs[0])
        middle = (float(hidden.xs[1:].mean()), float(hidden.ys.mean()), hidden.z)
        return Camera3D(
            azimuth=0.0,
            elevation=90.0,
            distance=ABOVE.focal / scale,
            focal=ABOVE.focal,
            target=middle,
            place=(float(chart.places.mean()), _OVER_ROW),
        )

    def fade_sheet(self, to: float) -> list[Track]:
        """Return tracks in which the sheet and its glow give way to the bars."""
        hidden = self.space.hidden
        return [
            change(hidden.there, np.s_[:], to),
            change(hidden.rim, np.s_[:], 0.0),
            change(self.tube.strength, np.s_[:], 0.0),
            change(self.space.panes[1].shown, ..., 0.0),
        ]

    def grow_bars(self) -> list[Animation]:
        """Return animations of the bars, with their names."""
        chart = self.chart
        return [
            FadeIn(chart.names, chart.words, chart.chart.axis, chart.legend, chart.told),
            chart.chart.grow_all(lag_ratio=0.1, run_time=2.0),
        ]

    def _number(self, value: float) -> Ink:
        share = float(value) / max(float(self.norms[-1]), 1e-300)
        return label(percent(share), color=self.space.theme.color("text"), size=SMALL)

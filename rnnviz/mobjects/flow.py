"""Values that travel forward along wires, and gradients that flow back."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from manim import (
    Animation,
    AnimationGroup,
    Circle,
    LaggedStart,
    Succession,
    UpdateFromAlphaFunc,
    VGroup,
    VMobject,
    rate_functions,
)

from rnnviz.mobjects.arrows import FlowArrow, along
from rnnviz.mobjects.theme import Theme

_THICKEST: Final = 0.2
_THINNEST: Final = 0.015
_GLOW: Final = ((3.2, 0.10), (2.0, 0.22), (1.0, 1.0))
"""The radii of a pulse, in shares of its own, with their opacities."""


def travel(
    value: VMobject, wire: FlowArrow, *, into: VMobject | None = None, run_time: float = 0.8
) -> Animation:
    """Move a copy of a value along a wire; at its end it becomes ``into``, or is absorbed.

    The copy starts at the value itself and shrinks to the size of ``into``.

    Units:  run time in seconds
    """
    copy = value.copy().set_z_index(5)
    start, path = value.get_center(), wire.path
    track = np.vstack([start, path]) if np.linalg.norm(start - path[0]) > 1e-6 else path
    if into is not None:
        track = np.vstack([track, into.get_center()])
    size = max(copy.width, copy.height, 1e-6)
    end_size = max(into.width, into.height) if into is not None else 0.3 * size
    whole = copy.copy()

    def move(mark: VMobject, share: float) -> None:
        mark.become(whole)
        mark.scale(1.0 + share * (end_size / size - 1.0)).move_to(along(track, share))

    moving = UpdateFromAlphaFunc(
        copy, move, run_time=run_time, rate_func=rate_functions.ease_in_out_sine, remover=True
    )
    return AnimationGroup(_introduced(moving), run_time=run_time)


class GradientFlow(VGroup):
    """A gradient on its way back along wires: the width of each is the recorded norm at its end.

    ``paths`` lead from the loss backwards; ``norms`` are those of ∂L/∂· at the end of each path.
    Widths are proportional to norms, down to a hairline that says that a wire is there.

    Shapes: paths (wires, points, 3), norms (wires,)
    Units:  norms in those of the gradient; ``most`` gets the greatest width
    """

    def __init__(
        self,
        paths: Sequence[np.ndarray],
        norms: Sequence[float] | np.ndarray,
        theme: Theme,
        *,
        most: float | None = None,
    ) -> None:
        self.theme = theme
        self.norms = np.asarray(norms, dtype=float)
        largest = float(self.norms.max()) if most is None else most
        self.shares = self.norms / (largest or 1.0)
        self.wires = [
            FlowArrow(
                path,
                color=theme.color("gradient"),
                thickness=max(_THINNEST, _THICKEST * float(share)),
            )
            for path, share in zip(paths, self.shares, strict=True)
        ]
        super().__init__(*self.wires)

    def flow(self, run_time: float = 3.0, *, lag_ratio: float = 1.0) -> Animation:
        """Send a pulse back along the wires, one after the other; each stays behind it."""
        return LaggedStart(
            *[self.flow_along(index) for index in range(len(self.wires))],
            lag_ratio=lag_ratio,
            run_time=run_time,
        )

    def flow_along(self, index: int, run_time: float = 0.7) -> Animation:
        """Send a pulse back along one wire, which is drawn behind it."""
        wire = self.wires[index]
        pulse = Pulse(wire.point_at(0.0), 0.06 + 0.5 * wire.thickness, self.theme)
        return AnimationGroup(
            wire.grow(run_time=run_time), pulse.along(wire, run_time=run_time), run_time=run_time
        )

    def again(self, run_time: float = 2.0) -> Animation:
        """Send another pulse back along wires that are drawn already."""
        pulses = [
            Pulse(wire.point_at(0.0), 0.06 + 0.5 * wire.thickness, self.theme).along(wire)
            for wire in self.wires
        ]
        return Succession(*pulses, run_time=run_time)


class Pulse(VGroup):
    """A glowing dot in the colour of gradients."""

    def __init__(self, place: np.ndarray, radius: float, theme: Theme) -> None:
        color = theme.color("gradient")
        super().__init__(
            *[
                Circle(
                    radius=radius * size,
                    stroke_width=0,
                    fill_color=color,
                    fill_opacity=opacity,
                )
                for size, opacity in _GLOW
            ]
        )
        self.move_to(place).set_z_index(5)

    def along(self, wire: FlowArrow, run_time: float = 0.7) -> Animation:
        """Move along a wire; at its start and its end the pulse is not seen."""

        def move(pulse: VGroup, share: float) -> None:
            on_its_way = float(0.0 < share < 1.0)
            for circle, (_, opacity) in zip(pulse, _GLOW, strict=True):
                circle.set_fill(opacity=on_its_way * opacity)
            pulse.move_to(wire.point_at(share))

        return _introduced(
            UpdateFromAlphaFunc(
                self,
                move,
                run_time=run_time,
                rate_func=rate_functions.ease_in_out_sine,
                remover=True,
            )
        )


def _introduced(animation: Any) -> Animation:
    """Let an animation bring its mobject, which is not on the stage before."""
    animation.introducer = True
    return animation

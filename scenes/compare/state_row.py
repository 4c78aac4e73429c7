"""The states of one network, a column of cells for each step."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from manim import LEFT, RIGHT, UP, Animation, FadeIn, VGroup
from rnnviz.scenes.compare.places import ROWS, STRIP
from rnnviz.scenes.compare.sides import Side

from rnnviz.mobjects import layout
from rnnviz.mobjects.color_scale import ColorScale
from rnnviz.mobjects.labels import inside
from rnnviz.mobjects.numbers import MINUS
from rnnviz.mobjects.shown_states import state_symbols, strip_of
from rnnviz.mobjects.text import formula
from rnnviz.mobjects.theme import Theme

_MOST_SCALES: Final = 2


class StateRow(VGroup):
    """The states of a network at the places of the steps, all that a step passes on side by side.

    Shapes: places (steps,)
    Units:  ``limits`` get the end of the colours, by the names of states
    """

    def __init__(
        self, side: Side, places: Sequence[float], limits: Mapping[str, float], theme: Theme
    ):
        pitch = min(1.5, float(places[-1] - places[-2])) if len(places) > 1 else 1.5
        values = side.states.of()
        self.y = ROWS[side.place]
        super().__init__(
            *[
                strip_of(
                    {name: states[index] / limits[name] for name, states in values.items()},
                    theme,
                    limit=1.0,
                    height=STRIP,
                    width=min(0.45, (0.5 if len(values) == 1 else 0.42) * pitch),
                ).move_to([x, self.y, 0.0])
                for index, x in enumerate(places)
            ]
        )

    def fill(self, index: int) -> Animation:
        """Show the state after a step, which comes from its word."""
        away = 1 if self.y > 0 else -1
        return FadeIn(self[index], shift=0.2 * away * UP)


def limits_of(sides: Sequence[Side]) -> Mapping[str, float]:
    """Return the end of the colours of each state: 1, or its largest value in both networks.

    Of more than two different ends, the largest is that of all.
    """
    limits: dict[str, float] = {}
    for side in sides:
        for name, values in side.states.of().items():
            limits[name] = max(limits.get(name, 1.0), float(np.abs(values).max()))
    if len(set(limits.values())) > _MOST_SCALES:
        return dict.fromkeys(limits, max(limits.values()))
    return limits


def scales_of(limits: Mapping[str, float], theme: Theme) -> VGroup:
    """Return the legends of the colours in the corner, each with the states that it is for."""
    scales = VGroup()
    for limit in dict.fromkeys(limits.values()):
        end = f"{limit:.3g}"
        scale = ColorScale((f"{MINUS}{end}", f"+{end}"), theme, limit=limit, width=1.2)
        if len(set(limits.values())) > 1:
            names = [name for name, own in limits.items() if own == limit]
            symbols = formula(state_symbols(names, "t"), color=theme.color("hidden"), size=0.36)
            scale.add_to_back(symbols.next_to(scale, LEFT, buff=0.15))
        scales.add(scale)
    scales.arrange(RIGHT, buff=0.4)
    return inside(scales.move_to([layout.LEFT_EDGE, layout.SOURCE_Y, 0.0], aligned_edge=LEFT))

"""The storyboards for networks that cannot be run again, and for cells whose W is not shown."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from manim import Mobject
from rnnviz.scenes.vanishing_gradient.last_gradient import shares_of_terms
from rnnviz.scenes.vanishing_gradient.storyboard import VanishingGradient
from rnnviz.scenes.vanishing_gradient.w_terms import after_bars

from rnnviz import measure
from rnnviz.experiments import Experiment
from rnnviz.scene.needs import NEEDS
from rnnviz.trace import Trace


class OfOneRun(VanishingGradient):
    """Of a network that cannot be run again, with its own output or loss."""

    experiments: ClassVar[Mapping[str, Experiment]] = {}
    other_weights = None

    @classmethod
    def plays(cls, trace: Trace) -> bool:
        """Whether the network cannot be run again."""
        return NEEDS["run-again"](trace) is not None

    def before_terms(self) -> tuple[Mobject, Sequence[Mobject]]:
        """Return what becomes the terms of W, and what leaves with it."""
        return after_bars(self.lines, self.bars)


class OfAnyCell(OfOneRun):
    """Of a custom cell, whose weights are not known, or of one whose W has no gradient."""

    terms_of_w = None

    @classmethod
    def plays(cls, trace: Trace) -> bool:
        """Whether the gradient of W has no terms that can be shown."""
        if trace.is_custom:
            return True
        shown = measure.one_layer(trace, cls.shown_layer)
        if NEEDS["gradient-path"](shown) is not None:
            return False
        path = measure.last_gradient_path(shown)
        return not np.nan_to_num(shares_of_terms(shown, path)).any()

    def facts_of_w(self) -> Mapping[str, str]:
        """Return nothing: W is not shown."""
        return {}

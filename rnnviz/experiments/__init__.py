"""Recordings that a scene wants beside its trace: recipes, which are followed when they are needed.

A recipe takes the trace that a scene is played with, so that its experiments are of the same
network, or of the same task. All of them load torch within themselves, when they are followed.
"""

from rnnviz.experiments.variants import (
    Experiment,
    last_loss_alone,
    nudged_recurrence,
    scaled_recurrence,
    variant,
)

__all__ = ["Experiment", "last_loss_alone", "nudged_recurrence", "scaled_recurrence", "variant"]

"""Experiments: what a scene compares its trace with.

An experiment is a function of the scene's trace, so that it is about the same network or the same
task. A variant is the same network changed, or run on other data. Torch is loaded when an
experiment runs.
"""

from rnnviz.experiments.variants import (
    Experiment,
    in_turn,
    last_loss_alone,
    nudged_recurrence,
    scaled_recurrence,
    variant,
)

__all__ = [
    "Experiment",
    "in_turn",
    "last_loss_alone",
    "nudged_recurrence",
    "scaled_recurrence",
    "variant",
]

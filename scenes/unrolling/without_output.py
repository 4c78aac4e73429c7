"""Unrolling a network whose outputs are not recorded."""

from rnnviz.scenes.unrolling.storyboard import Unrolling

from rnnviz.trace import Trace


class WithoutOutput(Unrolling):
    """The scene for a network whose output was not recorded: it ends with the last state."""

    prediction = None

    @classmethod
    def plays(cls, trace: Trace) -> bool:
        return trace.y is None

"""The storyboards for networks that read their inputs in one order only, or by their own code."""

from typing import ClassVar

from rnnviz.scenes.inputs.storyboard import EXAMPLES, Inputs

from rnnviz.scene.needs import NEEDS
from rnnviz.trace import Trace


class OnceRead(Inputs):
    """The scene for a network that cannot be run again: it reads its inputs in one order only."""

    experiments: ClassVar = EXAMPLES

    states = None
    other_order = None
    last_states = None

    @classmethod
    def plays(cls, trace: Trace) -> bool:
        return NEEDS["run-again"](trace) is not None


class OwnCodeInputs(OnceRead):
    """The scene for a cell of one's own code, which need not multiply its inputs by weights."""

    embedding = None
    all_columns = None

    @classmethod
    def plays(cls, trace: Trace) -> bool:
        return trace.is_custom

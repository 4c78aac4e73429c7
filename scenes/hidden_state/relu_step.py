"""One step of an RNN with relu in place of tanh."""

from rnnviz.scenes.hidden_state.storyboard import HiddenState

from rnnviz.scene.beats import beat
from rnnviz.trace import Trace


class ReluStep(HiddenState):
    """The step of a relu RNN: the same sums, which relu cuts off at 0."""

    @classmethod
    def plays(cls, trace: Trace) -> bool:
        return trace.metadata.nonlinearity == "relu"

    @beat(
        "Then relu turns each sum below 0 into 0 and leaves the others as they are. The lowest "
        "one, {largest}, becomes {squashed}."
    )
    def squash(self) -> None:
        super().squash()

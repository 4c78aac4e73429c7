"""A trained network and its recordings."""

import copy
from dataclasses import dataclass, replace

import torch

from rnnviz.recording import record
from rnnviz.recording.loss_times import Losses
from rnnviz.system.short_repr import ShortRepr
from rnnviz.tasks import Task
from rnnviz.trace import Trace
from rnnviz.training.history import History
from rnnviz.training.network import ForgetBias, Network


@dataclass(frozen=True, repr=False)
class Trained(ShortRepr):
    """A trained network with its history, and its score on newly drawn sequences.

    ``forget_bias`` is the bias that its forget gates started from, None for PyTorch's start.
    """

    task: Task
    network: Network
    history: History
    score: float
    seed: int
    forget_bias: ForgetBias | None = None

    @property
    def learnt(self) -> bool:
        """Whether the task is learnt, by its own criterion."""
        return self.task.learnt(self.score, float(self.history.loss[-1]))

    def record(
        self, *, dtype: str = "float64", gradients: bool = True, losses: Losses = "all"
    ) -> Trace:
        """Record a copy of the network on the task's example; ``losses`` as in ``rnnviz.record``.

        Raises: RecordingError for an unknown dtype, or losses at steps out of range
        """
        return self._trace(
            self.network, self.history.epochs, self.score, dtype, gradients, losses=losses
        )

    def with_traces(self, losses: Losses = "all") -> "Trained":
        """Return the same with a trace of each recorded epoch in its history.

        Raises: RecordingError as ``rnnviz.record``
        """
        network = copy.deepcopy(self.network)
        scores = dict(enumerate([*self.history.accuracy.tolist()[:-1], self.score], start=1))
        traces = []
        for index, epoch in enumerate(self.history.recorded_epochs.tolist()):
            network.load_state_dict(
                {name: torch.tensor(kept[index]) for name, kept in self.history.weights.items()}
            )
            traces.append(self._trace(network, epoch, scores.get(epoch), losses=losses))
        return replace(self, history=replace(self.history, traces=tuple(traces)))

    def _trace(
        self,
        network: Network,
        epochs: int,
        accuracy: float | None,
        dtype: str = "float64",
        gradients: bool = True,
        *,
        losses: Losses,
    ) -> Trace:
        example = self.task.example()
        return record(
            network,
            torch.from_numpy(example.x),
            torch.from_numpy(example.targets),
            loss=self.task.loss,
            losses=losses,
            gradients=gradients,
            dtype=dtype,
            about={
                "task": self.task.name,
                "task_options": self.task.options,
                "language": self.task.language,
                "seed": self.seed,
                "forget_bias": self.forget_bias,
                "epochs": epochs,
                "accuracy": accuracy,
                "accuracy_name": self.task.score_name,
                "source": self.task.source,
                "step_labels": example.step_labels,
                "target_labels": example.target_labels,
                "input_labels": self.task.input_labels,
                "output_labels": self.task.output_labels,
            },
        )

"""The last states of many sequences, with their answers."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from rnnviz import measure
from rnnviz.experiments.default_recordings import default_trace
from rnnviz.experiments.other_inputs import inputs_of, run_on, targets_of
from rnnviz.experiments.variants import without_gradients
from rnnviz.system.short_repr import ShortRepr
from rnnviz.text.translation import N_
from rnnviz.trace import CLASSES, Trace

SEQUENCES: Final = 240
GAP: Final = 5
_SEED: Final = 0
_HALVES: Final = (N_("lower half"), N_("upper half"))


@dataclass(frozen=True, eq=False, repr=False)
class ManySequences(ShortRepr):
    """The recording of one network over many sequences.

    ``answers`` are indices into ``names``: of sentences the right answers, of other sequences of
    classes the most probable ones, and of values which half of all predictions the last one is in.
    ``gap`` is the number of random words in each sentence, 0 for the given sequence in random
    orders; ``companion`` is whether it is another network than the given one.

    Shapes: answers (sequence,)
    """

    trace: Trace
    answers: np.ndarray
    names: tuple[str, ...]
    gap: int
    companion: bool

    @property
    def states(self) -> np.ndarray:
        """The last state of each sequence: (sequence, unit)."""
        return self.states_by_step[-1]

    @property
    def state_names(self) -> tuple[str, ...]:
        """The names of the states that make one of ``states``."""
        return tuple(measure.states_by_name(measure.one_layer(self.trace)))

    @cached_property
    def states_by_step(self) -> np.ndarray:
        """All that the last layer passes on, in the forward direction: (time, sequence, unit)."""
        return measure.whole_states(measure.one_layer(self.trace))


def many_sequences(trace: Trace) -> ManySequences:
    """Run a network on many sequences.

    For a sentence these are new ones, with random words between the word that decides the answer
    and the end. A network whose own sentences have no such words was trained without them, so it
    is another one that reads them, of the same task and size. Other data is read in random orders.

    Raises: TaskError, TrainingError, RecordingError
    """
    rng = np.random.default_rng(_SEED)
    if trace.metadata.task == "sentence":
        return _sentences(trace, rng)
    own = inputs_of(trace)
    order = np.array([rng.permutation(len(own)) for _ in range(SEQUENCES)]).T
    x = own[order]
    targets = np.repeat(targets_of(trace), SEQUENCES, axis=1)
    run = run_on(trace, x, targets, [])
    assert run.y is not None
    if trace.metadata.loss in CLASSES:
        labels = trace.metadata.output_labels
        names = labels or tuple(str(index + 1) for index in range(trace.output_size))
        return ManySequences(run, run.y[-1].argmax(axis=-1), names, 0, companion=False)
    last = run.y[-1, :, 0]
    return ManySequences(run, (last > np.median(last)).astype(int), _HALVES, 0, companion=False)


def _sentences(trace: Trace, rng: np.random.Generator) -> ManySequences:
    from rnnviz import tasks  # loads torch
    from rnnviz.training import Settings  # loads torch

    options = {name: trace.metadata.task_options[name] for name in ("language", "story")}
    gap = int(trace.metadata.task_options.get("gap", 0))
    network = trace
    if not gap:
        gap = GAP
        kind = {
            "cell": trace.metadata.cell,
            "nonlinearity": trace.cell.nonlinearity,
            "layers": trace.layers,
            "bidirectional": trace.directions > 1,
        }
        own = {name: value for name, value in kind.items() if value != getattr(Settings, name)}
        trained: dict[str, Any] = {**options, **own, "gap": gap, "hidden": trace.cell_size}
        network = without_gradients(default_trace("sentence", **trained))
    batch = tasks.make("sentence", **options, gap=gap).sample(rng, SEQUENCES)
    run = run_on(network, batch.x, batch.targets, batch.step_labels)
    names = trace.metadata.output_labels
    return ManySequences(run, batch.targets[-1], names, gap, companion=network is not trace)

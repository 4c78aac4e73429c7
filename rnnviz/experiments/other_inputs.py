"""The network of a trace, run on its first sequence and on a variation of it.

Both are sequences of one recording and start from the state zero, so that they differ in nothing
else.
"""

from collections.abc import Sequence

import numpy as np

from rnnviz import measure
from rnnviz.experiments.variants import Experiment, variant, without_gradients
from rnnviz.trace import Trace


def reordered(most: int) -> Experiment:
    """Run the trace's sequence, and the same with its last ``most`` steps in another order.

    All of them but the last one come in reverse order, so that both sequences end alike.
    """

    def experiment(trace: Trace) -> Trace:
        own, labels = inputs_of(trace), _labels(trace)
        first = max(0, len(own) - most)
        order = np.arange(len(own))
        order[first:-1] = order[first:-1][::-1]
        return _beside_own(trace, own[order], [labels[step] for step in order])

    return experiment


def another_input(trace: Trace) -> Trace:
    """Run the trace's sequence, and the same with another input at one step.

    In a sentence it is the word that decides the answer; in other data the input of an early step
    is replaced by that of the step that differs most from it.
    """
    own, labels = inputs_of(trace), _labels(trace)
    clues = _clues(trace)
    known = [step for step, word in enumerate(labels) if word in clues]
    if known:
        step = known[0]
        word = next(each for each in clues if each != labels[step])
        other = np.zeros_like(own[step])
        other[trace.metadata.input_labels.index(word)] = 1.0
    else:
        step = min(len(own) - 1, max(1, len(own) // 3))
        source = int(np.linalg.norm(own - own[step], axis=1).argmax())
        other, word = own[source], labels[source]
    x = own.copy()
    x[step] = other
    labels[step] = word
    return _beside_own(trace, x, labels)


def parting(pair: Trace) -> int:
    """Return the first step, from 0, at which two sequences' inputs differ; 0 if none does."""
    return int((pair.x[:, 0] != pair.x[:, 1]).any(axis=-1).argmax())


def _clues(trace: Trace) -> tuple[str, ...]:
    """The words of a sentence task's story that decide the answer."""
    if trace.metadata.task != "sentence":
        return ()
    from rnnviz.tasks.sentence import STORIES  # loads torch

    options = trace.metadata.task_options
    story = STORIES.get((str(options.get("story")), str(options.get("language"))))
    known = () if story is None else tuple(story.answers)
    return tuple(word for word in known if word in trace.metadata.input_labels)


def inputs_of(trace: Trace) -> np.ndarray:
    """Return the inputs of the first sequence that has all steps: (time, input)."""
    return measure.one_layer(trace, 0).x[:, 0]


def targets_of(trace: Trace) -> np.ndarray:
    """Return the targets of the same sequence: (time, 1, …)."""
    return measure.one_layer(trace, 0).targets[:, :1]


def _labels(trace: Trace) -> list[str]:
    first = measure.one_layer(trace, 0)
    given = first.metadata.step_labels
    return list(given[0]) if given else [""] * first.steps


def _beside_own(trace: Trace, x: np.ndarray, labels: list[str]) -> Trace:
    both = np.stack([inputs_of(trace), x], axis=1)
    targets = np.repeat(targets_of(trace), 2, axis=1)
    return run_on(trace, both, targets, [_labels(trace), labels])


def run_on(
    trace: Trace, x: np.ndarray, targets: np.ndarray, labels: Sequence[Sequence[str]]
) -> Trace:
    """Run a trace's network on other sequences, without gradients.

    Shapes: x (time, batch, input); targets (time, batch, …); labels batch × time, or none
    """
    known = tuple(map(tuple, labels)) if trace.metadata.step_labels and len(labels) else ()
    data = {"x": x, "targets": targets, "step_labels": known}
    run: Trace = variant(data=lambda _: data)(without_gradients(trace))
    return run

"""The network of a trace, run on its first sequence and on a variation of it.

Both are sequences of one recording and start from the state zero, so that they differ in nothing
else.
"""

from dataclasses import fields, replace
from typing import Any

import numpy as np

from rnnviz.experiments.variants import Experiment, variant
from rnnviz.trace import NO_TARGET, Trace


def backwards(most: int) -> Experiment:
    """Run the trace's sequence, and the same with its last ``most`` steps in reverse order."""

    def experiment(trace: Trace) -> Trace:
        first = max(0, trace.steps - most)
        order = np.arange(trace.steps)
        order[first:] = order[first:][::-1]
        return _beside_own(trace, trace.x[order, 0], [_labels(trace)[step] for step in order])

    return experiment


def another_input(trace: Trace) -> Trace:
    """Run the trace's sequence, and the same with another input at one step.

    In a sentence it is the word that decides the answer; in other data the input of an early step
    is replaced by that of the step that differs most from it.
    """
    own, labels = trace.x[:, 0], _labels(trace)
    clues = _clues(trace)
    known = [step for step, word in enumerate(labels) if word in clues]
    if known:
        step = known[0]
        word = next(each for each in clues if each != labels[step])
        other = np.zeros_like(own[step])
        other[trace.metadata.input_labels.index(word)] = 1.0
    else:
        step = min(trace.steps - 1, max(1, trace.steps // 3))
        source = int(np.linalg.norm(own - own[step], axis=1).argmax())
        other, word = own[source], labels[source]
    x = own.copy()
    x[step] = other
    labels[step] = word
    return _beside_own(trace, x, labels)


def staying(steps: int) -> Experiment:
    """Run the trace's sequence, with its last input repeated for a number of further steps."""

    def experiment(trace: Trace) -> Trace:
        order = np.minimum(np.arange(trace.steps + steps), trace.steps - 1)
        nothing = NO_TARGET if trace.targets.dtype.kind in "iu" else np.nan
        targets = trace.targets[:, :1]
        more = np.full((steps, *targets.shape[1:]), nothing, dtype=targets.dtype)
        labels = _labels(trace)
        return _run(
            trace,
            trace.x[order, :1],
            np.concatenate([targets, more]) if len(targets) == trace.steps else targets,
            [[labels[step] for step in order]],
        )

    return experiment


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


def _labels(trace: Trace) -> list[str]:
    given = trace.metadata.step_labels
    return list(given[0]) if given else [""] * trace.steps


def _beside_own(trace: Trace, x: np.ndarray, labels: list[str]) -> Trace:
    both = np.stack([trace.x[:, 0], x], axis=1)
    targets = np.repeat(trace.targets[:, :1], 2, axis=1)
    return _run(trace, both, targets, [_labels(trace), labels])


def _run(trace: Trace, x: np.ndarray, targets: np.ndarray, labels: list[list[str]]) -> Trace:
    known = tuple(map(tuple, labels)) if trace.metadata.step_labels else ()
    data = {"x": x, "targets": targets, "step_labels": known}
    run: Trace = variant(data=lambda _: data)(_without_gradients(trace))
    return run


def _without_gradients(trace: Trace) -> Trace:
    """The trace without gradients, so that a variant of it has none either."""
    names = [each.name for each in fields(Trace) if each.name.startswith("grad")]
    nothing: dict[str, Any] = dict.fromkeys(["loss_times", *names])
    return replace(trace, **nothing)

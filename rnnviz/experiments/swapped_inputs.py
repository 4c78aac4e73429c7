"""Any network on its first sequence with each input swapped for others of the same sequence."""

from typing import Final

import numpy as np

from rnnviz.errors import TraceError
from rnnviz.experiments.other_inputs import run_on
from rnnviz.experiments.swapped_words import Swaps
from rnnviz.text.plain_text import lowered
from rnnviz.trace import CLASSES, Trace

MOST_STEPS: Final = 40
MOST_OTHERS: Final = 6


def swapped_inputs(trace: Trace) -> Swaps:
    """Swap each of the last inputs before the last loss for others that the sequence has.

    All are run from the state zero, on at most 40 steps of the first sequence. The answer is the
    most probable class, or of values the first output, which then takes the place of probabilities;
    the others of a position come in the order in which they change it, the greatest change first.

    Raises: TraceError if the inputs are all the same, or the network cannot be run again
    """
    first, last = steps_of(trace)
    own = trace.x[first : last + 1, 0]
    words = _words(trace, first, last)
    _, places = np.unique(own, axis=0, return_index=True)
    kinds = np.sort(places)
    others = [
        [at for at in kinds if not np.array_equal(own[at], each)][:MOST_OTHERS] for each in own
    ]
    if not any(others):
        raise TraceError(
            "the inputs of the trace's first sequence are all the same, so that none can be "
            "swapped for another; record a sequence of different inputs"
        )
    changed = [own]
    for position, row in enumerate(others):
        for at in row:
            x = own.copy()
            x[position] = own[at]
            changed.append(x)
    of_time = slice(first, last + 1) if len(trace.targets) > 1 else slice(None)
    targets = np.repeat(trace.targets[of_time, :1], len(changed), axis=1)
    run = run_on(trace, np.stack(changed, axis=1), targets, [])
    assert run.y is not None
    return _as_swaps(trace, run.y[-1], words, others)


def steps_of(trace: Trace) -> tuple[int, int]:
    """Return the first and the last step that are swapped, from 0: up to the last loss."""
    losses = np.flatnonzero(trace.has_loss[:, 0])
    last = int(losses[-1]) if len(losses) else int(trace.mask[:, 0].sum()) - 1
    return max(0, last + 1 - MOST_STEPS), last


def _as_swaps(
    trace: Trace, y: np.ndarray, words: tuple[str, ...], others: list[list[int]]
) -> Swaps:
    classes = trace.metadata.loss in CLASSES
    chosen = int(y[0].argmax()) if classes else 0
    names = trace.metadata.output_labels or tuple(str(at + 1) for at in range(y.shape[1]))
    answers = [names[int(row.argmax())] if classes else _written(float(row[0])) for row in y]
    values = y[:, chosen].astype(float)
    rows, labels, texts, begin = [], [], [], 1
    for row in others:
        mine = slice(begin, begin + len(row))
        order = np.argsort(-np.abs(values[mine] - values[0]), kind="stable")
        rows.append(values[mine][order])
        labels.append(tuple(words[row[at]] for at in order))
        texts.append(tuple(answers[begin + at] for at in order))
        begin += len(row)
    return Swaps(words, answers[0], float(values[0]), tuple(labels), tuple(rows), tuple(texts))


def _written(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _words(trace: Trace, first: int, last: int) -> tuple[str, ...]:
    if trace.metadata.step_labels:
        return tuple(trace.metadata.step_labels[0][first : last + 1])
    return tuple(f"x{lowered(step + 1)}" for step in range(first, last + 1))

"""Labels from a vocabulary: the words of tokens and classes, which a recording holds as numbers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from rnnviz.errors import RecordingError
from rnnviz.trace import CLASSES, NO_TARGET, Trace
from rnnviz.trace.labels import labels_of

VOCABULARY: Final = "vocabulary"
_NO_WORD: Final = ""


def words_of(given: Any) -> tuple[str, ...]:
    """Return a vocabulary as a word for each number, from a list or a mapping of words to numbers.

    Raises: RecordingError for anything else
    """
    if not isinstance(given, Mapping):
        return labels_of(VOCABULARY, given)
    numbers = [number for number in given.values() if isinstance(number, int)]
    if len(numbers) < len(given) or sorted(numbers) != [*range(len(given))]:
        raise RecordingError(
            f"{VOCABULARY} must number its {len(given)} words from 0 to {len(given) - 1}, each once"
        )
    return labels_of(VOCABULARY, sorted(given, key=given.__getitem__))


def with_words(
    trace: Trace, words: tuple[str, ...], inputs: np.ndarray, targets: np.ndarray
) -> Trace:
    """Return a recording with the words of its steps, targets and outputs, where it has no labels.

    ``inputs`` and ``targets`` are what the model was run on. Whole numbers among the inputs are
    tokens, and inputs of a single 1 a step are those of its place; targets are classes. If there
    are as many sequences as steps, inputs have the order of axes that targets have.

    Raises: RecordingError for a token or class that the vocabulary lacks
    """
    about = trace.metadata
    found: dict[str, Any] = {}
    if trace.y is not None and trace.output_size == len(words) and about.loss in CLASSES:
        found["output_labels"] = words
        numbers = np.full((trace.steps, trace.batch), NO_TARGET)
        numbers[-len(trace.targets) :] = trace.targets
        found["target_labels"] = _labels(words, numbers, "targets")
    tokens = _tokens(trace, inputs, targets)
    if tokens is None and _is_one_hot(trace, len(words)):
        found["input_labels"] = words
        tokens = np.where(trace.x.any(axis=-1), trace.x.argmax(axis=-1), NO_TARGET)
    if tokens is not None:
        found["step_labels"] = _labels(words, tokens, "inputs")
    lacking = {name: labels for name, labels in found.items() if not getattr(about, name)}
    return replace(trace, metadata=replace(about, **lacking))


def _tokens(trace: Trace, inputs: np.ndarray, targets: np.ndarray) -> np.ndarray | None:
    """Return the numbers of the tokens (time, batch), or None if the inputs are no such numbers."""
    if inputs.dtype.kind not in "iu" or inputs.ndim > 2:
        return None
    rows = inputs[:, np.newaxis] if inputs.ndim == 1 else inputs
    steps, batch = trace.steps, trace.batch
    by_sequence = rows.shape[0] == batch and rows.shape[1] >= steps
    by_step = rows.shape[1] == batch and rows.shape[0] >= steps
    if by_sequence and by_step:
        by_step = np.array_equal(targets, trace.targets)
        by_sequence = np.array_equal(targets.T, trace.targets)
    if not by_step and not by_sequence:
        return None
    tokens = (rows if by_step else rows.T)[:steps]
    if trace.lengths is None:
        return tokens
    return np.where(np.arange(steps)[:, np.newaxis] < trace.lengths, tokens, NO_TARGET)


def _is_one_hot(trace: Trace, count: int) -> bool:
    """Whether each x_t is a single 1 among ``count`` entries; padding is zero."""
    ones = trace.x == 1
    alone = (ones | (trace.x == 0)).all() and (ones.sum(axis=-1) <= 1).all()
    return trace.input_size == count and bool(alone) and bool(ones.any())


def _labels(words: tuple[str, ...], numbers: np.ndarray, what: str) -> tuple[tuple[str, ...], ...]:
    """Return the words of numbers (time, batch) as labels (batch, time)."""
    outside = (numbers < 0) | (numbers >= len(words))
    outside &= numbers != NO_TARGET
    if outside.any():
        raise RecordingError(
            f"{what} have {int(numbers[outside][0])}, but {VOCABULARY} has the words 0 to "
            f"{len(words) - 1}; give the vocabulary of these data"
        )
    return tuple(
        tuple(_NO_WORD if number == NO_TARGET else words[number] for number in row)
        for row in numbers.T
    )

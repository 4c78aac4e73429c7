"""Labels of steps, targets, inputs and outputs, as a user gives them."""

import itertools
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import numpy as np

from rnnviz.errors import RecordingError
from rnnviz.system.validation import is_text

OF_STEPS: Final = ("step_labels", "target_labels")
OF_ENTRIES: Final = ("input_labels", "output_labels")
LABELS: Final = (*OF_STEPS, *OF_ENTRIES)


def labels_of(name: str, given: Any) -> tuple[Any, ...]:
    """Return labels as a trace holds them, from lists or an array of strings or numbers.

    Shapes: those of steps and targets (batch, time), or (time,) for a single sequence, whatever
            the order of the model's axes; those of inputs and outputs (input,) and (output,)
    Raises: RecordingError for another shape, or a label that is not text
    """
    rows = given.tolist() if isinstance(given, np.ndarray) else given
    if not _is_list(rows):
        raise RecordingError(
            f"{name} must be a list or an array of strings, got {type(given).__name__}"
        )
    rows = list(rows)
    if not rows:
        return ()
    nested = [_is_list(row) for row in rows]
    if name in OF_STEPS and not any(nested):
        rows, nested = [rows], [True]
    wanted = name in OF_STEPS
    if any(each is not wanted for each in nested) or (
        wanted and any(map(_is_list, itertools.chain.from_iterable(rows)))
    ):
        shape = "(batch, time)" if wanted else f"({name.removesuffix('_labels')},)"
        raise RecordingError(f"{name} must have the shape {shape}, one label for each")
    if wanted:
        return tuple(tuple(_label(name, each) for each in row) for row in rows)
    return tuple(_label(name, each) for each in rows)


def check_counts(labels: Mapping[str, Any], *, batch: int, steps: int, inputs: int) -> None:
    """Raises RecordingError unless there is one label for each step, and each entry of x_t.

    Labels of outputs are checked by the trace, when the outputs are known.
    """
    for name in OF_STEPS:
        counts = [len(row) for row in labels.get(name) or ()]
        if counts and counts != [steps] * batch:
            found = (
                f"({len(counts)}, {counts[0]})" if len(set(counts)) == 1 else f"rows of {counts}"
            )
            raise RecordingError(
                f"{name} must have the shape ({batch}, {steps}) for {batch} sequences of {steps} "
                f"steps, got {found}"
            )
    count = len(labels.get("input_labels") or ())
    if count not in (0, inputs):
        raise RecordingError(
            f"input_labels must have {inputs} labels, one for each entry, got {count}"
        )


def without_padding(labels: Mapping[str, Any], steps: int, extra: int) -> dict[str, Any]:
    """Return labels without those of padding: the last ``extra`` of the labels of steps."""
    cut = dict(labels)
    for name in OF_STEPS:
        rows = labels.get(name) or ()
        if rows and all(len(row) == steps + extra for row in rows):
            cut[name] = tuple(row[:steps] for row in rows)
    return cut


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence | np.ndarray) and not isinstance(value, str | bytes)


def _label(name: str, value: Any) -> str:
    with suppress(UnicodeError):
        text = value.decode("utf-8") if isinstance(value, bytes) else value
        if isinstance(text, str | int | float | np.number) and not isinstance(text, bool):
            text = str(text)
            if is_text(text):
                return text
    raise RecordingError(
        f"{name} must hold strings or numbers, without NUL and lone surrogates, got {value!r}"
    )

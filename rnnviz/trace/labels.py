"""What people call steps, targets, inputs and outputs, as they come from a user."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from rnnviz.errors import RecordingError

OF_STEPS: Final = ("step_labels", "target_labels")
OF_ENTRIES: Final = ("input_labels", "output_labels")
LABELS: Final = (*OF_STEPS, *OF_ENTRIES)


def labels_of(name: str, given: Any) -> tuple[Any, ...]:
    """Labels as a trace holds them, from lists or an array of strings or of numbers.

    Shapes: those of steps and targets (batch, time), or (time,) for a single sequence, whatever
            the order of the model's axes; those of inputs and outputs (input,) and (output,)
    Raises: RecordingError for another shape, or a label that is no text
    """
    rows = given.tolist() if isinstance(given, np.ndarray) else given
    if not _is_list(rows):
        raise RecordingError(
            f"{name} is {type(given).__name__}, not a list or an array of strings; give one for "
            "each"
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
        raise RecordingError(f"{name} does not have the shape {shape}; give one label for each")
    if wanted:
        return tuple(tuple(_label(name, each) for each in row) for row in rows)
    return tuple(_label(name, each) for each in rows)


def check_counts(labels: Mapping[str, Any], *, batch: int, steps: int, inputs: int) -> None:
    """Raises RecordingError for labels that are not one for each step, or each entry of x_t.

    Those of outputs are checked by the trace, once it is known what the outputs are.
    """
    for name in OF_STEPS:
        counts = [len(row) for row in labels.get(name) or ()]
        if counts and counts != [steps] * batch:
            found = f"({len(counts)}, {counts[0]})" if len(set(counts)) == 1 else f"of {counts}"
            raise RecordingError(
                f"{name} has the shape {found}, but there are {batch} sequences of {steps} steps; "
                f"give ({batch}, {steps})"
            )
    count = len(labels.get("input_labels") or ())
    if count not in (0, inputs):
        raise RecordingError(
            f"input_labels has {count} labels, but there are {inputs} entries; give one for each"
        )


def without_padding(labels: Mapping[str, Any], steps: int, extra: int) -> dict[str, Any]:
    """Labels of which those of steps have none for padding: ``extra`` more at the end."""
    cut = dict(labels)
    for name in OF_STEPS:
        rows = labels.get(name) or ()
        if rows and all(len(row) == steps + extra for row in rows):
            cut[name] = tuple(row[:steps] for row in rows)
    return cut


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence | np.ndarray) and not isinstance(value, str | bytes)


def _label(name: str, value: Any) -> str:
    try:
        text = value.decode("utf-8") if isinstance(value, bytes) else value
        if isinstance(text, bool) or not isinstance(text, str | int | float | np.number):
            raise TypeError(type(value).__name__)
        text = str(text)
        text.encode("utf-8")
    except (UnicodeError, TypeError) as error:
        raise RecordingError(
            f"{name} has {value!r}, which is no text; give strings or numbers"
        ) from error
    if "\0" in text:
        raise RecordingError(f"{name} has {value!r}, which is no text; give strings or numbers")
    return text

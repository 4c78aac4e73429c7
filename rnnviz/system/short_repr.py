"""A one-line repr for dataclasses with arrays."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

_LONGEST: Final = 40
_LINE: Final = 400


class ShortRepr:
    """A dataclass whose ``repr`` is one line, with dtype and shape for an array."""

    def __repr__(self) -> str:
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        values = ", ".join(
            f"{item.name}={brief(getattr(self, item.name))}" for item in fields if item.repr
        )
        return _cut(f"{type(self).__name__}({values})", _LINE)


def brief(value: Any) -> str:
    """Return a short repr of a value."""
    if isinstance(value, np.ndarray) and value.ndim > 0:
        return f"{value.dtype} {value.shape}"
    if isinstance(value, str) or value is None:
        return _cut(repr(value), _LONGEST)
    if isinstance(value, Mapping):
        return f"{{{len(value)} of {_kind(list(value.values()))}}}" if value else "{}"
    if isinstance(value, Sequence):
        if len(value) == 0:
            return "()"
        whole = repr(value) if len(value) <= _LONGEST and not _holds_arrays(value) else ""
        return whole if whole and len(whole) <= _LONGEST else f"({len(value)} of {_kind(value)})"
    # its own repr may be as long
    if dataclasses.is_dataclass(value) and not isinstance(value, ShortRepr):
        return f"{type(value).__name__}(…)"
    return _cut(" ".join(repr(value).split()), _LONGEST)


def _holds_arrays(values: Sequence[Any]) -> bool:
    return any(isinstance(value, np.ndarray) or not _plain(value) for value in values)


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, float, np.generic))


def _kind(values: Sequence[Any]) -> str:
    """The type of values, by the first one."""
    return type(values[0]).__name__


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"

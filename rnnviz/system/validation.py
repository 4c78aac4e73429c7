"""Validate JSON from outside: a trace's metadata, a sweep's file, and the file beside a video."""

import json
import re
import sys
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta

_T = TypeVar("_T")
_TEXT: Final = re.compile(r"[^\0\ud800-\udfff]*")
_LARGEST: Final = 2**63 - 1
_MOST_SHOWN: Final = 40
_ERROR: Final = re.compile(
    r"(?P<message>.*?)(?: - at (?:`key` in )?`\$\.?(?P<path>.*)`)?", re.DOTALL
)
_FIELD: Final = re.compile(r"Object (missing required|contains unknown) field `(.*)`", re.DOTALL)
_STEP: Final = re.compile(r"\.?(\w+)|\[(\d+)\]")
_PLAIN: Final = (
    (r"`str` matching regex .*#\[0-9.*", "a colour #RRGGBB"),
    (r"`str` matching regex .*", "text without NUL and lone surrogates"),
    (r"`float` [<>]= -?1\.79\S*", "a finite number"),
    (r", got `.*", ""),
    (r"\bfloat\b", "a number"),
    (r"\bint\b", "an integer"),
    (r"\bstr\b", "text"),
    (r"\bbool\b", "true or false"),
    (r"\barray\b", "a list"),
    (r"\bobject\b", "an object"),
    (r" \| ", " or "),
    (r"`", ""),
)
"""The expectations of msgspec's messages in plain words."""

Text = Annotated[str, Meta(pattern=rf"\A{_TEXT.pattern}\Z")]
"""Text that every file and program can hold: no NUL, and no lone surrogate, which UTF-8 lacks."""
Color = Annotated[str, Meta(pattern=r"\A#[0-9A-Fa-f]{6}\Z")]
Count = Annotated[int, Meta(ge=0, le=_LARGEST)]
PositiveCount = Annotated[int, Meta(ge=1, le=_LARGEST)]
NonNegative = Annotated[float, Meta(ge=0)]
Finite = Annotated[float, Meta(ge=-sys.float_info.max, le=sys.float_info.max)]


class InvalidJson(ValueError):
    """JSON of another type than declared: the field, what was expected, and what was found."""


def validated(value: Any, declared: type[_T]) -> _T:
    """Convert parsed JSON to a declared type, lists to tuples where that is declared.

    Raises: InvalidJson for the first field that does not fit
    """
    try:
        return msgspec.convert(value, declared)
    except msgspec.ValidationError as error:
        raise InvalidJson(_described(str(error), value)) from error


def is_text(value: Any) -> bool:
    """Whether a value is text that every file and program can hold, as ``Text`` is."""
    return isinstance(value, str) and _TEXT.fullmatch(value) is not None


def shown(value: Any) -> str:
    """Return the beginning of a value as JSON in ASCII; of what is not JSON, its type."""
    try:
        text = json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return f"an object of type {type(value).__name__}"
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def _described(error: str, value: Any) -> str:
    """Return an error of msgspec's as 'field: expected …, got …'."""
    found = _ERROR.fullmatch(error)
    assert found is not None
    message, path = found["message"], found["path"] or ""
    if field := _FIELD.fullmatch(message):
        name = shown(f"{path}.{field[2]}" if path else field[2])[1:-1]
        return f"{name} is missing" if field[1].startswith("missing") else f"unknown field {name}"
    for name, index in _STEP.findall(path):
        value = value[int(index)] if index else value[name]
    for pattern, plain in _PLAIN:
        message = re.sub(pattern, plain, message)
    if message.startswith("Expected"):
        message = f"e{message[1:]}, got {shown(value)}"
    return f"{path}: {message}" if path else message

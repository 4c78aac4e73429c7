"""Describes exceptions of the user's own code in one line, with the line that raised them."""

import re
import sysconfig
import traceback
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

import torch

from rnnviz.errors import RecordingError, RnnvizError

P = ParamSpec("P")
R = TypeVar("R")

_NOT_THEIRS: Final = (Path(torch.__file__).parent, Path(__file__).parent.parent)
_FRAME: Final = re.compile(r'File "(.*)", line (\d+)')
_INSTALLED: Final = tuple(
    Path(sysconfig.get_paths()[name]) for name in ("stdlib", "purelib", "platlib")
)


class SteppedError(RecordingError):
    """A layer whose calls are no single chain, but which can be recorded step by step."""


def describe(error: BaseException) -> str:
    """Return an exception in one line, with the line of the user's code that raised it.

    Example: >>> describe(KeyError(5))  # raised by a model: KeyError: 5 (models.py, line 12)
             'KeyError: 5'
    """
    said = " ".join(str(error).split())
    kind = type(error).__name__
    what = f"{kind}: {said}" if said else kind
    place = _place(error)
    return f"{what} ({place})" if place else what


def as_recording_errors(function: Callable[P, R]) -> Callable[P, R]:
    """Turn every exception of a function, except rnnviz's own, into a RecordingError."""

    @wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except RnnvizError:
            raise
        except Exception as error:
            raise RecordingError(
                f"the recording failed ({describe(error)}); if the model runs and can be trained "
                "without rnnviz, report this"
            ) from error

    return guarded


def place_in_stack(stack: Sequence[str]) -> str:
    """Return the last line of the user's code in a formatted stack, or ''.

    Example: >>> place_in_stack(['  File "models.py", line 12, in forward'])
             'models.py, line 12'
    """
    frames = [_FRAME.search(entry) for entry in stack]
    return _theirs([(Path(frame[1]), int(frame[2])) for frame in frames if frame is not None])


def _place(error: BaseException) -> str:
    return _theirs(
        [
            (Path(frame.filename), frame.lineno)
            for frame in traceback.extract_tb(error.__traceback__)
        ]
    )


def _theirs(frames: Sequence[tuple[Path, int | None]]) -> str:
    """Return the last line that is of no library."""
    for path, line in reversed(frames):
        if not any(path.is_relative_to(folder) for folder in (*_NOT_THEIRS, *_INSTALLED)):
            return f"{path.name}, line {line}"
    return ""

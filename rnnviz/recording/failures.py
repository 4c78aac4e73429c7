"""What is said of an exception that a user's own code raised: one line, with its place."""

import sysconfig
import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

import torch

from rnnviz.errors import RecordingError, RnnvizError

P = ParamSpec("P")
R = TypeVar("R")

_NOT_THEIRS: Final = (Path(torch.__file__).parent, Path(__file__).parent.parent)
_INSTALLED: Final = tuple(
    Path(sysconfig.get_paths()[name]) for name in ("stdlib", "purelib", "platlib")
)


def told(error: BaseException) -> str:
    """An exception in one line, and where in the user's own code it came about.

    Example: >>> told(KeyError(5))  # raised by a model: KeyError: 5 (models.py, line 12)
             'KeyError: 5'
    """
    said = " ".join(str(error).split())
    kind = type(error).__name__
    what = f"{kind}: {said}" if said else kind
    place = _place(error)
    return f"{what} ({place})" if place else what


def all_ours(function: Callable[P, R]) -> Callable[P, R]:
    """Let no exception out of a function but those of rnnviz; others become a RecordingError."""

    @wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except RnnvizError:
            raise
        except Exception as error:
            raise RecordingError(
                f"the recording failed ({told(error)}); if the model runs and can be trained "
                "without rnnviz, report this"
            ) from error

    return guarded


def _place(error: BaseException) -> str:
    frames = [
        (Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)
    ]
    for path, line in reversed(frames):
        if not any(path.is_relative_to(folder) for folder in (*_NOT_THEIRS, *_INSTALLED)):
            return f"{path.name}, line {line}"
    return ""

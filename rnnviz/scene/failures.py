"""Errors of a scene's own code, in one line: what failed, with what, and where."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rnnviz.errors import RenderError, RnnvizError

FAILURES: Final = (Exception, SystemExit)
"""What a scene's code may raise; it ends the render but not the program."""

_LONGEST: Final = 300
"""The longest message, in characters: an error may print a whole array."""


def scene_error(name: str, error: BaseException, source: str) -> RnnvizError:
    """Return the error of a piece of work, in one line that names the line in ``source``."""
    if isinstance(error, RnnvizError):
        return error if str(error).startswith(name) else type(error)(f"{name}: {error}")
    return RenderError(f"{name} failed: {described(error, source)}")


def described(error: BaseException, source: str) -> str:
    """Describe an error in one line, with its line in a source file, or else its last line."""
    what = traceback.format_exception_only(error)[-1].strip()
    if isinstance(error, SystemExit):
        what = f"it exits the program, {what}"
    if len(what) > _LONGEST:
        what = f"{what[:_LONGEST]}…"
    steps = traceback.extract_tb(error.__traceback__)
    step = next((each for each in reversed(steps) if each.filename == source), steps[-1])
    file, line = step.filename, step.lineno
    if isinstance(error, SyntaxError) and error.filename:
        file, line = error.filename, error.lineno
    return f"{what} ({Path(file).name}, line {line})"


@contextmanager
def naming_failures(name: str, source: str) -> Iterator[None]:
    """Turn what a scene's code raises in this context into an error that names the work.

    Raises: RenderError
    """
    try:
        yield
    except RnnvizError:
        raise
    except FAILURES as error:
        raise scene_error(name, error, source) from error

"""How the code of a scene failed, in one line: in which piece of work, with what, and where."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rnnviz.errors import RenderError, RnnvizError

FAILURES: Final = (Exception, SystemExit)
"""What code of a scene may raise that ends the render, and not the program."""

_LONGEST: Final = 300
"""Letters of a message that are told: an error may show a whole array."""


def told(name: str, error: BaseException, source: str) -> RnnvizError:
    """How a piece of work failed, in one line; ``source`` is the file whose lines are told."""
    if isinstance(error, RnnvizError):
        return error if str(error).startswith(name) else type(error)(f"{name}: {error}")
    return RenderError(f"{name} failed: {described(error, source)}")


def described(error: BaseException, source: str) -> str:
    """An error in one line: what it says, and where in a source file, or else where at all."""
    what = traceback.format_exception_only(error)[-1].strip()
    if isinstance(error, SystemExit):
        what = f"it ends the program, {what}"
    if len(what) > _LONGEST:
        what = f"{what[:_LONGEST]}…"
    steps = traceback.extract_tb(error.__traceback__)
    step = next((each for each in reversed(steps) if each.filename == source), steps[-1])
    file, line = step.filename, step.lineno
    if isinstance(error, SyntaxError) and error.filename:
        file, line = error.filename, error.lineno
    return f"{what} ({Path(file).name}, line {line})"


@contextmanager
def blamed(name: str, source: str) -> Iterator[None]:
    """Within it, what code of a scene raises is told as the failure of a piece of work.

    Raises: RenderError that names it
    """
    try:
        yield
    except RnnvizError:
        raise
    except FAILURES as error:
        raise told(name, error, source) from error

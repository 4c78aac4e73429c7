"""Files that are replaced only when the new one is whole."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rnnviz.errors import RnnvizError


@contextmanager
def replacing(target: Path, error: type[RnnvizError]) -> Iterator[Path]:
    """A place to write a file, which takes the target's place once it is whole.

    Raises: ``error`` if the target is a folder or cannot be written
    """
    if target.is_dir():
        raise error(f"{str(target)!r} is a folder; name the file")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".rnnviz-", dir=target.parent) as folder:
            temporary = Path(folder) / target.name
            yield temporary
            os.replace(temporary, target)
    except OSError as problem:
        raise error(
            f"cannot write {str(target)!r} ({problem.strerror or problem}); choose another place"
        ) from problem

"""The versions of installed libraries.

They are read once, since each reading leaves cyclic garbage, and since a process has loaded what
was installed when it started.
"""

from functools import cache
from importlib import metadata


@cache
def version(library: str) -> str:
    """Return the version of an installed library.

    Raises: importlib.metadata.PackageNotFoundError
    """
    return metadata.version(library)

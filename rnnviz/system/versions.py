"""The versions of libraries, as they were when this process first asked: what it has loaded.

The metadata of packages are read once: each reading leaves objects that hold each other.
"""

from functools import cache
from importlib import metadata


@cache
def version(library: str) -> str:
    """The version of an installed library.

    Raises: importlib.metadata.PackageNotFoundError
    """
    return metadata.version(library)

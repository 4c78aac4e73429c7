"""What the metadata of a recording say: what the caller knows, and what ran."""

import platform
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any

from rnnviz.errors import RecordingError
from rnnviz.system.versions import version
from rnnviz.trace.labels import LABELS, labels_of
from rnnviz.trace.metadata import Metadata


def checked_metadata(about: Any) -> dict[str, Any]:
    """Return the caller's metadata with its labels as a trace holds them.

    Raises: RecordingError for a name that metadata do not have
    """
    if not isinstance(about, Mapping):
        raise RecordingError(f"about must be a mapping of metadata, got {type(about).__name__}")
    known = {item.name for item in fields(Metadata)}
    unknown = [name for name in about if name not in known]
    if unknown:
        raise RecordingError(
            f"unknown metadata {unknown[0]!r}; choose from {', '.join(sorted(known))}"
        )
    return {**about, **{name: labels_of(name, about[name]) for name in LABELS if name in about}}


@cache
def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that a recording depends on."""
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in ("rnnviz", "torch", "numpy")},
    }

"""Reading traces from their files."""

from pathlib import Path
from typing import Any

import numpy as np

from rnnviz.errors import TraceError
from rnnviz.trace import storage
from rnnviz.trace.metadata import read_metadata
from rnnviz.trace.trace import GROUPS, Trace


def load(path: str | Path) -> Trace:
    """Read a trace from its file.

    Raises: TraceError if the file is missing, damaged, not a trace, or of another schema
    """
    source = Path(path)
    header, arrays = storage.read(source)
    metadata = read_metadata(source, header)
    try:
        groups: dict[str, dict[str, np.ndarray]] = {name: {} for name in GROUPS}
        fields: dict[str, Any] = {}
        for key, array in arrays.items():
            group, _, name = key.partition("/")
            if name:
                groups[group][name] = array
            else:
                fields[key] = array
        return Trace(
            **fields,
            parameters=groups["parameters"],
            gradients=groups["gradients"] or None,
            named_gates=groups["named_gates"] or None,
            arguments=groups["arguments"] or None,
            metadata=metadata,
        )
    except TraceError as error:
        raise TraceError(f"trace {str(source)!r}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise TraceError(
            f"{str(source)!r} is not a complete trace ({error}); record it again"
        ) from error


def load_arrays(path: str | Path, *names: str) -> dict[str, np.ndarray]:
    """Read some arrays of a saved trace by name, without the others.

    Names are those of the fields, and ``parameters/NAME`` and ``gradients/NAME``.

    Raises: TraceError if the file is missing, damaged or not a trace, or has no such array
    Example: >>> load_arrays("run.safetensors", "h", "loss")
    """
    return storage.read(Path(path), *names)[1]

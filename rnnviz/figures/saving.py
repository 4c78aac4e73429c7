"""A figure into a file: the same figure gives the same bytes, and says where it comes from."""

import os
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from matplotlib import rc_context
from matplotlib.figure import Figure

from rnnviz.errors import FigureError

FORMATS: Final = ("pdf", "svg", "png")


def save_figure(
    figure: Figure,
    path: str | Path,
    *,
    trace: str = "",
    command: str = "",
    text: bool = False,
) -> Path:
    """Write a figure as PDF, SVG or PNG; an existing file is replaced only by a whole one.

    ``trace`` (its identity) and ``command`` go into the file's metadata, with rnnviz's version.
    With ``text`` the letters of an SVG stay text, which needs the font where it is shown, and a
    PDF embeds its fonts as TrueType.

    Raises: FigureError for another kind of file, or one that cannot be written
    """
    target = Path(path)
    kind = target.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise FigureError(f"{str(target)!r} does not end in .pdf, .svg or .png; rename it")
    if target.is_dir():
        raise FigureError(f"{str(target)!r} is a folder; name the file")
    settings: dict[Any, Any] = {
        "svg.hashsalt": "rnnviz",
        "svg.fonttype": "none" if text else "path",
        "pdf.fonttype": 42 if text else 3,
        "savefig.dpi": 300,
    }
    temporary: str | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(
            prefix=".rnnviz-", suffix=f".{kind}", dir=target.parent
        )
        os.close(handle)
        with rc_context(settings):
            figure.savefig(
                temporary,
                format=kind,
                facecolor=figure.get_facecolor(),
                metadata=_metadata(kind, trace, command),
            )
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, target)
    except OSError as error:
        raise FigureError(
            f"cannot write {str(target)!r} ({error.strerror}); choose another place"
        ) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
    return target


def _metadata(kind: str, trace: str, command: str) -> Mapping[str, Any]:
    made_by = f"rnnviz {version('rnnviz')}"
    source = "; ".join(part for part in (f"trace {trace}" if trace else "", command) if part)
    if kind == "pdf":
        return {"Creator": made_by, "Producer": None, "CreationDate": None, "Subject": source}
    if kind == "svg":
        return {"Creator": made_by, "Date": None, "Source": source}
    return {"Software": made_by, "Source": source}

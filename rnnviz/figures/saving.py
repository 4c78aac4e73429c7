"""Write a figure to a file, with the same bytes each time and its origin in the metadata."""

import warnings
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from matplotlib import rcParams
from matplotlib.figure import Figure

from rnnviz.errors import FigureError
from rnnviz.figures.axes import ShownFigure
from rnnviz.figures.font_embedding import file_settings
from rnnviz.system.files import atomic_write, check_place
from rnnviz.system.versions import version

NOT_LAID_OUT: Final = "constrained_layout not applied"
"""Matplotlib's warning about a figure that is too small for its content."""
FORMATS: Final = ("pdf", "svg", "png")


def save_figure(
    figure: Figure,
    path: str | Path,
    *,
    trace: str = "",
    command: str = "",
    text: bool = False,
) -> Path:
    """Write a figure as PDF, SVG or PNG, replacing an existing file only once it is complete.

    ``trace`` (a trace's identity), ``command`` and rnnviz's version go into the file's metadata.
    A PDF embeds its fonts as TrueType (Type 42), cut to the characters it uses. With ``text`` an
    SVG keeps its text as text, which needs the font wherever it is shown, instead of outlines.

    Raises: FigureError for another kind of file, a file that cannot be written, or a figure that
            is too small for its content
    """
    target = Path(path)
    check_file(target)
    kind = _kind(target)
    settings: dict[Any, Any] = {
        "svg.hashsalt": "rnnviz",
        "svg.fonttype": "none" if text else "path",
        "savefig.dpi": 300,
    }
    drawn_with = figure.drawn_with if isinstance(figure, ShownFigure) else None
    with (
        atomic_write(target, FigureError) as temporary,
        file_settings(drawn_with),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("error", message=NOT_LAID_OUT)
        rcParams.update(settings)
        made = BytesIO()  # if a write fails, Matplotlib's PDF stream fails again when it is closed
        try:
            Figure.savefig(
                figure,
                made,
                format=kind,
                facecolor=figure.get_facecolor(),
                metadata=_metadata(kind, trace, command),
            )
        except UserWarning as warning:
            raise too_small(figure) from warning
        temporary.write_bytes(made.getvalue())
    return target


def too_small(figure: Figure) -> FigureError:
    """Return the error for a figure that has no room for its content."""
    wide, high = figure.get_size_inches()
    return FigureError(
        f"the figure does not fit into {wide:.2g} × {high:.2g} inches; "
        "choose a larger width or height"
    )


def check_file(target: Path) -> None:
    """Check that a figure can be written to this file.

    Raises: FigureError
    """
    if _kind(target) not in FORMATS:
        raise FigureError(f"{str(target)!r} does not end in .pdf, .svg or .png; rename it")
    check_place(target, FigureError)


def _kind(target: Path) -> str:
    return target.suffix.lower().removeprefix(".")


def images_in(figure: Figure) -> list[tuple[int, int]]:
    """Return the (rows, columns) of each heat map that is an image, having too many cells for
    shapes."""
    return [image.get_size() for ax in figure.axes for image in ax.get_images()]


def _metadata(kind: str, trace: str, command: str) -> Mapping[str, Any]:
    made_by = f"rnnviz {version('rnnviz')}"
    source = "; ".join(part for part in (f"trace {trace}" if trace else "", command) if part)
    if kind == "pdf":
        return {"Creator": made_by, "Producer": None, "CreationDate": None, "Subject": source}
    if kind == "svg":
        return {"Creator": made_by, "Date": None, "Source": source}
    return {"Software": made_by, "Source": source}

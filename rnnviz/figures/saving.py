"""A figure into a file: the same figure gives the same bytes, and says where it comes from."""

import warnings
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from matplotlib import rcParams
from matplotlib.figure import Figure

from rnnviz.errors import FigureError
from rnnviz.figures.axes import ShownFigure
from rnnviz.figures.font_embedding import written_with
from rnnviz.system.files import atomic_write, check_place
from rnnviz.system.versions import version

NOT_LAID_OUT: Final = "constrained_layout not applied"
"""What Matplotlib warns of if a figure is too small for what stands in it."""
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
    A PDF embeds its fonts as TrueType (Type 42), cut to what it uses. With ``text`` the letters of
    an SVG stay text, which needs the font where it is shown; otherwise they are outlines.

    Raises: FigureError for another kind of file, or one that cannot be written, or a figure too
            small for what stands in it
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
        written_with(drawn_with),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("error", message=NOT_LAID_OUT)
        rcParams.update(settings)
        made = BytesIO()  # a PDF's stream that cannot be written fails again when it is closed
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
    """What is said of a figure that has no room for what stands in it."""
    wide, high = figure.get_size_inches()
    return FigureError(
        f"what this figure shows does not fit into {wide:.2g} × {high:.2g} inches; "
        "give a greater width or height"
    )


def check_file(target: Path) -> None:
    """Refuse a file that no figure can be written to.

    Raises: FigureError
    """
    if _kind(target) not in FORMATS:
        raise FigureError(f"{str(target)!r} does not end in .pdf, .svg or .png; rename it")
    check_place(target, FigureError)


def _kind(target: Path) -> str:
    return target.suffix.lower().removeprefix(".")


def images_in(figure: Figure) -> list[tuple[int, int]]:
    """(rows, columns) of every heat map of a figure that is an image, with more cells than are
    drawn as shapes."""
    return [image.get_size() for ax in figure.axes for image in ax.get_images()]


def _metadata(kind: str, trace: str, command: str) -> Mapping[str, Any]:
    made_by = f"rnnviz {version('rnnviz')}"
    source = "; ".join(part for part in (f"trace {trace}" if trace else "", command) if part)
    if kind == "pdf":
        return {"Creator": made_by, "Producer": None, "CreationDate": None, "Subject": source}
    if kind == "svg":
        return {"Creator": made_by, "Date": None, "Source": source}
    return {"Software": made_by, "Source": source}

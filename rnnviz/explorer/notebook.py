"""The live page in a cell of a notebook."""

import html
from typing import Any, Final

from rnnviz.errors import ExportError
from rnnviz.explorer.page import explore
from rnnviz.trace import Trace

_HEIGHT: Final = 860


def show_live(trace: Trace, *, height: int = _HEIGHT, **settings: Any) -> Any:
    """Show the live page of a trace in a notebook.

    ``height`` is that of the page in pixels; the other settings are those of ``explore``.

    Raises: ExportError outside IPython, and as ``explore``
    """
    try:
        from IPython.display import HTML
    except ImportError as error:
        raise ExportError(
            "showing a page needs a notebook with IPython; install jupyter"
        ) from error
    page = html.escape(explore(trace, **settings), quote=True)
    style = f"width: 100%; height: {height}px; border: 0"
    title = html.escape(f"rnnviz {trace.identity}", quote=True)
    frame = f'<iframe srcdoc="{page}" title="{title}" style="{style}"></iframe>'
    return HTML(f"<div>{frame}</div>")

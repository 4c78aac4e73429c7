"""Recurrent networks, shown with numbers from a network that really ran.

The names below and the modules of the package load on first use, so that ``import rnnviz`` stays
quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnviz import figures, measure
    from rnnviz.errors import RnnvizError
    from rnnviz.exports.exporting import export
    from rnnviz.figures import figure, save_figure
    from rnnviz.recording import record, recurrent_layers, rerun
    from rnnviz.recording.weight_files import load_weights
    from rnnviz.rendering import render, show
    from rnnviz.trace import Trace, load, load_arrays
    from rnnviz.training import train
    from rnnviz.verification import verify

    __version__: str

__all__ = [
    "RnnvizError",
    "Trace",
    "__version__",
    "export",
    "figure",
    "figures",
    "load",
    "load_arrays",
    "load_weights",
    "measure",
    "record",
    "recurrent_layers",
    "render",
    "rerun",
    "save_figure",
    "show",
    "train",
    "verify",
]

_HOME_OF = {
    "RnnvizError": "rnnviz.errors",
    "Trace": "rnnviz.trace",
    "export": "rnnviz.exports.exporting",
    "figure": "rnnviz.figures",
    "load": "rnnviz.trace",
    "load_arrays": "rnnviz.trace",
    "load_weights": "rnnviz.recording.weight_files",
    "record": "rnnviz.recording",
    "recurrent_layers": "rnnviz.recording",
    "render": "rnnviz.rendering",
    "show": "rnnviz.rendering",
    "rerun": "rnnviz.recording",
    "save_figure": "rnnviz.figures",
    "train": "rnnviz.training",
    "verify": "rnnviz.verification",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("rnnviz")
    elif name in _HOME_OF:
        value = getattr(import_module(_HOME_OF[name]), name)
    else:
        from rnnviz.system.lazy import submodule

        value = submodule(__name__, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

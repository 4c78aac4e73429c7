"""Recurrent networks, shown with numbers from a network that really ran.

The names below and the modules of the package load on first use, so that ``import rnnviz`` is fast.
"""

from typing import TYPE_CHECKING, Any

from rnnviz import deprecated
from rnnviz.system import lazy

if TYPE_CHECKING:
    from rnnviz import figures, measure, scene, tasks
    from rnnviz.errors import RnnvizError
    from rnnviz.explorer import explore, show_live
    from rnnviz.exports.exporting import export
    from rnnviz.figures import figure, save_figure
    from rnnviz.recording import record, record_layers, recurrent_layers, rerun
    from rnnviz.recording.custom.naming import gate, state
    from rnnviz.recording.functions import FunctionModel, record_function
    from rnnviz.recording.weight_files import load_weights
    from rnnviz.rendering import render, show
    from rnnviz.text.theme_file import load_theme
    from rnnviz.trace import Trace, load, load_arrays
    from rnnviz.training import train
    from rnnviz.verification import verify

    __version__: str
else:

    def __getattr__(name: str) -> Any:
        if name == "__version__":
            from rnnviz.system.versions import version

            return version("rnnviz")
        return lazy.attribute(__name__, name)


def __dir__() -> list[str]:
    return lazy.names(__name__)


__all__ = [
    "FunctionModel",
    "RnnvizError",
    "Trace",
    "__version__",
    "explore",
    "export",
    "figure",
    "figures",
    "gate",
    "load",
    "load_arrays",
    "load_theme",
    "load_weights",
    "measure",
    "record",
    "record_function",
    "record_layers",
    "recurrent_layers",
    "render",
    "rerun",
    "save_figure",
    "scene",
    "show",
    "show_live",
    "state",
    "tasks",
    "train",
    "verify",
]

deprecated.install()

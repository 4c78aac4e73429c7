"""On what the page opens for a scene: the view that shows what the scene shows."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from rnnviz.errors import ExportError

_VIEWS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "backpropagation": {"focus": ".view-chain"},
        "compare": {"focus": ".view-curve", "log": True},
        "exploding-gradient": {"focus": ".view-curve", "edits": {"W": 3}},
        "feedforward": {"focus": ".view-prediction"},
        "gates": {"focus": ".view-gates", "forget": True},
        "hidden-state": {"focus": ".view-chain"},
        "inputs": {"focus": "#sequence"},
        "long-dependency": {"focus": ".view-curve"},
        "output": {"focus": ".view-prediction"},
        "pytorch": {"focus": ".view-weights"},
        "space": {"focus": ".view-chain"},
        "tanh": {"focus": "#arithmetic"},
        "training": {"focus": "#train"},
        "trajectory": {"focus": ".view-plane"},
        "unrolling": {"focus": ".view-chain"},
        "vanishing-gradient": {"focus": ".view-curve", "log": True},
        "weight-sharing": {"focus": ".view-shares"},
        "why": {"focus": "#sequence"},
    }
)


_RECORDINGS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = MappingProxyType(
    {
        "exploding-gradient": ("prices", MappingProxyType({})),
        "gates": ("sentence", MappingProxyType({"cell": "lstm"})),
    }
)


def scenes() -> tuple[str, ...]:
    """Return the scenes on which a page opens."""
    return tuple(_VIEWS)


def recording_for(scene: str | None) -> tuple[str, Mapping[str, Any]]:
    """Return the task, and the training, of which a page for a scene is by default."""
    return _RECORDINGS.get(scene or "", ("sentence", MappingProxyType({})))


def start_of(scene: str | None, place: Mapping[str, Any], has_forget_gate: bool) -> dict[str, Any]:
    """Return what is chosen when the page opens, and the part of it that is then in sight.

    Raises: ExportError for a scene that has no page
    """
    start: dict[str, Any] = {name: place[name] for name in ("sequence", "layer", "direction")}
    start |= {"loss": place["times"][-1], "step": place["times"][-1]}
    if scene is None:
        return {"start": start, "focus": None}
    shown = _VIEWS.get(scene)
    if shown is None:
        raise ExportError(f"no page opens on scene {scene!r}; choose one of {', '.join(_VIEWS)}")
    start["log"] = shown.get("log", False)
    if shown.get("forget") and has_forget_gate:
        start["part"] = "f"
    return {"start": start, "focus": shown["focus"], "startEdits": shown.get("edits", {})}

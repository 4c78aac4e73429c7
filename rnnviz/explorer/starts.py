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


def start_of(place: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is chosen when the page opens."""
    last = place["times"][-1]
    return {
        **{name: place[name] for name in ("sequence", "layer", "direction")},
        **{"loss": last, "step": last},
    }


def openings(has_forget_gate: bool) -> dict[str, dict[str, Any]]:
    """Return what is chosen, changed and in sight when the page opens on a scene, by its name."""
    return {
        scene: {
            "focus": shown["focus"],
            "chosen": {
                "log": shown.get("log", False),
                **({"part": "f"} if shown.get("forget") and has_forget_gate else {}),
            },
            "edits": shown.get("edits", {}),
        }
        for scene, shown in _VIEWS.items()
    }


def check_scene(scene: str | None) -> None:
    """Check that a page opens on a scene.

    Raises: ExportError if none does
    """
    if scene is not None and scene not in _VIEWS:
        raise ExportError(f"no page opens on scene {scene!r}; choose one of {', '.join(_VIEWS)}")

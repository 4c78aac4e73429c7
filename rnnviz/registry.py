"""The scenes that rnnviz ships, as import strings: listing them loads nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from rnnviz.errors import SceneError


@dataclass(frozen=True)
class SceneEntry:
    """One scene: where it is, what it is about, and what a trace must hold for it."""

    name: str
    target: str
    task: str
    title: Mapping[str, str]
    summary: Mapping[str, str]
    needs: tuple[str, ...] = field(default=())


_ENTRIES = (
    SceneEntry(
        name="unrolling",
        target="rnnviz.scenes.unrolling:Unrolling",
        task="sentence",
        title={"en": "One layer, used at every step", "zh": "同一层，逐步展开"},
        summary={
            "en": "The loop opens into a chain of steps; words enter, states are passed on.",
            "zh": "循环展开成一串时刻；词逐个进入，状态逐步传递。",
        },
        needs=("plain-rnn",),
    ),
    SceneEntry(
        name="space",
        target="rnnviz.scenes.space:Space",
        task="sentence",
        title={"en": "The network in three dimensions", "zh": "三维中的网络"},
        summary={
            "en": "Time, layer and unit as three axes, with every recorded value as a cell.",
            "zh": "时间、层和单元是三条轴，每个格子是一个录制下来的数值。",
        },
        needs=("plain-rnn",),
    ),
    SceneEntry(
        name="weight-sharing",
        target="rnnviz.scenes.weight_sharing:WeightSharing",
        task="sentence",
        title={"en": "One set of weights for all steps", "zh": "所有时刻共用一组权重"},
        summary={
            "en": "One entry of W is nudged and every state follows; the gradients of all "
            "steps add up.",
            "zh": "轻推 W 的一个元素，各时刻的状态随之改变；各步的梯度相加。",
        },
        needs=("plain-rnn", "gradients"),
    ),
    SceneEntry(
        name="vanishing-gradient",
        target="rnnviz.scenes.vanishing_gradient:VanishingGradient",
        task="prices",
        title={"en": "How a gradient fades over time", "zh": "梯度如何随时间消失"},
        summary={
            "en": "From one loss back through time, step by step, on a linear and a log scale.",
            "zh": "从一个损失出发逐步向过去传播，先用线性刻度，再用对数刻度。",
        },
        needs=("plain-rnn", "gradients"),
    ),
)
SCENES: Mapping[str, SceneEntry] = {entry.name: entry for entry in _ENTRIES}


def find(name: str) -> SceneEntry:
    """The entry of a scene.

    Raises: SceneError for an unknown name, with the near matches
    """
    if name in SCENES:
        return SCENES[name]
    near = get_close_matches(name, SCENES, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(SCENES)}"
    raise SceneError(f"there is no scene {name!r}; {hint}")

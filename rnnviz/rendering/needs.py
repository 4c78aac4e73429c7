"""What scenes need of a trace, and what a user is told whose trace lacks it."""

from collections.abc import Callable, Mapping
from typing import Final

from rnnviz.errors import SceneError
from rnnviz.rendering.loading import LoadedScene
from rnnviz.trace import Trace

Lack = Callable[[Trace], str | None]
"""From a trace to what is missing, said so that a scene's name in braces fits in; or None."""


def check_needs(loaded: LoadedScene, trace: Trace) -> None:
    """Refuse a trace that lacks what a scene draws.

    Raises: SceneError with the reason and a remedy
    """
    if trace.steps < loaded.scene.least_steps:
        raise SceneError(
            f"the trace has {trace.steps} step, but {loaded.name!r} needs "
            f"{loaded.scene.least_steps} to show one state passed on; record a longer sequence"
        )
    for need in loaded.needs:
        lack = NEEDS[need](trace)
        if lack is not None:
            raise SceneError(lack.format(scene=repr(loaded.name)))


def _plain_rnn(trace: Trace) -> str | None:
    about = trace.metadata
    other = _other_than(
        {
            f"a {about.cell.upper()}": about.cell != "rnn",
            f"a {about.nonlinearity} RNN": about.nonlinearity != "tanh",
            **_stacked(trace),
            **_without_output(trace),
        }
    )
    return other and (
        f"the trace is of {other}, but {{scene}} shows a tanh RNN of one layer and one direction, "
        "all its steps and an output at each; record such a network"
    )


def _one_layer(trace: Trace) -> str | None:
    other = _other_than(_stacked(trace))
    return other and (
        f"the trace is of {other}, but {{scene}} shows one layer in one direction, and all its "
        "steps; record such a network"
    )


def _outputs(trace: Trace) -> str | None:
    other = _other_than(_without_output(trace))
    return other and (
        f"the trace is of {other}, but {{scene}} shows what it says step by step; "
        "record a network with outputs"
    )


def _gradients(trace: Trace) -> str | None:
    if not trace.has_gradients:
        return "the trace has no gradients, which {scene} needs; record it again without --no-grad"
    if trace.loss_times is not None and len(trace.loss_times) < trace.steps:
        return (
            f"the trace has the gradients of {len(trace.loss_times)} of {trace.steps} losses, but "
            "{scene} needs all; record it again with --losses all"
        )
    return None


def _sentence_task(trace: Trace) -> str | None:
    if trace.metadata.task == "sentence":
        return None
    told = repr(trace.metadata.task) if trace.metadata.task else "none that rnnviz trained"
    return (
        f"the trace's task is {told}, but {{scene}} is about sentences; "
        "record one with 'rnnviz record --task sentence'"
    )


def _training(trace: Trace) -> str | None:
    about = trace.metadata
    if about.task and about.seed is not None and about.epochs is not None:
        return None
    return (
        "the trace does not say how its network was trained, which {scene} shows; "
        "record one with 'rnnviz record --task sentence'"
    )


def _stacked(trace: Trace) -> dict[str, bool]:
    return {
        f"{trace.layers} layers": trace.layers > 1,
        "two directions": trace.directions > 1,
        "sequences of different lengths": trace.lengths is not None,
    }


def _without_output(trace: Trace) -> dict[str, bool]:
    lacks = trace.output is None or len(trace.output) < trace.steps
    return {"a network with no output at each step": lacks}


def _other_than(found: Mapping[str, bool]) -> str | None:
    return next((what for what, has in found.items() if has), None)


NEEDS: Final[Mapping[str, Lack]] = {
    "plain-rnn": _plain_rnn,
    "one-layer": _one_layer,
    "outputs": _outputs,
    "gradients": _gradients,
    "sentence": _sentence_task,
    "training": _training,
}

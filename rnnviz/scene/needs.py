"""What scenes need from a trace, and the errors for traces that lack it."""

from collections.abc import Callable, Mapping
from typing import Final

from rnnviz import measure
from rnnviz.errors import SceneError, TraceError
from rnnviz.scene.loading import LoadedScene
from rnnviz.trace import CLASSES, VALUES, Trace

Lack = Callable[[Trace], str | None]
"""Returns what a trace lacks, as a message with ``{scene}`` in it, or None."""


def check_needs(loaded: LoadedScene, trace: Trace) -> None:
    """Check that a trace has what a scene draws.

    Raises: SceneError with the reason and a remedy
    """
    if trace.steps < loaded.scene.least_steps:
        raise SceneError(
            f"the trace has {trace.steps} step, but {loaded.name!r} needs "
            f"{loaded.scene.least_steps} to show one state passed on; record a longer sequence"
        )
    for need in loaded.needs:
        if need not in NEEDS:
            raise SceneError(
                f"scene {loaded.name!r} has an unknown need {need!r}; choose {', '.join(NEEDS)}"
            )
        lack = NEEDS[need](trace)
        if lack is not None:
            raise SceneError(lack.format(scene=repr(loaded.name)))


def _plain_rnn(trace: Trace) -> str | None:
    about = trace.metadata
    other = _other_than(
        {
            trace.cell.full_title_with_article: not trace.cell.is_textbook,
            **_stacked(trace),
            **_without_output(trace),
            "a network whose output is not one Linear": about.output_layer is None,
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
        f"the trace is of {other}, but {{scene}} shows an output at each step; "
        "record a network with outputs"
    )


def _classes(trace: Trace) -> str | None:
    about = trace.metadata
    linear = "an output without a softmax" if about.loss in VALUES else "a loss of its own kind"
    other = _other_than(
        {
            linear: about.loss not in CLASSES,
            "an output that is not one Linear layer": about.output_layer is None,
            "a single class": trace.y is not None and trace.output_size < 2,
            "a first sequence without a target": not trace.has_loss[:, 0].any(),
        }
    )
    return other and (
        f"the trace is of {other}, but {{scene}} turns scores into probabilities of "
        "classes; record a task with classes, as 'rnnviz record --task sentence' does"
    )


def _biases(trace: Trace) -> str | None:
    if trace.weight("bias_ih") is None:
        return (
            "the trace is of a layer without biases, but {scene} shows two; record one with biases"
        )
    return None


def _gradients(trace: Trace) -> str | None:
    if not trace.has_gradients:
        return "the trace has no gradients, which {scene} needs; record it again without --no-grad"
    if trace.loss_times is not None and len(trace.loss_times) < trace.steps:
        return (
            f"the trace has the gradients of {len(trace.loss_times)} of {trace.steps} losses, but "
            "{scene} needs all; record it again with --losses all"
        )
    if not trace.loss_steps:
        return "the trace has no target, and {scene} needs a loss; record it again with targets"
    return None


def _gradient_path(trace: Trace) -> str | None:
    if trace.grad_h_by_loss is None or not trace.loss_steps:
        return _gradients(trace)
    if (measure.lags(trace, measure.gradient_norms(trace)) < 0).any():
        return (
            "the trace has a loss that depends on states after its own step, but {scene} follows "
            "gradients back in time; record it with a loss of each step's own output"
        )
    reached = (measure.gradient_norms(trace)[trace.loss_steps[-1], :, 0] > 0).sum()
    if reached >= 2:
        try:
            measure.weight_gradient_share_by_lag(trace)
        except TraceError:
            return (
                "the gradient of W is zero in all its terms, but {scene} shows the share of each; "
                "record a network whose states are not zero"
            )
        return None
    return (
        f"the gradient of the trace's last loss reaches {reached} of its states, but {{scene}} "
        "compares two or more; record a loss at a later step, or a network with other weights"
    )


def _sentence_task(trace: Trace) -> str | None:
    if trace.metadata.task == "sentence":
        return None
    task = repr(trace.metadata.task) if trace.metadata.task else "none that rnnviz trained"
    return (
        f"the trace's task is {task}, but {{scene}} is about sentences; "
        "record one with 'rnnviz record --task sentence'"
    )


def _training(trace: Trace) -> str | None:
    about = trace.metadata
    if about.task and about.seed is not None and about.epochs is not None:
        return None
    return (
        "the trace does not tell how its network was trained, which {scene} shows; "
        "record one with 'rnnviz record --task sentence'"
    )


def _run_again(trace: Trace) -> str | None:
    about = trace.metadata
    other = _other_than(
        {
            "a network with no output": trace.output is None,
            "a network whose output is not one Linear": about.output_layer is None,
            f"a loss of its own, {about.loss!r}": about.loss not in (*CLASSES, *VALUES),
            "a network in training mode": about.training,
        }
    )
    return other and (
        f"the trace is of {other}, but {{scene}} runs the network again on other data; "
        "record a network that rnnviz can run again"
    )


def _plane_of_states(trace: Trace) -> str | None:
    if trace.hidden_size < 2:
        return (
            "the trace has 1 unit, but {scene} shows states in a plane, which 2 units make; "
            "record a network with more units"
        )
    states = trace.h[0, 0, :, 0]
    if (states == states[0]).all():
        return (
            "the states of the trace are all the same, but {scene} shows how they move; "
            "record a network with other weights"
        )
    return None


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
    "classes": _classes,
    "biases": _biases,
    "gradients": _gradients,
    "gradient-path": _gradient_path,
    "sentence": _sentence_task,
    "training": _training,
    "run-again": _run_again,
    "plane-of-states": _plane_of_states,
}

"""What scenes need from a trace, and the errors for traces that lack it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from rnnviz import measure
from rnnviz.errors import SceneError, TraceError
from rnnviz.measure.loss_back import loss_back
from rnnviz.scene.loading import LoadedScene
from rnnviz.trace import CLASSES, VALUES, Trace

Lack = Callable[[Trace], str | None]
"""Returns what a trace lacks, as a message with ``{scene}`` in it, or None."""


_OWN_CODE: Final = (
    "the trace is of a custom cell, which is code of your own, but {scene} shows what its weights "
    "do; record one of PyTorch's layers"
)


def check_count(loaded: LoadedScene, count: int) -> None:
    """Check that a scene shows as many traces as are given.

    Raises: SceneError
    """
    wanted = loaded.scene.traces
    if count != wanted:
        remedy = "give one, or render 'compare', which shows two"
        if wanted > 1:
            remedy = f"give --trace {wanted} times, a list in Python, or none for the default ones"
        raise SceneError(
            f"{loaded.name!r} shows {wanted} trace{'s' * (wanted > 1)}, but got {count}; {remedy}"
        )


def check_needs(loaded: LoadedScene, *traces: Trace) -> None:
    """Check that the traces have what a scene draws.

    Raises: SceneError with the reason and a remedy
    """
    loaded = loaded.of(*traces)
    for trace in traces:
        _check_one(loaded, trace)
    for need in loaded.needs:
        lack = TOGETHER[need](traces) if need in TOGETHER else None
        if lack is not None:
            raise SceneError(lack.format(scene=repr(loaded.name)))


def _check_one(loaded: LoadedScene, trace: Trace) -> None:
    shown = measure.one_layer(trace, loaded.scene.shown_layer)
    if shown.steps < loaded.scene.least_steps:
        raise SceneError(
            f"the trace has {shown.steps} step, but {loaded.name!r} needs "
            f"{loaded.scene.least_steps} to show one state passed on; record a longer sequence"
        )
    for need in loaded.needs:
        if need in TOGETHER:
            continue
        if need not in NEEDS:
            raise SceneError(
                f"scene {loaded.name!r} has an unknown need {need!r}; "
                f"choose {', '.join((*NEEDS, *TOGETHER))}"
            )
        lack = NEEDS[need](trace if need in _OF_THE_WHOLE else shown)
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


def _tanh_rnn(trace: Trace) -> str | None:
    if trace.cell.is_textbook:
        return None
    return (
        f"the trace is of {trace.cell.full_title_with_article}, but {{scene}} shows what the "
        "slopes of tanh alone and W do in a tanh RNN; record one"
    )


def _one_layer(trace: Trace) -> str | None:
    other = _other_than(_stacked(trace))
    return other and (
        f"the trace is of {other}, but {{scene}} shows one layer in one direction, and all its "
        "steps; record such a network"
    )


def _weights(trace: Trace) -> str | None:
    return _OWN_CODE if trace.is_custom else None


def _outputs(trace: Trace) -> str | None:
    other = _other_than(_without_output(trace))
    return other and (
        f"the trace is of {other}, but {{scene}} shows an output at each step; "
        "record a network with outputs"
    )


def _linear_output(trace: Trace) -> str | None:
    about = trace.metadata
    other = _other_than(
        {
            "a network with no output": trace.output is None,
            "a network whose output is not one Linear of all its states": about.output_layer
            is None,
        }
    )
    return other and (
        f"the trace is of {other}, but {{scene}} shows how a state becomes an output; "
        "record a network that ends in a Linear of its states"
    )


def _target(trace: Trace) -> str | None:
    about = trace.metadata
    other = _other_than(
        {
            f"a loss of its own, {about.loss!r}": about.loss not in (*CLASSES, *VALUES),
            "a sequence without a target": not trace.has_loss[:, 0].any(),
            "a single class": about.loss in CLASSES and trace.output_size < 2,
        }
    )
    return other and (
        f"the trace is of {other}, but {{scene}} compares an output with its target; record a "
        "task with targets, as 'rnnviz record --task sentence' does"
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
    if trace.is_custom:
        return _OWN_CODE
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


def _summed_gradients(trace: Trace) -> str | None:
    if not trace.has_gradients or not trace.loss_steps:
        return _gradients(trace)
    return None


def _one_loss(trace: Trace) -> str | None:
    if trace.grad_h_by_loss is None or not trace.loss_steps:
        return _gradients(trace)
    last = trace.loss_steps[-1]
    try:
        at_states = loss_back(trace, last).at_states
    except TraceError as error:
        reason, _, remedy = str(error).partition("; ")
        return f"{reason}, but {{scene}} follows one loss back; {remedy or 'record it again'}"
    if last < 1 or not at_states[:-1].any():
        return (
            "the gradient of the trace's last loss reaches no state before its own, but {scene} "
            "follows it back; record a loss at a later step, or a network with other weights"
        )
    return None


def _later_loss(trace: Trace) -> str | None:
    if trace.loss_steps and trace.loss_steps[-1] == 0:
        return (
            "the trace's only losses are at its first step, but {scene} shows steps before a loss; "
            "record a loss at a later step"
        )
    return None


def _gradient_path(trace: Trace) -> str | None:
    if not trace.has_gradients or not trace.loss_steps:
        return _gradients(trace)
    try:
        measure.last_gradient_path(trace)
    except TraceError:
        return (
            "the trace has no loss whose gradient reaches two states of the first sequence, but "
            "{scene} compares two or more; record a loss at a later step, or a network with other "
            "weights"
        )
    return None


def _gates(trace: Trace) -> str | None:
    if trace.is_custom and not trace.named_gates:
        return (
            "the custom cell of the trace names no gates, which {scene} shows; name them in its "
            "code, as in z = rnnviz.gate(z, 'z'), and record it again"
        )
    if trace.is_custom or trace.cell.gated:
        return None
    return (
        f"the trace is of {trace.cell.full_title_with_article}, which has no gates, but {{scene}} "
        "shows them; record an LSTM, a GRU, or a cell of your own that names its gates"
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
            "a custom cell": trace.is_custom,
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


_OF_THE_WHOLE: Final = (
    *("plain-rnn", "one-layer", "run-again", "training", "sentence", "linear-output"),
)
"""The needs that are those of the whole network; the others are of the layer that is shown."""

NEEDS: Final[Mapping[str, Lack]] = {
    "plain-rnn": _plain_rnn,
    "tanh-rnn": _tanh_rnn,
    "one-layer": _one_layer,
    "weights": _weights,
    "outputs": _outputs,
    "linear-output": _linear_output,
    "target": _target,
    "classes": _classes,
    "biases": _biases,
    "gradients": _gradients,
    "summed-gradients": _summed_gradients,
    "one-loss": _one_loss,
    "later-loss": _later_loss,
    "gradient-path": _gradient_path,
    "gates": _gates,
    "sentence": _sentence_task,
    "training": _training,
    "run-again": _run_again,
    "plane-of-states": _plane_of_states,
}


def _one_sequence(traces: Sequence[Trace]) -> str | None:
    """Whether all traces are of the same sequence: of equal labels or, without any, inputs."""
    read = [measure.one_layer(each, 0) for each in traces]
    first, *others = read
    for other in others:
        if other.steps != first.steps:
            return (
                f"the traces have {first.steps} and {other.steps} steps, but {{scene}} shows "
                "networks on one sequence; record them on the same one"
            )
        labels = [each.metadata.step_labels[:1] for each in (first, other)]
        same = (
            labels[0] == labels[1] if all(labels) else np.array_equal(first.x[:, 0], other.x[:, 0])
        )
        if not same:
            return (
                "the traces are of different sequences, but {scene} shows networks on one; "
                "record them on the same inputs, with the same step_labels if any"
            )
    return None


def _common_loss(traces: Sequence[Trace]) -> str | None:
    """Whether all traces have the gradients of a loss at one step."""
    if any(each.grad_h_by_loss is None for each in traces):
        return "a trace has no gradients, which {scene} needs; record it again without --no-grad"
    if not any(measure.common_losses([measure.one_layer(each) for each in traces])):
        return (
            "the traces have no loss at the same step after the first, but {scene} follows one "
            "back in each; record them with the same targets and --losses all"
        )
    return None


TOGETHER: Final[Mapping[str, Callable[[Sequence[Trace]], str | None]]] = {
    "one-sequence": _one_sequence,
    "common-loss": _common_loss,
}
"""The needs of scenes that show several traces, which these must meet together."""

"""The training of a trace's network, repeated with the settings in its metadata."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rnnviz.errors import RnnvizError, SceneError, TraceError
from rnnviz.experiments.default_recordings import cache_folder
from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import CLASSES, Trace, hash_arrays, storage
from rnnviz.trace.losses import has_target

if TYPE_CHECKING:
    from rnnviz.tasks import Task
    from rnnviz.training import History

MOST_RECORDS: Final = 16
NEW_SEQUENCES: Final = 512
_NEW_STREAM: Final = 1
_RECORDED_FOR_ONE_SHOWN: Final = 3
_TOLERANCE: Final = 0.05
"""How far a repeated training may end from the trace's weights, as a share of the way it went.

Processors round differently, and training carries the differences on: about 0.01 after 15 epochs.
With another seed or setting it is about 1.
"""
_EPOCHS: Final = "recorded_epochs"
_TIES: Final = 1e-6
_TRIES: Final = 64
_COMPUTED: Final = ("mean", "spread")


@dataclass(frozen=True, eq=False, repr=False)
class Retraining(ShortRepr):
    """A repeated training, recorded at some ``epochs``; 0 is before training.

    ``W`` is the first layer's recurrent weight; ``h`` and ``y`` are the states and outputs on the
    trace's first sequence, ``example_loss`` its losses. ``gradient`` is ∂L/∂W of that sequence
    before training. ``loss`` and ``score`` are the mean loss per target, and the task's score, on
    the same ``NEW_SEQUENCES`` new sequences at every record; ``chance_loss`` and ``chance_score``
    are those of a guess without input. The optimizer is Adam, with ``updates`` steps an epoch.
    The last record is of the trace's own weights; the repeated training ended ``apart`` from them,
    as a share of the greatest change of a weight. It is 0 on the same processor.

    Shapes: epochs, loss, score (record,); W (record, gate · hidden, hidden); h (record, time,
            hidden); y (record, time, output); example_loss (record, time); gradient as one W
    """

    epochs: np.ndarray
    W: np.ndarray
    h: np.ndarray
    y: np.ndarray
    example_loss: np.ndarray
    gradient: np.ndarray
    loss: np.ndarray
    score: np.ndarray
    chance_loss: float
    chance_score: float
    score_name: str
    learning_rate: float
    updates: int
    apart: float


def retrain(trace: Trace) -> Retraining:
    """Train a trace's network again, with the same task, sizes and seed.

    The weights are cached.

    Raises: SceneError if rnnviz did not train the network, or trained it in another way;
            TaskError if the task cannot be made again
    """
    from rnnviz.training import BATCHES_PER_EPOCH  # loads torch

    task = _task_of(trace)
    kept = _weights_by_epoch(trace, task)
    shown = _spread(len(kept[_EPOCHS]))
    epochs = kept.pop(_EPOCHS)[shown]
    apart = _apart(trace, kept)
    weights = {
        name: np.append(values[shown[:-1]], trace.parameters[name][None], axis=0)
        for name, values in kept.items()
    }
    return Retraining(
        epochs=epochs,
        **_measure(trace, task, weights),
        learning_rate=task.learning_rate,
        updates=BATCHES_PER_EPOCH,
        apart=apart,
    )


def before_training(trace: Trace) -> Trace:
    """Return a trace's network as it was before training, run on the same sequences.

    A trace whose training cannot be repeated, such as one of a user's own model, is returned as it
    is. The weights are cached.

    Raises: RecordingError if the network cannot be run again, as ``rnnviz.rerun``
    """
    from rnnviz.recording import rerun  # loads torch

    try:
        kept = _weights_by_epoch(trace, _task_of(trace))
    except RnnvizError:
        return trace
    return rerun(trace, {name: kept[name][0] for name in trace.parameters})


def history_of(trace: Trace) -> "History":
    """Train a trace's network again, and return the loss and gradient norm of each epoch.

    Raises: SceneError if rnnviz did not train the network, or trained it in another way;
            TaskError if the task cannot be made again
    """
    return _train_again(trace, _task_of(trace))


def _task_of(trace: Trace) -> "Task":
    from rnnviz import tasks  # loads torch

    about = trace.metadata
    if about.seed is None or about.epochs is None or about.task not in tasks.names():
        raise SceneError(
            "the trace does not say how its network was trained, so its training cannot be shown; "
            "record one with 'rnnviz record --task sentence'"
        )
    return tasks.make(about.task, **_options_of(trace))


def _options_of(trace: Trace) -> dict[str, Any]:
    """The options of a trace's task, without the scale of a series, which is computed from it."""
    options = trace.metadata.task_options
    given = {name: value for name, value in options.items() if name not in _COMPUTED}
    return {**given, "language": trace.metadata.language}


def _train_again(trace: Trace, task: "Task") -> "History":
    from rnnviz.training import train

    about = trace.metadata
    assert about.epochs is not None
    again = train(
        task,
        cell=about.cell,
        nonlinearity=trace.cell.nonlinearity,
        layers=trace.layers,
        bidirectional=trace.directions == 2,
        hidden=trace.hidden_size,
        epochs=about.epochs,
        seed=about.seed,
        forget_bias=about.forget_bias,
        record_every=max(1, about.epochs // (_RECORDED_FOR_ONE_SHOWN * MOST_RECORDS)),
        record_losses="last",
    ).history
    if not _ends_as(trace, {**again.weights, _EPOCHS: again.recorded_epochs}):
        raise SceneError(
            f"training task {about.task!r} again with seed {about.seed} gives other weights than "
            "the trace's, which was trained with other settings or on another kind of processor, "
            "so its training cannot be shown; record one here with 'rnnviz record --task "
            f"{about.task}'"
        )
    return again


def _weights_by_epoch(trace: Trace, task: "Task") -> dict[str, np.ndarray]:
    """The parameters at the recorded epochs, and these: from the cache, or trained again."""
    kept = _cached_weights(trace)
    if kept is None:
        history = _train_again(trace, task)
        kept = {**history.weights, _EPOCHS: history.recorded_epochs}
        with suppress(RnnvizError):
            storage.write(_cache_file(trace), kept, "{}")
    return kept


def _cached_weights(trace: Trace) -> dict[str, np.ndarray] | None:
    try:
        kept = storage.read(_cache_file(trace))[1]
    except TraceError:
        return None
    return kept if _EPOCHS in kept and _ends_as(trace, kept) else None


def _cache_file(trace: Trace) -> Path:
    return cache_folder() / f"training-{hash_arrays(trace.parameters)[:16]}.safetensors"


def _ends_as(trace: Trace, weights: dict[str, np.ndarray]) -> bool:
    """Whether the last recorded weights are the trace's, but for what rounding makes of them."""
    if weights[_EPOCHS][-1] != trace.metadata.epochs or set(weights) != {
        *trace.parameters,
        _EPOCHS,
    }:
        return False
    shapes = (weights[name][-1].shape == value.shape for name, value in trace.parameters.items())
    return all(shapes) and _apart(trace, weights) <= _TOLERANCE


def _apart(trace: Trace, weights: dict[str, np.ndarray]) -> float:
    """How far from the trace's weights a training ended, as a share of the greatest change."""
    ends = trace.parameters.items()
    difference = max(float(np.abs(weights[name][-1] - end).max()) for name, end in ends)
    way = max(float(np.abs(end - weights[name][0]).max()) for name, end in ends)
    return difference / way if way else difference


def _spread(count: int) -> np.ndarray:
    """Which records to show: the first, the last, and more of the early ones."""
    if count <= MOST_RECORDS:
        return np.arange(count)
    shares = np.linspace(0.0, 1.0, MOST_RECORDS) ** 1.5
    return np.unique(np.round(shares * (count - 1)).astype(int))


def _measure(trace: Trace, task: "Task", weights: dict[str, np.ndarray]) -> dict[str, Any]:
    """Run a network with each of the weights on the trace's data, and on new data."""
    import torch

    from rnnviz.recording import record
    from rnnviz.recording.losses import loss_by_step
    from rnnviz.training.network import Network

    about = trace.metadata
    network = Network(
        trace.input_size,
        trace.hidden_size,
        trace.output_size,
        cell=about.cell,
        nonlinearity=trace.cell.nonlinearity,
        layers=trace.layers,
        bidirectional=trace.directions == 2,
    )
    new = task.sample(np.random.default_rng((about.seed or 0, _NEW_STREAM)), NEW_SEQUENCES)
    wanted = torch.from_numpy(new.targets)
    count = int(has_target(about.loss, new.targets).sum())

    def loss_of(output: np.ndarray | torch.Tensor) -> float:
        logits = torch.tensor(np.asarray(output), dtype=torch.float32)
        return float(loss_by_step(about.loss, logits, wanted).sum()) / count

    rows: dict[str, list[Any]] = {name: [] for name in ("W", "h", "y", "example_loss", "score")}
    losses = []
    gradient = None
    for index in range(len(next(iter(weights.values())))):
        network.load_state_dict(
            {name: torch.tensor(values[index]) for name, values in weights.items()}
        )
        recorded = record(
            network,
            torch.tensor(trace.x[:, :1], dtype=torch.float32),
            torch.tensor(trace.targets[:, :1]).to(wanted.dtype),
            loss=about.loss,
            losses="last",
            gradients=gradient is None,
            dtype="float64",
        )
        if gradient is None:
            assert recorded.gradients is not None
            gradient = recorded.gradients[recorded.parameter_name("weight_hh")]
        assert recorded.y is not None
        with torch.no_grad():
            output = network(torch.from_numpy(new.x))[0]
        rows["W"].append(recorded.W)
        rows["h"].append(recorded.h[0, 0, :, 0])
        rows["y"].append(recorded.y[:, 0])
        rows["example_loss"].append(recorded.loss[:, 0])
        rows["score"].append(task.score(output.numpy(), new))
        losses.append(loss_of(output))
    guessed = task.trivial(new)
    return {
        **{name: np.array(values) for name, values in rows.items()},
        "loss": np.array(losses),
        "gradient": gradient,
        "chance_loss": loss_of(guessed),
        "chance_score": _score_of(guessed, task, new),
        "score_name": task.score_name,
    }


def _score_of(guessed: np.ndarray, task: "Task", new: Any) -> float:
    """The score of a guess without input, which takes any of equally probable classes."""
    if task.loss not in CLASSES:
        return task.score(guessed, new)
    rng = np.random.default_rng(0)
    tries = [task.score(guessed + _TIES * rng.random(guessed.shape), new) for _ in range(_TRIES)]
    return float(np.mean(tries))

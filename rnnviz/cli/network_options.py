"""The options that say which network to record: one to train on a task, or a model of the user."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from rnnviz import cells
from rnnviz.cli.commands import Integer, ModelName, name_of
from rnnviz.cli.options import LayerChoice, Option, epochs_option, forget_bias_option, hidden_option
from rnnviz.cli.task_options import (
    DATA_OPTIONS,
    FILE_OPTIONS,
    TaskChoice,
    take_task,
    task_options,
)

if TYPE_CHECKING:
    from rnnviz.trace import Trace


class _Clip(click.ParamType[float | None]):
    """A norm, or none."""

    name = "norm"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | None:
        """Return the norm as a number, or None."""
        return None if value == "none" else float(click.FLOAT.convert(value, param, ctx))


EVERY: Final = "all"
"""The value of --layer that stands for every layer."""

_OF_NETWORK: Final[Mapping[str, Option]] = {
    "cell": click.option(
        "--cell", type=click.Choice(cells.names()), default=cells.names()[0], help="Recurrent cell."
    ),
    "nonlinearity": click.option(
        "--nonlinearity",
        type=click.Choice(cells.nonlinearities()),
        default=cells.nonlinearities()[0],
        help="Nonlinearity of cell 'rnn'.",
    ),
    "hidden": hidden_option,
    "layers": click.option(
        "--layers", type=Integer(min=1), default=1, help="Number of stacked recurrent layers."
    ),
    "bidirectional": click.option(
        "--bidirectional", is_flag=True, help="Process the sequence in both directions."
    ),
    "initial": click.option(
        "--initial",
        type=click.Choice(("default", "identity", "orthogonal")),
        default="default",
        help="Initialization of the recurrent weights.",
    ),
    "scale": click.option(
        "--scale", type=float, default=1.0, help="Factor applied to the initial recurrent weights."
    ),
    "forget_bias": forget_bias_option,
}
_OF_TRAINING: Final[Mapping[str, Option]] = {
    "epochs": epochs_option,
    "seed": click.option("--seed", type=Integer(min=0), help="Random seed for weights and data."),
    "optimizer": click.option(
        "--optimizer", type=click.Choice(("adam", "sgd")), default="adam", help="Optimizer."
    ),
    "learning_rate": click.option(
        "--learning-rate",
        type=float,
        metavar="FLOAT",
        show_default="the task's",
        help="Learning rate.",
    ),
    "clip": click.option(
        "--clip",
        type=_Clip(),
        metavar="FLOAT|none",
        default=1.0,
        help="Maximum norm, to which larger gradients are clipped.",
    ),
}
_OF_MODEL: Final[Mapping[str, Option]] = {
    "model": click.option(
        "--model",
        type=ModelName(),
        metavar="MODULE:CALLABLE",
        help="Record the nn.Module that CALLABLE() returns. This runs the code in MODULE, which "
        "may be in the current folder.",
    ),
    "inputs": click.option(
        "--inputs",
        metavar="FILE",
        help="Data for the model: a .safetensors or .npz file with arrays 'inputs' and 'targets' "
        "and, optionally, 'lengths', 'state', 'cell_state' (of an LSTM), 'step_labels' and "
        "'target_labels' (both with axes batch, time), 'input_labels', 'output_labels' and "
        "'vocabulary' (the words of tokens and classes).",
    ),
    "labels_file": click.option(
        "--labels",
        "labels_file",
        metavar="FILE",
        help="Labels for the model's data: a text file with the label of a step a line, or a "
        ".json with a list of them, a vocabulary, or labels by the names of --inputs.",
    ),
    "weights": click.option(
        "--weights",
        metavar="FILE",
        help="Weights for the model: a .safetensors, .pt, .pth, .ckpt or .tar file, or a .h5 or "
        ".keras of Keras. Only tensors are loaded; prefixes that wrappers add to names are "
        "removed.",
    ),
    "weights_key": click.option(
        "--weights-key",
        metavar="KEY",
        help="Key of the weights in a file that holds several sets, such as state_dict or "
        "ema/model.",
    ),
    "loss": click.option(
        "--loss",
        type=click.Choice(("cross-entropy", "squared", "squared-on-softmax")),
        default="cross-entropy",
        help="Loss of the model.",
    ),
    "per": click.option(
        "--per",
        type=click.Choice(("step,sequence", "sequence,step")),
        show_default="detected",
        help="Order of the time and batch axes of outputs and targets.",
    ),
    "layer": click.option(
        "--layer",
        metavar="NAME",
        help="Recurrent layer to record if there are several, such as encoder.rnn; 'all' makes "
        "'rnnviz record' write a file for each.",
    ),
    "states": click.option(
        "--states",
        metavar="PATH",
        help="Module that makes one step and returns the next state, such as rnn.cell, if the "
        "recurrence is your own. Not needed where its code names its states with rnnviz.state.",
    ),
    "training": click.option(
        "--training", is_flag=True, help="Record in training mode, with one dropout mask."
    ),
}
_USUAL: Final[Mapping[str, Any]] = {
    "cell": cells.names()[0],
    "nonlinearity": cells.nonlinearities()[0],
    "layers": 1,
    "bidirectional": False,
    "initial": "default",
    "scale": 1.0,
    "optimizer": "adam",
    "clip": 1.0,
}
"""The settings of training that have a default here; None stands for that of the task."""

_TASK: Final = "Task to train a network on"


def sections(*, data: Sequence[str] = (), without: Sequence[str] = ()) -> dict[str, Sequence[str]]:
    """Return the headings of these options, with the options under each.

    ``data`` are further options of a task, and ``without`` those that a command does not have.
    """
    headings: dict[str, Sequence[str]] = {
        _TASK: (*DATA_OPTIONS, *data),
        "How to read your file": FILE_OPTIONS,
        "Network": tuple(_OF_NETWORK),
        "Training": tuple(_OF_TRAINING),
        "Or your own model, instead of a task": tuple(_OF_MODEL),
    }
    return {
        heading: [name for name in names if name not in without]
        for heading, names in headings.items()
    }


NETWORK_OPTIONS: Final = tuple(name for names in sections().values() for name in names)


def network_options(*, without: Sequence[str] = ()) -> Callable[..., Any]:
    """Declare the options of tasks, networks, training and models, but for those ``without``."""

    def declare(command: Callable[..., Any]) -> Callable[..., Any]:
        declared = {**_OF_NETWORK, **_OF_TRAINING, **_OF_MODEL}
        for name in reversed(declared):
            if name not in without:
                command = declared[name](command)
        return task_options(command)

    return declare


@dataclass(frozen=True)
class Source:
    """Where a recording comes from: files, a task with settings of its training, or a model.

    If nothing is given it is the default network of what is shown.
    """

    trace_files: tuple[str, ...] = ()
    task: TaskChoice | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    model: Mapping[str, Any] | None = None

    @property
    def is_usual(self) -> bool:
        """Whether nothing is given."""
        return self == Source()

    @property
    def records_model(self) -> bool:
        """Whether a model of the user is recorded."""
        return self.model is not None

    @property
    def model_name(self) -> str:
        """The user's model as MODULE:CALLABLE."""
        return "" if self.model is None else str(self.model["name"])

    @cached_property
    def trace_of_model(self) -> "Trace":
        """The recording of the user's model, which is made once.

        Raises: RecordingError; click.UsageError if all of its layers are asked for
        """
        assert self.model is not None
        if self.model["layer"] == EVERY:
            raise click.UsageError(
                "--layer all is for 'rnnviz record', which writes a file for each layer; name one"
            )
        (trace,) = self.record_model().values()
        return trace

    def record_model(self, **recording: Any) -> Mapping[str, "Trace"]:
        """Record the user's model with settings of ``rnnviz.record``; return a trace by layer.

        Raises: RecordingError
        """
        from rnnviz.cli.own_model import record_model  # loads torch

        assert self.model is not None
        return record_model(**self.model, **recording)


def take_source(
    options: dict[str, Any],
    trace_files: tuple[str, ...] = (),
    *,
    layer: LayerChoice | None = None,
) -> Source:
    """Remove the options of this module from ``options`` and return what they select.

    ``layer`` is the choice of a command whose own --layer says what is drawn.

    Raises: click.UsageError for options that cannot be combined
    """
    if layer is not None and layer.name is not None:
        if options["model"] is None:
            raise click.UsageError(
                f"--layer {layer} names a layer of --model; without one, give a number, as in "
                "--layer 2"
            )
        options["layer"] = layer.name
    context = click.get_current_context()
    flags = {str(param.name): name_of(param) for param in context.command.params}
    given = [
        name
        for name in flags
        if name in NETWORK_OPTIONS
        and name in options
        and context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    model = {name: options.pop(name, None) for name in _OF_MODEL}
    training = {name: options.pop(name) for name in (*_OF_NETWORK, *_OF_TRAINING)}
    _check_combination(given, flags, trace_files)
    task = take_task(options)
    if model["model"] is None:
        chosen = {name: value for name, value in training.items() if value != _USUAL.get(name)}
        return Source(trace_files, task, chosen)
    model["per"] = None if model["per"] is None else model["per"].split(",")
    names = {"model": "name", "inputs": "inputs_file", "weights": "weights_file"}
    return Source(model={names.get(name, name): value for name, value in model.items()})


def _check_combination(
    given: Sequence[str], flags: Mapping[str, str], trace_files: tuple[str, ...]
) -> None:
    """Refuse more than one source, and options of another than the one given."""
    of_model = [name for name in given if name in _OF_MODEL]
    of_data = [name for name in given if name in (*DATA_OPTIONS, *FILE_OPTIONS)]
    others = [name for name in given if name in (*_OF_NETWORK, *_OF_TRAINING)]
    if trace_files:
        trace = flags.get("trace_file", "--trace")
        if of_data:
            raise click.UsageError(f"{trace} cannot be combined with a task or your own data")
        for name in (*of_model, *others):
            raise click.UsageError(f"{trace} and {flags[name]} cannot be combined; give one")
    if "model" not in given:
        for name in of_model:
            raise click.UsageError(f"{flags[name]} needs --model")
        return
    for name in (*of_data, *others):
        raise click.UsageError(f"{flags[name]} applies to tasks, not to --model")
    if "weights_key" in given and "weights" not in given:
        raise click.UsageError("--weights-key needs --weights")
    if "inputs" not in given:
        raise click.UsageError("--model needs --inputs")

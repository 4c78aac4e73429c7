"""``rnnviz record``."""

import re
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from rnnviz import cells
from rnnviz.cli.commands import Integer, SectionedCommand, refuse
from rnnviz.cli.options import (
    check_output,
    epochs_option,
    hidden_option,
    output_option,
    task_language_option,
)
from rnnviz.cli.output import progress_bar
from rnnviz.cli.task_options import (
    DATA_OPTIONS,
    FILE_OPTIONS,
    check_text,
    take_task,
    task_options,
)

if TYPE_CHECKING:
    from rnnviz.trace import Trace

Losses = str | int | tuple[int, ...]

_MODEL_SETTINGS: Final = (
    "inputs",
    "weights",
    "weights_key",
    "loss",
    "per",
    "layer",
    "training",
)
_SECTIONS: Final = {
    "Task to train a network on": (*DATA_OPTIONS, "language"),
    "How to read your file": FILE_OPTIONS,
    "Network": ("cell", "nonlinearity", "hidden", "layers", "bidirectional", "initial", "scale"),
    "Training": ("epochs", "seed", "optimizer", "learning_rate", "clip"),
    "Or your own model, instead of a task": ("model", *_MODEL_SETTINGS),
    "Recording": ("losses", "dtype", "no_grad", "output"),
}
_SHARED: Final = (*_SECTIONS["Recording"], "model")
"""Options that apply both to tasks and to models, and the one that decides which."""


class _Losses(click.ParamType[Losses]):
    """all, last, every:N, or a list of steps from 1, such as 3,7,20."""

    name = "losses"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Losses:
        """Return the ``losses`` of ``rnnviz.record``, with steps counted from 0."""
        if value in ("all", "last"):
            return str(value)
        if found := re.fullmatch(r"every:0*([1-9]\d*)", str(value), re.ASCII):
            return int(found[1])
        if re.fullmatch(r"0*[1-9]\d*(,0*[1-9]\d*)*", str(value), re.ASCII):
            return tuple(int(step) - 1 for step in str(value).split(","))
        self.fail(
            f"{value!r} is not all, last, every:N, or a list of steps, such as 3,7,20", param, ctx
        )


class _Clip(click.ParamType[float | None]):
    """A norm, or none."""

    name = "norm"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | None:
        """Return the norm as a number, or None."""
        return None if value == "none" else float(click.FLOAT.convert(value, param, ctx))


class _ModelName(click.ParamType[str]):
    """The dotted names of a module and of the callable in it that returns the model."""

    name = "callable"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check the name and return it unchanged."""
        if not re.fullmatch(r"\w+(\.\w+)*:\w+(\.\w+)*", str(value)):
            self.fail(
                f"{value!r} is not of the form MODULE:CALLABLE, such as models:make", param, ctx
            )
        return str(value)


@click.command("record", cls=SectionedCommand, sections=_SECTIONS)
@task_options
@task_language_option
@click.option(
    "--cell", type=click.Choice(cells.names()), default=cells.names()[0], help="Recurrent cell."
)
@click.option(
    "--nonlinearity",
    type=click.Choice(cells.nonlinearities()),
    default=cells.nonlinearities()[0],
    help="Nonlinearity of cell 'rnn'.",
)
@hidden_option
@click.option(
    "--layers", type=Integer(min=1), default=1, help="Number of stacked recurrent layers."
)
@click.option("--bidirectional", is_flag=True, help="Process the sequence in both directions.")
@click.option(
    "--initial",
    type=click.Choice(("default", "identity", "orthogonal")),
    default="default",
    help="Initialization of the recurrent weights.",
)
@click.option(
    "--scale", type=float, default=1.0, help="Factor applied to the initial recurrent weights."
)
@epochs_option
@click.option("--seed", type=Integer(min=0), help="Random seed for weights and data.")
@click.option("--optimizer", type=click.Choice(("adam", "sgd")), default="adam", help="Optimizer.")
@click.option(
    "--learning-rate", type=float, metavar="FLOAT", show_default="the task's", help="Learning rate."
)
@click.option(
    "--clip",
    type=_Clip(),
    metavar="FLOAT|none",
    default=1.0,
    help="Maximum norm, to which larger gradients are clipped.",
)
@click.option(
    "--model",
    type=_ModelName(),
    metavar="MODULE:CALLABLE",
    help="Record the nn.Module that CALLABLE() returns. This runs the code in MODULE, which may "
    "be in the current folder.",
)
@click.option(
    "--inputs",
    metavar="FILE",
    help="Data for the model: a .safetensors or .npz file with arrays 'inputs' and 'targets' and, "
    "optionally, 'lengths', 'state', 'cell_state' (of an LSTM), 'step_labels' and "
    "'target_labels' (both with axes batch, time), 'input_labels' and 'output_labels'.",
)
@click.option(
    "--weights",
    metavar="FILE",
    help="Weights for the model: a .safetensors, .pt, .pth, .ckpt or .tar file. Only tensors are "
    "loaded; prefixes that wrappers add to names are removed.",
)
@click.option(
    "--weights-key",
    metavar="KEY",
    help="Key of the weights in a file that holds several sets, such as state_dict or ema/model.",
)
@click.option(
    "--loss",
    type=click.Choice(("cross-entropy", "squared", "squared-on-softmax")),
    default="cross-entropy",
    help="Loss of the model.",
)
@click.option(
    "--per",
    type=click.Choice(("step,sequence", "sequence,step")),
    show_default="detected",
    help="Order of the time and batch axes of outputs and targets.",
)
@click.option(
    "--layer",
    metavar="NAME",
    help="Recurrent layer to record if there are several, such as encoder.rnn.",
)
@click.option("--training", is_flag=True, help="Record in training mode, with one dropout mask.")
@click.option(
    "--losses",
    type=_Losses(),
    metavar="all|last|every:N|LIST",
    default="all",
    help="Losses L_t to backpropagate separately; LIST: steps counted from 1, such as 3,7,20.",
)
@click.option(
    "--dtype",
    type=click.Choice(("float32", "float64")),
    show_default="float64, or that of your model",
    help="Precision of the recording.",
)
@click.option("--no-grad", is_flag=True, help="Record no gradients.")
@output_option("Output file (.safetensors).")
@click.pass_context
def command(ctx: click.Context, /, model: str | None, output: str, **options: Any) -> None:
    """Train a network, or load your own, and save a trace of it.

    By default, a network is trained on task 'sentence'. With --model, your own model is recorded.
    """
    from rnnviz.errors import TraceError

    _check_combination(ctx, model)
    if options["no_grad"]:
        refuse(["losses"], "has no effect with --no-grad")
    model_settings = {name: options.pop(name) for name in _MODEL_SETTINGS}
    task, task_settings = take_task(options) or ("sentence", {})
    check_text((task, task_settings), drawn=False)
    target = check_output(output, ".safetensors", TraceError)
    recording = {"gradients": not options.pop("no_grad"), "losses": options.pop("losses")}
    dtype = options.pop("dtype")
    if model is None:
        recording["dtype"] = dtype or "float64"
        task_settings["language"] = options.pop("language")
        trace, summary = _record_task(task, task_settings, options, recording)
    else:
        trace, summary = _record_model(model, model_settings, {**recording, "dtype": dtype})
    trace.save(target)
    click.echo(summary, err=True)
    click.echo(str(target))


def _check_combination(ctx: click.Context, model: str | None) -> None:
    """Refuse task options with a model, and model options with a task."""
    flags = {param.name: param.opts[-1] for param in ctx.command.params}
    given = [
        str(name)
        for name in ctx.params
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE and name not in _SHARED
    ]
    for name in given:
        if model is None and name in _MODEL_SETTINGS:
            raise click.UsageError(f"{flags[name]} needs --model")
        if model is not None and name not in _MODEL_SETTINGS:
            raise click.UsageError(f"{flags[name]} applies to tasks, not to --model")
    if "weights_key" in given and "weights" not in given:
        raise click.UsageError("--weights-key needs --weights")
    if model is not None and "inputs" not in given:
        raise click.UsageError("--model needs --inputs")


def _record_task(
    name: str, task_settings: dict[str, Any], settings: dict[str, Any], recording: dict[str, Any]
) -> tuple["Trace", str]:
    """Train a network on a task; return its trace and a one-line summary."""
    from rnnviz import tasks, training  # loads torch
    from rnnviz.errors import RecordingError

    task = tasks.make(name, **task_settings)
    steps, losses = len(task.example().x), recording["losses"]
    if isinstance(losses, tuple) and max(losses) >= steps:
        raise RecordingError(
            f"--losses names step {max(losses) + 1}, but the sequence has {steps} steps"
        )
    with progress_bar(f"Training on {name}") as report:
        trained = training.train(
            task,
            progress=lambda epoch, most, loss: report(epoch, most, f"loss {loss:z.3g}"),
            **settings,
        )
    trace = trained.record(**recording)
    summary = (
        f"{name}: {trace.steps} steps, {trace.cell_size} units, "
        f"{trained.history.epochs} epochs, {task.score_name} {trained.score:z.3g}"
    )
    if task.loss == "cross-entropy":
        summary += f"; {task.chance_name}: {trained.history.loss[-1]:z.3g}"
    if task.loss == "cross-entropy" or task.score_name == task.chance_name:
        summary += f", by chance {task.chance:z.3g}"
    return trace, summary


def _record_model(
    model: str, settings: dict[str, Any], recording: dict[str, Any]
) -> tuple["Trace", str]:
    """Record the user's model; return its trace and a one-line summary."""
    from rnnviz.cli.own_model import record_model  # loads torch

    trace = record_model(
        model,
        settings["inputs"],
        weights_file=settings["weights"],
        weights_key=settings["weights_key"],
        loss=settings["loss"],
        per=None if settings["per"] is None else settings["per"].split(","),
        layer=settings["layer"],
        training=settings["training"],
        **recording,
    )
    metadata = trace.metadata
    return trace, (
        f"{model}: {metadata.module} {metadata.layer!r}, {trace.steps} steps, "
        f"batch {trace.batch}, {trace.cell_size} units, loss {trace.loss.sum():z.3g}"
    )

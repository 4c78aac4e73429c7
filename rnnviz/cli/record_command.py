"""``rnnviz record``."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from rnnviz import cells
from rnnviz.cli.options import (
    DATA_OPTIONS,
    READING_OPTIONS,
    SectionedCommand,
    Whole,
    check_text,
    data_options,
    progress_bar,
    refuse,
    task_language_option,
    task_of,
)

if TYPE_CHECKING:
    from rnnviz.trace import Trace

Losses = str | int | tuple[int, ...]

_SECTIONS: Final = {
    "A task, on which a network is trained": (*DATA_OPTIONS, "language"),
    "How the file of your data is read, where that is not to be recognised": READING_OPTIONS,
    "Its network": (
        "cell",
        "nonlinearity",
        "hidden",
        "layers",
        "bidirectional",
        "initial",
        "scale",
    ),
    "Its training": ("epochs", "seed", "optimizer", "learning_rate", "clip"),
    "Or a model of your own": (
        "model",
        "inputs",
        "weights",
        "weights_key",
        "loss",
        "per",
        "layer",
        "training",
    ),
    "The recording": ("losses", "dtype", "no_grad", "output"),
}
_OF_MODEL: Final = ("inputs", "weights", "weights_key", "loss", "per", "layer", "training")
_OF_BOTH: Final = (*_SECTIONS["The recording"], "model")


class _Losses(click.ParamType[Losses]):
    """all, last, every:N, or steps from 1 such as 3,7,20, which become steps from 0."""

    name = "losses"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Losses:
        """What ``rnnviz.record`` calls ``losses``."""
        if value in ("all", "last"):
            return str(value)
        if found := re.fullmatch(r"every:0*([1-9]\d*)", str(value), re.ASCII):
            return int(found[1])
        if re.fullmatch(r"0*[1-9]\d*(,0*[1-9]\d*)*", str(value), re.ASCII):
            return tuple(int(step) - 1 for step in str(value).split(","))
        self.fail(f"{value!r} is none of all, last, every:10, and steps like 3,7,20.", param, ctx)


class _Clip(click.ParamType[float | None]):
    """A norm, or none."""

    name = "norm"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | None:
        """The norm; None for none."""
        return None if value == "none" else float(click.FLOAT.convert(value, param, ctx))


class _ModelName(click.ParamType[str]):
    """Two dotted names: the module, and what makes the model in it."""

    name = "callable"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name as it is, if it is one."""
        if not re.fullmatch(r"\w+(\.\w+)*:\w+(\.\w+)*", str(value)):
            self.fail(f"{value!r} is not MODULE:CALLABLE, like models:make.", param, ctx)
        return str(value)


@click.command("record", cls=SectionedCommand, sections=_SECTIONS)
@data_options
@task_language_option
@click.option(
    "--cell", type=click.Choice(cells.names()), default=cells.names()[0], show_default=True
)
@click.option(
    "--nonlinearity",
    type=click.Choice(cells.nonlinearities()),
    default=cells.nonlinearities()[0],
    show_default=True,
    help="Of cell 'rnn'.",
)
@click.option("--hidden", type=Whole(min=1), help="Units of a layer.  [default: the task's]")
@click.option(
    "--layers",
    type=Whole(min=1),
    default=1,
    show_default=True,
    help="Recurrent layers above each other.",
)
@click.option("--bidirectional", is_flag=True, help="Run through the sequence in reverse as well.")
@click.option(
    "--initial",
    type=click.Choice(("default", "identity", "orthogonal")),
    default="default",
    show_default=True,
    help="What the recurrent weights start from.",
)
@click.option(
    "--scale", type=float, default=1.0, show_default=True, help="They start from that times this."
)
@click.option("--epochs", type=Whole(min=1), help="Epochs at most.  [default: the task's]")
@click.option("--seed", type=Whole(min=0), help="Seed of weights and data.")
@click.option("--optimizer", type=click.Choice(("adam", "sgd")), default="adam", show_default=True)
@click.option("--learning-rate", type=float, metavar="FLOAT", help="[default: the task's]")
@click.option(
    "--clip",
    type=_Clip(),
    metavar="FLOAT|none",
    default=1.0,
    show_default=True,
    help="The norm to which longer gradients are shortened.",
)
@click.option(
    "--model",
    type=_ModelName(),
    metavar="MODULE:CALLABLE",
    help="Records what CALLABLE() returns, an nn.Module. This runs the code in MODULE, which is "
    "looked for in the current folder too.",
)
@click.option(
    "--inputs",
    metavar="FILE",
    help="A .safetensors or .npz file with arrays 'inputs' and 'targets', and with 'lengths', "
    "'state', an LSTM's 'cell_state', 'step_labels', 'target_labels' (batch, time), "
    "'input_labels' and 'output_labels' if you like.",
)
@click.option(
    "--weights",
    metavar="FILE",
    help="The model's weights, from .safetensors, or from .pt, .pth, .ckpt or .tar, of which "
    "nothing but tensors is used; wrappers' prefixes in names are left out.",
)
@click.option(
    "--weights-key",
    metavar="KEY",
    help="Which weights in that file, if it holds several: state_dict, ema/model.",
)
@click.option(
    "--loss",
    type=click.Choice(("cross-entropy", "squared", "squared-on-softmax")),
    default="cross-entropy",
    show_default=True,
)
@click.option(
    "--per",
    type=click.Choice(("step,sequence", "sequence,step")),
    help="The order of axes in outputs and targets, where there are as many sequences as steps and "
    "gradients do not tell.",
)
@click.option("--layer", metavar="NAME", help="Which recurrent layer of several: encoder.rnn.")
@click.option("--training", is_flag=True, help="In training mode, its dropout drawn once.")
@click.option(
    "--losses",
    type=_Losses(),
    metavar="all|last|every:N|LIST",
    default="all",
    show_default=True,
    help="The losses L_t that are followed back one by one; LIST is of steps, from 1: 3,7,20.",
)
@click.option(
    "--dtype",
    type=click.Choice(("float32", "float64")),
    help="Precision of the recording.  [default: float64, or that of your model]",
)
@click.option("--no-grad", is_flag=True, help="Record no gradients.")
@click.option("-o", "--output", required=True, metavar="FILE", help="Where the trace goes.")
@click.pass_context
def command(ctx: click.Context, /, model: str | None, output: str, **options: Any) -> None:
    """Train a network on a task, or take a model of your own, and record it.

    The trace is saved as a .safetensors file.
    """
    _check_together(ctx, model)
    if options["no_grad"]:
        refuse(["losses"], "does nothing beside --no-grad: no loss is followed back.")
    target = Path(output)
    of_model = {name: options.pop(name) for name in _OF_MODEL}
    task, task_options = task_of(options) or ("sentence", {})
    check_text((task, task_options), drawn=False)
    if target.suffix != ".safetensors":
        raise click.UsageError(f"{output!r} does not end in .safetensors; name the file so.")
    _check_output(target)
    recording = {"gradients": not options.pop("no_grad"), "losses": options.pop("losses")}
    dtype = options.pop("dtype")
    if model is None:
        recording["dtype"] = dtype or "float64"
        task_options["language"] = options.pop("language")
        trace, told = _of_task(task, task_options, options, recording)
    else:
        trace, told = _of_model(model, of_model, {**recording, "dtype": dtype})
    trace.save(target)
    click.echo(told, err=True)
    click.echo(str(target))


def _check_output(target: Path) -> None:
    """Refuse an output before the long work, not after it."""
    from rnnviz.errors import TraceError
    from rnnviz.system.files import check_place

    check_place(target, TraceError)


def _check_together(ctx: click.Context, model: str | None) -> None:
    """Refuse options of a task beside a model, and those of a model beside a task."""
    flags = {param.name: param.opts[-1] for param in ctx.command.params}
    given = [
        str(name)
        for name in ctx.params
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE and name not in _OF_BOTH
    ]
    for name in given:
        if model is None and name in _OF_MODEL:
            raise click.UsageError(f"{flags[name]} needs --model.")
        if model is not None and name not in _OF_MODEL:
            raise click.UsageError(f"{flags[name]} goes with a task, not with --model.")
    if "weights_key" in given and "weights" not in given:
        raise click.UsageError("--weights-key needs --weights.")
    if model is not None and "inputs" not in given:
        raise click.UsageError("--model needs --inputs.")


def _of_task(
    name: str, task_options: dict[str, Any], settings: dict[str, Any], recording: dict[str, Any]
) -> tuple["Trace", str]:
    """A task's trace, and what to say of it."""
    from rnnviz import tasks, training  # loads torch
    from rnnviz.errors import RecordingError

    task = tasks.make(name, **task_options)
    steps, losses = len(task.example().x), recording["losses"]
    if isinstance(losses, tuple) and max(losses) >= steps:
        raise RecordingError(
            f"--losses names step {max(losses) + 1}, but the sequence has {steps}; name steps "
            f"from 1 to {steps}"
        )
    with progress_bar(f"Training on {name}") as report:
        trained = training.train(
            task,
            progress=lambda epoch, most, loss: report(epoch, most, f"loss {loss:z.3g}"),
            **settings,
        )
    trace = trained.record(**recording)
    told = (
        f"{name}: {trace.steps} steps, {trace.cell_size} units, "
        f"{trained.history.epochs} epochs, {task.score_name} {trained.score:z.3g}"
    )
    if task.loss == "cross-entropy":
        told += f"; {task.chance_name}: {trained.history.loss[-1]:z.3g}"
    if task.loss == "cross-entropy" or task.score_name == task.chance_name:
        told += f", by chance {task.chance:z.3g}"
    return trace, told


def _of_model(
    model: str, options: dict[str, Any], recording: dict[str, Any]
) -> tuple["Trace", str]:
    """The trace of the user's model, and what to say of it."""
    from rnnviz.cli.own_model import record_model  # loads torch

    trace = record_model(
        model,
        options["inputs"],
        weights_file=options["weights"],
        weights_key=options["weights_key"],
        loss=options["loss"],
        per=None if options["per"] is None else options["per"].split(","),
        layer=options["layer"],
        training=options["training"],
        **recording,
    )
    data = trace.metadata
    return trace, (
        f"{model}: {data.module} {data.layer!r}, {trace.steps} steps, batch {trace.batch}, "
        f"{trace.cell_size} units, loss {trace.loss.sum():z.3g}"
    )

"""``rnnviz record``."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from rnnviz.cli.commands import SectionedCommand, refuse
from rnnviz.cli.network_options import Source, network_options, sections, take_source
from rnnviz.cli.options import check_output, output_option, task_language_option
from rnnviz.cli.output import progress_bar
from rnnviz.cli.task_options import check_text

if TYPE_CHECKING:
    from rnnviz.trace import Trace

Losses = str | int | tuple[int, ...]

_SECTIONS: Final = {
    **sections(data=("language",)),
    "Recording": ("losses", "dtype", "no_grad", "output"),
}


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


@click.command("record", cls=SectionedCommand, sections=_SECTIONS)
@network_options()
@task_language_option
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
def command(
    output: str, no_grad: bool, losses: Losses, dtype: str | None, language: str, **options: Any
) -> None:
    """Train a network, or load your own, and save a trace of it.

    By default, a network is trained on task 'sentence'. With --model, your own model is recorded.
    """
    from rnnviz.errors import TraceError

    source = take_source(options)
    if source.records_model:
        refuse(["language"], "applies to tasks, not to --model")
    if no_grad:
        refuse(["losses"], "has no effect with --no-grad")
    check_text(source.task, drawn=False)
    target = check_output(output, ".safetensors", TraceError)
    recording = {"gradients": not no_grad, "losses": losses}
    if source.records_model:
        traces = source.record_model(**recording, dtype=dtype)
        made = [(trace, _about(source, trace)) for trace in traces.values()]
        files = [_file_of(target, layer) for layer in traces]
    else:
        made = [_record_task(source, language, {**recording, "dtype": dtype or "float64"})]
        files = [target]
    for (trace, summary), file in zip(made, files, strict=True):
        trace.save(file)
        click.echo(summary, err=True)
        click.echo(str(file))


def _file_of(target: Path, layer: str) -> Path:
    """Return the file of a layer's trace: run.safetensors → run-encoder.rnn.safetensors."""
    return target.with_name(f"{target.stem}-{layer}{target.suffix}") if layer else target


def _record_task(source: Source, language: str, recording: dict[str, Any]) -> tuple["Trace", str]:
    """Train a network on a task; return its trace and a one-line summary."""
    from rnnviz import tasks, training  # loads torch
    from rnnviz.errors import RecordingError

    name, options = source.task or ("sentence", {})
    task = tasks.make(name, **options, language=language)
    steps, losses = len(task.example().x), recording["losses"]
    if isinstance(losses, tuple) and max(losses) >= steps:
        raise RecordingError(
            f"--losses names step {max(losses) + 1}, but the sequence has {steps} steps"
        )
    with progress_bar(f"Training on {name}") as report:
        trained = training.train(
            task,
            progress=lambda epoch, most, loss: report(epoch, most, f"loss {loss:z.3g}"),
            **source.training,
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


def _about(source: Source, trace: "Trace") -> str:
    """Return a one-line summary of a recorded model."""
    metadata = trace.metadata
    layer = f" {metadata.layer!r}" if metadata.layer or not trace.is_custom else ""
    return (
        f"{source.model_name}: {metadata.module}{layer}, {trace.steps} steps, "
        f"batch {trace.batch}, {trace.cell_size} units, loss {trace.loss.sum():z.3g}"
    )

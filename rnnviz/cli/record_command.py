"""``rnnviz record``."""

from pathlib import Path
from typing import Any

import click

from rnnviz.cli.options import data_options, progress_bar, task_of


@click.command("record")
@data_options
@click.option(
    "--lang",
    "language",
    type=click.Choice(("en", "zh")),
    default="en",
    show_default=True,
    help="Language of the task.",
)
@click.option("--cell", type=click.Choice(("rnn",)), default="rnn", show_default=True)
@click.option("--nonlinearity", type=click.Choice(("tanh",)), default="tanh", show_default=True)
@click.option("--layers", type=click.IntRange(1, 1), default=1, show_default=True)
@click.option("--hidden", type=click.IntRange(min=1), help="Units of the hidden layer.")
@click.option("--epochs", type=click.IntRange(min=1), help="Epochs at most.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of weights and data.")
@click.option(
    "--dtype",
    type=click.Choice(("float32", "float64")),
    default="float64",
    show_default=True,
    help="Precision of the recording.",
)
@click.option("--no-grad", is_flag=True, help="Record no gradients.")
@click.option("-o", "--output", required=True, metavar="FILE", help="Where the trace goes.")
def command(
    language: str,
    cell: str,
    nonlinearity: str,
    layers: int,
    no_grad: bool,
    output: str,
    **options: Any,
) -> None:
    """Train a network on a task, record it, and save the trace as a .safetensors file."""
    task, task_options = task_of(options) or ("sentence", {})
    target = Path(output)
    if target.suffix != ".safetensors":
        raise click.UsageError(f"{output!r} does not end in .safetensors; name the file so.")
    check_writable(target)

    from rnnviz.defaults import record_task  # loads torch

    with progress_bar(f"Training on {task}") as report:
        trace = record_task(
            task,
            gradients=not no_grad,
            language=language,
            progress=lambda epoch, most, loss: report(epoch, most, f"loss {loss:.3g}"),
            **options,
            **task_options,
        )
    trace.save(target)
    data = trace.metadata
    click.echo(
        f"{data.task}: {trace.steps} steps, {trace.hidden_size} units, {data.epochs} epochs, "
        f"{data.accuracy_name} {data.accuracy:.3g}",
        err=True,
    )
    click.echo(str(target))


def check_writable(target: Path) -> None:
    """Refuse an output before the long work, not after it."""
    import os

    from rnnviz.errors import TraceError

    folder = next(parent for parent in target.absolute().parents if parent.exists())
    if target.is_dir():
        raise TraceError(f"{str(target)!r} is a folder; name a file")
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise TraceError(f"cannot write into {str(folder)!r}; choose another place with -o")

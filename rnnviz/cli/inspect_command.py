"""``rnnviz inspect``."""

import dataclasses
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import click

from rnnviz.cli.options import print_json

if TYPE_CHECKING:
    from rnnviz.trace import Trace

_LISTED: Final = 8
_LABELS: Final = 40


@click.command("inspect")
@click.argument("trace_file", metavar="TRACE")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(trace_file: str, as_json: bool) -> None:
    """Show what is in a trace: its network, its task, and the shape of every field."""
    from rnnviz.trace import load

    trace = load(trace_file)
    shapes = {name: list(array.shape) for name, array in sorted(trace.arrays().items())}
    if as_json:
        print_json(
            {
                "identity": trace.identity,
                "sizes": _sizes(trace),
                "lengths": None if trace.lengths is None else trace.lengths.tolist(),
                "loss_times": None if trace.loss_times is None else trace.loss_times.tolist(),
                "fields": shapes,
                "metadata": dataclasses.asdict(trace.metadata),
            }
        )
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"trace {trace.identity}", show_header=False)
    for name, told in _rows(trace):
        table.add_row(name, told)
    table.add_section()
    for name, shape in shapes.items():
        table.add_row(name, " × ".join(map(str, shape)))
    Console(markup=False, emoji=False).print(table)


def _sizes(trace: "Trace") -> dict[str, int | None]:
    return {
        "steps": trace.steps,
        "batch": trace.batch,
        "layers": trace.layers,
        "directions": trace.directions,
        "input": trace.input_size,
        "hidden": trace.hidden_size,
        "cell": trace.cell_size,
        "output": None if trace.y is None else trace.output_size,
    }


def _rows(trace: "Trace") -> Iterator[tuple[str, str]]:
    """What is known of a trace, as names and text; what it does not have is left out."""
    data = trace.metadata
    yield "network", f"{data.module} {data.layer!r}" if data.layer else data.module
    yield "cell", f"{data.cell}, {data.nonlinearity}" if data.cell == "rnn" else data.cell
    sizes = _sizes(trace)
    yield "sizes", ", ".join(f"{name} {size}" for name, size in sizes.items() if size is not None)
    if data.output_layer is not None:
        yield "output layer", data.output_layer
    elif trace.y is None:
        yield "output", "none that has a place in the layer's time"
    if trace.lengths is not None:
        yield "lengths", _compact(trace.lengths.tolist())
    yield (
        "loss",
        f"{data.loss}, "
        + ("of the whole batch" if data.reduction == "batch" else "summed over the batch"),
    )
    if trace.loss_times is not None:
        yield "loss times, from 1", _compact([time + 1 for time in trace.loss_times.tolist()])
    else:
        yield "gradients", "none"
    yield "mode", "training" if data.training else "evaluation"
    yield "ran on", f"{data.device}, {data.dtype}"
    for name in ("task", "language", "seed", "epochs", "source"):
        value = getattr(data, name)
        if value not in (None, "") and (name != "language" or data.task):
            yield name, str(value)
    if data.accuracy is not None:
        yield data.accuracy_name or "accuracy", f"{data.accuracy:.4g}"
    if data.step_labels:
        labels = data.step_labels[0]
        yield "sequence", " ".join(labels[:_LABELS]) + " …" * (len(labels) > _LABELS)
    yield "versions", ", ".join(f"{name} {number}" for name, number in data.versions.items())


def _compact(numbers: Sequence[int]) -> str:
    """Numbers in a line: all of a few; the ends of evenly spaced ones, and of others."""
    if len(numbers) <= _LISTED:
        return ", ".join(map(str, numbers))
    gaps = {after - before for before, after in pairwise(numbers)}
    if gaps == {1}:
        return f"{numbers[0]} to {numbers[-1]}"
    told = f"{', '.join(map(str, numbers[:3]))}, … {numbers[-1]}"
    return told if len(gaps) == 1 else f"{told} ({len(numbers)} of them)"

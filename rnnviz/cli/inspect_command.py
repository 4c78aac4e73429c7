"""``rnnviz inspect``."""

import dataclasses

import click

from rnnviz.cli.options import print_json


@click.command("inspect")
@click.argument("trace_file", metavar="TRACE")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(trace_file: str, as_json: bool) -> None:
    """Show what is in a trace: its network, its task, and the shape of every field."""
    from rnnviz.trace import load

    trace = load(trace_file)
    metadata = dataclasses.asdict(trace.metadata)
    shapes = {name: list(array.shape) for name, array in sorted(trace.arrays().items())}
    sizes = {
        "steps": trace.steps,
        "batch": trace.batch,
        "layers": trace.layers,
        "directions": trace.directions,
        "input": trace.input_size,
        "hidden": trace.hidden_size,
        "output": trace.output_size,
    }
    if as_json:
        print_json(
            {"identity": trace.identity, "sizes": sizes, "fields": shapes, "metadata": metadata}
        )
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"trace {trace.identity}", show_header=False)
    shown = (
        "task",
        "cell",
        "nonlinearity",
        "loss",
        "reduction",
        "dtype",
        "language",
        "seed",
        "epochs",
        "source",
    )
    for name in shown:
        table.add_row(name, str(metadata[name]))
    if metadata["accuracy"] is not None:
        table.add_row(metadata["accuracy_name"], f"{metadata['accuracy']:.4g}")
    table.add_row("sizes", ", ".join(f"{name} {size}" for name, size in sizes.items()))
    if trace.metadata.step_labels:
        table.add_row("sequence", " ".join(trace.metadata.step_labels[0]))
    table.add_row("versions", ", ".join(f"{k} {v}" for k, v in metadata["versions"].items()))
    for name, shape in shapes.items():
        table.add_row(name, " × ".join(map(str, shape)))
    Console().print(table)

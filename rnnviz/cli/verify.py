"""``rnnviz verify``."""

from typing import TYPE_CHECKING

import click

from rnnviz.cli.commands import ModelName, StrictCommand
from rnnviz.cli.options import json_option, trace_argument
from rnnviz.cli.output import print_json, progress_bar

if TYPE_CHECKING:
    from rnnviz.verification import Check


@click.command("verify", cls=StrictCommand)
@trace_argument
@click.option(
    "--model",
    type=ModelName(),
    metavar="MODULE:CALLABLE",
    help="The model of a recurrence of your own: its code is run again, step by step. This runs "
    "the code in MODULE, which may be in the current folder.",
)
@click.option(
    "--inputs",
    metavar="FILE",
    help="Data for the model, as for 'rnnviz record', if the trace does not hold them.",
)
@click.option("--weights", metavar="FILE", help="Weights for the model, as for 'rnnviz record'.")
@click.option("--weights-key", metavar="KEY", help="Key of the weights in a file of several sets.")
@json_option
def command(
    trace_file: str,
    model: str | None,
    inputs: str | None,
    weights: str | None,
    weights_key: str | None,
    as_json: bool,
) -> int:
    """Verify a trace against independent computations.

    Every field is computed again and compared. What only your own code can compute is not checked
    without --model. The exit status is 1 if an error exceeds its tolerance.
    """
    if model is None:
        given = {"--inputs": inputs, "--weights": weights, "--weights-key": weights_key}
        for flag, value in given.items():
            if value is not None:
                raise click.UsageError(f"{flag} needs --model")
    from rnnviz.system.progress import reported
    from rnnviz.trace import load
    from rnnviz.verification import verify

    trace = load(trace_file)
    with progress_bar("Verifying") as progress, reported(progress):
        if model is None:
            report = verify(trace)
        else:
            from rnnviz.cli.own_model import verify_model  # loads torch

            report = verify_model(
                trace, model, inputs, weights_file=weights, weights_key=weights_key
            )
    if as_json:
        print_json(
            {
                "ok": report.ok,
                "checks": [
                    {
                        "field": check.field,
                        "against": check.against,
                        "error": _finite(check.error),
                        "tolerance": _finite(check.tolerance),
                        "ok": check.ok,
                        "note": check.note,
                    }
                    for check in report.checks
                ],
            }
        )
    else:
        from rich.console import Console
        from rich.table import Column, Table

        table = Table(
            Column("field", overflow="fold"), "against", "relative error", "tolerance", ""
        )
        for check in report.checks:
            table.add_row(*check.row, style="" if check.ok else "bold red")
        Console(markup=False, emoji=False).print(table)
    for check in report.failures:
        rounded = check.error < float("inf") and trace.metadata.dtype != "float64"
        remedy = "record it again, or as float64" if rounded else "record it again"
        click.echo(f"Error: {_failure(check)}; {remedy}", err=True)
    return 0 if report.ok else 1


def _failure(check: "Check") -> str:
    definite = check.against in ("NumPy reference", "recorded hash", "rows of the tables")
    message = f"{check.field} differs from {'the ' * definite}{check.against}"
    if check.error == float("inf"):
        return message
    return f"{message} by {check.error:.1e}, tolerance {check.tolerance:.0e}"


def _finite(value: float) -> float | None:
    """Return a number as JSON has it: null for infinity."""
    return value if value < float("inf") else None

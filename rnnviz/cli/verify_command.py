"""``rnnviz verify``."""

from typing import TYPE_CHECKING

import click

from rnnviz.cli.options import StrictCommand, print_json, progress_bar

if TYPE_CHECKING:
    from rnnviz.verification import Check


@click.command("verify", cls=StrictCommand)
@click.argument("trace_file", metavar="TRACE")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(trace_file: str, as_json: bool) -> int:
    """Prove a trace: compare every field with an independent computation.

    Exit status 1 when an error exceeds its tolerance.
    """
    from rnnviz.system.progress import reported
    from rnnviz.trace import load
    from rnnviz.verification import verify

    trace = load(trace_file)
    with progress_bar("Verifying") as told, reported(told):
        report = verify(trace)
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
    named = check.against in ("NumPy reference", "recorded hash", "rows of the tables")
    told = f"{check.field} differs from {'the ' * named}{check.against}"
    if check.error == float("inf"):
        return told
    return f"{told} by {check.error:.1e}, allowed are {check.tolerance:.0e}"


def _finite(value: float) -> float | None:
    """A number as JSON has it: infinity is null."""
    return value if value < float("inf") else None

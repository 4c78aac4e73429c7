"""``rnnviz verify``."""

import click

from rnnviz.cli.options import print_json


@click.command("verify")
@click.argument("trace_file", metavar="TRACE")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(trace_file: str, as_json: bool) -> int:
    """Prove a trace: compare every field with an independent computation.

    Exit status 1 when an error exceeds its tolerance.
    """
    from rnnviz.trace import load
    from rnnviz.verification import UNCHECKED, verify

    report = verify(load(trace_file))
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
                    }
                    for check in report.checks
                ],
            }
        )
    else:
        from rich.console import Console
        from rich.table import Table

        table = Table("field", "against", "relative error", "tolerance", "")
        for check in report.checks:
            table.add_row(
                check.field,
                check.against,
                "–" if check.against == UNCHECKED else f"{check.error:.1e}",
                "–" if check.against == UNCHECKED else f"{check.tolerance:.0e}",
                "" if check.against == UNCHECKED else "ok" if check.ok else "WRONG",
                style="" if check.ok else "bold red",
            )
        Console().print(table)
    for check in report.failures:
        click.echo(
            f"Error: {check.field} differs from the {check.against} by {check.error:.1e}, "
            f"allowed are {check.tolerance:.0e}; record it again, or as float64",
            err=True,
        )
    return 0 if report.ok else 1


def _finite(value: float) -> float | None:
    """A number as JSON has it: infinity is null."""
    return value if value < float("inf") else None

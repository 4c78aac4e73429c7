"""Options and reports shared by the benchmarks."""

import argparse
import json
import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

_COLUMNS: Final = 5
"""Number of columns, besides the first, that fit into 80 characters."""


def options(runs: int) -> argparse.ArgumentParser:
    """Return a parser of the options that all benchmarks have, with a default number of runs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=runs, help="number of runs")
    parser.add_argument("--json", type=Path, help="write the results to this file")
    return parser


def arguments(runs: int) -> argparse.Namespace:
    """Parse the command line of a benchmark without further options."""
    return options(runs).parse_args()


def publish(title: str, rows: Sequence[dict[str, Any]], target: Path | None) -> None:
    """Print a table and, if a file is given, write it as JSON."""
    machine = _machine()
    _show(title, rows, machine)
    _write({"title": title, "machine": machine, "rows": list(rows)}, target)


def publish_all(tables: Mapping[str, Sequence[dict[str, Any]]], target: Path | None) -> None:
    """Print tables by title and, if a file is given, write them as JSON."""
    machine = _machine()
    for title, rows in tables.items():
        _show(title, rows, machine)
    keep(tables, target)


def keep(tables: Mapping[str, Sequence[dict[str, Any]]], target: Path | None) -> None:
    """Write tables as JSON if a file is given."""
    listed = [{"title": title, "rows": list(rows)} for title, rows in tables.items()]
    _write({"machine": _machine(), "tables": listed}, target)


def _machine() -> dict[str, Any]:
    return {
        "cpus": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("rnnviz", "manim", "torch")},
    }


def _show(title: str, rows: Sequence[dict[str, Any]], machine: Mapping[str, Any]) -> None:
    caption = ", ".join(f"{k} {v}" for k, v in machine.items())
    first, *others = rows[0]
    for place in range(0, len(others), _COLUMNS):
        columns = (first, *others[place : place + _COLUMNS])
        table = Table(*columns, title=title, caption=caption)
        for row in rows:
            table.add_row(*(str(row.get(column, "")) for column in columns))
        Console().print(table)


def _write(report: dict[str, Any], target: Path | None) -> None:
    if target is not None:
        target.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

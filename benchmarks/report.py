"""What the benchmarks share: their options, and how they tell what they measured."""

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
"""How many columns beside the first fit into 80 characters."""


def options(runs: int) -> argparse.ArgumentParser:
    """The options that all benchmarks have, with the usual number of runs of one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=runs, help="how often to measure")
    parser.add_argument("--json", type=Path, help="write what was measured to this file")
    return parser


def arguments(runs: int) -> argparse.Namespace:
    """What was chosen, for a benchmark that has no other options."""
    return options(runs).parse_args()


def publish(title: str, rows: Sequence[dict[str, Any]], target: Path | None) -> None:
    """Print a table, and write the same as JSON if a file is named."""
    machine = _machine()
    _show(title, rows, machine)
    _write({"title": title, "machine": machine, "rows": list(rows)}, target)


def publish_all(tables: Mapping[str, Sequence[dict[str, Any]]], target: Path | None) -> None:
    """Print several tables by their titles, and write the same as JSON if a file is named."""
    machine = _machine()
    for title, rows in tables.items():
        _show(title, rows, machine)
    keep(tables, target)


def keep(tables: Mapping[str, Sequence[dict[str, Any]]], target: Path | None) -> None:
    """Write several tables as JSON, if a file is named."""
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

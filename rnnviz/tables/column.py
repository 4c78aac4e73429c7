"""One column of a table as a series, in the order of its dates and with its gaps filled."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from rnnviz.errors import TaskError
from rnnviz.system.short_repr import ShortRepr
from rnnviz.tables.dates import Dates, find_dates
from rnnviz.tables.layout import Table, read_table
from rnnviz.tables.numbers import Numbers, read_numbers
from rnnviz.text.decoding import file_name, read_text

FILLS: Final = ("linear", "previous", "next", "mean", "leave")
_LARGEST: Final = 100_000_000
_FEW: Final = 3


@dataclass(frozen=True, repr=False)
class Column(ShortRepr):
    """A series of numbers with labels, oldest first, NaN where a gap was left.

    ``notes`` are what was detected in the file and changed in its rows, ``changes`` only the
    changes. ``plain`` is whether the file is UTF-8 with commas, a header and a number in each row,
    in order.
    """

    name: str
    values: np.ndarray
    labels: tuple[str, ...]
    notes: tuple[str, ...]
    changes: tuple[str, ...]
    plain: bool


def read_column(
    path: str | Path,
    column: str | int,
    *,
    delimiter: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    header: bool | None = None,
    fill: str | None = None,
    date_column: str | int | None = None,
    date_order: str | None = None,
) -> Column:
    """Read the numbers of a column of a CSV file, by its name or its number from 1.

    Delimiter, decimal separator, encoding, header and dates are detected unless they are given; it
    is an error if they are ambiguous. Rows are sorted by their dates. ``fill`` says how to fill
    gaps: 'linear' (between the neighbours), 'previous', 'next', 'mean', or 'leave'. Gaps before the
    first and after the last value are left out.

    Raises: TaskError for a file that is not a table, a missing or repeated column, a cell that is
            not a number, a gap without ``fill``, and a file that can be read in several ways
    """
    _check_options(decimal, fill)
    text, name = read_text(path, encoding, most=_LARGEST)
    file = repr(str(path)) + (
        "" if name == "UTF-8" else f" (read as {name}; give another with --encoding)"
    )
    dates_in = None if date_column is None else str(date_column)
    asked = [str(column), *([dates_in] if dates_in not in (None, "none") else [])]
    table = read_table(file, text, asked, delimiter=delimiter, decimal=decimal, header=header)
    at = table.place(str(column))
    numbers = read_numbers(
        table.columns[at],
        table.lines,
        str(column),
        decimal=decimal,
        delimiter=table.delimiter,
        others=[cells for each, cells in enumerate(table.columns) if each != at],
    )
    dates = find_dates(table, at, dates_in, date_order)
    labels = dates.labels if dates else tuple(str(row + 1) for row in range(len(table.lines)))
    order, sorted_notes, holes = _order(table, dates)
    values, names = numbers.values[order], [labels[row] for row in order]
    lines = [table.lines[row] for row in order]
    values, names, lines, ends = _without_ends(values, names, lines)
    holes += _placeholder_notes(values)
    filled, gap_notes = _filled(values, lines, str(column), fill)
    signs, done = _signs(numbers), [*sorted_notes, *ends, *gap_notes]
    dated = []
    if dates:
        dated = [f"dates in {dates.column!r}" + (f" ({dates.first})" if dates.first else "")]
    return Column(
        table.names[at],
        filled,
        tuple(names),
        (name, *table.notes, *signs, *dated, *done, *holes),
        tuple(done),
        not holes and name == "UTF-8" and table.plain and not signs and not done,
    )


def _check_options(decimal: str | None, fill: str | None) -> None:
    if decimal not in (None, ".", ","):
        raise TaskError(f"unknown decimal separator {decimal!r}; choose . or ,")
    if fill is not None and fill not in FILLS:
        raise TaskError(f"unknown fill {fill!r}; choose {', '.join(FILLS)}")


def _order(table: Table, dates: Dates | None) -> tuple[np.ndarray, list[str], list[str]]:
    """The order of the rows, oldest first, and notes on changes to it and on gaps in the dates."""
    rows = np.arange(len(table.lines))
    if dates is None or len(rows) < 2:
        return rows, [], []
    steps = np.diff(dates.times)
    distinct = len(np.unique(dates.times))
    notes = []
    if (steps >= 0).all():
        order = rows
    elif (steps <= 0).all():
        order = rows[::-1]
        notes.append(f"newest first in the file, reversed by {dates.column!r}")
    else:
        if 2 * distinct <= len(rows):
            raise TaskError(
                f"{table.file} has {len(rows)} unsorted rows for {distinct} dates in column "
                f"{dates.column!r}, as if it held several series; give the rows of one series, or "
                "--date-column none to keep the order of the file"
            )
        order = np.argsort(dates.times, kind="stable")
        notes.append(f"sorted by {dates.column!r}")
    if distinct < len(rows):
        times = dates.times[order]
        twice = int(order[1:][np.diff(times) == 0][0])
        count = len(rows) - distinct
        notes.append(
            f"{count} {'row has' if count == 1 else 'rows have'} the same date as another, first "
            f"{dates.labels[twice]}; all are kept"
        )
    return order, notes, _holes(dates, order)


def _holes(dates: Dates, order: np.ndarray) -> list[str]:
    """Notes on gaps in dates that are otherwise evenly spaced, such as by a day or an hour."""
    steps = np.diff(dates.times[order])
    steps_known = steps[steps > 0]
    if not dates.certain or not len(steps_known):
        return []
    usual = float(np.median(steps_known))
    wide = np.flatnonzero(steps > 1.5 * usual)
    if not len(wide) or (steps_known < 0.5 * usual).any():
        return []
    before, after = (dates.labels[order[wide[0] + ahead]] for ahead in (0, 1))
    count = len(wide)
    return [
        f"{count} {'place' if count == 1 else 'places'} where dates are missing, the first between "
        f"{before} and {after}; each row is one step"
    ]


def _without_ends(
    values: np.ndarray, labels: list[str], lines: list[int]
) -> tuple[np.ndarray, list[str], list[int], list[str]]:
    """The rows from the first value to the last."""
    there = np.flatnonzero(~np.isnan(values))
    if not len(there):
        return values[:0], [], [], []
    inside = slice(int(there[0]), int(there[-1]) + 1)
    left = len(values) - (inside.stop - inside.start)
    rows = "row" if left == 1 else "rows"
    notes = [f"{left} {rows} without a value at the ends left out"] if left else []
    return values[inside], labels[inside], lines[inside], notes


def _placeholder_notes(values: np.ndarray) -> list[str]:
    """Notes on numbers that may stand for missing values: all nines, and far from the rest."""
    known = np.unique(values[~np.isnan(values)])
    notes = []
    for number, others in ((known[:1], known[1:]), (known[-1:], known[:-1])):
        if len(others) < _FEW or not re.fullmatch(r"-?99+(\.9+|\.0)?", str(float(number[0]))):
            continue
        if np.abs(others - number).min() > 3 * np.ptp(others):
            count = int((values == number[0]).sum())
            notes.append(
                f"{number[0]:g} ({count} {'time' if count == 1 else 'times'}) lies far from all "
                "other values: if it stands for a gap, write NA"
            )
    return notes


def _filled(
    values: np.ndarray, lines: Sequence[int], column: str, fill: str | None
) -> tuple[np.ndarray, list[str]]:
    gaps = np.flatnonzero(np.isnan(values))
    count = len(gaps)
    if not count:
        return values, []
    counted = f"{count} {'gap' if count == 1 else 'gaps'}"
    if fill is None:
        named = ", ".join(str(lines[gap]) for gap in gaps[:_FEW]) + (" …" if count > _FEW else "")
        raise TaskError(
            f"column {column!r} has {counted} (line {named}: empty or not a number); fill them "
            f"with --fill {', '.join(FILLS[:-1])}, or use only sequences without gaps with --fill "
            f"{FILLS[-1]}"
        )
    if fill == "leave":
        return values, [f"{counted} left unfilled, outside all inputs"]
    import pandas

    series: Any = pandas.Series(values)
    filled = {
        "linear": lambda: series.interpolate("linear"),
        "previous": lambda: series.ffill(),
        "next": lambda: series.bfill(),
        "mean": lambda: series.fillna(series.mean()),
    }[fill]()
    return np.asarray(filled.to_numpy(), dtype=np.float64), [f"{counted} filled ({fill})"]


def _signs(numbers: Numbers) -> list[str]:
    notes = []
    if numbers.decimal == ",":
        notes.append("decimal comma")
    if numbers.thousands:
        notes.append(f"thousands separated by {' and '.join(map(repr, numbers.thousands))}")
    if numbers.unit:
        notes.append(f"unit {numbers.unit}")
    return notes


def summary(path: str | Path, column: Column) -> str:
    """Return one line about what was read."""
    return f"{file_name(path)}: {len(column.values)} values of {column.name!r}; " + ", ".join(
        column.notes
    )

"""The dates of a table's rows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from rnnviz.errors import TaskError
from rnnviz.system.short_repr import ShortRepr
from rnnviz.tables.layout import Table
from rnnviz.tables.written_dates import (
    are_unread_dates,
    is_named_date,
    may_be_years,
    part_named,
    part_number,
    plain_date,
)

ORDERS: Final = ("dmy", "mdy", "ymd")

_FORMATS: Final = (
    ("%Y-%m-%d", "ymd"),
    ("%d-%m-%Y", "dmy"),
    ("%m-%d-%Y", "mdy"),
    ("%y-%m-%d", "ymd"),
    ("%d-%m-%y", "dmy"),
    ("%m-%d-%y", "mdy"),
    ("%Y-%m", "ymd"),
    ("%m-%Y", "mdy"),
    ("%Y%m%d", "ymd"),
    ("%d %b %Y", "dmy"),
    ("%d %B %Y", "dmy"),
    ("%d %b %y", "dmy"),
    ("%b %d %Y", "mdy"),
    ("%B %d %Y", "mdy"),
    ("%b %d %y", "mdy"),
    ("%Y %b %d", "ymd"),
    ("%b %Y", "mdy"),
    ("%B %Y", "mdy"),
    ("%Y %b", "ymd"),
    ("%b %y", "mdy"),
)
_ZONE: Final = re.compile(r"(?<=[\d:])\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})$")
_TIME: Final = re.compile(r"\s+(\d{1,2}(?::\d{2}){1,2}(?:[.,]\d+)?(?:\s*[AaPp]\.?[Mm]\.?)?)$")
_WEEKDAY: Final = re.compile(r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]?\s+", re.IGNORECASE)
_YEAR_NAMES: Final = re.compile(
    r"year|yr|jahr|année|annee|año|ano|anno|年|年份|年度", re.IGNORECASE
)
_STAMP_NAMES: Final = re.compile(r".*(time|date|stamp|unix|epoch|时间|日期).*", re.IGNORECASE)
_DOTTED: Final = re.compile(r"\d{1,2}\.\d{1,2}\.\d{2}")
_MONTH: Final = re.compile(r"(0[1-9]|1[0-2])\.(19|20)\d\d")
_JOINED: Final = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])")
_MOSTLY: Final = 0.8
_SAMPLE: Final = 2000
_YEARS_AT_MOST: Final = 2200
_SPAN: Final = 50
"""Two-digit years further apart than this have an unknown century."""

_SECONDS: Final = (10**8, 2 * 10**10)
_ORDER_NAMES: Final = {"dmy": "day first", "mdy": "month first", "ymd": "year first"}


@dataclass(frozen=True, repr=False)
class Dates(ShortRepr):
    """The date of each row of a table, as text and as a number of seconds or years.

    ``first`` names the first part of a date in the file, unless it is the year. Where that is
    ambiguous but does not affect the order of rows, the times are not ``certain``.
    """

    column: str
    labels: tuple[str, ...]
    times: np.ndarray
    first: str
    certain: bool


def find_dates(table: Table, values: int, column: str | None, order: str | None) -> Dates | None:
    """Find the dates of a table, in the given column or in the one that has dates.

    ``values`` is the column of the numbers; ``column`` may be 'none'.

    Raises: TaskError for ambiguous dates, or cells among them that are not dates
    """
    if column is not None and column.lower() == "none" and "none" not in table.names:
        return None
    if column is not None:
        places = [table.place(column)]
    else:
        places = [at for at in range(len(table.columns)) if at != values]
    found = {at: dates for at in places if (dates := _dates_in(table, at, order))}
    if not found:
        if column is not None:
            cell, line = next(zip(table.columns[places[0]], table.lines, strict=True), ("", 0))
            raise TaskError(
                f"line {line} of {table.file} has {cell!r} in column {column!r}, which is not a "
                "date that can be read; write it like 2024-01-31, or give --date-column none"
            )
        _check_unread(table, places)
        return None
    at = next(iter(found))
    orders = {tuple(np.argsort(dates.times, kind="stable")) for dates in found.values()}
    if len(orders) > 1:
        raise TaskError(
            f"{table.file} has several columns of dates, "
            f"{', '.join(repr(table.names[each]) for each in found)}, which order its rows "
            "differently; name one with --date-column"
        )
    dates = found[at]
    if len(np.unique(dates.times)) < len(dates.times):
        dates = _with_parts(table, dates)
    clock = None
    if len(np.unique(dates.times)) < len(dates.times):
        clock = _clock(table, {values, *found})
    if clock is None:
        return dates
    within, of_day = clock
    pairs = zip(dates.labels, table.columns[within], strict=True)
    labels = tuple(f"{day} {time}" for day, time in pairs)
    return replace(dates, labels=labels, times=dates.times + of_day)


def _dates_in(table: Table, at: int, order: str | None) -> Dates | None:
    """The dates of a column, None if it has no dates."""
    cells, name = table.columns[at], table.names[at]
    if not cells:
        return None
    plain = [plain_date(cell) for cell in cells]
    if all(re.fullmatch(r"(1[5-9]|2[01])\d\d", cell) for cell in plain):
        years = np.array([float(cell) for cell in plain])
        named = table.headed and (_YEAR_NAMES.fullmatch(name) or may_be_years(name))
        return Dates(name, tuple(plain), years, "", True) if named else None
    if all(re.fullmatch(r"\d{9,13}(\.\d+)?", cell) for cell in plain):
        return _stamps(name, plain) if _STAMP_NAMES.fullmatch(name) else None
    months = all(map(_MONTH.fullmatch, plain))
    if is_named_date(name) and all(map(_JOINED.fullmatch, plain)):
        plain = [f"{cell[:4]}-{cell[4:]}" for cell in plain]
    elif not months and any(_is_number(cell) for cell in plain if cell):
        return None
    if not any(plain):
        return None
    parts = [_parted(cell) for cell in plain]
    days = [day for day, _, _ in parts]
    readings = _readings(days, only_dmy=all(_DOTTED.match(cell) for cell in cells))
    if not readings:
        _check_mostly(table, at, days)
        return None
    if order is not None:
        readings = {each: times for each, times in readings.items() if each == order}
        if not readings:
            raise TaskError(
                f"the dates in column {name!r} of {table.file}, like {cells[0]!r}, are not in the "
                f"order {order}; give another --date-order"
            )
    clock = _clock_of([time for _, time, _ in parts])
    if clock is None:
        return None
    zone = np.array([_offset(zone) for _, _, zone in parts])
    read = {each: times + clock - zone for each, times in readings.items()}
    if len({tuple(np.argsort(times, kind="stable")) for times in read.values()}) > 1:
        choices = " or ".join(f"--date-order {each} ({_ORDER_NAMES[each]})" for each in read)
        raise TaskError(
            f"the dates in column {name!r} of {table.file}, like {cells[0]!r}, are "
            f"ambiguous, and order the rows differently; give {choices}, or --date-column none"
        )
    chosen = next(iter(read))
    first = _ORDER_NAMES[chosen] if len(read) == 1 and chosen != "ymd" else ""
    labels = [re.sub(r"(?<=\d)T(?=\d)", " ", cell) for cell in cells]
    if not clock.any():
        labels = [
            _TIME.sub("", _ZONE.sub("", label) if ":" in label else label) for label in labels
        ]
    return Dates(name, tuple(labels), read[chosen], first, len(read) == 1)


def _is_number(cell: str) -> bool:
    return len(cell) != 8 and re.fullmatch(r"[\d\s]*[.,]?\d*", cell) is not None


def _stamps(name: str, cells: Sequence[str]) -> Dates | None:
    """Dates from seconds or milliseconds since 1970, with labels in UTC."""
    stamps = np.array([float(cell) for cell in cells])
    stamps = stamps / 1000 if stamps.min() > _SECONDS[1] else stamps
    if not (_SECONDS[0] <= stamps.min() and stamps.max() <= _SECONDS[1]):
        return None
    written = np.datetime_as_string(stamps.astype("datetime64[s]"), unit="m")
    return Dates(name, tuple(str(each).replace("T", " ") for each in written), stamps, "", True)


def _parted(cell: str) -> tuple[str, str, str]:
    """Split a date into day, time of day and time zone."""
    zone = ""
    if ":" in cell and (found := _ZONE.search(cell)):
        zone, cell = found[1], cell[: found.start()]
    time = ""
    if found := _TIME.search(cell):
        time, cell = found[1], cell[: found.start()]
    day = _WEEKDAY.sub("", cell)
    if re.search(r"[A-Za-z]", day):
        day = re.sub(r"(?<=\d)(st|nd|rd|th)\b", "", day)
        day = " ".join(
            re.split(r"[\s,./-]+", day.replace("Sept", "Sep").replace("Sepember", "September"))
        )
    else:
        day = re.sub(r"[./]", "-", day)
    return day, time, zone


def _readings(days: Sequence[str], *, only_dmy: bool) -> dict[str, np.ndarray]:
    """The seconds of each day, by each possible order of day, month and year."""
    found: dict[str, np.ndarray] = {}
    for pattern, order in _FORMATS:
        if order in found or (only_dmy and order != "dmy"):
            continue
        if _parsed(days[:20], pattern) is None:
            continue
        times = _parsed(days, pattern)
        if times is not None:
            found[order] = times
    return found


def _parsed(texts: Sequence[str], pattern: str) -> np.ndarray | None:
    import pandas

    if pattern == "%Y%m%d" and not all(re.fullmatch(r"(19|20)\d{6}", text) for text in texts):
        return None
    try:
        read: Any = pandas.to_datetime(pandas.Series(list(texts)), format=pattern, errors="raise")
    except (ValueError, OverflowError):
        return None
    if read.isna().any() or ("%y" in pattern and np.ptp(read.dt.year) > _SPAN):
        return None
    return np.asarray(read.to_numpy().astype("datetime64[s]").astype(np.float64))


def _check_mostly(table: Table, at: int, days: Sequence[str]) -> None:
    """Raise a TaskError for a column in which all but a few cells are dates."""
    for pattern, _ in _FORMATS:
        if pattern == "%Y%m%d":
            continue
        there = _coerced(days[:_SAMPLE], pattern)
        if there.sum() < _MOSTLY * len(there):
            continue
        there = _coerced(days, pattern)
        if not there.all():
            wrong = int(np.argmin(there))
            raise TaskError(
                f"line {table.lines[wrong]} of {table.file} has {table.columns[at][wrong]!r} in "
                f"column {table.names[at]!r}, where other rows have dates; correct or remove that "
                "line, or give --date-column none"
            )


def _coerced(days: Sequence[str], pattern: str) -> np.ndarray:
    """Whether each text is a date of a pattern."""
    import pandas

    read = pandas.to_datetime(pandas.Series(list(days)), format=pattern, errors="coerce")
    return np.asarray(read.notna())


def _check_unread(table: Table, places: Sequence[int]) -> None:
    """Raise a TaskError for dates in an unknown format, unless their numbers only increase."""
    for at in places:
        name, cells = table.names[at], table.columns[at]
        if are_unread_dates(name if table.headed else "", cells):
            cell = next(filter(None, cells))
            raise TaskError(
                f"column {name!r} of {table.file} seems to hold dates in an unknown format, like "
                f"{cell!r}, so its rows cannot be sorted; write them like 2024-01-31, or give "
                "--date-column none to keep the order of the file"
            )


def _with_parts(table: Table, dates: Dates) -> Dates:
    """Complete dates with the months, days, hours and minutes in columns of their own."""
    parts: dict[str, list[int]] = {}
    for name, cells in zip(table.names, table.columns, strict=True):
        part = part_named(name)
        if part and part not in parts and name != dates.column:
            numbers = [part_number(part, cell) for cell in cells]
            if None not in numbers:
                parts[part] = [number for number in numbers if number is not None]
    times, labels = dates.times, list(dates.labels)
    if np.ptp(times) < _YEARS_AT_MOST and times.max() < _YEARS_AT_MOST:
        if "month" not in parts:
            return dates
        days = parts.get("day", [1] * len(times))
        labels = [
            f"{int(year)}-{month:02}" + (f"-{day:02}" if "day" in parts else "")
            for year, month, day in zip(times, parts["month"], days, strict=True)
        ]
        read = _parsed(labels, "%Y-%m-%d" if "day" in parts else "%Y-%m")
        if read is None:
            return dates
        times = read
        if "day" not in parts:
            return replace(dates, labels=tuple(labels), times=times)
    if "hour" in parts:
        minutes = parts.get("minute", [0] * len(times))
        times = times + 3600.0 * np.array(parts["hour"]) + 60.0 * np.array(minutes)
        clocks = zip(labels, parts["hour"], minutes, strict=True)
        labels = [f"{label} {hour:02}:{minute:02}" for label, hour, minute in clocks]
    return replace(dates, labels=tuple(labels), times=times)


def _clock(table: Table, taken: set[int]) -> tuple[int, np.ndarray] | None:
    """The column with a time of day in each row, and its seconds, or None."""
    for at, cells in enumerate(table.columns):
        if at not in taken and all(":" in cell for cell in cells):
            seconds = _clock_of([" ".join(cell.split()) for cell in cells])
            if seconds is not None:
                return at, seconds
    return None


def _clock_of(times: Sequence[str]) -> np.ndarray | None:
    """Seconds since midnight; 24:00 is the end of the day, and an empty text its beginning."""
    seconds = []
    for time in times:
        found = re.fullmatch(
            r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?:[.,](\d+))?\s*(?:([AaPp])\.?[Mm]\.?)?",
            time or "0:00",
        )
        if found is None:
            return None
        hours = int(found[1])
        if found[5]:
            hours = hours % 12 + (12 if found[5] in "pP" else 0)
        if hours > 24:
            return None
        fraction = float(f"0.{found[4]}") if found[4] else 0.0
        seconds.append(3600 * hours + 60 * int(found[2]) + int(found[3] or 0) + fraction)
    return np.array(seconds)


def _offset(zone: str) -> float:
    """The offset of a time zone in seconds."""
    found = re.fullmatch(r"([+-])(\d{2}):?(\d{2})", zone)
    if found is None:
        return 0.0
    ahead = 3600.0 * int(found[2]) + 60.0 * int(found[3])
    return -ahead if found[1] == "-" else ahead

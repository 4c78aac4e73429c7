"""Numbers in cells: decimal and thousands separators, units, and gaps."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rnnviz.errors import TaskError
from rnnviz.system.short_repr import ShortRepr

_GAPS: Final = frozenset(
    (
        *("", "null", "na", "n/a", "#n/a", "#value!", "nan", "none", "nil", "missing", "\\n"),
        *("-", "--", "---", "–", "—", ".", "..", "...", "…", "?", "缺测", "缺失", "无", "空"),
    )
)
_GAP_WORDS: Final = re.compile(
    r"[\(<\[]?(n/?a|null|nan|nat|none)[\)>\]]?|n\. ?[adv]\.?|n[ds]|n/[dv]|k\. ?a\.?|s\.? ?o\.?"
    r"|unknown|暂无|暂缺|欠測|欠测|#\S*[!?/]\S*|#n[vd]|[^\w\s$+\-.,<>=|~^`°%‰()]+"
)
"""Gaps as spreadsheets and yearbooks write them: formula errors, n.d., only signs."""

_THOUSANDS: Final = " '’"
_SPACES: Final = re.compile(r"[\u00a0\u2007\u2009\u202f\s]+")
_CURRENCY: Final = "$¢£¤¥฿₠-₿￥"
_BODY: Final = r"(?:\d[\d.,'’ ]*|[.,]\d+)(?:(?<=[\d.,])[eE][+-]?\d+)?"
_CELL: Final = re.compile(
    rf"(?P<opened>\()?(?P<sign>[+-]?)\s*"
    rf"(?P<before>(?:[A-Z]{{0,3}}[{_CURRENCY}]|[A-Z]{{3}}|Rs\.?|Fr\.?|kr\.?)?)\s*(?P<inner>[+-]?)\s*"
    rf"(?P<body>{_BODY})\s*"
    rf"(?P<after>(?:[^\W\d_]|[°℃℉%‰‱{_CURRENCY}′″])[^\s*?<>~#!,;]*(?: [^\W\d_][^\s*?<>~#!,;]*)?)?"
    rf"(?P<closed>\))?"
)
_WIDE: Final = re.compile("[\uff01-\uff5e\uffe0-\uffe6]+")
"""Full-width forms of ASCII characters and currency signs."""

_ONE_SIGN: Final = re.compile(r"(\d*)([.,])(\d*)(?:[eE].*)?")
_FEW: Final = 5
_GROUPED: Final = re.compile(
    r"(?:\d{1,3}(?:([.,'’ ])\d{3}(?:\1\d{3})*)?|\d{1,2}(?:,\d{2})+,\d{3}|\d*)"
    r"(?:[.,]\d*)?(?:[eE].*)?"
)
_DOTTED_DATE: Final = re.compile(r"\d{1,2}\.\d{1,2}\.(\d{4}|\d{2})")
"""A date with the day first, as countries with a decimal comma write it."""


@dataclass(frozen=True, repr=False)
class Numbers(ShortRepr):
    """The numbers of a column, NaN for gaps, with their unit, decimal and thousands separators."""

    values: np.ndarray
    decimal: str
    thousands: str
    unit: str


@dataclass(frozen=True)
class _Cell:
    line: int
    text: str
    body: str
    negative: bool
    unit: str


def is_gap(cell: str) -> bool:
    """Whether a cell means a missing value: it is empty, or NA, null, -, ….

    Example: >>> is_gap("n/a")
             True
    """
    plain = unicodedata.normalize("NFKC", cell).strip().lower()
    return plain in _GAPS or _GAP_WORDS.fullmatch(plain) is not None


def read_numbers(
    cells: Sequence[str],
    lines: Sequence[int],
    column: str,
    *,
    decimal: str | None,
    delimiter: str | None,
    others: Sequence[Sequence[str]] = (),
) -> Numbers:
    """Read the numbers in the cells of a column; ``others`` are columns with the same signs.

    Raises: TaskError for a cell that is not a number, different units, or an ambiguous decimal
            sign
    """
    held: list[_Cell | None] = [
        None if is_gap(cell) else _cell_of(cell, line, column)
        for cell, line in zip(cells, lines, strict=True)
    ]
    given = [cell for cell in held if cell is not None]
    _check_units(given, column)
    sign = decimal or _decimal_of(given, column, delimiter, others)
    values = np.array(
        [float("nan") if cell is None else _value(cell, sign, column) for cell in held]
    )
    used = Counter(
        mark for cell in given for mark in cell.body if mark in _THOUSANDS + ".," and mark != sign
    )
    return Numbers(values, sign, "".join(sorted(used)), given[0].unit if given else "")


def _cell_of(cell: str, line: int, column: str) -> _Cell:
    plain = _WIDE.sub(lambda found: unicodedata.normalize("NFKC", found[0]), cell)
    plain = _SPACES.sub(" ", plain).strip()
    plain = plain.replace("\u2212", "-").replace("٫", ".")
    found = _CELL.fullmatch(plain)
    if (
        found is None
        or bool(found["opened"]) != bool(found["closed"])
        or (found["opened"] and (found["sign"] or found["inner"]))
        or (found["sign"] and found["inner"])
    ):
        raise TaskError(
            f"line {line} has {cell!r} in column {column!r}, which is not a number; correct or "
            "remove that line"
        )
    negative = bool(found["opened"]) or "-" in (found["sign"], found["inner"])
    unit = " ".join(part for part in (found["before"], found["after"]) if part)
    return _Cell(line, cell, found["body"].strip(), negative, unit)


def _check_units(cells: Sequence[_Cell], column: str) -> None:
    for cell in cells:
        if cell.unit != cells[0].unit:
            one, other = (each.unit or "no unit" for each in (cells[0], cell))
            raise TaskError(
                f"line {cell.line} has {cell.text!r} in column {column!r}, but line "
                f"{cells[0].line} has {cells[0].text!r}, whose units differ "
                f"({other}, {one}); give all numbers in one unit"
            )


def _decimal_of(
    cells: Sequence[_Cell], column: str, delimiter: str | None, others: Sequence[Sequence[str]]
) -> str:
    """The decimal separator that the cells show, or else the other columns."""
    shown = {mark: cell for cell in reversed(cells) if (mark := _shown(cell.body))}
    if len(shown) > 1:
        first, second = shown.values()
        raise TaskError(
            f"column {column!r} has {first.text!r} (line {first.line}) and {second.text!r} (line "
            f"{second.line}), which have different decimal separators; give one with --decimal"
        )
    if shown:
        return next(iter(shown))
    open_cells = [cell for cell in cells if _ONE_SIGN.fullmatch(cell.body)]
    if not open_cells:
        return "."
    sign = next(mark for mark in open_cells[0].body if mark in ".,")
    other = "," if sign == "." else "."
    whole = [cell.body for cell in cells if cell.body.isdigit()]
    if whole and len(open_cells) >= _FEW and all(len(body) < 4 for body in whole):
        return other  # 987 beside 1,234: a thousands separator, as all numbers below 1000 lack it
    elsewhere = {
        mark
        for cells_of in others
        for cell in cells_of
        if (found := _CELL.fullmatch(_SPACES.sub(" ", cell)))
        and (_GROUPED.fullmatch(found["body"]) or _DOTTED_DATE.fullmatch(found["body"]))
        and (mark := _shown(found["body"]))
    }
    if len(elsewhere) == 1:
        return elsewhere.pop()
    if sign == "." and delimiter != ";":
        return sign
    raise TaskError(
        f"column {column!r} has numbers like {open_cells[0].text!r} (line {open_cells[0].line}), "
        f"whose {sign!r} may separate decimals or thousands; give --decimal , or --decimal ."
    )


def _shown(body: str) -> str:
    """The decimal separator of a number, or nothing if it may be either."""
    marks = [mark for mark in body if mark in ".,"]
    if len(set(marks)) == 2:
        return marks[-1] if marks.count(marks[-1]) == 1 else ""
    if len(marks) > 1:
        return "," if marks[0] == "." else "."
    if not marks:
        return ""
    before, after = re.split(r"[.,]", re.sub(r"[eE].*", "", body))
    if re.search(r"[ '’]", before) or len(after) != 3:
        return marks[0]
    certain = not before or before.startswith("0") or len(before) > 3 or "e" in body.lower()
    return marks[0] if certain else ""


def _value(cell: _Cell, decimal: str, column: str) -> float:
    number, _, exponent = cell.body.lower().partition("e")
    whole, _, rest = number.partition(decimal)
    grouped = re.fullmatch(
        r"\d{1,3}(?:([.,'’ ])\d{3}(?:\1\d{3})*)?|\d{1,2}(?:,\d{2})+,\d{3}|\d*", whole
    )
    if grouped is None or not re.fullmatch(r"\d*", rest) or not (whole or rest):
        raise TaskError(
            f"line {cell.line} has {cell.text!r} in column {column!r}, which is not a number with "
            f"decimal separator {decimal!r}; correct it, or give another with --decimal"
        )
    digits = re.sub(r"\D", "", whole) or "0"
    value = float(f"{digits}.{rest or 0}e{exponent or 0}")
    if not np.isfinite(value):
        raise TaskError(
            f"line {cell.line} has {cell.text!r} in column {column!r}, which is not a number in "
            "float64; correct or remove that line"
        )
    return -value if cell.negative and value else value

"""The layout of a table: its delimiter, its header, and the lines before and after it."""

import csv
import io
import re
import unicodedata
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from rnnviz.errors import TaskError

_DELIMITERS: Final = ("\t", ";", "|", ",")
_SPACES: Final = r"\s+"
_NO_DELIMITER: Final = "\x1f"
"""A delimiter that occurs in no text, so that every line is one cell."""

_DELIMITERS_BY_NAME: Final = {"tab": "\t", "\\t": "\t", "space": _SPACES, " ": _SPACES}
_SAMPLE: Final = 500
_SETTLED: Final = 3
_DEEPEST: Final = 50
_NAMED: Final = 12
_DELIMITER_NAMES: Final = {"\t": "tabs", _SPACES: "spaces"}
_EXCEL: Final = re.compile(r"sep=(.)\n")
_VALUE: Final = re.compile(r"[^\w]*\d[\d\s.,:'’/+\-TZ年月日°%$€£¥]*(e[+-]?\d+)?\W*", re.IGNORECASE)
_TOTALS: Final = frozenset(
    (
        *("total", "totals", "grand total", "sum", "average", "mean", "summe", "gesamt"),
        *("insgesamt", "gesamtsumme", "mittelwert", "durchschnitt", "somme", "total général"),
        *("moyenne", "totale", "итого", "合计", "总计", "平均", "合計", "計", "합계"),
    )
)
_COMMENT: Final = ("#", "//")


@dataclass(frozen=True)
class Table:
    """The cells of a table by column, and the line of the file in which each row begins.

    ``notes`` are what was detected; ``plain`` is whether it is a comma-separated table with a
    header.
    """

    file: str
    names: tuple[str, ...]
    headed: bool
    columns: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    delimiter: str | None
    notes: tuple[str, ...]
    plain: bool

    def place(self, column: str) -> int:
        """Return the index of a column, by its name or its number from 1.

        Raises: TaskError if there is none, or more than one
        """
        wanted = _normal(column)
        found = [at for at, name in enumerate(self.names) if self.headed and name == wanted]
        if len(found) == 1:
            return found[0]
        number = int(wanted) if re.fullmatch(r"[1-9]\d{0,5}", wanted, re.ASCII) else 0
        if found and number - 1 not in found:
            places = " and ".join(str(at + 1) for at in found)
            raise TaskError(
                f"{self.file} has {len(found)} columns {column!r}, numbers {places}; choose one "
                f"by its number: --column {found[0] + 1}"
            )
        if 1 <= number <= len(self.names):
            return number - 1
        if not self.headed and self.names:
            raise TaskError(
                f"{self.file} has no header, so there is no column {column!r}; choose one by its "
                f"number, from 1 to {len(self.names)}"
            )
        named = ", ".join(self.names[:_NAMED]) or "none"
        more = len(self.names) - _NAMED
        raise TaskError(
            f"{self.file} has no column {column!r}; it has {named}"
            + (f" and {more} more" if more > 0 else "")
        )


def read_table(
    file: str,
    text: str,
    wanted: Sequence[str],
    *,
    delimiter: str | None,
    decimal: str | None,
    header: bool | None,
) -> Table:
    """Read the table in a text; ``wanted`` are names of columns, to find the header.

    Raises: TaskError if the text is not a table, or its delimiter is ambiguous
    """
    names = [_normal(name) for name in wanted]
    skipped = 0
    if found := _EXCEL.match(text):
        delimiter, skipped, text = delimiter or found[1], 1, text[found.end() :]
    chosen = _chosen(file, text, names, delimiter, decimal)
    comments, text = _comments(text)
    rows, lines = _rows(file, text, chosen, skipped)
    start, headed = _header(file, rows, names, header)
    notes, above = [], start
    head = [_normal(cell) for cell in rows[start]] if headed and rows else []
    body = list(zip(rows[start + headed :], lines[start + headed :], strict=True))
    body = [(row, line) for row, line in body if any(row) and not _is_comment(row)]
    if not headed and header is None and body and comments:
        head = _commented(comments[-1], _width(body[0][0]))
        headed = bool(head)
        above -= headed
    if above:
        notes.append(f"{above} {_lines(above)} before the table left out")
    width = _common_width(head, [row for row, _ in body])
    after = 0
    while body and width > 1 and _is_footer(body[-1][0]):
        body.pop()
        after += 1
    if after:
        notes.append(f"{after} {_lines(after)} after the table left out")
    totals = 0
    while len(body) > 1 and width > 1 and _is_total(body[-1][0]):
        body.pop()
        totals += 1
    if totals:
        notes.append(f"{totals} {_lines(totals)} of totals at the end left out")
    for row, line in body:
        if chosen == _SPACES and _width(row) < width:
            raise TaskError(
                f"{file} has {width} columns separated by spaces, but {_width(row)} fields in line "
                f"{line}; write NA for a missing value, or use another delimiter"
            )
        if _width(row) > width:
            what = "names in its header" if headed else "columns"
            raise TaskError(
                f"{file} has {width} {what}, but {_width(row)} fields in line {line}; correct the "
                "line, name each column, or give another delimiter with --delimiter (numbers "
                "with a decimal comma need one, or quotes)"
            )
    if not headed:
        notes.append("no header line, columns are numbered")
    said = None if chosen == _NO_DELIMITER else _DELIMITER_NAMES.get(chosen, repr(chosen))
    if chosen not in (",", _NO_DELIMITER):
        notes.insert(0, f"columns separated by {said}")
    return Table(
        file,
        tuple(head[:width]) if headed else tuple(str(at + 1) for at in range(width)),
        headed,
        tuple(tuple(row[at] if at < len(row) else "" for row, _ in body) for at in range(width)),
        tuple(line for _, line in body),
        None if chosen == _NO_DELIMITER else chosen,
        tuple(notes),
        not notes,
    )


def _chosen(
    file: str, text: str, names: Sequence[str], delimiter: str | None, decimal: str | None
) -> str:
    """The given delimiter, or the one that splits the lines into a table."""
    if delimiter is not None:
        if delimiter not in _DELIMITERS_BY_NAME and (len(delimiter) != 1 or delimiter in '"\r\n'):
            raise TaskError(f"a delimiter must be one character, tab or space, got {delimiter!r}")
        return _DELIMITERS_BY_NAME.get(delimiter, delimiter)
    fits = [each for each in _DELIMITERS if each != decimal and _fit(text, each)]
    if not fits:
        return _SPACES if _fit(text, _SPACES) else _NO_DELIMITER
    naming = [each for each in fits if _names_all(text, each, names)]
    chosen = (naming or fits)[0]
    if chosen == "," and decimal is None and _may_be_decimals(text, names):
        cell = next(line for line in text.split("\n") if line.strip())
        raise TaskError(
            f"{file} has lines like {cell.strip()!r}, which may be two columns or one number with "
            "a decimal comma; give --delimiter , or --decimal ,"
        )
    return chosen


def _records(text: str, delimiter: str) -> list[list[str]]:
    """The first records, without comments and empty lines."""
    lines = (line for line in text.split("\n") if not line.lstrip().startswith(_COMMENT))
    if delimiter == _SPACES:
        parted = [line.split() for line in islice(lines, _SAMPLE)]
    else:
        reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
        try:
            parted = list(islice(reader, _SAMPLE))
        except csv.Error:
            return []
    return [[cell.strip() for cell in row] for row in parted if any(map(str.strip, row))]


def _fit(text: str, delimiter: str) -> bool:
    """Whether nearly all records have the same number of fields, more than one, as the header."""
    records = _records(text, delimiter)
    counts = [len(row) for row in records]
    if not counts:
        return False
    width = Counter(counts).most_common(1)[0][0]
    start = _settled(counts, width)
    if width < 2 or start is None:
        return False
    inside = counts[start:]
    if sum(count in (width, width - 1) for count in inside) < 0.9 * len(inside):
        return False
    # one name above numbers: the delimiter is their decimal separator
    return not (start == 1 and counts[0] == 1 and not _is_data(records[0]) and _is_data(records[1]))


def _settled(counts: Sequence[int], width: int) -> int | None:
    """The first record of those that have the common number of fields from there on."""
    for at, count in enumerate(counts):
        following = counts[at : at + _SETTLED]
        if count > 1 and all(each in (width, width - 1) for each in following):
            return at
    return None


def _names_all(text: str, delimiter: str, names: Sequence[str]) -> bool:
    return any(
        all(name in [_normal(cell) for cell in row] for name in names)
        for row in _records(text, delimiter)[:50]
    )


def _may_be_decimals(text: str, names: Sequence[str]) -> bool:
    """Whether lines of two whole numbers may be numbers with a decimal comma instead."""
    records = _records(text, ",")
    return names in ([], ["1"]) and all(
        len(row) == 2 and all(re.fullmatch(r"-?\d+", cell) for cell in row) for row in records
    )


def _rows(file: str, text: str, delimiter: str, skipped: int) -> tuple[list[list[str]], list[int]]:
    """All records, and the line in which each begins."""
    import pandas
    from pandas.errors import EmptyDataError, ParserError, ParserWarning

    width = max(map(len, _records(text, delimiter)), default=1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ParserWarning)
            frame = pandas.read_csv(
                io.StringIO(text),
                sep=delimiter,
                header=None,
                names=range(width),
                index_col=False,
                dtype=str,
                na_filter=False,
                skip_blank_lines=False,
                skipinitialspace=True,
            )
    except EmptyDataError:
        return [], []
    except (ParserError, ParserWarning, ValueError) as error:
        reason = " ".join(str(error).replace("Error tokenizing data. C error:", "").split())
        raise TaskError(
            f"{file} is not a table of {width} columns: {reason}; correct that line, or give "
            "another --delimiter"
        ) from error
    rows = [[str(cell or "").strip() for cell in row] for row in frame.fillna("").values.tolist()]
    lines, line = [], 1 + skipped
    for row in frame.fillna("").values.tolist():
        lines.append(line)
        line += 1 + sum(str(cell).count("\n") for cell in row)
    return rows, lines


def _header(
    file: str, rows: Sequence[Sequence[str]], names: Sequence[str], header: bool | None
) -> tuple[int, bool]:
    """The first row of the table, and whether it is a header."""
    counts = [_width(row) for row in rows[:_SAMPLE]]
    full = [at for at, row in enumerate(rows[:_SAMPLE]) if any(row) and not _is_comment(row)]
    if not full:
        return 0, False
    width = Counter(counts[at] for at in full).most_common(1)[0][0]
    start = next((at for at in full if counts[at] >= max(width - 1, min(2, width))), full[0])
    if header is not None:
        return start, header
    data = _is_data(rows[start], rows[start + 1 : start + 20])
    numbers = all(name.isdecimal() for name in names)
    spelt = names if numbers else [name for name in names if not name.isdecimal()]
    named = [
        at
        for at in full[:_DEEPEST]
        if spelt and all(name in map(_normal, rows[at]) for name in spelt)
    ]
    if named and named[0] == start:
        if data and numbers:
            raise TaskError(
                f"{file} begins with {', '.join(rows[start][:_NAMED])}, which may be names or "
                "numbers; give --header or --no-header"
            )
        return start, True
    for at in () if numbers else named:
        if not any(_VALUE.fullmatch(cell) for cell in rows[at] if cell not in spelt):
            return at, True
    return start, not data


def _is_data(row: Sequence[str], following: Sequence[Sequence[str]] = ()) -> bool:
    """Whether a row has numbers or dates in each column where the rows below have them."""
    of_values = [
        at
        for at in range(len(row))
        if not following
        or 2 * sum(bool(_VALUE.fullmatch(each[at])) for each in following) > len(following)
    ]
    values = [bool(_VALUE.fullmatch(row[at])) for at in of_values if row[at]]
    return bool(values) and all(values)


def _comments(text: str) -> tuple[list[str], str]:
    """The comments at the beginning of a text, and the text with these lines emptied."""
    lines = text.split("\n")
    at = 0
    while at < len(lines) and (not lines[at].strip() or lines[at].lstrip().startswith(_COMMENT)):
        at += 1
    comments = [line for line in lines[:at] if line.strip()]
    return comments, "\n".join([""] * at + lines[at:])


def _commented(comment: str, width: int) -> list[str]:
    """The column names in a comment above a table, as NumPy writes them."""
    text = comment.strip().lstrip("#/ ")
    for parted in (re.split(r"[,;|\t]", text), text.split()):
        names = [_normal(name) for name in parted]
        if len(names) == width and all(names):
            return names
    return []


def _common_width(head: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """The number of columns: those with names, or as many as most rows have."""
    if head:
        return max(1, _width(head))
    return Counter(map(_width, rows)).most_common(1)[0][0] if rows else 0


def _width(row: Sequence[str]) -> int:
    return max((at + 1 for at, cell in enumerate(row) if cell), default=0)


def _is_comment(row: Sequence[str]) -> bool:
    return row[0].startswith(_COMMENT)


def _is_footer(row: Sequence[str]) -> bool:
    """Whether a row is text below a table, in its first field only."""
    return not any(row[1:]) and not re.match(r"[\d+-]", row[0])


def _is_total(row: Sequence[str]) -> bool:
    """Whether a row is a total of those above, by its first field with words."""
    words = next((cell for cell in row if cell and not _VALUE.fullmatch(cell)), "")
    return words.lower().rstrip(":").strip() in _TOTALS


def _lines(count: int) -> str:
    return "line" if count == 1 else "lines"


def _normal(name: str) -> str:
    return unicodedata.normalize("NFC", " ".join(name.split()))

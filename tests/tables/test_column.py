"""Tables as the world writes them: what is in the file is what is read, or an error asks."""

import datetime

import numpy as np
import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.errors import TaskError
from rnnviz.tables import read_column

VALUES = [1006.5, 1126.25, 12940.77, 987.6, 15.5, 161000.2, 7.1, 178.3, 1742.4, 1735.25]
DAYS = [datetime.date(2024, 1, 28) + datetime.timedelta(day) for day in range(len(VALUES))]
ISO = [day.isoformat() for day in DAYS]
GERMAN = [format_decimal(value, "#,##0.00", "de") for value in VALUES]


def table(cells, *, sep=",", head=("date", "price"), labels=ISO, end="\n"):
    """A text with a column of labels and one of cells, quoted where they need it."""
    quoted = [f'"{cell}"' if sep in str(cell) else str(cell) for cell in cells]
    rows = [head] * bool(head) + list(zip(labels, quoted, strict=True))
    return "".join(sep.join(row) + end for row in rows)


@pytest.fixture
def read(tmp_path):
    """(content, column="price", …) → the column."""

    def read(content, column="price", *, of="utf-8", **options):
        path = tmp_path / "t.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode(of))
        return read_column(path, column, **options)

    return read


@pytest.fixture
def refused(read):
    """As ``read``, for what is refused: the message, of one line."""

    def refused(*arguments, **options):
        with pytest.raises(TaskError) as caught:
            read(*arguments, **options)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    return refused


LOCALES = ("en", "de", "fr", "de_CH", "en_IN", "sv", "pt_BR", "ru", "zh", "hi", "pl")


@given(
    values=st.lists(
        st.integers(-(10**9), 10**9).map(lambda cents: cents / 100), min_size=2, max_size=8
    ),
    locale=st.sampled_from(LOCALES),
    sep=st.sampled_from("\t;|,"),
)
def test_numbers_of_every_locale_are_read_as_babel_writes_them(
    values, locale, sep, tmp_path_factory
):
    path = tmp_path_factory.getbasetemp() / "locale.csv"
    cells = [format_decimal(value, locale=locale, format="#,##0.00") for value in values]
    if locale == "en_IN":
        cells = [format_decimal(value, locale=locale, format="#,##,##0.00") for value in values]
    labels = [str(DAYS[0] + datetime.timedelta(row)) for row in range(len(values))]
    path.write_text(table(cells, sep=sep, labels=labels), encoding="utf-8")
    assert read_column(path, "price").values.tolist() == values


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (
            table(GERMAN, sep=";"),
            "columns separated by ';', decimal comma, thousands separated by '.'",
        ),
        (table(VALUES, sep="\t"), "columns separated by tabs"),
        (table(VALUES, sep="|"), "columns separated by '|'"),
        (table(VALUES, sep="   "), "columns separated by spaces"),
        ("sep=;\n" + table(GERMAN, sep=";"), "columns separated by ';'"),
        (table(VALUES, end="\r\n"), ""),
        (table(VALUES, end="\r"), ""),
        (table([f"{value}," for value in VALUES]).replace('"', ""), ""),
        (table(VALUES, head=(' "date"', ' "price" ')), ""),
        ("# of Beijing\n# a,b,c\n" + table(VALUES), "2 lines before the table left out"),
        ("Station: 5\nof A, B, C\n\n" + table(VALUES), "3 lines before the table left out"),
        (table(VALUES) + "Source: CMA\n", "1 line after the table left out"),
        ("# date price\n" + table(VALUES, sep=" ", head=()), "columns separated by spaces"),
        (table(VALUES) + "\n,\n\n", ""),
        (table([f"{value} °C" for value in VALUES]), "unit °C"),
        (table([f"€ {cell}" for cell in GERMAN], sep=";"), "unit €"),
        (table([f"US${value:,}" for value in VALUES]), "unit US$"),
        (table([f"￥{value}" for value in VALUES]), "unit ¥"),
        (table([f"{value}%" for value in VALUES]), "unit %"),
        (table([f"{value}元" for value in VALUES]), "unit 元"),
        (table([f"{value} µg/m³" for value in VALUES]), "unit µg/m³"),
        (table([f"{value:e}" for value in VALUES]), ""),
        (table([f"+{value}" for value in VALUES]), ""),
        ("price\n" + "\n".join(map(str, VALUES)), ""),
        ("price\n" + "\n".join(str(value).replace(".", ",") for value in VALUES), "decimal comma"),
    ],
)
def test_what_is_detected_is_read_and_noted(content, note, read):
    column = read(content)
    assert column.values.tolist() == VALUES
    assert note in ", ".join(column.notes)
    assert column.notes[0] == "UTF-8"
    assert column.plain == (not note)
    assert not column.changes


@pytest.mark.parametrize(
    ("encoding", "head", "note"),
    [
        ("utf-8-sig", "价格", "UTF-8"),
        ("utf-16", "价格", "UTF-16"),
        ("utf-16-le", "price €", "UTF-16-LE"),
        ("utf-16-be", "price", "UTF-16-BE"),
        ("utf-32", "价格", "UTF-32"),
        ("gbk", "价格", "GB18030"),
        ("gb18030", "最高气温", "GB18030"),
        ("latin-1", "Größe", "windows-1252"),
        ("cp1252", "température (°C)", "windows-1252"),
        ("cp1252", "prix €", "windows-1252"),
    ],
)
def test_encodings_are_recognised(encoding, head, note, read):
    assert read(table(VALUES, head=("date", head)), head, of=encoding).notes[0] == note


@pytest.mark.parametrize(
    ("encoding", "head"),
    [("cp1251", "цена"), ("big5", "價格"), ("shift_jis", "価格"), ("cp850", "prïx")],
)
def test_other_encodings_are_asked_for_and_can_be_given(encoding, head, read, refused):
    content = table(VALUES, head=("date", head)).encode(encoding)
    assert "name its encoding with --encoding" in refused(content, head)
    assert read(content, head, encoding=encoding).values.tolist() == VALUES


def test_a_wrong_guess_of_the_encoding_is_named(refused):
    for encoding, head in (("euc_kr", "가격"), ("koi8-r", "цена")):
        message = refused(table(VALUES, head=("date", head)).encode(encoding), head)
        assert f"(read as GB18030; give another with --encoding) has no column {head!r}" in message


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"encoding": "klingon"}, "unknown encoding 'klingon'"),
        ({"encoding": "hex"}, "unknown encoding 'hex'"),
        ({"encoding": "ascii"}, "is not ascii text (byte 11)"),
        ({"delimiter": "ab"}, "a delimiter must be one character, tab or space"),
        ({"decimal": "x"}, "unknown decimal separator 'x'"),
        ({"fill": "zero"}, "unknown fill 'zero'"),
        ({"date_order": "mdy"}, "are not in the order mdy; give another --date-order"),
        ({"date_column": "price €"}, "which is not a date that can be read"),
        ({"date_column": "day"}, "has no column 'day'; it has date, price €"),
    ],
)
def test_options_that_do_not_fit(options, expected, refused):
    assert expected in refused(table(VALUES, head=("date", "price €")), "price €", **options)


@pytest.mark.parametrize(
    ("content", "column", "expected"),
    [
        ("1,2\n3,4\n5,6\n", "1", "give --delimiter , or --decimal ,"),
        ("1,2\n3,4\n5,6\n", "2", "which may be names or numbers; give --header or --no-header"),
        (
            table(["1,234", "2,345"], sep=";", labels=ISO[:2]),
            "price",
            "give --decimal , or --decimal .",
        ),
        (
            table(["1.234", "2.345"], sep=";", labels=ISO[:2]),
            "price",
            "give --decimal , or --decimal .",
        ),
        (
            table(["1,5", "2.5"], sep=";", labels=ISO[:2]),
            "price",
            "have different decimal separators",
        ),
        ("a,b,a\n1,2,3\n", "a", "has 2 columns 'a', numbers 1 and 3; choose one by its number"),
        (table(VALUES, head=()), "price", "has no header, so there is no column 'price'"),
        ("a,b\n1,10,5\n2,11,5\n", "b", "has 2 names in its header, but 3 fields in line 2"),
        (table(VALUES) + "2024-03-01,1,5,6\n", "price", "but 4 fields in line 12"),
        (table(VALUES) + '2024-03-01,"5\n', "price", "EOF inside string"),
        (
            table(["1 €", "2 $"], labels=ISO[:2]),
            "price",
            "line 3 has '2 $' in column 'price', but line 2",
        ),
        (
            table(["1 €", "2"], labels=ISO[:2]),
            "price",
            "whose units differ (no unit, €)",
        ),
        (table(["1.2K", "3.4M"], labels=ISO[:2]), "price", "whose units differ"),
        *(
            (table([cell, "1"], labels=ISO[:2]), "price", f"line 2 has '{cell}'")
            for cell in (
                "<5",
                "5*",
                "~5",
                "1-2",
                "3/4",
                "12:30",
                "1 2",
                "1,2,3.4",
                "0x1F",
                "1_0",
                "five",
                "$",
            )
        ),
    ],
)
def test_what_may_be_read_in_several_ways_or_in_none_is_asked(content, column, expected, refused):
    assert expected in refused(content, column)


def test_what_was_asked_can_be_given(read):
    both = "1,2\n3,4\n5,6\n"
    assert read(both, "1", decimal=",").values.tolist() == [1.2, 3.4, 5.6]
    assert read(both, "1", delimiter=",", header=False).values.tolist() == [1, 3, 5]
    assert read(both, 2, header=True).values.tolist() == [4, 6]
    either = table(["1,234", "2,345"], sep=";", labels=ISO[:2])
    assert read(either, decimal=",").values.tolist() == [1.234, 2.345]
    assert read(either, decimal=".").values.tolist() == [1234, 2345]
    twice = "a,b,a\n1,2,3\n4,5,6\n"
    assert read(twice, "3").values.tolist() == [3, 6]
    assert read(twice, "1").values.tolist() == [1, 4]
    assert read(table(VALUES, head=()), "2").values.tolist() == VALUES


def test_whole_numbers_without_a_sign_show_what_parts_thousands(read):
    cells = ["1,234", "987", "2,345", "3,456", "4,567", "5,678"]
    assert read(table(cells, labels=ISO[:6])).values.tolist() == [1234, 987, 2345, 3456, 4567, 5678]


def test_other_columns_show_the_decimal_sign(read):
    rows = "".join(f"{day};1,234;{cell}\n" for day, cell in zip(ISO, GERMAN, strict=True))
    assert read("date;price;other\n" + rows).values[0] == 1.234


@pytest.mark.parametrize(
    "cells",
    [
        ("(1,234.50)", "-2.5"),
        ("−1234.50", "-2.5"),
        ("-$1,234.50", "$-2.5"),
        ("($1,234.50)", "-$2.5"),
    ],
)
def test_negative_numbers(cells, read):
    assert read(table(cells, labels=ISO[:2])).values.tolist() == [-1234.5, -2.5]


@pytest.mark.parametrize(
    "gap", ["", "null", "NA", "N/A", "#N/A", "nan", "NaN", "-", "—", "\\N", "缺测"]
)
def test_gaps_are_filled_as_asked_or_refused(gap, read, refused):
    content = table([1, gap, 4, gap, gap, 10], labels=ISO[:6])
    assert "has 3 gaps (line 3, 5, 6: empty or not a number)" in refused(content)
    for fill, expected in (
        ("linear", [1, 2.5, 4, 6, 8, 10]),
        ("previous", [1, 1, 4, 4, 4, 10]),
        ("next", [1, 4, 4, 10, 10, 10]),
        ("mean", [1, 5, 4, 5, 5, 10]),
        ("leave", [1, np.nan, 4, np.nan, np.nan, 10]),
    ):
        column = read(content, fill=fill)
        np.testing.assert_array_equal(column.values, expected)
        assert "3 gaps" in column.changes[-1]


def test_gaps_at_the_ends_are_left_out_and_noted(read):
    column = read(table(["", "NA", 3, 4, "-"], labels=ISO[:5]))
    assert column.values.tolist() == [3, 4]
    assert column.labels == tuple(ISO[2:4])
    assert column.changes == ("3 rows without a value at the ends left out",)


@pytest.mark.parametrize("number", ["-9999", "-999.9", "99999", "999"])
def test_a_number_that_may_stand_for_a_gap_is_noted(number, read):
    notes = read(table([1, 2, number, 4, 5.5], labels=ISO[:5])).notes
    assert f"{number} (1 time) lies far from all other values: if it stands for a gap" in notes[-1]
    for cells in ([1, 2, 3, 4, 9], [900, 950, 999, 800, 850], [1, 2, 1000, 4, 5]):
        assert "gap" not in str(read(table(cells, labels=ISO[:5])).notes)


FORMATS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日", "%d.%m.%Y", "%d.%m.%y"),
    *("%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d %b %Y", "%d-%b-%y", "%b %d, %Y", "%B %d %Y"),
    *("%a %d %B %Y", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M", "%m/%d/%Y %I:%M %p"),
    *("%Y-%m-%d %H:%M:%S+08:00", "%Y-%m-%d %H:%M:%S.%f", "%Y年%m月%d日 %H时%M分"),
)


@pytest.mark.parametrize("pattern", FORMATS)
def test_rows_are_put_in_the_order_of_their_dates(pattern, read):
    labels = [f'"{day.strftime(pattern)}"' for day in DAYS]
    column = read(table(VALUES[::-1], labels=labels[::-1]))
    assert column.values.tolist() == VALUES
    assert column.changes == ("newest first in the file, reversed by 'date'",)
    mixed = [3, 1, 2, 0, 4, 5, 6, 8, 7, 9]
    column = read(table([VALUES[row] for row in mixed], labels=[labels[row] for row in mixed]))
    assert column.values.tolist() == VALUES
    assert column.changes == ("sorted by 'date'",)
    assert labels[0].strip('"').replace("T", " ").startswith(column.labels[0])


def test_dates_with_days_or_months_first_are_asked_for_only_where_it_matters(read, refused):
    months = [f"0{month}/0{day}/2024" for month, day in ((1, 5), (2, 6), (3, 7), (4, 8))]
    assert read(table([1, 2, 3, 4], labels=months)).changes == ()
    assert read(table([4, 3, 2, 1], labels=months[::-1])).values.tolist() == [1, 2, 3, 4]
    crossed = ["01/05/2024", "02/04/2024", "03/03/2024"]
    message = refused(table([1, 2, 3], labels=crossed))
    assert "give --date-order dmy (day first) or --date-order mdy (month first)" in message
    content = table([1, 2, 3], labels=crossed)
    assert read(content, date_order="mdy").values.tolist() == [1, 2, 3]
    assert read(content, date_order="dmy").values.tolist() == [3, 2, 1]
    assert read(content, date_column="none").labels == ("1", "2", "3")


@pytest.mark.parametrize(
    ("head", "labels", "first"),
    [
        ("Year", [str(2000 - row) for row in range(10)], "1991"),
        ("month", [f"2024-{10 - row:02}" for row in range(10)], "2024-01"),
        ("timestamp", [str(1700000040 - 60 * row) for row in range(10)], "2023-11-14 22:05"),
        ("time", [f"2024-01-01 {10 - row}:30" for row in range(10)], "2024-01-01 1:30"),
    ],
)
def test_other_times_order_the_rows_too(head, labels, first, read):
    column = read(table(VALUES[::-1], head=(head, "price"), labels=labels))
    assert column.values.tolist() == VALUES
    assert column.labels[0] == first


@pytest.mark.parametrize(
    ("head", "labels"),
    [
        ("pressure", [f"10{12 - row}.{row + 1}" for row in range(3)]),
        ("size", ["2003", "2002", "2001"]),
        ("share", ["12.5", "11.4", "10.3"]),
        ("size", ["900000003", "900000002", "900000001"]),
        ("clock", ["23:00", "01:00", "00:00"]),
        ("name", ["May", "March", "April"]),
    ],
)
def test_numbers_and_words_are_no_dates(head, labels, read):
    column = read(table([1, 2, 3], head=(head, "price"), labels=labels))
    assert column.values.tolist() == [1, 2, 3]
    assert column.labels == ("1", "2", "3")


def test_a_time_of_day_in_a_column_of_its_own(read):
    rows = "".join(f"2024-01-0{2 - row // 5},{22 - row % 5}:00,{row}\n" for row in range(10))
    column = read("date,time,price\n" + rows)
    assert column.values.tolist() == list(range(9, -1, -1))
    assert column.labels[0] == "2024-01-01 18:00"


def test_repeated_and_missing_dates_are_noted(read, refused):
    twice = read(table(VALUES, labels=[*ISO[:4], ISO[3], *ISO[5:]]))
    assert f"1 row has the same date as another, first {ISO[3]}; all are kept" in twice.changes
    holes = read(table(VALUES[:9], labels=[*ISO[:4], *ISO[5:]]))
    missing = f"1 place where dates are missing, the first between {ISO[3]} and {ISO[5]}"
    assert any(missing in note for note in holes.notes)
    assert holes.changes == ()
    panel = table(VALUES, labels=ISO[:5] * 2)
    assert "as if it held several series" in refused(panel)
    assert read(panel, date_column="none").values.tolist() == VALUES


def test_a_cell_that_is_no_date_among_dates(read, refused):
    content = table(VALUES, labels=[*ISO[:9], "12"])
    content = content.replace("\n12,", "\ntotal 5,")
    message = refused(content)
    assert "line 11" in message
    assert "has 'total 5' in column 'date', where other rows have dates" in message
    assert read(content, date_column="none").values.tolist() == VALUES


def test_two_columns_of_dates(read, refused):
    rows = "".join(f"{a},{b},{value}\n" for a, b, value in zip(ISO, ISO[::-1], VALUES, strict=True))
    content = "seen,told,price\n" + rows
    assert "'seen', 'told', which order its rows differently" in refused(content)
    assert read(content, date_column="seen").values.tolist() == VALUES
    assert read(content, date_column="told").values.tolist() == VALUES[::-1]


def test_lines_are_those_of_the_file(refused):
    content = '# a\n\ndate,price,note\n2024-01-01,1,"two\nlines"\n\n2024-01-02,x,\n'
    assert "line 7 has 'x'" in refused(content)


def test_a_file_that_is_too_large_or_cannot_be_opened(monkeypatch, refused):
    monkeypatch.setattr("rnnviz.tables.column._LARGEST", 20)
    assert "is larger than 2e-05 MB" in refused(table(VALUES))
    with pytest.raises(TaskError, match=r"cannot read 'a\\x00b'"):
        read_column("a\0b", "price")


def quarter(day):
    return 1 + (day.month - 1) // 3


GERMAN_MONTHS = dict(
    enumerate(("Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt."), 1)
) | {11: "Nov.", 12: "Dez."}
FRENCH_MONTHS = dict(
    enumerate(("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août"), 1)
) | {9: "sept.", 10: "octobre", 11: "nov.", 12: "déc."}
RUSSIAN_MONTHS = dict(
    enumerate(("янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт"), 1)
) | {11: "ноя", 12: "дек"}
QUARTERS = [datetime.date(2020 + at // 4, 1 + 3 * (at % 4), 1) for at in range(len(VALUES))]
MONTHS = [datetime.date(2023 + (at + 4) // 12, 1 + (at + 4) % 12, 1) for at in range(len(VALUES))]
WAYS = [
    (QUARTERS, lambda day: f"{day.year}Q{quarter(day)}"),
    (QUARTERS, lambda day: f"Q{quarter(day)} {day.year}"),
    (QUARTERS, lambda day: f"{quarter(day)}Q{day:%y}"),
    (QUARTERS, lambda day: f"{quarter(day)}. Quartal {day.year}"),
    (QUARTERS, lambda day: f"{day.year}年第{quarter(day)}季度"),
    (MONTHS, lambda day: f"{day:%Y}M{day:%m}"),
    (MONTHS, lambda day: f"{day:%Y%m}"),
    (MONTHS, lambda day: f"{day:%m.%Y}"),
    (MONTHS, lambda day: f"{GERMAN_MONTHS[day.month]} {day.year}"),
    (MONTHS, lambda day: f"3. {GERMAN_MONTHS[day.month]} {day.year}"),
    (MONTHS, lambda day: f"7 {FRENCH_MONTHS[day.month]} {day.year}"),
    (MONTHS, lambda day: f"7 {RUSSIAN_MONTHS[day.month]} {day.year}"),
    (DAYS, lambda day: f"{day.day} de {'febrero' if day.month == 2 else 'enero'} de {day.year}"),
    (DAYS, lambda day: f"{day:%Y%m%dT093000}"),
    (DAYS, lambda day: f"{day:%Y%m%d093000}"),
    (DAYS, lambda day: f"{day.year}年{day.month}月{day.day}日 星期一"),
    (DAYS, lambda day: f"{day.year}년 {day.month}월 {day.day}일"),
    (DAYS, lambda day: f"{day:%G}-W{day:%V}-{day:%u}"),
    (DAYS, lambda day: f"{day:%a %b %d} 09:30:00 {day.year}"),
    (DAYS, lambda day: f"{day:%d%b%Y}"),
    (DAYS, lambda day: f"'{day}"),
    (DAYS, lambda day: f"{day:%Y/%m/%d}".translate({48 + n: 0xFF10 + n for n in range(10)})),
]


@pytest.mark.parametrize(("days", "write"), WAYS, ids=[write(days[0]) for days, write in WAYS])
def test_dates_of_other_languages_and_periods_order_the_rows(days, write, read):
    shuffled = [(7 * at) % 10 for at in range(10)]
    labels = [write(days[at]) for at in shuffled]
    column = read(table([VALUES[at] for at in shuffled], labels=labels))
    assert column.values.tolist() == VALUES
    assert "sorted by 'date'" in column.notes


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("date", [f"{at:03}/2024" for at in range(40, 30, -1)]),
        ("Datum", [str(45316 - at) for at in range(10)]),
        ("x", [f"{day} 09:30 EST" for day in reversed(ISO)]),
        ("season", [f"{2020 - at}/{(2021 - at) % 100:02}" for at in range(10)]),
        ("day", [f"{day:%d.%m.%Y}" if day.day % 2 else str(day) for day in reversed(DAYS)]),
        ("date", [f"20-Mar-{year}" for year in range(72, 62, -1)]),
    ],
)
def test_unread_dates_are_refused_where_they_decide_the_order(name, labels, read, refused):
    content = table(VALUES, labels=labels, head=(name, "price"))
    assert "--date-column none" in refused(content)
    assert read(content, date_column="none").values.tolist() == VALUES


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("day", [f"Day {at}" for at in range(10)]),
        ("time", [f"{at / 4}" for at in range(10)]),
        ("lap time", [f"{(at * 7) % 10 / 4}" for at in range(10)]),
        ("version", [f"1.{9 - at}.3" for at in range(10)]),
        ("id", [str(90 - at) for at in range(10)]),
    ],
)
def test_what_is_in_order_or_no_date_is_left_as_it_is(name, labels, read):
    content = table(VALUES, labels=labels, head=(name, "price"))
    assert read(content).values.tolist() == VALUES


def test_a_date_that_is_missing_in_a_row_is_reported(refused):
    labels = [*ISO[:4], "", *ISO[5:]]
    assert "line 6 of" in refused(table(VALUES, labels=labels))


@pytest.mark.parametrize(
    ("head", "rows", "label"),
    [
        ("Year,Month,Day", [f"{day.year},{day.month},{day.day}" for day in DAYS], ISO[0]),
        ("年,月", [f"{day.year},{day.month}" for day in MONTHS], "2023-05"),
        ("Year,Month", [f"{day:%Y},{day:%B}" for day in MONTHS], "2023-05"),
        ("date,hour", [f"2024-01-05,{hour}" for hour in range(10)], "2024-01-05 00:00"),
    ],
)
def test_parts_of_dates_in_columns_of_their_own(head, rows, label, read):
    pairs = list(zip(rows, VALUES, strict=True))[::-1]
    column = read(f"{head},price\n" + "".join(f"{row},{value}\n" for row, value in pairs))
    assert column.values.tolist() == VALUES
    assert column.labels[0] == label


@pytest.mark.parametrize(
    "gap", ["n.d.", "ND", "k.A.", "#NV", "#DIV/0!", "#REF!", "<NA>", "(null)", "暂无", "－", "*"]
)
def test_other_signs_of_a_gap(gap, read):
    column = read(table([*VALUES[:3], gap, *VALUES[4:]]), fill="previous")
    assert column.values.tolist() == [*VALUES[:3], VALUES[2], *VALUES[4:]]


@pytest.mark.parametrize("name", ["Total", "Summe:", "合计", "Average"])
def test_a_line_of_totals_is_no_value(name, read):
    column = read(table(VALUES) + f"{name},99\n")
    assert column.values.tolist() == VALUES
    assert "1 line of totals at the end left out" in column.notes


def test_a_number_missing_between_spaces_is_asked_for(refused):
    content = "date price low\n" + "".join(
        f"{day} {value} 3\n" for day, value in zip(ISO, VALUES, strict=True)
    )
    assert "2 fields in line 4" in refused(
        content.replace(f"{ISO[2]} {VALUES[2]} 3", f"{ISO[2]}  3")
    )


def test_dates_with_dots_show_a_decimal_comma_only_where_the_day_is_first(read, refused):
    cells = [f"{at + 100},250" for at in range(10)]
    dotted = [f"{day:%Y.%m.%d}" for day in DAYS]
    assert "--decimal" in refused(table(cells, labels=dotted, sep=";"))
    german = read(table(cells, labels=[f"{day:%d.%m.%Y}" for day in DAYS], sep=";"))
    assert german.values[0] == 100.25

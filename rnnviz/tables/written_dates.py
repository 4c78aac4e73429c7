"""Normalizes written dates: other languages, quarters, weeks."""

import datetime
import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

_STEMS: Final = (
    ("jan", "ene", "gen", "янв"),
    ("feb", "fev", "фев"),
    ("mar", "mrz", "mrt", "maa", "мар"),
    ("apr", "abr", "avr", "апр"),
    ("mai", "may", "mag", "mei", "маи", "мая"),
    ("jun", "juin", "giu", "июн"),
    ("jul", "juil", "lug", "июл"),
    ("aug", "ago", "aou", "авг"),
    ("sep", "set", "сен"),
    ("oct", "okt", "ott", "out", "окт"),
    ("nov", "ноя"),
    ("dec", "dic", "dez", "дек"),
)
"""How month names begin in German, French, Spanish, Italian, Portuguese, Dutch and Russian."""

_ENGLISH: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_MONTHS: Final = {stem: _ENGLISH[at] for at, stems in enumerate(_STEMS) for stem in stems}
_WORD: Final = re.compile(r"[^\W\d_]{3,}\.?")
_DAY: Final = re.compile(
    r"\s*[(（]?(?:星期|周|週|礼拜)?[一二三四五六日天月火水木金土][)）]$|\s*星期.$"
)
_YEAR: Final = r"(?P<year>(?:19|20)\d\d|'?\d\d(?!\d))"
_PERIODS: Final = (
    rf"(?:FY|CY)?\s*{_YEAR}\s*[-/._:年]?\s*(?P<kind>[QTHS]|第)\s*(?P<number>\d)"
    r"\s*(?P<word>季度|季|四半期)?",
    rf"(?P<kind>[QTHS])\s*(?P<number>\d)\s*[-/._ ]?\s*(?:FY|CY)?\s*{_YEAR}",
    rf"(?P<number>\d)(?:\.\s*)?(?P<kind>Q|H|Quartal)\s*[-/._ ]?\s*{_YEAR}",
)
_NAMES: Final = frozenset(
    (
        *("date", "dates", "datum", "datetime", "timestamp", "time"),
        *("zeit", "zeitpunkt", "uhrzeit", "day", "tag", "month"),
        *("monat", "mois", "mes", "mese", "week", "woche"),
        *("semaine", "quarter", "quartal", "trimestre", "period", "periode"),
        *("periodo", "fecha", "jour", "giorno", "season", "yyyymm"),
        *("yyyymmdd", "data", "dato", "дата", "период", "месяц"),
        *("tarih", "日期", "时间", "時間", "日付", "日時"),
        *("年月", "月份", "季度", "날짜", "일자", "기간"),
    )
)
_YEARS: Final = re.compile(r"(?:fiscal|financial|calendar)[ _]year|time[ _]period|period|date|fy")
_FULL: Final = re.compile(
    r"\D?(?:(?:19|20)\d\d[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.]\d\d?[-/.](?:19|20)\d\d)(?!\d).*"
)
_PARTS: Final = {
    name: part
    for part, names in (
        ("month", "month mon mo monat mois mes mese maand mm 月 月份"),
        ("day", "day dy tag jour dia giorno dag dd 日"),
        ("hour", "hour hr stunde heure hora ora uur hh 时 時 小时"),
        ("minute", "minute min minuto 分 分钟"),
    )
    for name in names.split()
}
_RANGES: Final = {"month": (1, 12), "day": (1, 31), "hour": (0, 24), "minute": (0, 59)}
_MOSTLY: Final = 0.8


def plain_date(cell: str) -> str:
    """Return a date with hyphens between its numbers, and English names of months.

    Example: >>> plain_date("2024年1月5日"), plain_date("2024Q2"), plain_date("5 févr. 2024")
             ('2024-1-5', '2024-04', '5 Feb 2024')
    """
    text = unicodedata.normalize("NFKC", " ".join(cell.split())).removeprefix("'")
    text = re.sub(r"(?<=\d)T(?=\d\d)", " ", text)
    text = _DAY.sub("", text)
    text = re.sub(r"(\d{1,2})[時时点](\d{1,2})分?((\d{1,2})秒)?", _chinese_time, text)
    text = re.sub(r"(\d+)[年년]\s*(\d{1,2})[月월]\s*(\d{1,2})[日号號일]", r"\1-\2-\3", text)
    text = re.sub(r"(\d+)[年년]\s*(\d{1,2})[月월]", r"\1-\2", text)
    text = re.sub(r"^(\d{4})[年년]$", r"\1", text)
    text = re.sub(r"^(\d{4})\. ?(\d{1,2})\. ?(\d{1,2})\.", r"\1-\2-\3", text)
    text = re.sub(r"^((?:19|20)\d\d) ?M ?(0?[1-9]|1[0-2])$", r"\1-\2", text)
    text = re.sub(
        r"^((?:19|20)\d{6}) ?([01]\d|2[0-3])([0-5]\d)([0-5]\d)?$",
        lambda found: f"{found[1]} {found[2]}:{found[3]}:{found[4] or '00'}",
        text,
    )
    text = re.sub(r"^((?:19|20)\d\d)-?W(\d\d)(?:-?([1-7]))?$", _week, text)
    for pattern in _PERIODS:
        if found := re.fullmatch(pattern, text, re.IGNORECASE):
            return _period(found)
    return _with_english_month(text)


def may_be_years(name: str) -> bool:
    """Whether the name of a column means that its integers are years.

    Example: >>> may_be_years("Fiscal Year"), may_be_years("Year built")
             (True, False)
    """
    return _YEARS.fullmatch(name.lower()) is not None


def is_named_date(name: str) -> bool:
    """Whether the name of a column has a word for dates or times.

    Example: >>> is_named_date("Order_Date"), is_named_date("update")
             (True, False)
    """
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return any(word in _NAMES for word in re.split(r"[\W_]+", _folded(parted)))


def part_named(name: str) -> str | None:
    """Return the part of a date that a column's name means: month, day, hour or minute.

    Example: >>> part_named("Monat"), part_named("price")
             ('month', None)
    """
    return _PARTS.get(_folded(name).strip())


def part_number(part: str, cell: str) -> int | None:
    """Return the number of a month, a day, an hour or a minute; a month may be a word."""
    if part == "month" and not cell.isdecimal():
        word = _english(cell)
        return _ENGLISH.index(word) + 1 if word in _ENGLISH else None
    least, most = _RANGES[part]
    if not re.fullmatch(r"\d{1,2}(\.0)?", cell):
        return None
    number = int(float(cell))
    return number if least <= number <= most else None


def are_unread_dates(name: str, cells: Sequence[str]) -> bool:
    """Whether cells of no known format look like dates, and do not seem to be in order.

    They are in order if their numbers increase from row to row, as in "Day 1", "Day 2".
    """
    given = [cell for cell in cells if cell]
    numbers = [tuple(map(int, re.findall(r"\d{1,18}", cell))) for cell in given]
    if not given or all(before <= after for before, after in pairwise(numbers)):
        return False
    if all(re.fullmatch(r"[-+]?\d+", cell) for cell in given):
        return is_named_date(name) and len(set(given)) == len(cells)
    if all(re.fullmatch(r"[-+]?[\d\s.,]+(e[-+]?\d+)?", cell, re.IGNORECASE) for cell in given):
        return False
    dated = numbers if is_named_date(name) else map(_FULL.fullmatch, given)
    looks = sum(map(bool, dated))
    return looks >= _MOSTLY * len(cells)


def _chinese_time(found: re.Match[str]) -> str:
    return f" {found[1]}:{found[2]}" + (f":{found[4]}" if found[4] else "")


def _week(found: re.Match[str]) -> str:
    try:
        day = datetime.date.fromisocalendar(int(found[1]), int(found[2]), int(found[3] or 1))
    except ValueError:
        return found[0]
    return day.isoformat()


def _period(found: re.Match[str]) -> str:
    """The first month of a quarter or of half a year."""
    halves = found["kind"].upper() in ("H", "S")
    number = int(found["number"])
    chinese = found["kind"] == "第"
    if not 1 <= number <= (2 if halves else 4) or (chinese and not found["word"]):
        return found[0]
    year = found["year"].removeprefix("'")
    if len(year) == 2:
        year = ("20" if int(year) < 69 else "19") + year
    return f"{year}-{1 + (number - 1) * (6 if halves else 3):02}"


def _with_english_month(text: str) -> str:
    if not re.search(r"[^\W\d_]{3}", text) or not re.search(r"\d", text):
        return text
    text = re.sub(r"(?<=\s)de(?:l)?\s", "", text)
    text = re.sub(r"^(\d{1,2})([A-Za-z]{3})(\d{4}|\d{2})(?!\d)", r"\1 \2 \3", text)
    text = _WORD.sub(lambda found: _english(found[0]), text)
    # Thu Jan 25 09:30:00 2024, as the C library writes it
    return re.sub(
        r"^[A-Za-z]{3} ([A-Z][a-z]{2} \d{1,2}) (\d\d:\d\d:\d\d) (\d{4})$", r"\1 \3 \2", text
    )


def _english(word: str) -> str:
    plain = _folded(word.rstrip("."))
    return _MONTHS.get(plain[:4]) or _MONTHS.get(plain[:3]) or word


def _folded(text: str) -> str:
    """Return lower-case letters without accents."""
    parts = unicodedata.normalize("NFD", text.lower())
    return unicodedata.normalize("NFC", "".join(c for c in parts if not unicodedata.combining(c)))

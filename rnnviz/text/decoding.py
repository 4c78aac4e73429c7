"""Reading text files: detect the encoding, and refuse what is not text."""

import codecs
import os
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Final

from rnnviz.errors import TaskError

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_MARK: Final = "\ufeff"
_NO_TEXT: Final = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")
"""Control characters other than white space, and halves of surrogate pairs."""

_ACCENTS: Final = re.compile("[^\x00-\x7f]{2,}")
_SIGN_WITHIN: Final = re.compile(r"[^\W\d_][°¡-©«-´¶¸¹»-¿×÷€‚„†‡‰‹›][^\W\d_]")
_WORD: Final = re.compile(r"[^\W\d_]+")
_WESTERN: Final = frozenset(
    "".join(map(chr, range(0xA0, 0x100))) + "ŒœŠšŽžŸ€‚ƒ„…‘’“”•–—™‹›"
) - frozenset("¤¦¨¬¯´¸")
_BESIDE_ACCENTS: Final = frozenset("’‘“”„«»‹›·–—…\xa0")
_OPENING: Final = frozenset("¿¡")
_LEADS_OF_COMMON: Final = frozenset((*range(0xA1, 0xA4), *range(0xB0, 0xD8)))
_LAST_HANGUL: Final = 0xC8
_SURE: Final = 12
"""Of this many Chinese characters some are outside the range of Hangul in EUC-KR."""

_MOST_COMMON_SHARE: Final = 0.85


def read_text(
    path: str | Path, encoding: str | None = None, *, most: int = 10_000_000
) -> tuple[str, str]:
    """Read the text of a file, with line feeds, and return it with the name of its encoding.

    UTF-8, UTF-16, UTF-32, GB18030 (with GBK and GB 2312) and windows-1252 (with Latin-1) are
    detected; ``encoding`` may be any that Python has. ``most`` is the largest size in bytes.

    Raises: TaskError if the file cannot be read, is too large, is not text, or its encoding cannot
            be detected
    """
    data = _bytes(path, most)
    if encoding is not None:
        text, name = _decoded(path, data, encoding), encoding
    else:
        text, name = _recognised(path, data)
    text = text.removeprefix(_MARK)
    if found := _NO_TEXT.search(text):
        raise TaskError(
            f"{str(path)!r} is not text in {name}: it has {_described(found[0])} at character "
            f"{found.start() + 1}; remove it, or name the file's encoding with --encoding"
        )
    return text.replace("\r\n", "\n").replace("\r", "\n"), name


def check_text(text: str, what: str) -> None:
    """Raises TaskError for control characters and surrogates in a text that is not from a file."""
    if found := _NO_TEXT.search(text):
        raise TaskError(
            f"{what} has {_described(found[0])} at character {found.start() + 1}, not text; "
            "remove it, or give the text as a file with its --encoding"
        )


def file_name(path: str | Path) -> str:
    """Return the last part of a path, with bytes that are not UTF-8 replaced."""
    return os.fsencode(Path(path).name).decode("utf-8", "replace")


def _described(character: str) -> str:
    what = "the half of a surrogate pair" if ord(character) >= 0xD800 else "the control character"
    return f"{what} U+{ord(character):04X}"


def _bytes(path: str | Path, most: int) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise TaskError(f"cannot read {str(path)!r}: {error.strerror}") from error
    except ValueError as error:  # a path with NUL in it
        raise TaskError(f"cannot read {str(path)!r}: {error}") from error
    if len(data) > most:
        raise TaskError(f"{str(path)!r} is larger than {most / 1e6:g} MB; give a part of it")
    return data


def _decoded(path: str | Path, data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeError as error:
        place = f" (byte {error.start})" if isinstance(error, UnicodeDecodeError) else ""
        raise TaskError(
            f"{str(path)!r} is not {encoding} text{place}; name another encoding with --encoding"
        ) from error
    except (LookupError, ValueError) as error:
        raise TaskError(
            f"unknown encoding {encoding!r}; name one such as utf-8, gb18030, windows-1252, "
            "shift_jis"
        ) from error


def _recognised(path: str | Path, data: bytes) -> tuple[str, str]:
    for mark, encoding, name in _MARKS:
        if data.startswith(mark):
            return _decoded(path, data, encoding), name
    if wide := _without_mark(data):
        return _decoded(path, data, wide), wide.upper()
    try:
        return data.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError as error:
        fit = {
            name: text
            for name, text in (
                ("GB18030", _try(data, "gb18030")),
                ("windows-1252", _try(data, "windows-1252")),
            )
            if text is not None and _FITS[name](text)
        }
        if len(fit) == 1:
            name, text = fit.popitem()
            return text, name
        found = f"could be {' or '.join(fit)}" if fit else "has an encoding that cannot be detected"
        raise TaskError(
            f"{str(path)!r} is not UTF-8 text (byte {error.start}) and {found}; save it as UTF-8, "
            "or name its encoding with --encoding, such as gb18030, windows-1252 or shift_jis"
        ) from error


def _without_mark(data: bytes) -> str | None:
    """The byte order of UTF-16 without a mark, by its NULs: every ASCII character has one."""
    if len(data) % 2 or b"\0" not in data:
        return None
    even, odd = data[::2].count(0), data[1::2].count(0)
    if min(even, odd) or max(even, odd) < len(data) // 8:
        return None
    if data.isascii() and max(even, odd) < 0.4 * len(data):
        return None  # ASCII with NULs in it, since Chinese in UTF-16 has other bytes
    return "utf-16-be" if even else "utf-16-le"


def _try(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _is_chinese(text: str) -> bool:
    """Whether the characters beyond ASCII are common Chinese ones.

    These are the first level of GB 2312. Korean in EUC-KR uses only a part of their range, which
    only a long text shows.
    """
    common = beyond_hangul = count = 0
    for character, times in Counter(text).items():
        if character.isascii():
            continue
        count += times
        lead = character.encode("gb2312", "replace")[0]
        common += times * (lead in _LEADS_OF_COMMON)
        beyond_hangul += times * (lead > _LAST_HANGUL)
    return common >= _MOST_COMMON_SHARE * count and (count < _SURE or beyond_hangul > 0)


def _is_western(text: str) -> bool:
    """Whether the characters beyond ASCII are accented letters in words, or signs beside them."""
    if any(not mark.isascii() and mark not in _WESTERN for mark in set(text)):
        return False
    together = {pair for run in set(_ACCENTS.findall(text)) for pair in pairwise(run)}
    if _SIGN_WITHIN.search(text) or any(map(_is_no_pair, together)):
        return False
    return all(_is_western_word(word) for word in set(_WORD.findall(text)) if not word.isascii())


def _is_no_pair(pair: tuple[str, str]) -> bool:
    """Whether a sign is next to an accent or a sign, as half of a wider character would be."""
    signs = [mark for mark in pair if not mark.isalpha() and mark not in _BESIDE_ACCENTS]
    return bool(signs) and pair[0] not in _OPENING


def _is_western_word(word: str) -> bool:
    accents = [mark for mark in word if not mark.isascii()]
    raised = any(
        before.islower() and after.isupper() and not after.isascii()
        for before, after in pairwise(word)
    )
    return len(accents) <= max(1, len(word) // 2) and not raised


_FITS: Final = {"GB18030": _is_chinese, "windows-1252": _is_western}

"""The tokens of a text: characters with their marks, or words."""

import re
import unicodedata
from typing import Final

from wcwidth import iter_graphemes

from rnnviz.errors import TaskError

UNITS: Final = ("char", "word")

_HAN: Final = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KANA: Final = "\u3041-\u309f\u30a0-\u30ff\u31f0-\u31ff\uff66-\uff9f"
_OTHERS: Final = "\u0e00-\u0eff\u0f40-\u0fbc\u1000-\u109f\u1780-\u17d3\u1950-\u19df\u1a20-\u1aad"
"""Thai, Lao, Tibetan, Burmese, Khmer, Tai Le, New Tai Lue and Tai Tham."""

_RUN: Final = re.compile(f"[{_HAN}{_KANA}]+|[{_OTHERS}]+")
_PHRASES: Final = re.compile(
    f"[{_HAN}{_KANA}][，。！？；：、…—「」『』“”‘’《》（）]+[{_HAN}{_KANA}]"
)
_AMONG_LETTERS: Final = re.compile(f"\\w[，。！？；：、]+\\w|[{_HAN}][A-Za-z]{{2,}}[{_HAN}]")
"""Chinese phrases with foreign words or punctuation inside, as in 我用Python写."""

_MIXED: Final = 0.2
_NOT_HAN: Final = re.compile(f"[^{_HAN}]")
_LOAN_WORDS: Final = 0.05
_LONGEST_WORDS: Final = 3.5
_LONGEST_SPELT: Final = 8.0
"""Mean lengths above which runs are phrases, not words: in Han characters or kana, in letters."""


def units_of(text: str, unit: str) -> tuple[str, ...]:
    """Return the characters or words of a text, in Unicode's composed form.

    White space of any length is one space, and separates words. A character includes its accents
    and joiners: 'é', 'ที่', '👩‍🚀'. rjieba splits Chinese without spaces into words.

    Raises: TaskError for another unit, or a script without spaces that cannot be split into words
    """
    if unit not in UNITS:
        raise TaskError(f"unknown unit {unit!r}; choose {' or '.join(UNITS)}")
    parts = unicodedata.normalize("NFC", text).split()
    if unit == "char":
        return tuple(iter_graphemes(" ".join(parts)))
    return tuple(_chinese_words(parts) if without_spaces(parts) else parts)


def without_spaces(parts: list[str]) -> bool:
    """Whether the parts between white space are phrases rather than words."""
    if any(_PHRASES.search(part) for part in parts):
        return True
    east = [part for part in parts if _RUN.search(part)]
    if sum(bool(_AMONG_LETTERS.search(part)) for part in east) > _MIXED * len(east):
        return True
    runs = [run for part in parts for run in _RUN.findall(part)]
    for longest, spelt in ((_LONGEST_WORDS, False), (_LONGEST_SPELT, True)):
        lengths = [len(run) for run in runs if bool(re.match(f"[{_OTHERS}]", run)) is spelt]
        if lengths and sum(lengths) / len(lengths) > longest:
            return True
    return False


def _chinese_words(parts: list[str]) -> list[str]:
    runs = "".join(run for each in parts for run in _RUN.findall(each))
    other = _NOT_HAN.findall(runs)
    if len(other) > _LOAN_WORDS * len(runs):
        raise TaskError(
            f"the text has no spaces between words ({runs[:12]!r}), and only Chinese can be split "
            "without them; put spaces between the words, or choose --unit char"
        )
    try:
        import rjieba
    except ImportError as error:
        raise TaskError(
            "the text is Chinese without spaces, which needs a segmenter to split it into words: "
            "pip install 'rnnviz[chinese]'; or put spaces between the words, or choose --unit char"
        ) from error
    return [word for part in parts for word in rjieba.cut(part)]

"""Translation of drawn text: English in the code, gettext catalogues for other languages.

A language is a folder under ``locale/`` with catalogues (``.po``). Texts that they lack stay in
English.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

SOURCE_LANGUAGE: Final = "en"

_LONGEST_TAG: Final = 35
_TAG: Final = re.compile(
    r"""(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})  # a language
    (?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?  # a script, a region
    (?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*  # variants
    (?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*  # extensions
    (?:-x(?:-[a-z0-9]{1,8})+)?  # for private use
    |x(?:-[a-z0-9]{1,8})+""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


def N_(text: str) -> str:
    """Mark a text for the catalogues; it is translated where it is used."""
    return text


@cache
def languages() -> tuple[str, ...]:
    """Return the languages of captions, English first."""
    found = sorted(folder.name for folder in _locale().iterdir() if folder.is_dir())
    return (SOURCE_LANGUAGE, *found)


def is_language_tag(text: str) -> bool:
    """Whether a text is a well-formed language tag of BCP 47 (RFC 5646).

    Example: >>> is_language_tag("zh-Hant-TW"), is_language_tag("zh/../TW")
             (True, False)
    """
    return len(text) <= _LONGEST_TAG and _TAG.fullmatch(text) is not None


def translated(text: str, language: str) -> str:
    """Return a text in a language, or unchanged if there is no translation."""
    return text if language == SOURCE_LANGUAGE else _messages(language).get(text, text)


def is_translated(text: str, language: str) -> bool:
    """Whether a text of the code has a translation in a language."""
    return language == SOURCE_LANGUAGE or text in _messages(language)


def explained(symbol: str, meaning: str, say: Callable[[str], str]) -> str:
    """Return a symbol and, after a comma, its meaning in the language of ``say``."""
    return say("{symbol}, {meaning}").format(symbol=symbol, meaning=meaning)


@cache
def _messages(language: str) -> Mapping[str, str]:
    from babel.messages.pofile import read_po  # not needed for English

    found: dict[str, str] = {}
    if language not in languages():
        return found
    for entry in (_locale() / language / "LC_MESSAGES").iterdir():
        if entry.name.endswith(".po"):
            with entry.open("rb") as file:
                messages = read_po(file)
            found |= {
                str(each.id): str(each.string) for each in messages if each.id and each.string
            }
    return found


def _locale() -> Traversable:
    return files("rnnviz") / "locale"

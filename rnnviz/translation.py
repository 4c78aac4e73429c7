"""What rnnviz says, in the language of those who watch: English in the code, catalogues for others.

A language is a folder under ``locale/`` with gettext catalogues (``.po``). What a catalogue lacks
is said in English.
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

SOURCE_LANGUAGE: Final = "en"


def N_(text: str) -> str:
    """Mark a text for the catalogues where it is written; it is translated where it is said."""
    return text


@cache
def languages() -> tuple[str, ...]:
    """The languages that captions can be in, English first."""
    found = sorted(folder.name for folder in _locale().iterdir() if folder.is_dir())
    return (SOURCE_LANGUAGE, *found)


def translated(text: str, language: str) -> str:
    """A text in a language, or as it is where the language has no translation of it."""
    return text if language == SOURCE_LANGUAGE else _messages(language).get(text, text)


def explained(symbol: str, meaning: str, say: Callable[[str], str]) -> str:
    """A symbol and, after a comma, what it means in the language of ``say``."""
    return say("{symbol}, {meaning}").format(symbol=symbol, meaning=meaning)


@cache
def _messages(language: str) -> Mapping[str, str]:
    from babel.messages.pofile import read_po  # not needed for English

    found: dict[str, str] = {}
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

"""Output streams of any encoding: what one cannot show is replaced, and nothing fails for it."""

import codecs
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import Final

_REPLACING: Final = "rnnviz_replacing"
_ASCII: Final = "rnnviz_ascii"
_WIDE: Final = ("utf-16", "utf-32")
_LIKE: Final = {"×": "x", "−": "-", "–": "-", "—": "-", "…": "...", "“": '"', "”": '"', "’": "'"}
_BYTES: Final = range(0xDC80, 0xDD00)
"""Surrogates that stand for the bytes of a path that is not UTF-8."""


def set_up_streams() -> None:
    """Let stdout and stderr take any text.

    Raises: nothing; a stream that is no file of the system stays as it is
    """
    codecs.register_error(_REPLACING, _replaced)
    codecs.register(_codec)
    for stream, errors in ((sys.stdout, _REPLACING), (sys.stderr, "backslashreplace")):
        if isinstance(stream, TextIOWrapper):
            with suppress(ValueError, OSError):  # closed, or full
                stream.reconfigure(encoding=_without_guessing(stream), errors=errors)


def _without_guessing(stream: TextIOWrapper) -> str:
    """The stream's encoding, under another name if it is ASCII: click writes UTF-8 to 'ascii'."""
    return _ASCII if codecs.lookup(stream.encoding).name == "ascii" else stream.encoding


def _codec(name: str) -> codecs.CodecInfo | None:
    if name != _ASCII:
        return None
    ascii = codecs.lookup("ascii")
    return codecs.CodecInfo(
        name=_ASCII,
        encode=ascii.encode,
        decode=ascii.decode,
        incrementalencoder=ascii.incrementalencoder,
        incrementaldecoder=ascii.incrementaldecoder,
        streamreader=ascii.streamreader,
        streamwriter=ascii.streamwriter,
    )


def _replaced(error: UnicodeError) -> tuple[str | bytes, int]:
    """A sign like it or '?' for a character that the encoding lacks; a path keeps its bytes."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    character = error.object[error.start]
    if ord(character) in _BYTES and not error.encoding.startswith(_WIDE):
        return bytes([ord(character) & 0xFF]), error.start + 1
    return _LIKE.get(character, "?"), error.start + 1

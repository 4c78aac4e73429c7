"""Set up the output streams so that text which their encoding lacks never raises an error."""

import codecs
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import Final

_REPLACING: Final = "rnnviz_replacing"
_ASCII: Final = "rnnviz_ascii"
_WIDE: Final = ("utf-16", "utf-32")
_SIMILAR: Final = {
    "×": "x", "−": "-", "–": "-", "—": "-", "…": "...", "“": '"', "”": '"', "’": "'",
}  # fmt: skip
_BYTES: Final = range(0xDC80, 0xDD00)
"""Surrogates that stand for the bytes of a path that is not UTF-8."""


def set_up_streams() -> None:
    """Make stdout and stderr accept any text, unless they are not streams of the system."""
    codecs.register_error(_REPLACING, _replace)
    codecs.register(_find_codec)
    for stream, errors in ((sys.stdout, _REPLACING), (sys.stderr, "backslashreplace")):
        if isinstance(stream, TextIOWrapper):
            with suppress(ValueError, OSError):  # closed, or full
                stream.reconfigure(encoding=_encoding_of(stream), errors=errors)


def _encoding_of(stream: TextIOWrapper) -> str:
    """Return a stream's encoding, renamed if it is ASCII: click writes UTF-8 to 'ascii'."""
    return _ASCII if codecs.lookup(stream.encoding).name == "ascii" else stream.encoding


def _find_codec(name: str) -> codecs.CodecInfo | None:
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


def _replace(error: UnicodeError) -> tuple[str | bytes, int]:
    """Replace a character that the encoding lacks by a similar one or '?'; keep a path's bytes."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    character = error.object[error.start]
    if ord(character) in _BYTES and not error.encoding.startswith(_WIDE):
        return bytes([ord(character) & 0xFF]), error.start + 1
    return _SIMILAR.get(character, "?"), error.start + 1

"""How a figure's fonts get into a file.

Matplotlib embeds fonts in a PDF as Type 3 unless it is told otherwise, which ICML, IEEE and others
reject. Here they are embedded as TrueType (Type 42), each cut to the characters that are used.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from matplotlib import rc_context, rcdefaults, rcParams

EMBEDDED: Final[Mapping[Any, Any]] = {
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "pdf.use14corefonts": False,
    "ps.useafm": False,
}
"""Matplotlib's settings for it."""


@contextmanager
def written_with(settings: Mapping[Any, Any] | None) -> Iterator[None]:
    """A time in which figures are written with these settings alone, or with the user's."""
    with rc_context(), _no_dates_of_fonts():
        if settings is not None:
            rcdefaults()
            rcParams.update(settings)
        rcParams.update(EMBEDDED)
        yield


@contextmanager
def _no_dates_of_fonts() -> Iterator[None]:
    """fontTools warns of the dates in the mathematical fonts that come with Matplotlib."""
    logger = logging.getLogger("fontTools.ttLib.tables._h_e_a_d")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)

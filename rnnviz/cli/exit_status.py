"""Exit statuses, and the message of an interrupt; wrong usage is click's status 2."""

from typing import Final

FAILED: Final = 1
INTERRUPTED: Final = 130
INTERRUPTED_MESSAGE: Final = "Interrupted; finished work is kept and no incomplete file is left"

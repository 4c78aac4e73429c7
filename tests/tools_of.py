"""The scripts in ``tools/`` as modules."""

import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from unittest import mock

TOOLS = Path(__file__).parents[1] / "tools"


@cache
def tool(name: str) -> ModuleType:
    """Import a script by its name."""
    with mock.patch.object(sys, "path", [str(TOOLS), *sys.path]):
        return import_module(name)

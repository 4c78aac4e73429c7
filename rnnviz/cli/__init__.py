"""The command line: one command per module, loaded when it is called."""

from rnnviz.cli.entry_point import main

__all__ = ["main"]

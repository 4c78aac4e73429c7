"""The command line: one command per module, loaded when it is called."""

from rnnviz.cli.main import main

__all__ = ["main"]

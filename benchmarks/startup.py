"""How long ``rnnviz --help`` and ``rnnviz list`` take beside ``manim --help``.

The commands take turns in one run, so that a busy machine slows all of them alike.
usage: python benchmarks/startup.py [--runs N] [--json FILE]
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from report import arguments, publish

BIN: Final = Path(sys.executable).parent
REFERENCE: Final = "manim --help"
COMMANDS: Final = (REFERENCE, "rnnviz --help", "rnnviz list")
AIM: Final = 0.25


def seconds_of(command: str) -> float:
    """How long one run of a command takes."""
    program, *rest = command.split()
    started = time.perf_counter()
    subprocess.run(
        [BIN / program, *rest], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - started


def main() -> None:
    """Measure and report."""
    chosen = arguments(runs=11)
    for command in COMMANDS:
        seconds_of(command)
    turns = [{command: seconds_of(command) for command in COMMANDS} for _ in range(chosen.runs)]
    medians = {command: statistics.median(turn[command] for turn in turns) for command in COMMANDS}
    rows = [
        {
            "command": command,
            "median seconds": round(seconds, 3),
            "least seconds": round(min(turn[command] for turn in turns), 3),
            "share of manim --help": round(seconds / medians[REFERENCE], 3),
            "aim": "" if command == REFERENCE else f"≤ {AIM}",
        }
        for command, seconds in medians.items()
    ]
    publish(f"startup, median of {chosen.runs}", rows, chosen.json)


if __name__ == "__main__":
    main()

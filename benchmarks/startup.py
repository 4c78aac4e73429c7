"""Compare the run time of ``rnnviz --help`` and ``rnnviz list`` with ``manim --help``.

The commands take turns, so that load on the machine affects all of them.
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
TARGET: Final = 0.25


def seconds_of(command: str) -> float:
    """Run a command and return the seconds taken."""
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
            "minimum seconds": round(min(turn[command] for turn in turns), 3),
            "ratio to manim --help": round(seconds / medians[REFERENCE], 3),
            "target": "" if command == REFERENCE else f"≤ {TARGET}",
        }
        for command, seconds in medians.items()
    ]
    publish(f"startup, median of {chosen.runs}", rows, chosen.json)


if __name__ == "__main__":
    main()

"""Time ``rnnviz render unrolling -ql`` with an empty cache, training included.

usage: python benchmarks/first_render.py [--runs N] [--json FILE]
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from report import arguments, publish

SCENE: Final = "unrolling"
TARGET: Final = 60.0


def seconds_of_a_render(folder: Path) -> float:
    """Render once with an empty cache and return the seconds taken."""
    started = time.perf_counter()
    subprocess.run(
        [Path(sys.executable).parent / "rnnviz", "render", SCENE, "-ql"],
        check=True,
        cwd=folder,
        env=os.environ | {"RNNVIZ_CACHE_DIR": str(folder / "cache")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - started


def main() -> None:
    """Measure and report."""
    chosen = arguments(runs=1)
    rows = []
    for number in range(1, chosen.runs + 1):
        with tempfile.TemporaryDirectory() as folder:
            seconds = seconds_of_a_render(Path(folder))
        rows.append({"run": number, "seconds": round(seconds, 1), "target": f"< {TARGET:g}"})
    publish(f"rnnviz render {SCENE} -ql, nothing cached", rows, chosen.json)


if __name__ == "__main__":
    main()

"""Compare an edit in the browser's engine with the NumPy reference on the same network.

An edit is a run of the changed network, and the gradients of every loss with respect to every
state. Both take turns, in milliseconds of elapsed time, in Chromium and in one thread of NumPy;
"on the screen" is a run with the gradients of the sum of all losses, which a page shows at once.
usage: python benchmarks/engine.py [--runs N] [--json FILE]
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy is loaded
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import shutil
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
import torch
from playwright.sync_api import Page, sync_playwright
from report import arguments, publish
from torch import Tensor, nn

import rnnviz
from rnnviz.explorer.modules import engine_modules, import_map
from rnnviz.explorer.network_data import network_data
from rnnviz.text.html import in_script
from rnnviz.verification.reference import Reference, reference_of

CELLS: Final = {"RNN": nn.RNN, "GRU": nn.GRU, "LSTM": nn.LSTM}
SIZES: Final = ((50, 32, 16), (200, 128, 100))
"""Steps, units, and the most milliseconds until an edit is on the screen."""
INPUT: Final = 8
OUTPUT: Final = 10
MOST_RATIO: Final = 3

PAGE: Final = """<!doctype html><meta charset="utf-8">{modules}<script type="module">
import {{ compare, decode }} from "engine/index.js";
window.given = (text) => {{
  window.content = decode(JSON.parse(text));
  const {{ network, sequences, recorded }} = content;
  return compare(sequences.map((sequence) => network.run(sequence)), recorded).worst;
}};
window.edit = (factor) => {{
  const {{ network, sequences: [sequence] }} = content;
  const times = [performance.now()];
  const run = network.edited({{ scale: {{ W: factor }} }}).run(sequence);
  run.gradientsOfTotal();
  times.push(performance.now());
  const again = network.edited({{ scale: {{ W: factor }} }}).run(sequence);
  const table = again.gradients().norms();
  times.push(performance.now());
  return [times[1] - times[0], times[2] - times[1], table.data[table.data.length - 1]];
}};
document.body.dataset.ready = "yes";
</script>"""


class Tagger(nn.Module):
    """A recurrent layer with a Linear at each step."""

    def __init__(self, cell: str, hidden: int):
        super().__init__()
        self.rnn, self.out = CELLS[cell](INPUT, hidden), nn.Linear(hidden, OUTPUT)

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores at each step."""
        scores: Tensor = self.out(self.rnn(x)[0])
        return scores


def recorded(cell: str, steps: int, hidden: int) -> rnnviz.Trace:
    """Return a recording of a random network."""
    torch.manual_seed(0)
    x, targets = torch.randn(steps, 1, INPUT).double(), torch.randint(OUTPUT, (steps, 1))
    return rnnviz.record(Tagger(cell, hidden).double(), x, targets)


def of_numpy(network: Reference, steps: int) -> float:
    """Run the reference with all gradients; return the milliseconds that it took."""
    started = time.perf_counter()
    states = network.run()
    predictions = network.predictions(network.outputs(states.h))
    immediate = network.immediate_gradients(network.loss_by_output(predictions))
    rows = np.zeros((steps, *immediate.shape))
    for step in range(steps):
        rows[step, :, :, step] = immediate[:, :, step]
    np.linalg.norm(network.back_through_time(states, rows).h, axis=-1)
    return 1000 * (time.perf_counter() - started)


def measured(
    page: Page, cell: str, steps: int, hidden: int, most: int, runs: int
) -> dict[str, Any]:
    """Return the times of one network; the browser and NumPy take turns."""
    trace = recorded(cell, steps, hidden)
    network = reference_of(trace)
    difference = page.evaluate("given", in_script(network_data(trace)))
    assert difference < 1e-10, f"the engine differs by {difference}"
    shown, whole, numpy = [], [], []
    for index in range(runs + 1):
        at_once, every, _ = page.evaluate("edit", 1 + index / 1000)
        shown.append(at_once)
        whole.append(every)
        numpy.append(of_numpy(network, steps))
    # the first compiles and warms up
    on_screen, engine, reference = (median(each[1:]) for each in (shown, whole, numpy))
    return {
        "case": f"{cell}, {steps} steps, {hidden} units",
        "on the screen, ms": round(on_screen, 1),
        "target": f"≤ {most}",
        "all gradients, ms": round(engine, 1),
        "NumPy, ms": round(reference, 1),
        "engine / NumPy": f"{engine / reference:.2f} (≤ {MOST_RATIO})",
    }


def main() -> None:
    """Measure and report."""
    chosen = arguments(runs=15)
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "engine.html"
        path.write_text(PAGE.format(modules=import_map(engine_modules())), encoding="utf-8")
        started = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = started.new_page()
        page.goto(path.as_uri())
        page.wait_for_selector("body[data-ready=yes]", state="attached")
        rows = [
            measured(page, cell, steps, hidden, most, chosen.runs)
            for steps, hidden, most in SIZES
            for cell in CELLS
        ]
        started.close()
    publish(f"an edit, median of {chosen.runs}", rows, chosen.json)


if __name__ == "__main__":
    main()

"""The engine in a real browser, against recordings, PyTorch and NumPy."""

import shutil

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from models import Around, layer_of
from playwright.sync_api import sync_playwright
from torch.nn.utils.rnn import pack_padded_sequence

from rnnviz.explorer.modules import engine_modules, import_map
from rnnviz.explorer.network_data import network_data
from rnnviz.recording import record
from rnnviz.text.html import in_script

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CELLS = ["tanh", "relu", "gru", "lstm", "projected"]
LOSSES = ["cross-entropy", "squared", "squared-on-softmax"]
CLOSE = 1e-10

PAGE = """<!doctype html><meta charset="utf-8">{modules}
<script type="module">
import * as engine from "engine/index.js";
window.engine = engine;
window.opened = (text) => {{
  const found = engine.decode(JSON.parse(text));
  found.runs = found.network && found.sequences.map((sequence) => found.network.run(sequence));
  return found;
}};
document.body.dataset.ready = "yes";
</script>"""

COMPARE = "(text) => { const d = opened(text); return engine.compare(d.runs, d.recorded); }"


@pytest.fixture(scope="module")
def browser_page(tmp_path_factory):
    """(file) → one page that has loaded the engine, from a file and without a request."""
    path = tmp_path_factory.mktemp("engine") / "engine.html"
    path.write_text(PAGE.format(modules=import_map(engine_modules())), encoding="utf-8")
    requests, complaints = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path.as_uri())
        page.wait_for_selector("body[data-ready=yes]", state="attached")
        yield page
        browser.close()
    assert complaints == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []


@pytest.fixture(scope="module")
def ask(browser_page):
    """(function, trace, …) → what the function of content and more arguments returns."""

    def ask_page(function, trace, *more):
        content = trace if isinstance(trace, dict) else network_data(trace)
        text = in_script(content)
        if not more:
            return browser_page.evaluate(function, text)
        return browser_page.evaluate(
            f"([text, ...more]) => ({function})(text, ...more)", [text, *more]
        )

    return ask_page


def drawn(
    cell="lstm",
    layers=1,
    bidirectional=False,
    bias=True,
    lengths=(5,),
    packed=False,
    start=False,
    whole=False,
    loss="cross-entropy",
    sizes=(3, 4, 4),
    seed=0,
    dtype=torch.float64,
):
    """Record a random network with random data."""
    torch.manual_seed(seed)
    inputs, hidden, outputs = sizes
    layer = layer_of(
        cell, inputs, hidden, num_layers=layers, bidirectional=bidirectional, bias=bias
    )
    model = Around(layer, outputs, whole=whole).to(dtype)
    steps, batch = max(lengths), len(lengths)
    x = torch.randn(steps, batch, inputs, dtype=dtype)
    shape = (batch,) if whole else (steps, batch)
    targets = torch.randint(outputs, shape)
    if loss == "squared":
        targets = torch.randn(*shape, outputs, dtype=dtype)
    state = None
    if start:
        count = layers * (1 + bidirectional)
        state = torch.randn(count, batch, hidden, dtype=dtype)
        if cell in ("lstm", "projected"):
            state = (state, torch.randn(count, batch, layer.hidden_size, dtype=dtype))
    given_x = pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False) if packed else x
    return record(model, given_x, targets, loss=loss, state=state)


@given(
    cell=st.sampled_from(CELLS),
    layers=st.integers(1, 3),
    bidirectional=st.booleans(),
    bias=st.booleans(),
    lengths=st.lists(st.integers(1, 7), min_size=1, max_size=3),
    packed=st.booleans(),
    start=st.booleans(),
    whole=st.booleans(),
    loss=st.sampled_from(LOSSES),
    sizes=st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(1, 5)),
    seed=st.integers(0, 10_000),
)
def test_the_engine_recomputes_any_recording(ask, **settings):
    trace = drawn(**settings)
    found = ask(COMPARE, trace)
    assert found["worst"] < CLOSE, found
    expected = {"h", "output", "y", "loss", "grad_h_by_loss", "grad_x_by_loss"}
    expected |= {f"gradients/{name}" for name in network_data(trace)["network"]["names"]}
    assert set(found["byField"]) >= expected

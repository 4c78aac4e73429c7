"""The engine of the page, loaded in a real browser."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

from rnnviz.explorer.modules import engine_modules, import_map
from rnnviz.explorer.network_data import network_data
from rnnviz.text.html import in_script

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

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

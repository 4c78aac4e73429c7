"""The code of docs/engine.md runs in a browser, and the engine's types fit where tsc can tell."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from code_of_documents import ROOT, blocks

from rnnviz.explorer.network_data import network_data
from rnnviz.text.html import in_script

DOCUMENT = "docs/engine.md"
ENGINE = ROOT / "rnnviz" / "explorer" / "engine"
TSC = shutil.which("tsc", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
TYPES = (
    "--allowJs",
    "--checkJs",
    "--noEmit",
    "--strict",
    "--target",
    "es2022",
    "--module",
    "es2022",
)


def javascript(document):
    return [block.code for block in blocks(document) if block.language == "js"]


def test_both_languages_have_the_same_javascript():
    assert javascript(DOCUMENT) == javascript("docs/engine.zh.md")
    assert len(javascript(DOCUMENT)) == 3


def test_the_javascript_runs(browser_page, make_trace):
    """All blocks, one after another, as a function of the content."""
    trace = make_trace()
    result = (
        "{ change, far: [...far.data], terms, sum, result, before, gradient, recorded, trained }"
    )
    names = "compare, decode, matrixOf, optimizer, rowsOf"
    body = "\n".join(javascript(DOCUMENT))
    code = (
        f"(textContent) => {{ const content = {{ textContent }}, {{ {names} }} = engine;\n{body}\n"
    )
    found = browser_page.evaluate(f"{code} return {result}; }}", in_script(network_data(trace)))
    assert abs(found["change"]) > 1e-3
    assert np.tanh(found["sum"]) == pytest.approx(found["result"])
    assert sum(term["product"] for term in found["terms"]) == pytest.approx(found["sum"])
    assert len(found["far"]) == trace.steps**2
    assert found["before"]["reference"]["part"] == found["gradient"]["reference"]["of"] == "h"


def test_the_page_of_the_document_says_that_it_agrees(
    browser_page, make_trace, tmp_path, monkeypatch
):
    """Its Python is run with a small trace."""
    monkeypatch.chdir(tmp_path)
    (code,) = [block.code for block in blocks(DOCUMENT) if block.language == "python"]
    made = "trace = rnnviz.record(model, inputs, targets)"
    assert made in code
    exec(code.replace(made, ""), {"trace": make_trace()})
    page = browser_page.context.browser.new_page()
    try:
        page.goto(Path("page.html").resolve().as_uri())
        page.wait_for_function("document.querySelector('output').value")
        assert float(page.locator("output").text_content()) < 1e-10
    finally:
        page.close()


@pytest.mark.skipif(TSC is None, reason="TypeScript is not installed")
def test_the_types_of_the_engine_fit():
    files = [str(path) for path in sorted(ENGINE.glob("*.js"))]
    checked = subprocess.run([str(TSC), *TYPES, *files], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout

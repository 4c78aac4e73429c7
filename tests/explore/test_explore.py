"""The page to look into a trace: its rows are the trace's, and in a browser its views follow."""

import dataclasses
import json
import re
import shutil

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from nasty import NASTY
from playwright.sync_api import expect, sync_playwright

from rnnviz.cli import main
from rnnviz.errors import ExportError, TraceError
from rnnviz.explore import explore
from rnnviz.explore.rows import MOST_STEPS, rows_of

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu"]


def worded(trace, word):
    words = tuple(f"{word}{step}" for step in range(trace.steps))
    metadata = dataclasses.replace(trace.metadata, step_labels=(words,) * trace.batch)
    return dataclasses.replace(trace, metadata=metadata)


def test_rows_are_the_traces_numbers(make_trace):
    trace = make_trace()
    rows = rows_of(trace, sequence=1)
    for row in rows.gradients:
        gradient = trace.grad_h_by_loss[row["t"] - 1, 0, 0, row["k"] - 1, 1]
        assert row["norm"] == pytest.approx(np.sqrt((gradient**2).sum()), rel=1e-4)
        assert row["k"] <= row["t"]
    assert len(rows.gradients) == trace.steps * (trace.steps + 1) / 2
    for row in rows.states:
        state = trace.h[0, 0, row["step"] - 1, 1, row["unit"] - 1]
        assert row["value"] == pytest.approx(state, rel=1e-4)
    for row in rows.outputs:
        y = trace.y[row["step"] - 1, 1]
        assert row["value"] == pytest.approx(np.sort(y)[::-1][row["rank"]], rel=1e-4)
    assert sum(row["share"] for row in rows.shares) == pytest.approx(1, abs=1e-3)


def test_long_traces_are_thinned_and_the_page_says_so(make_trace):
    long = make_trace(steps=MOST_STEPS + 50, batch=1)
    rows = rows_of(long)
    assert len(rows.kept) == MOST_STEPS
    assert rows.kept[-1] == long.steps - 1
    assert f"{MOST_STEPS} of {long.steps} steps are shown" in explore(long)


def test_what_cannot_be_explored_is_refused(make_trace):
    with pytest.raises(TraceError, match="has no gradients"):
        explore(make_trace(gradients=False))
    with pytest.raises(TraceError, match="no sequence 7"):
        explore(make_trace(), sequence=7)
    with pytest.raises(ExportError, match="no theme 'blue'"):
        explore(make_trace(), theme="blue")


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def visit(browser, tmp_path):
    complaints, requests = [], []
    context = browser.new_context(viewport={"width": 1500, "height": 1000})

    def open_page(made):
        path = tmp_path / "explore.html"
        path.write_text(made, encoding="utf-8")
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_selector("body[data-ready=yes]")
        return page

    yield open_page
    context.close()
    assert complaints == []
    assert [url for url in requests if not url.startswith(("file:", "data:", "blob:"))] == []


def followed(page):
    return page.locator("g.mark-line path").first.get_attribute("d")


def test_pointing_at_a_word_follows_its_loss_back(make_trace, visit):
    page = visit(explore(worded(make_trace(), "word")))
    before = followed(page)
    page.get_by_text("word2", exact=True).hover()
    page.wait_for_function(
        "before => document.querySelector('g.mark-line path').getAttribute('d') !== before",
        arg=before,
    )
    assert len(re.findall("[ML]", followed(page))) == 3


def test_the_scale_can_be_logarithmic(make_trace, visit):
    page = visit(explore(make_trace()))
    before = followed(page)
    page.get_by_role("checkbox").check()
    page.wait_for_function(
        "before => document.querySelector('g.mark-line path').getAttribute('d') !== before",
        arg=before,
    )


def test_it_speaks_chinese(make_trace, visit):
    page = visit(explore(make_trace(), language="zh", theme="dark"))
    expect(page.locator("html")).to_have_attribute("lang", "zh")
    expect(page.locator("h1")).to_have_text(re.compile("[\u4e00-\u9fff]"))


def test_no_word_becomes_markup(make_trace, visit):
    page = visit(explore(worded(make_trace(), NASTY)))
    assert page.locator("img").count() == 0
    spec = json.loads(page.locator("#spec").text_content())
    assert NASTY in json.dumps(spec, ensure_ascii=False).replace("\\\\", "\\").replace('\\"', '"')


def test_it_has_no_accessibility_violation(make_trace, visit):
    page = visit(explore(make_trace()))
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_the_command(make_trace, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_trace().save("run.safetensors")
    with pytest.raises(SystemExit) as left:
        main(["explore", "run.safetensors", "-o", "page.html", "--lang", "zh"])
    assert left.value.code == 0
    assert capsys.readouterr().out == "page.html\n"
    with pytest.raises(SystemExit) as left:
        main(["explore", "run.safetensors", "-o", "page.pdf"])
    assert left.value.code == 1
    assert "does not end in .html" in capsys.readouterr().err

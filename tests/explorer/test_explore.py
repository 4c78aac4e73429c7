"""The page for exploring a trace: its rows, and its linked charts in a browser."""

import dataclasses
import re
import shutil
import sys
from functools import cache

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from models import Around, layer_of
from nasty import NASTY
from playwright.sync_api import expect, sync_playwright

from rnnviz.cli import main
from rnnviz.errors import ExportError, ThemeError, TraceError
from rnnviz.explorer import explore
from rnnviz.explorer import rows as rows_module
from rnnviz.explorer.rows import rows_of
from rnnviz.recording import record
from rnnviz.text.palette import PALETTES

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ROUNDED = 6e-4
FLAGS = ["--no-sandbox", "--disable-gpu"]


def worded(trace, word):
    words = tuple(f"{word}{step}" for step in range(trace.steps))
    metadata = dataclasses.replace(trace.metadata, step_labels=(words,) * trace.batch)
    return dataclasses.replace(trace, metadata=metadata)


def with_zero(trace):
    """Return the trace with ∂L_5/∂h_2 of the first sequence set to zero."""
    changed = trace.grad_h_by_loss.copy()
    changed[4, :, :, 1, 0] = 0
    return dataclasses.replace(trace, grad_h_by_loss=changed)


def norms_of(trace, t, sequence=0, layer=0, direction=0):
    """Return ‖∂L_t/∂h_k‖ for every k, with t from 1."""
    return np.linalg.norm(trace.grad_h_by_loss[t - 1, layer, direction, :, sequence], axis=-1)


def test_numbers_are_rounded_without_negative_zero():
    assert str(rows_module.short(-0.0)) == "0.0"
    assert rows_module.short(-0.00012345) == -0.0001234


def test_rows_hold_the_numbers_of_the_trace(make_trace):
    trace = make_trace()
    rows = rows_of(trace, sequence=1)
    for row in rows.gradients:
        wanted = norms_of(trace, row["t"], sequence=1)[row["k"] - 1]
        assert row["norm"] == pytest.approx(wanted, rel=ROUNDED)
        assert row["k"] <= row["t"]
    assert len(rows.gradients) == trace.steps * (trace.steps + 1) / 2
    for row in rows.states:
        state = trace.h[0, 0, row["step"] - 1, 1, row["unit"] - 1]
        assert row["value"] == pytest.approx(state, rel=ROUNDED)
    for row in rows.candidates:
        y = trace.y[row["t"] - 1, 1]
        assert row["value"] == pytest.approx(np.sort(y)[::-1][row["rank"]], rel=ROUNDED)
        assert row["right"] == (int(row["name"]) - 1 == trace.targets[row["t"] - 1, 1])
    for row in rows.losses:
        assert row["loss"] == pytest.approx(trace.loss[row["t"] - 1, 1], rel=ROUNDED)
    assert sum(row["share"] for row in rows.shares) == pytest.approx(1, abs=1e-3)
    assert rows.gates == rows.course == []


@pytest.mark.parametrize("direction", [0, 1])
def test_rows_hold_states_on_both_sides_of_a_loss_where_they_reach_it(direction):
    """The layer below a bidirectional one."""
    torch.manual_seed(0)
    model = Around(layer_of("gru", 3, 4, bidirectional=True, num_layers=2)).double()
    trace = record(model, torch.randn(6, 1, 3).double(), torch.randint(4, (6, 1)))
    rows = rows_of(trace, direction=direction).gradients
    assert {(row["t"], row["k"]) for row in rows} == {
        (t, k) for t in range(1, 7) for k in range(1, 7)
    }
    for row in rows:
        wanted = norms_of(trace, row["t"], direction=direction)[row["k"] - 1]
        assert wanted > 0
        assert row["norm"] == pytest.approx(wanted, rel=ROUNDED)


def test_values_have_a_course_and_no_candidates(make_trace):
    trace = make_trace("squared", outputs=1)
    rows = rows_of(trace)
    assert rows.candidates == []
    for series, values in (("y", trace.y), ("target", trace.targets)):
        drawn = [row["value"] for row in rows.course if row["series"] == series]
        assert drawn == pytest.approx(values[:, 0, 0], rel=ROUNDED)


@pytest.fixture
def few_steps(monkeypatch):
    """The number of steps shown, reduced."""
    monkeypatch.setattr(rows_module, "MOST_STEPS", 20)
    return 20


def test_long_traces_are_thinned_and_the_page_reports_it(make_trace, few_steps):
    long = make_trace(steps=few_steps + 10, batch=1)
    rows = rows_of(long)
    assert len(rows.steps) == len(rows.losses) == few_steps
    assert (rows.steps[0]["step"], rows.steps[-1]["step"]) == (1, long.steps)
    assert f"{few_steps} of {long.steps} steps are shown" in explore(long)


def test_thinning_keeps_steps_with_a_loss(make_case, few_steps):
    model, x, targets = make_case(steps=few_steps + 10, batch=1)
    few = [4, 16, 17]
    trace = record(model, x, targets, loss="cross-entropy", losses=few)
    rows = rows_of(trace)
    assert [row["t"] - 1 for row in rows.losses] == few
    assert {row["step"] - 1 for row in rows.steps} >= {0, *few, trace.steps - 1}
    assert len(rows.steps) <= few_steps


def test_a_zero_gradient_is_kept(make_trace):
    rows = rows_of(with_zero(make_trace()))
    assert [row for row in rows.gradients if row["norm"] == 0] == [{"t": 5, "k": 2, "norm": 0.0}]


def test_gates_are_means_over_the_units():
    torch.manual_seed(0)
    model = Around(layer_of("lstm", 3, 4, bidirectional=True)).double()
    x = torch.randn(5, 2, 3, dtype=torch.float64)
    trace = record(model, x, torch.randint(0, 4, (5, 2)), loss="cross-entropy")
    rows = rows_of(trace, sequence=1, direction=1)
    symbols = ["iₜ", "fₜ", "gₜ", "qₜ"]
    assert {row["gate"] for row in rows.gates} == set(symbols)
    for row in rows.gates:
        gate = trace.gates[0, 1, row["step"] - 1, 1, symbols.index(row["gate"])]
        assert row["value"] == pytest.approx(gate.mean(), rel=ROUNDED)
    assert all(row["k"] >= row["t"] for row in rows.gradients)
    first = [row for row in rows.gradients if row["t"] == 2]
    assert [row["norm"] for row in first] == pytest.approx(
        norms_of(trace, 2, sequence=1, direction=1)[1:], rel=ROUNDED
    )


def test_a_page_in_another_notation(make_trace):
    page = explore(make_trace(), notation="d2l")
    assert "∂L/∂Wₕₕ" in page
    assert "ŷₜ" in page or "y\u0302ₜ" in page
    assert '∂L/∂W"' not in page
    assert '∂L/∂W"' in explore(make_trace())


def test_traces_that_cannot_be_explored_are_refused(make_trace):
    with pytest.raises(TraceError, match="has no gradients"):
        explore(make_trace(gradients=False))
    with pytest.raises(TraceError, match="no sequence 7"):
        explore(make_trace(), sequence=7)
    with pytest.raises(ThemeError, match="unknown theme 'blue'"):
        explore(make_trace(), theme="blue")


def test_without_altair_the_error_says_how_to_install_it(make_trace, monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(ExportError, match=r"pip install 'rnnviz\[explore\]'"):
        explore(make_trace())


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def explored(make_trace):
    """(theme) → the page of the small trace."""
    return cache(lambda theme: explore(make_trace(), theme=theme))


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


DRAWN = """async ([chart, name]) => {
  const view = views[chart];
  await view.runAsync();
  const found = [];
  const walk = (mark) => mark.items.forEach((item) => {
    if (mark.name === `${name}_marks`) found.push(item.datum);
    if (mark.marktype === "group") item.items.forEach(walk);
  });
  walk(view.scenegraph().root);
  return found;
}"""


def drawn(page, chart, mark):
    """Return the data that a mark of a chart draws, from Vega."""
    return page.evaluate(DRAWN, [chart, mark])


def curve(page):
    """Return the step of the loss drawn by the curve, and the curve."""
    points = drawn(page, "curve", "curve")
    (t,) = {point["t"] for point in points}
    return t, [point["norm"] for point in sorted(points, key=lambda point: point["k"])]


def pick(page, step):
    return page.locator(f"#words input[value='{step}']")


def test_hovering_previews_a_loss_and_clicking_selects_it(make_trace, visit):
    trace = make_trace()
    page = visit(explore(worded(trace, "word")))
    assert curve(page)[0] == trace.steps
    pick(page, 3).hover()
    assert curve(page) == (3, pytest.approx(norms_of(trace, 3)[:3], rel=ROUNDED))
    bars = {bar["name"]: bar["value"] for bar in drawn(page, "candidates", "bars")}
    assert bars == {
        str(index + 1): pytest.approx(share, rel=ROUNDED)
        for index, share in enumerate(trace.y[2, 0])
    }
    for chart in ("curve", "states", "shares"):
        assert [here["step"] for here in drawn(page, chart, "here")] == [3]
    expect(page.locator("#loss-label")).to_have_text(
        f"Loss at step 3, “word2”: {trace.loss[2, 0]:.3g}"
    )
    assert page.evaluate("views.curve.scale('x').domain()") == list(range(1, trace.steps + 1))
    page.locator("h1").hover()
    assert curve(page)[0] == trace.steps
    pick(page, 4).click()
    page.locator("h1").hover()
    assert curve(page) == (4, pytest.approx(norms_of(trace, 4)[:4], rel=ROUNDED))


WHERE = """([selector, text]) => {
  const node = document.createTreeWalker(document.querySelector(selector), NodeFilter.SHOW_TEXT).nextNode();
  const range = document.createRange(), start = node.data.lastIndexOf(text);
  range.setStart(node, start);
  range.setEnd(node, start + text.length);
  const { left, right } = range.getBoundingClientRect();
  return [left, right];
}"""  # noqa: E501


@pytest.mark.parametrize("word", ["مرحبا", "שלום"])
def test_right_to_left_words_do_not_reorder_their_surroundings(word, make_trace, visit):
    trace = make_trace()
    words = ((word, *"bcdefghijklmnop"[: trace.steps - 1]),) * trace.batch
    labels = dataclasses.replace(trace.metadata, step_labels=words)
    page = visit(explore(dataclasses.replace(trace, metadata=labels)))
    pick(page, 1).click()
    before, after, loss = (
        page.evaluate(WHERE, ["#loss-label", part])
        for part in ("“", "”", f"{trace.loss[0, 0]:.3g}")
    )
    inside = page.evaluate(WHERE, ["#loss-label", word])
    assert before[1] <= inside[0] + 1
    assert inside[1] <= after[0] + 1
    assert after[1] <= loss[0]
    direction = "getComputedStyle(document.querySelector('#words label span')).direction"
    assert page.evaluate(direction) == "rtl"
    assert f"\u2068{word}\u2069" in page.locator("#curve svg").text_content()


def test_math_symbols_are_narrow(explored, visit):
    page = visit(explored("light"))
    width = """(text) => {
      const context = document.createElement("canvas").getContext("2d");
      context.font = '100px "rnnviz Sans"';
      return context.measureText(text).width;
    }"""
    assert page.evaluate(width, "‖") < 50
    assert page.evaluate(width, "∂") < page.evaluate(width, "O")


def test_the_arrow_keys_move_between_losses(trace, explored, visit):
    page = visit(explored("light"))
    pick(page, trace.steps).focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert curve(page)[0] == trace.steps - 2


def test_a_row_of_the_table_selects_its_loss(trace, explored, visit):
    page = visit(explored("light"))
    cells = {(cell["t"], cell["k"]): cell["norm"] for cell in drawn(page, "table", "cells")}
    assert cells == {
        (t, k): pytest.approx(norms_of(trace, t)[k - 1], rel=ROUNDED)
        for t in range(1, trace.steps + 1)
        for k in range(1, t + 1)
    }
    pick(page, 2).click()
    second = page.locator("#frame").bounding_box()
    pick(page, 5).click()
    fifth = page.locator("#frame").bounding_box()
    assert fifth["y"] > second["y"] + 2 * second["height"]
    page.mouse.move(second["x"] + 9, second["y"] + second["height"] / 2)
    assert curve(page)[0] == 2
    page.mouse.move(second["x"] - 5, second["y"] - 60)
    assert curve(page)[0] == 5
    page.mouse.click(second["x"] + 9, second["y"] + second["height"] / 2)
    page.mouse.move(second["x"] - 5, second["y"] - 60)
    assert curve(page)[0] == 2
    expect(pick(page, 2)).to_be_checked()


def test_the_logarithmic_scale_marks_zeros(make_trace, visit):
    trace = with_zero(make_trace())
    page = visit(explore(trace))
    pick(page, 5).click()
    kind = "chart => views[chart].scale(chart === 'curve' ? 'y' : 'color').type"
    assert page.evaluate(kind, "curve") == "linear"
    assert curve(page)[1][1] == 0
    page.get_by_role("checkbox").check()
    page.wait_for_function("views.curve.scale('y').type === 'log'")
    page.wait_for_function("views.table.scale('color').type.endsWith('log')")
    assert [zero["k"] for zero in drawn(page, "curve", "zeros")] == [2]
    points = {point["k"]: point["shown"] for point in drawn(page, "curve", "curve")}
    assert points[2] is None
    assert points[3] == pytest.approx(norms_of(trace, 5)[2], rel=ROUNDED)
    expect(page.locator("#curve-note")).to_contain_text("exactly 0")
    expect(page.locator("#curve")).to_contain_text(re.compile("10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]"))
    expect(page.locator("#curve")).to_contain_text("logarithmic")


def test_a_single_loss_has_no_table(make_trace, visit):
    page = visit(explore(make_trace(last_only=True)))
    expect(page.get_by_role("radio")).to_have_count(1)
    expect(page.locator("header")).to_contain_text("The only loss that was followed back")
    assert page.evaluate("Object.keys(views).sort()") == [
        "candidates",
        "curve",
        "shares",
        "states",
    ]


def test_the_page_in_chinese(make_trace, visit):
    page = visit(explore(make_trace(), language="zh", theme="dark"))
    expect(page.locator("html")).to_have_attribute("lang", "zh")
    for selector in ("h1", "header p", "#loss-label", ".bar label", "h2"):
        for text in page.locator(selector).all_text_contents():
            assert re.search("[\u4e00-\u9fff]", text), text


def test_it_fits_a_phone(make_trace, visit):
    page = visit(explore(worded(make_trace(steps=20), "a-long-word")))
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_function("views.curve.width() < 390")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_no_word_becomes_markup(make_trace, visit):
    page = visit(explore(worded(make_trace(), NASTY)))
    assert page.locator("img").count() == 0
    assert page.locator("#words span").first.text_content() == f"{NASTY}0"


@pytest.mark.parametrize("theme", PALETTES)
def test_it_has_no_accessibility_violation(theme, explored, visit):
    page = visit(explored(theme))
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
    assert "must end in .html" in capsys.readouterr().err

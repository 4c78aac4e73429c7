"""The live page: what it draws against the trace, and what it computes against PyTorch."""

import base64
import copy
import csv
import dataclasses
import json
import re
import shutil
import xml.etree.ElementTree as ET
from functools import cache

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from models import Around, layer_of
from nasty import NASTY
from often import every
from playwright.sync_api import expect, sync_playwright
from safetensors.torch import load_file

import rnnviz
from rnnviz import measure
from rnnviz.cli import main
from rnnviz.errors import ExportError, ThemeError, TraceError
from rnnviz.explorer import explore, show_live
from rnnviz.explorer import places as places_module
from rnnviz.explorer.places import place_of
from rnnviz.explorer.starts import scenes
from rnnviz.recording import record
from rnnviz.scene.catalogue import SCENES
from rnnviz.text.palette import PALETTES

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CLOSE = 1e-9
FLAGS = ["--no-sandbox", "--disable-gpu"]
WORDS = ("red", "green", "blue", "black")


def worded(trace, word):
    words = tuple(f"{word}{step}" for step in range(trace.steps))
    metadata = dataclasses.replace(trace.metadata, step_labels=(words,) * trace.batch)
    return dataclasses.replace(trace, metadata=metadata)


def with_zero(trace):
    """Return the trace with ∂L_5/∂h_2 of the first sequence set to zero, in no network's order."""
    changed = trace.grad_h_by_loss.copy()
    changed[4, :, :, 1, 0] = 0
    metadata = dataclasses.replace(trace.metadata, loss="their own")
    return dataclasses.replace(trace, grad_h_by_loss=changed, metadata=metadata)


def norms_of(trace, t, sequence=0, layer=0, direction=0):
    """Return ‖∂L_t/∂h_k‖ for every k, with t from 1."""
    return np.linalg.norm(trace.grad_h_by_loss[t - 1, layer, direction, :, sequence], axis=-1)


def unpacked(array):
    values = np.frombuffer(base64.b64decode(array["data"]), "<f8")
    return values.reshape(array["shape"])


def words_case(make_case, order=(0, 1, 2, 3, 1, 0), *, last_only=True):
    """Return a model, and its trace of a sentence of one-hot words."""
    model, _, targets = make_case(inputs=4, steps=len(order), batch=1, last_only=last_only)
    model = copy.deepcopy(model)
    return model, words_trace(model, order, targets)


def words_trace(model, order, targets):
    x = torch.eye(4, dtype=torch.float64)[list(order)][:, None]
    about = {
        "step_labels": [[WORDS[index] for index in order]],
        "input_labels": list(WORDS),
    }
    return record(model, x, targets, loss="cross-entropy", about=about)


# --- the numbers in the page ----------------------------------------------------------------------


def test_places_hold_the_numbers_of_the_trace(make_trace):
    trace = make_trace()
    place = place_of(trace, sequence=1)
    norms = unpacked(place["norms"])
    for t in range(1, trace.steps + 1):
        assert norms[t - 1, :t] == pytest.approx(norms_of(trace, t, sequence=1)[:t], rel=CLOSE)
        assert np.isnan(norms[t - 1, t:]).all()
    assert np.array_equal(unpacked(place["h"]), trace.h[0, 0, :, 1])
    assert np.array_equal(unpacked(place["y"]), trace.y[:, 1])
    assert np.array_equal(unpacked(place["targets"])[:, 0], trace.targets[:, 1])
    assert np.array_equal(unpacked(place["losses"]), trace.loss[:, 1])
    assert unpacked(place["shares"]).sum() == pytest.approx(1)
    assert place["gateNames"] == []


@pytest.mark.parametrize("direction", [0, 1])
def test_places_hold_states_on_both_sides_of_a_loss_where_they_reach_it(direction):
    """The layer below a bidirectional one."""
    torch.manual_seed(0)
    model = Around(layer_of("gru", 3, 4, bidirectional=True, num_layers=2)).double()
    trace = record(model, torch.randn(6, 1, 3).double(), torch.randint(4, (6, 1)))
    norms = unpacked(place_of(trace, direction=direction)["norms"])
    for t in range(1, 7):
        wanted = norms_of(trace, t, direction=direction)
        assert (wanted > 0).all()
        assert norms[t - 1] == pytest.approx(wanted, rel=CLOSE)


@pytest.fixture
def few_steps(monkeypatch):
    """The number of steps shown, reduced."""
    monkeypatch.setattr(places_module, "MOST_STEPS", 20)
    monkeypatch.setattr("rnnviz.explorer.page.MOST_STEPS", 20)
    return 20


def test_long_traces_are_thinned_and_the_page_says_so(make_trace, few_steps, visit):
    long = make_trace(steps=few_steps + 10, batch=1)
    place = place_of(long)
    assert len(place["steps"]) == len(place["times"]) == few_steps
    assert (place["steps"][0], place["steps"][-1]) == (0, long.steps - 1)
    page = visit(explore(long))
    expect(page.locator("#notice")).to_contain_text(f"{few_steps} of {long.steps} steps are shown")
    expect(page.locator("#badge")).to_contain_text(f"more than {few_steps} steps")
    expect(page.locator("#what-if")).to_be_hidden()


def test_thinning_keeps_steps_with_a_loss(make_case, few_steps):
    model, x, targets = make_case(steps=few_steps + 10, batch=1)
    few = [4, 16, 17]
    trace = record(model, x, targets, loss="cross-entropy", losses=few)
    place = place_of(trace)
    assert place["times"] == few
    assert set(place["steps"]) >= {0, *few, trace.steps - 1}
    assert len(place["steps"]) <= few_steps


def test_of_many_classes_the_largest_and_the_target_are_kept(make_case, monkeypatch, visit):
    monkeypatch.setattr(places_module, "MOST_OUTPUTS", 5)
    model, x, targets = make_case(outputs=12, batch=1)
    trace = record(model, x, targets, loss="cross-entropy")
    place = place_of(trace)
    kept, index = unpacked(place["y"]), unpacked(place["yIndex"]).astype(int)
    for t in range(trace.steps):
        assert kept[t] == pytest.approx(trace.y[t, 0][index[t]], rel=CLOSE)
        assert kept[t, 0] == trace.y[t, 0].max()
        assert index[t, -1] == trace.targets[t, 0]


def test_gates_lie_in_their_order():
    torch.manual_seed(0)
    model = Around(layer_of("lstm", 3, 4, bidirectional=True)).double()
    x = torch.randn(5, 2, 3, dtype=torch.float64)
    trace = record(model, x, torch.randint(0, 4, (5, 2)), loss="cross-entropy")
    place = place_of(trace, sequence=1, direction=1)
    assert place["gateNames"] == list(trace.cell.gates)
    found = unpacked(place["gates"]).reshape(5, 4, 4)
    assert np.array_equal(found, trace.gates[0, 1, :, 1])
    norms = unpacked(place["norms"])
    assert norms[1, 1:] == pytest.approx(norms_of(trace, 2, sequence=1, direction=1)[1:], rel=CLOSE)
    assert np.isnan(norms[1, 0])


def test_traces_that_cannot_be_explored_are_refused(make_trace):
    with pytest.raises(TraceError, match="has no gradients"):
        explore(make_trace(gradients=False))
    with pytest.raises(TraceError, match="no sequence 7"):
        explore(make_trace(), sequence=7)
    with pytest.raises(ThemeError, match="unknown theme 'blue'"):
        explore(make_trace(), theme="blue")
    with pytest.raises(ExportError, match="no page opens on scene 'blue'"):
        explore(make_trace(), scene="blue")


# --- the page in a browser ------------------------------------------------------------------------


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
    context = browser.new_context(viewport={"width": 1600, "height": 1300}, reduced_motion="reduce")

    context.set_default_timeout(10_000)

    def open_page(made, fragment=""):
        path = tmp_path / "explore.html"
        path.write_text(made, encoding="utf-8")
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri() + fragment)
        page.wait_for_selector("body[data-ready=yes]")
        page.wait_for_selector("#badge:not(:empty)")
        return page

    yield open_page
    context.close()
    assert complaints == []
    assert [url for url in requests if not url.startswith(("file:", "data:", "blob:"))] == []


def settle(page):
    """Wait until what was changed is drawn."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")


def drawn(page, selector, *keys):
    """Return what elements show, from their data: {keys: value}."""
    settle(page)
    found = page.eval_on_selector_all(selector, "all => all.map((each) => ({...each.dataset}))")
    return {
        tuple(int(each[key]) for key in keys) if len(keys) > 1 else int(each[keys[0]]): float(
            each["value"]
        )
        for each in found
    }


def arcs(page):
    return drawn(page, ".view-chain .arc", "step")


def cells(page):
    return drawn(page, ".view-chain .cell", "step", "unit")


def curve(page):
    """Return the step of the loss drawn by the curve, and the curve by step."""
    found = drawn(page, ".view-curve .point, .view-curve .zero", "k")
    (t,) = set(
        page.eval_on_selector_all(".view-curve .point", "all => all.map((p) => p.dataset.t)")
    )
    return int(t), found


def pick(page, step):
    return page.locator(f"#words input[value='{step}']")


def close(numbers):
    return pytest.approx(numbers, rel=CLOSE)


def test_everything_drawn_is_of_the_trace(make_trace, visit):
    trace = make_trace()
    page = visit(explore(trace, sequence=1))
    states = {
        (step + 1, unit + 1): value for (step, unit), value in np.ndenumerate(trace.h[0, 0, :, 1])
    }
    assert cells(page) == close(states)
    last = dict(enumerate(norms_of(trace, trace.steps, sequence=1), start=1))
    assert arcs(page) == close(last)
    table = drawn(page, ".view-table .cell", "t", "k")
    assert table == {
        (t, k): close(norms_of(trace, t, sequence=1)[k - 1])
        for t in range(1, trace.steps + 1)
        for k in range(1, t + 1)
    }
    weights = drawn(page, ".view-weights .weight", "row", "col")
    assert weights == {(i + 1, j + 1): w for (i, j), w in np.ndenumerate(trace.W)}
    bars = page.eval_on_selector_all(
        ".candidate", "all => all.map((each) => [each.dataset.name, Number(each.dataset.value)])"
    )
    assert dict(bars) == {
        str(index + 1): close(value) for index, value in enumerate(trace.y[-1, 1])
    }
    assert [value for _, value in bars] == sorted(dict(bars).values(), reverse=True)
    right = page.locator(".candidate.right .name").text_content()
    assert right == str(trace.targets[-1, 1] + 1)
    found = page.eval_on_selector_all(
        ".eigenvalue", "all => all.map((p) => [Number(p.dataset.re), Number(p.dataset.im)])"
    )
    wanted = measure.eigenvalues(trace.jacobian[0, 0, -1, 1])
    assert np.array(sorted(found)) == pytest.approx(
        np.array(sorted([value.real, value.imag] for value in wanted)), abs=1e-9
    )


def test_shares_are_of_the_trace(make_trace, visit):
    trace = make_trace(batch=1)
    page = visit(explore(trace))
    wanted = measure.weight_gradient_norm_shares(trace)
    assert drawn(page, ".view-shares .bar", "step") == close(dict(enumerate(wanted, start=1)))


def test_gates_and_the_cells_of_a_gate_are_of_the_trace(visit):
    torch.manual_seed(0)
    model = Around(layer_of("lstm", 3, 4, bidirectional=True, num_layers=2)).double()
    x = torch.randn(5, 2, 3, dtype=torch.float64)
    trace = record(model, x, torch.randint(0, 4, (5, 2)), loss="cross-entropy")
    page = visit(explore(trace))
    for name in ("layer", "sequence", "direction"):
        page.locator(f"#choose-{name}").select_option(index=1)
    page.locator("#choose-part").select_option("f")
    gate = trace.cell.gates.index("f")
    values = trace.gates[1, 1, :, 1, gate]
    assert cells(page) == {(t + 1, unit + 1): close(v) for (t, unit), v in np.ndenumerate(values)}
    found = page.eval_on_selector_all(
        "circle.gate", "all => all.map((p) => [p.dataset.gate, p.dataset.step, p.dataset.value])"
    )
    assert len(found) == 20
    for name, step, value in found:
        wanted = trace.gates[1, 1, int(step) - 1, 1, trace.cell.gates.index(name)].mean()
        assert float(value) == close(wanted)
    pick(page, 2).check()
    wanted = norms_of(trace, 2, sequence=1, layer=1, direction=1)
    assert arcs(page) == close({k + 1: wanted[k] for k in range(1, 5)})


def test_values_have_a_course(make_trace, visit):
    trace = make_trace("squared", outputs=1)
    page = visit(explore(trace))
    for series, values in (("y", trace.y), ("target", trace.targets)):
        points = drawn(page, f"circle.course[data-series={series}]", "step")
        assert points == close(dict(enumerate(values[:, 0, 0], start=1)))
    expect(page.locator(".candidate")).to_have_count(0)


def test_hovering_previews_a_loss_and_clicking_selects_it(make_trace, visit):
    trace = make_trace()
    page = visit(explore(worded(trace, "word")))
    assert curve(page)[0] == trace.steps
    page.locator("#words .word").nth(2).hover()
    assert curve(page) == (3, close(dict(enumerate(norms_of(trace, 3)[:3], start=1))))
    assert arcs(page) == close(dict(enumerate(norms_of(trace, 3)[:3], start=1)))
    expect(page.locator("#title-chain")).to_contain_text("“word2”")
    expect(page.locator("#loss-label")).to_have_text(
        f"Loss at step 3, “word2”: {trace.loss[2, 0]:#.3g}"
    )
    page.locator("h1").hover()
    assert curve(page)[0] == trace.steps
    pick(page, 4).click()
    page.locator("h1").hover()
    assert curve(page) == (4, close(dict(enumerate(norms_of(trace, 4)[:4], start=1))))


WHERE = """([selector, text]) => {
  const walker = document.createTreeWalker(document.querySelector(selector), NodeFilter.SHOW_TEXT);
  while (walker.nextNode() && !walker.currentNode.data.includes(text));
  const node = walker.currentNode, range = document.createRange();
  const start = node.data.lastIndexOf(text);
  range.setStart(node, start);
  range.setEnd(node, start + text.length);
  const { left, right } = range.getBoundingClientRect();
  return [left, right];
}"""


@pytest.mark.parametrize("word", every(2, ["مرحبا", "שלום"]))
def test_right_to_left_words_do_not_reorder_their_surroundings(word, make_trace, visit):
    trace = make_trace()
    words = ((word, *"bcdefghijklmnop"[: trace.steps - 1]),) * trace.batch
    labels = dataclasses.replace(trace.metadata, step_labels=words)
    page = visit(explore(dataclasses.replace(trace, metadata=labels)))
    pick(page, 1).check()
    settle(page)
    before, after, loss = (
        page.evaluate(WHERE, ["#loss-label", part])
        for part in ("“", "”", f"{trace.loss[0, 0]:#.3g}")
    )
    inside = page.evaluate(WHERE, ["#loss-label", word])
    assert before[1] <= inside[0] + 1
    assert inside[1] <= after[0] + 1
    assert after[1] <= loss[0]
    direction = "getComputedStyle(document.querySelector('#words label .text')).direction"
    assert page.evaluate(direction) == "rtl"


def test_math_symbols_are_narrow(explored, visit):
    page = visit(explored("light"))
    width = """(text) => {
      const context = document.createElement("canvas").getContext("2d");
      context.font = '100px "rnnviz Sans"';
      return context.measureText(text).width;
    }"""
    assert page.evaluate(width, "‖") < 50
    assert page.evaluate(width, "∂") < page.evaluate(width, "O")


def test_symbols_are_set_with_real_subscripts(explored, visit):
    page = visit(explored("light"))
    heading = page.locator("#title-table")
    assert heading.inner_html().startswith("‖∂<i>L</i><sub><i>t</i></sub>/∂<i>h</i><sub>")
    assert page.locator(".view-chain text tspan[font-style=italic]").first.text_content() == "h"


@pytest.mark.parametrize(
    ("notation", "weights"),
    every(3, [("uwv", "W"), ("d2l", "W<sub>hh</sub>"), ("pytorch", "W<sub>hh</sub>")], first=1),
)
def test_a_page_in_another_notation(notation, weights, make_trace, visit):
    page = visit(explore(make_trace(), notation=notation))
    found = page.locator("#scale-W-name").inner_html().replace("<i>", "").replace("</i>", "")
    assert found == f"{weights} ×"


def test_the_keyboard_moves_between_losses_and_cells(trace, explored, visit):
    page = visit(explored("light"))
    pick(page, trace.steps).focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert curve(page)[0] == trace.steps - 2
    page.locator(".view-chain .body").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#arithmetic h2")).to_contain_text("unit 2")
    state = trace.h[0, 0, trace.steps - 2, 0, 1]
    expect(page.locator("#arithmetic h2")).to_contain_text(f"{abs(state):#.3g}")


def test_a_row_of_the_table_selects_its_loss(trace, explored, visit):
    page = visit(explored("light"))
    box = page.locator(".view-table .hit").bounding_box()

    def at(t):
        y = box["y"] + (t - 0.5) * box["height"] / trace.steps
        return box["x"] + 6, y

    page.mouse.move(*at(2))
    assert curve(page)[0] == 2
    page.mouse.move(5, 5)
    assert curve(page)[0] == trace.steps
    page.mouse.click(*at(3))
    page.mouse.move(5, 5)
    assert curve(page)[0] == 3
    expect(pick(page, 3)).to_be_checked()
    frame = page.locator(".view-table .frame").bounding_box()
    assert frame["y"] < at(3)[1] < frame["y"] + frame["height"]


def test_the_logarithmic_scale_marks_zeros(make_trace, visit):
    trace = with_zero(make_trace())
    page = visit(explore(trace))
    pick(page, 5).check()
    assert curve(page)[1][2] == 0
    expect(page.locator(".view-curve .zero")).to_have_count(0)
    page.locator("#log").check()
    assert drawn(page, ".view-curve .zero", "k") == {2: 0}
    assert drawn(page, ".view-curve .point", "k")[3] == close(norms_of(trace, 5)[2])
    expect(page.locator(".view-curve .note")).to_contain_text("exactly 0")
    expect(page.locator(".view-curve svg")).to_contain_text(re.compile("10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]"))


def test_a_single_loss_has_no_table(make_trace, visit):
    page = visit(explore(make_trace(last_only=True)))
    expect(page.locator("#words input")).to_have_count(1)
    expect(page.locator(".view-table")).to_be_hidden()
    expect(page.locator(".view-curve")).to_be_visible()


def test_language_and_theme_change_in_the_page(make_trace, visit):
    page = visit(explore(make_trace(), theme="dark"))
    page.get_by_role("button", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh")
    for selector in ("h2", "#what-if label:not(#functions label)", "#badge", "#guide", "#link"):
        for text in page.locator(selector).all_inner_texts():
            assert re.search("[\u4e00-\u9fff]", text) or "×" in text or not text, text
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(15, 18, 23)"
    page.locator("#theme").click()
    settle(page)
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    visit(explore(make_trace(), language="zh"))


def test_it_fits_a_phone(make_trace, visit):
    page = visit(explore(worded(make_trace(steps=20), "a-long-word")))
    page.set_viewport_size({"width": 390, "height": 844})
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_no_word_becomes_markup(make_trace, visit):
    page = visit(explore(worded(make_trace(), NASTY)))
    assert page.locator("img").count() == 0
    assert page.locator("#words .text").first.text_content() == f"{NASTY}0"


@pytest.mark.parametrize("theme", every(2, PALETTES))
def test_it_has_no_accessibility_violation(theme, explored, visit):
    page = visit(explored(theme))
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.slow
def test_a_page_of_words_has_no_accessibility_violation(make_case, visit):
    page = visit(explore(words_case(make_case)[1]))
    page.locator("#guide").click()
    settle(page)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


# --- the network in the page ----------------------------------------------------------------------


def content_of(page):
    return json.loads(re.search(r'id="content">(.*?)</script>', page)[1])


def with_content(page, content):
    start, end = re.search(r'id="content">(.*?)</script>', page).span(1)
    return page[:start] + json.dumps(content).replace("<", "\\u003c") + page[end:]


def altered(array):
    """Return a packed array whose first number is larger by a tenth."""
    values = unpacked(array).copy()
    values.flat[0] += 0.1
    return {**array, "data": base64.b64encode(values.tobytes()).decode()}


def test_the_page_proves_that_it_computes_what_was_recorded(explored, visit):
    page = visit(explored("light"))
    expect(page.locator("#badge")).to_have_class("badge good")
    assert float(page.locator("#badge").get_attribute("data-worst")) < 1e-12
    expect(page.locator("#badge")).to_contain_text("recomputed here: differs by")


@pytest.mark.parametrize("field", every(2, ["weights", "h", "y", "loss"]))
def test_one_changed_number_is_seen_and_named(field, explored, visit):
    made = explored("light")
    content = content_of(made)
    recorded = content["engine"]["recorded"]["sequences"][0]
    if field == "weights":
        parameters = content["engine"]["network"]["layers"][0][0]["parameters"]
        parameters["weight_hh"] = altered(parameters["weight_hh"])
    elif field == "h":
        recorded["h"][0] = altered(recorded["h"][0])
    else:
        recorded[field] = altered(recorded[field])
    page = visit(with_content(made, content))
    expect(page.locator("#badge")).to_have_class("badge bad")
    named = page.locator("#badge").get_attribute("data-field")
    assert named == field or field == "weights"
    expect(page.locator("#badge")).to_contain_text(named)
    assert float(page.locator("#badge").get_attribute("data-worst")) > 1e-3


def slide(page, name, value):
    page.locator(f"#{name}").evaluate(
        "(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }", value
    )
    settle(page)


def same_as(page, trace):
    """Check that the page shows the numbers of another trace."""
    states = {(t + 1, unit + 1): v for (t, unit), v in np.ndenumerate(trace.h[0, 0, :, 0])}
    assert cells(page) == pytest.approx(states, rel=1e-9, abs=1e-12)
    wanted = dict(enumerate(norms_of_last(trace), start=1))
    assert arcs(page) == pytest.approx(wanted, rel=1e-9)


def norms_of_last(trace):
    return np.linalg.norm(trace.grad_h_by_loss[-1, 0, 0, :, 0], axis=-1)


def test_three_times_w_is_what_pytorch_computes(make_case, visit):
    model, trace = words_case(make_case)
    page = visit(explore(trace))
    same_as(page, trace)
    slide(page, "scale-W", 3)
    larger = copy.deepcopy(model)
    with torch.no_grad():
        larger.rnn.weight_hh_l0 *= 3
    after = words_trace(larger, (0, 1, 2, 3, 1, 0), torch.tensor(trace.targets))
    same_as(page, after)
    first, then = norms_of_last(trace)[0], norms_of_last(after)[0]
    said = page.locator("#changes p").first.text_content()
    found = re.search(r": (\S+) → (\S+)$", said)
    assert [float(each) for each in found.groups()] == pytest.approx([first, then], rel=0.06)
    ghosts = drawn(page, ".view-chain .arc-ghost", "step")
    assert ghosts == pytest.approx(dict(enumerate(norms_of_last(trace), start=1)), rel=1e-9)
    page.locator("#reset").click()
    same_as(page, trace)
    expect(page.locator("#changes")).to_be_hidden()


def test_a_typed_word_is_what_pytorch_computes(make_case, visit):
    model, trace = words_case(make_case)
    page = visit(explore(trace))
    page.locator("#chip-1").click()
    chip = page.locator("#chip-1")
    chip.fill("mauve")
    chip.press("Enter")
    expect(page.locator("#chip-message")).to_contain_text("“mauve” is not among the words")
    same_as(page, trace)
    chip.fill("black")
    chip.press("Enter")
    after = words_trace(model, (0, 3, 2, 3, 1, 0), torch.tensor(trace.targets))
    same_as(page, after)
    expect(page.locator("h1")).to_have_text("red black blue black green red")


def test_steps_are_inserted_deleted_and_moved(make_case, visit):
    model, trace = words_case(make_case)
    page = visit(explore(trace))

    def targets(count):
        return torch.tensor([-100] * (count - 1) + [int(trace.targets[-1, 0])])[:, None]

    page.locator("#chip-2").click()
    page.get_by_role("button", name="insert a step").click()
    same_as(page, words_trace(model, (0, 1, 2, 2, 3, 1, 0), targets(7)))
    page.get_by_role("button", name="delete this step").click()
    page.get_by_role("button", name="delete this step").click()
    same_as(page, words_trace(model, (0, 1, 3, 1, 0), targets(5)))
    page.get_by_role("button", name="move right").click()
    same_as(page, words_trace(model, (0, 3, 1, 1, 0), targets(5)))
    page.locator("#chip-0").drag_to(page.locator("#chip-3"))
    same_as(page, words_trace(model, (1, 3, 1, 0, 0), targets(5)))


def test_a_point_of_a_series_is_moved(make_case, visit):
    model, x, targets = make_case(inputs=1, batch=1)
    page = visit(explore(record(model, x, targets, loss="cross-entropy")))
    page.locator("[data-point='2 0']").focus()
    page.keyboard.press("ArrowUp")
    settle(page)
    moved = float(page.locator("[data-point='2 0']").get_attribute("data-value"))
    assert moved > x[2, 0, 0]
    x = x.clone()
    x[2, 0, 0] = moved
    same_as(page, record(model, x, targets, loss="cross-entropy"))


def test_another_target_and_another_nonlinearity(make_case, visit):
    model, trace = words_case(make_case)
    page = visit(explore(trace))
    other = (int(trace.targets[-1, 0]) + 1) % trace.output_size
    page.locator(f".candidate[data-name='{other + 1}']").click()
    targets = torch.tensor(trace.targets).clone()
    targets[-1] = other
    same_as(page, words_trace(model, (0, 1, 2, 3, 1, 0), targets))
    page.locator("#reset").click()
    page.get_by_role("radio", name="relu").check()
    model.rnn.nonlinearity = "relu"
    model.rnn.mode = "RNN_RELU"
    same_as(page, words_trace(model, (0, 1, 2, 3, 1, 0), torch.tensor(trace.targets)))


def test_numbers_beyond_all_bounds_break_nothing(make_case, visit):
    page = visit(explore(words_case(make_case)[1]))
    page.get_by_role("radio", name="relu").check()
    for value in ("1e300", "-1e300"):
        page.locator("#weight-value").fill(value)
        page.locator("#weight-value").press("Enter")
        slide(page, "scale-W", 4)
        page.locator("#log").set_checked(value == "1e300")
        settle(page)
    page.locator("#reset").click()
    expect(page.locator("#changes")).to_be_hidden()


def test_an_entry_of_w_is_set(make_case, visit):
    model, trace = words_case(make_case)
    page = visit(explore(trace))
    for name, value in (("row", "2"), ("col", "3"), ("value", "1.5")):
        page.locator(f"#weight-{name}").fill(value)
        page.locator(f"#weight-{name}").press("Enter")
        settle(page)
    with torch.no_grad():
        model.rnn.weight_hh_l0[1, 2] = 1.5
    same_as(page, words_trace(model, (0, 1, 2, 3, 1, 0), torch.tensor(trace.targets)))


def test_a_clamped_unit_is_held_and_set_free(make_case, visit):
    _, trace = words_case(make_case)
    page = visit(explore(trace))
    page.locator(".cell[data-step='3'][data-unit='2']").click()
    slide(page, "clamp", -0.5)
    found = cells(page)
    assert found[3, 2] == -0.5
    assert found[2, 1] == close(trace.h[0, 0, 1, 0, 0])
    assert found[4, 1] != close(trace.h[0, 0, 3, 0, 0])
    page.locator("#free").click()
    same_as(page, trace)


def test_training_in_the_page_is_what_pytorch_does(make_case, visit):
    model, trace = words_case(make_case)
    page = visit(explore(trace))
    page.locator("#clip").fill("")
    page.locator("#clip").press("Enter")
    page.locator("#train-1").click()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    targets = torch.tensor(trace.targets)
    loss = torch.nn.functional.cross_entropy(model(torch.tensor(trace.x))[-1], targets[-1])
    loss.backward()
    optimizer.step()
    same_as(page, words_trace(model, (0, 1, 2, 3, 1, 0), targets))
    page.locator(".view-training").scroll_into_view_if_needed()
    settle(page)
    shown = page.locator(".course-loss").first.get_attribute("data-value")
    assert float(shown) == close(float(loss.detach()))


def test_the_weights_are_saved_for_the_model(make_case, visit):
    model, trace = words_case(make_case)
    page = visit(explore(trace))
    expect(page.locator("#save-weights")).to_be_hidden()
    slide(page, "scale-W", 0.5)
    with page.expect_download() as download:
        page.locator("#save-weights").click()
    model.load_state_dict(load_file(download.value.path()))
    assert np.array_equal(model.rnn.weight_hh_l0.detach(), 0.5 * trace.W)
    same_as(page, words_trace(model, (0, 1, 2, 3, 1, 0), torch.tensor(trace.targets)))


def test_a_number_opens_into_what_it_is_made_of_and_leads_on(make_case, visit):
    _, trace = words_case(make_case)
    page = visit(explore(trace))
    page.locator(".cell[data-step='4'][data-unit='2']").click()
    expect(page.locator("#arithmetic h2")).to_contain_text("unit 2")
    total = float(np.arctanh(trace.h[0, 0, 3, 0, 1]))
    shown = page.locator(".term.total .product").text_content().replace("−", "-")
    assert float(shown) == pytest.approx(total, rel=6e-3)
    more = page.locator(".term.more")
    if more.count():
        more.first.click()
        settle(page)
    products = page.locator(".term:not(.total):not(.result) .product").all_text_contents()
    assert sum(float(each.replace("−", "-")) for each in products) == pytest.approx(total, abs=2e-2)
    strongest = np.argmax(np.abs(trace.W[1] * trace.h[0, 0, 2, 0]))
    page.locator(".group", has_text="from the state before").locator("+ .term").click()
    expect(page.locator("#arithmetic h2")).to_contain_text(f"unit {strongest + 1}")
    value = f"{abs(trace.h[0, 0, 2, 0, strongest]):#.3g}"
    expect(page.locator("#arithmetic h2")).to_contain_text(value)
    page.get_by_role("button", name="back").click()
    expect(page.locator("#arithmetic h2")).to_contain_text("unit 2")
    page.locator(".arc[data-step='2']").dispatch_event("click")
    gradient = f"{abs(trace.grad_h_by_loss[-1, 0, 0, 1, 0, 1]):#.3g}"
    expect(page.locator("#arithmetic h2")).to_contain_text(gradient)


def test_the_address_opens_the_same_again(make_case, visit):
    _, trace = words_case(make_case, last_only=False)
    made = explore(trace)
    page = visit(made)
    slide(page, "scale-W", 2.5)
    page.locator("#chip-1").click()
    page.locator("#chip-1").fill("black")
    page.locator("#chip-1").press("Enter")
    page.locator("#train-1").click()
    page.locator("#log").check()
    pick(page, 3).check()
    page.locator("#theme").click()
    page.wait_for_url(re.compile("theme=dark"))
    shown = cells(page), arcs(page)
    again = visit(made, "#" + page.url.split("#")[1])
    assert (cells(again), arcs(again)) == shown
    expect(again.locator("#log")).to_be_checked()
    expect(again.locator("html")).to_have_attribute("data-scheme", "dark")
    wrong = visit(made, "#W=nonsense&loss=999&layer=7&part=zz&entries=%5B%7B%7D%5D")
    assert cells(wrong) == cells(visit(made))


def test_a_view_is_saved(trace, explored, visit):
    page = visit(explored("light"))

    def saved(view, kind):
        page.locator(f".view-{view} summary").click()
        with page.expect_download() as download:
            page.locator(f".view-{view} .list button", has_text=kind).click()
        return download.value.path().read_bytes()

    rows = list(csv.DictReader(saved("chain", "CSV").decode().splitlines()))
    assert [float(row["h[1]"]) for row in rows] == close(trace.h[0, 0, :, 0, 0].tolist())
    picture = ET.fromstring(saved("curve", "SVG"))
    assert len([each for each in picture.iter() if each.get("class") == "point"]) == trace.steps
    assert saved("chain", "PNG").startswith(b"\x89PNG")


@pytest.mark.parametrize("language", every(2, ["en", "zh"]))
def test_the_tour_has_eight_stops_and_is_offered_once(language, make_case, visit):
    page = visit(explore(words_case(make_case)[1], language=language))
    expect(page.locator("#guide")).to_have_class("new")
    page.locator("#guide").click()
    texts = []
    for place in range(1, 9):
        expect(page.locator("#tour .note")).to_have_text(f"{place} / 8")
        texts.append(page.locator("#tour-text").text_content())
        assert bool(re.search("[\u4e00-\u9fff]", texts[-1])) == (language == "zh")
        page.locator("#tour .main").click()
    assert len(set(texts)) == 8
    expect(page.locator("#tour")).to_have_count(0)
    expect(page.locator("#log")).not_to_be_checked()
    page.reload()
    page.wait_for_selector("body[data-ready=yes]")
    expect(page.locator("#guide")).not_to_have_class("new")


def test_another_recording_stands_beside(make_case, visit):
    _, trace = words_case(make_case, last_only=False)
    torch.manual_seed(0)
    model = Around(layer_of("lstm", 4, 3)).double()
    targets = torch.tensor(trace.targets) % 4
    other = words_trace(model, (0, 1, 2, 3, 1, 0), targets)
    page = visit(explore(trace, compare=other))
    expect(page.locator("#title-other")).to_contain_text("LSTM 4 → 3")
    page.locator("#words .word").nth(3).hover()
    wanted = close(dict(enumerate(norms_of(other, 4)[:4], start=1)))
    assert drawn(page, ".view-other .arc", "step") == wanted
    assert drawn(page, ".view-curve .other-point", "k") == wanted
    states = {(t + 1, unit + 1): v for (t, unit), v in np.ndenumerate(other.h[0, 0, :, 0])}
    assert drawn(page, ".view-other .cell", "step", "unit") == states
    assert arcs(page) == close(dict(enumerate(norms_of(trace, 4)[:4], start=1)))
    page.locator(".view-other .cell").nth(4).click()
    expect(page.locator("#arithmetic h2")).to_contain_text("unit 2")


def test_what_cannot_be_recomputed_is_named(visit):
    class Pooled(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = torch.nn.RNN(3, 4)
            self.out = torch.nn.Linear(4, 2)

        def forward(self, x):
            return self.out(torch.relu(self.rnn(x)[0]))

    torch.manual_seed(0)
    trace = record(Pooled().double(), torch.randn(5, 1, 3).double(), torch.randint(2, (5, 1)))
    page = visit(explore(trace))
    expect(page.locator("#badge")).to_contain_text("the output is not one Linear of the states")
    expect(page.locator("#what-if")).to_be_hidden()
    assert arcs(page) == close(dict(enumerate(norms_of(trace, 5), start=1)))


def test_a_scene_opens_what_it_shows(make_trace, visit):
    assert set(scenes()) == set(SCENES)
    page = visit(explore(make_trace(), scene="exploding-gradient"))
    expect(page.locator("#scale-W-value")).to_have_text("3.0")
    page = visit(explore(make_trace(), scene="vanishing-gradient"))
    expect(page.locator("#log")).to_be_checked()


def test_an_address_that_names_a_scene_opens_what_it_shows(make_trace, visit):
    made = explore(make_trace())
    page = visit(made, "#scene=vanishing-gradient&lang=zh")
    expect(page.locator("#log")).to_be_checked()
    expect(page.locator("html")).to_have_attribute("lang", "zh")
    expect(page.locator(".view-curve")).to_be_in_viewport()
    expect(visit(made, "#scene=exploding-gradient").locator("#scale-W-value")).to_have_text("3.0")
    expect(visit(made, "#scene=none").locator("#scale-W-value")).to_have_text("1.0")


def test_a_notebook_shows_the_page(make_trace, browser):
    made = show_live(make_trace(), height=700, language="zh")
    assert rnnviz.show_live is show_live
    page = browser.new_page()
    page.set_content(made.data)
    frame = page.frame_locator("iframe")
    expect(frame.locator("body")).to_have_attribute("data-ready", "yes")
    expect(frame.locator("#badge")).to_have_class("badge good")


def test_the_default_page_is_small():
    from rnnviz.experiments.default_recordings import default_trace

    assert len(explore(default_trace("sentence")).encode()) < 3_000_000


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

"""The lecture page in a real browser: keys, stops, captions, languages, and no requests."""

import base64
import io
import re
import shutil
from dataclasses import replace

import av
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from nasty import NASTY
from often import every
from PIL import Image
from playwright.sync_api import expect, sync_playwright

from rnnviz.exports.live_pages import LivePages
from rnnviz.exports.rendered_video import RenderedVideo
from rnnviz.exports.writing import write

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]
PAUSED = "document.getElementById('video').paused"
STOPPED_AT = "document.getElementById('video').currentTime"


@pytest.fixture(scope="module")
def browser():
    """Start the system's Chromium, or the one installed by Playwright."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def visit(browser):
    """Open a page; at the end, check that it logged no errors and requested nothing remote."""
    contexts, complaints, requests = [], [], []

    def open_page(path, fragment="", **settings):
        context = browser.new_context(viewport={"width": 1100, "height": 900}, **settings)
        contexts.append(context)
        context.on("console", lambda message: complaints.append(message.text))
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        context.on("request", lambda request: requests.append(request.url))
        page = context.new_page()
        page.goto(path.as_uri() + fragment)
        page.wait_for_function("document.getElementById('video').readyState >= 2")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
    assert [url for url in requests if not url.startswith(("file:", "data:", "blob:"))] == []


@pytest.fixture(scope="module")
def lecture(video, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lecture")
    (path,) = write([RenderedVideo.of(video)], "html", folder / "lecture.html")
    return path


def current(page):
    return page.locator("#beats button[aria-current=step]")


@pytest.fixture
def two_scenes(rendered_video, tmp_path):
    """Return the page of a lecture of two scenes."""
    other = replace(rendered_video, scene="unrolling")
    index, *_ = write([rendered_video, other], "html", tmp_path / "lecture")
    return index


def test_presenter_keys_play_the_next_beat_and_stop_at_its_end(lecture, rendered_video, visit):
    page = visit(lecture)
    for key, cue in zip(("PageDown", " "), rendered_video.cues, strict=True):
        page.keyboard.press(key)
        page.wait_for_function(f"!{PAUSED}")
        page.wait_for_function(PAUSED)
        assert page.evaluate(STOPPED_AT) == pytest.approx(cue.end, abs=0.15)
        expect(current(page)).to_have_text(f"{cue.number}. {cue.captions['en']}")
        expect(page.locator("#caption")).to_have_text(cue.captions["en"])
    page.keyboard.press("PageUp")
    expect(current(page)).to_contain_text("2. ")
    page.keyboard.press("ArrowLeft")
    expect(current(page)).to_contain_text("1. ")


def test_a_key_while_playing_jumps_to_the_end_of_the_beat(lecture, rendered_video, visit):
    page = visit(lecture)
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"!{PAUSED}")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(PAUSED)
    assert page.evaluate(STOPPED_AT) == pytest.approx(rendered_video.cues[0].end, abs=0.15)


def test_without_stops_it_plays_through(lecture, rendered_video, visit):
    page = visit(lecture)
    page.locator("#settings-name").click()
    page.locator("#stops").uncheck()
    page.locator("#speed").select_option("2")
    page.locator("#next").click()
    assert page.evaluate("document.getElementById('video').playbackRate") == 2
    page.wait_for_function("document.getElementById('video').ended")
    expect(current(page)).to_contain_text("2. ")


def test_a_click_on_a_beat_plays_it(lecture, rendered_video, visit):
    page = visit(lecture)
    page.keyboard.press("t")
    page.locator("#beats button").nth(1).click()
    page.wait_for_function(f"{STOPPED_AT} > {rendered_video.cues[1].start}")
    expect(current(page)).to_contain_text("2. ")


def test_a_click_on_the_video_plays_the_next_beat(lecture, visit):
    page = visit(lecture)
    page.locator("#video").click()
    page.wait_for_function(f"!{PAUSED}")


def test_presenter_keys_work_whichever_control_has_the_focus(lecture, rendered_video, visit):
    page = visit(lecture)
    page.locator("#settings-name").click()
    for part in ("#stops", "#language", "#position", "#settings-name"):
        page.locator(part).focus()
        page.keyboard.press("PageDown")
        page.wait_for_function(f"!{PAUSED}")
        page.keyboard.press("PageDown")
        page.wait_for_function(PAUSED)
        page.keyboard.press("Home")


def test_the_position_bar_seeks(lecture, rendered_video, visit):
    page = visit(lecture)
    last = rendered_video.cues[-1]
    page.locator("#position").fill(str((last.start + last.end) / 2))
    expect(current(page)).to_contain_text("2. ")
    assert page.evaluate(STOPPED_AT) == pytest.approx((last.start + last.end) / 2, abs=0.05)


def test_subtitles_are_in_the_language_of_the_page(lecture, visit):
    page = visit(lecture)
    showing = (
        "[...document.getElementById('video').textTracks]"
        ".filter(track => track.mode === 'showing').map(track => track.language)"
    )
    assert page.evaluate(showing) == []
    page.locator("#settings-name").click()
    page.locator("#subtitles").check()
    assert page.evaluate(showing) == ["en"]
    page.locator("#language").select_option("zh")
    assert page.evaluate(showing) == ["zh"]
    page.locator("#subtitles").uncheck()
    assert page.evaluate(showing) == []


def test_in_another_language_than_the_videos_subtitles_are_shown(lecture, visit):
    page = visit(lecture)
    page.locator("#settings-name").click()
    page.locator("#language").select_option("zh")
    assert page.locator("#subtitles").is_checked()
    page.locator("#video").click()
    expect(page.locator("#choices")).to_be_hidden()
    assert page.evaluate(PAUSED)


def test_f_toggles_full_screen(lecture, visit):
    page = visit(lecture)
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement === document.documentElement")
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement === null")


def test_captions_are_tracks_in_both_languages(lecture, rendered_video, visit):
    page = visit(lecture)
    shown = page.evaluate(
        "new Promise(done => { const tracks = [...document.getElementById('video').textTracks];"
        "tracks.forEach(track => track.mode = 'showing');"
        "const look = () => tracks.every(track => track.cues && track.cues.length)"
        " ? done(tracks.map(track => [track.language, [...track.cues].map(cue => cue.text)]))"
        " : requestAnimationFrame(look); look(); })"
    )
    expected = [
        [code, [cue.captions[code] for cue in rendered_video.cues]]
        for code in rendered_video.languages
    ]
    assert shown == expected


def test_the_language_switch_changes_all_text(lecture, visit):
    page = visit(lecture)
    page.locator("#settings-name").click()
    expect(page.locator("#stops-label")).to_have_text("Stop after each step")
    page.locator("#language").select_option("zh")
    expect(page.locator("html")).to_have_attribute("lang", "zh")
    expect(page.locator("#stops-label")).to_have_text(re.compile("[\u4e00-\u9fff]"))


def test_with_reduced_motion_it_jumps_to_the_end_of_each_beat(lecture, rendered_video, visit):
    page = visit(lecture, reduced_motion="reduce")
    for cue in rendered_video.cues:
        page.keyboard.press("PageDown")
        page.wait_for_function(f"Math.abs({STOPPED_AT} - {cue.end}) < 0.15")
        assert page.evaluate(PAUSED)


SIZES = ((1280, 800), (1920, 1080), (820, 1180), (390, 844))
CONTROLS = ("open-contents", "back", "next", "open-transcript", "settings-name", "open-panel",
            "full", "position")  # fmt: skip


def test_the_video_fills_the_window_and_nothing_needed_is_below_it(two_scenes, visit):
    page = visit(two_scenes)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        root = page.evaluate("[document.body.scrollWidth, document.body.scrollHeight]")
        assert root == [width, height]
        picture = page.locator("#video").bounding_box()
        assert (picture["x"], picture["y"], picture["width"]) == (0, 0, width)
        assert picture["height"] == (height if width > height else pytest.approx(width * 9 / 16, 1))
        for name in CONTROLS:
            box = page.locator(f"#{name}").bounding_box()
            assert 0 <= box["x"] <= box["x"] + box["width"] <= width, (name, width)
            assert 0 <= box["y"] <= box["y"] + box["height"] <= height, (name, width)


def test_it_opens_with_the_title_of_the_lecture(two_scenes, lecture, visit):
    page = visit(two_scenes)
    expect(page.locator("h1")).to_have_text("How recurrent networks work")
    expect(page).to_have_title("small · How recurrent networks work")
    expect(page.locator("#cover-title")).to_have_text("How recurrent networks work")
    expect(page.locator("#cover-scene")).to_have_text("small")
    assert page.evaluate("document.body.classList.contains('fresh')")
    page.keyboard.press("PageDown")
    page.wait_for_function("!document.body.classList.contains('fresh')")
    page.locator("#settings-name").click()
    page.locator("#language").select_option("zh")
    expect(page.locator("h1")).to_have_text("循环网络怎样工作")
    expect(visit(lecture).locator("h1")).to_have_text("small")


OPACITY = "getComputedStyle(document.getElementById('bar')).opacity"


def test_the_controls_go_while_it_plays_and_come_back(lecture, visit):
    page = visit(lecture)
    page.evaluate("document.getElementById('video').playbackRate = 0.25")
    assert page.evaluate(OPACITY) == "1"
    page.keyboard.press("PageDown")
    page.wait_for_function(f"{OPACITY} === '0'")
    page.keyboard.press("PageDown")
    page.wait_for_function(PAUSED)
    assert page.evaluate(OPACITY) == "0"  # the last frame of a step stays free
    page.keyboard.press("PageDown")
    for wake in (
        lambda: page.mouse.move(400, 300),
        lambda: page.keyboard.press("Tab"),
        lambda: page.locator("#back").focus(),
    ):
        page.evaluate("document.body.classList.add('asleep'); document.activeElement.blur()")
        page.wait_for_function(f"{OPACITY} === '0'")
        wake()
        page.wait_for_function(f"{OPACITY} === '1'")
    assert not page.evaluate(PAUSED)
    page.locator("#next").hover()
    page.wait_for_timeout(100)
    assert page.evaluate(OPACITY) == "1"


def test_the_contents_are_in_a_drawer(two_scenes, rendered_video, visit):
    page = visit(two_scenes, "#unrolling/second")
    drawer, button = page.locator("#contents"), page.locator("#open-contents")
    expect(drawer).to_be_hidden()
    page.keyboard.press("m")
    expect(drawer).to_be_visible()
    expect(button).to_have_attribute("aria-expanded", "true")
    marked = page.locator("#contents ol ol a[aria-current=step]")
    expect(marked).to_have_text(f"2. {rendered_video.cues[1].captions['en']}")
    expect(marked).to_be_focused()
    thumbnail, ratio = rendered_video.thumbnail()
    shown = page.locator("#contents img").evaluate_all("all => all.map(one => one.src)")
    assert [base64.b64decode(each.partition(",")[2]) for each in shown] == [thumbnail] * 2
    picture = Image.open(io.BytesIO(thumbnail))
    assert picture.width / picture.height == pytest.approx(ratio, rel=0.01)
    page.keyboard.press("ArrowUp")
    expect(page.locator("#contents ol ol a").nth(2)).to_be_focused()
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    button.click()
    expect(drawer).to_be_visible()
    assert page.evaluate(PAUSED)
    page.locator(".unfold").first.click()
    page.locator("#contents ol ol a").nth(1).click()
    expect(drawer).to_be_hidden()
    page.wait_for_url("**#small/second")
    page.wait_for_function(f"{STOPPED_AT} > {rendered_video.cues[1].start}")


def test_the_text_of_the_steps_stays_open_beside_the_video_or_below_it(lecture, visit):
    page = visit(lecture)
    panel, video = page.locator("#panel"), page.locator("#video")
    expect(panel).to_be_hidden()
    page.keyboard.press("t")
    expect(page.locator("#open-panel")).to_have_attribute("aria-expanded", "true")
    assert panel.bounding_box()["x"] == video.bounding_box()["width"]
    assert video.bounding_box()["height"] == 900
    page.reload()
    expect(panel).to_be_visible()
    page.locator("#open-panel").click()
    page.reload()
    expect(panel).to_be_hidden()
    page.evaluate("localStorage.clear()")
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    box = panel.bounding_box()
    assert box["y"] > page.locator("#next").bounding_box()["y"]
    assert (box["x"], box["width"], box["y"] + box["height"]) == (0, 390, 844)
    page.keyboard.press("t")
    caption = page.locator("#caption")
    assert caption.bounding_box()["height"] > 20
    expect(panel).to_be_hidden()


def test_the_transcript_is_one_click_away(two_scenes, rendered_video, visit):
    page = visit(two_scenes)
    page.locator("#open-transcript").click()
    transcript = page.locator("#transcript")
    expect(transcript).to_be_visible()
    captions = [cue.captions["en"] for cue in rendered_video.cues]
    assert transcript.locator("li").all_text_contents() == captions * 2
    expect(page.locator("#transcript-source")).to_contain_text(rendered_video.trace)
    page.keyboard.press("ArrowDown")
    assert page.evaluate(PAUSED)
    transcript.locator("li a").nth(3).click()
    expect(transcript).to_be_hidden()
    page.wait_for_url("**#unrolling/second")
    page.emulate_media(media="print")
    expect(transcript).to_be_visible()
    expect(page.locator("#video")).to_be_hidden()


def test_it_has_no_accessibility_violation(rendered_video, tmp_path, visit):
    light = replace(rendered_video, theme="light", background="#FFFFFF")
    for scene in (rendered_video, light):
        other = replace(scene, scene="unrolling")
        index, *_ = write([scene, other], "html", tmp_path / scene.theme)
        page = visit(index, reduced_motion="reduce")
        page.locator("#settings-name").click()
        page.keyboard.press("t")
        page.keyboard.press("m")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    page.keyboard.press("Escape")
    page.locator("#open-transcript").click()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_no_caption_becomes_markup(nasty, tmp_path, visit):
    (path,) = write([nasty], "html", tmp_path / "nasty.html")
    page = visit(path)
    expect(page.locator("#caption")).to_have_text(NASTY)
    assert page.locator("img").evaluate_all("all => all.map(one => one.alt)") == [""]


def test_a_lecture_of_several_has_a_table_of_contents(two_scenes, visit):
    page = visit(two_scenes)
    page.keyboard.press("m")
    links = page.locator("#contents a.scene bdi")
    assert links.all_text_contents() == ["small", "One layer, used at every step"]
    links.nth(1).click()
    expect(page.locator("#scene-title")).to_have_text("One layer, used at every step")
    page.wait_for_function("document.getElementById('video').currentSrc.endsWith('unrolling.mp4')")
    again = visit(two_scenes, "#unrolling")
    expect(again.locator("#scene-title")).to_have_text("One layer, used at every step")


def test_each_scene_links_to_its_live_page(rendered_video, trace, tmp_path, visit):
    live = LivePages(lambda task, training: trace, pytest.fail, theme="dark")
    for scene in (None, "vanishing-gradient"):
        live.add(scene)
    other = replace(rendered_video, scene="vanishing-gradient")
    index, *files = write([rendered_video, other], "html", tmp_path / "lecture", live=live)
    page = visit(index)
    expect(page.locator("#live")).to_be_hidden()
    links = page.locator("a[href*='.html']").evaluate_all("all => all.map(one => one.href)")
    assert links == [f"{files[-1].as_uri()}#scene=vanishing-gradient&lang=en"]  # of the transcript
    page.goto(f"{index.as_uri()}#vanishing-gradient/first")
    page.locator("#settings-name").click()
    page.locator("#language").select_option("zh")
    with page.context.expect_page() as opened:
        page.locator("#live").click()
    assert opened.value.url.split("#")[0] == files[-1].as_uri()
    expect(opened.value.locator("body")).to_have_attribute("data-ready", "yes")
    expect(opened.value.locator("html")).to_have_attribute("lang", "zh")
    expect(opened.value.locator("#log")).to_be_checked()


SHOWN = """() => {
  const video = document.getElementById("video");
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext("2d").drawImage(video, 0, 0);
  const all = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  return all.reduce((sum, value) => sum + value, 0) / all.length;
}"""


def at_start_of(page, cue):
    """Check that the page waits on the first frame of a beat."""
    expect(page.locator("#caption")).to_have_text(cue.captions["en"])
    expect(current(page)).to_contain_text(f"{cue.number}. ")
    page.wait_for_function(f"Math.abs({STOPPED_AT} - {cue.start}) < 0.02")
    assert page.evaluate(PAUSED)


def test_the_beat_is_in_the_url(lecture, rendered_video, visit):
    first, second = rendered_video.cues
    page = visit(lecture)
    at_start_of(page, first)
    page.keyboard.press("t")
    page.locator("#beats button").nth(1).click()
    page.wait_for_url("**#small/second")
    page.reload()
    page.wait_for_function("document.getElementById('video').readyState >= 2")
    at_start_of(page, second)
    expect(page).to_have_url(re.compile("#small/second$"))
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**#small/first")
    page.go_back()
    at_start_of(page, second)
    page.go_back()
    at_start_of(page, first)
    page.go_forward()
    at_start_of(page, second)


@pytest.mark.parametrize(
    "fragment", every(2, ["#small/second", "#small/2", "#small/second%20%", "#gone/2"])
)
def test_a_link_opens_its_beat(fragment, lecture, rendered_video, visit):
    page = visit(lecture, fragment)
    known = fragment in ("#small/second", "#small/2")
    at_start_of(page, rendered_video.cues[known])
    page.keyboard.press("PageDown")
    page.wait_for_function(f"!{PAUSED}")


def test_playing_updates_the_url_without_history_entries(lecture, visit):
    page = visit(lecture)
    before = page.evaluate("history.length")
    page.locator("#settings-name").click()
    page.locator("#stops").uncheck()
    page.locator("#next").click()
    page.wait_for_url("**#small/second")
    assert page.evaluate("history.length") == before


def test_it_opens_on_the_first_frame(lecture, rendered_video, visit):
    page = visit(lecture)
    poster = page.evaluate("document.getElementById('video').poster")
    given = Image.open(io.BytesIO(base64.b64decode(poster.partition(",")[2]))).convert("RGB")
    with av.open(str(rendered_video.path)) as opened:
        pictures = [frame.to_image() for frame in opened.decode(video=0)]
    assert np.array_equal(np.asarray(given), np.asarray(pictures[0]))
    assert not np.array_equal(np.asarray(given), np.asarray(pictures[-1]))
    page = visit(lecture, "#small/second")
    at_start_of(page, rendered_video.cues[1])
    page.wait_for_function(f"!{PAUSED.replace('paused', 'seeking')}")
    number = round(rendered_video.cues[1].start * 15)
    drawn = [np.asarray(picture.convert("RGBA")).mean() for picture in pictures]
    assert abs(page.evaluate(SHOWN) - drawn[number]) < abs(page.evaluate(SHOWN) - drawn[0])


def test_each_scene_and_beat_of_a_lecture_has_a_url(two_scenes, rendered_video, visit):
    page = visit(two_scenes, "#unrolling/second")
    title = page.locator("#scene-title")
    expect(title).to_have_text("One layer, used at every step")
    at_start_of(page, rendered_video.cues[1])
    page.keyboard.press("m")
    page.locator("#contents a.scene").first.click()
    expect(title).to_have_text("small")
    at_start_of(page, rendered_video.cues[0])
    page.go_back()
    expect(title).to_have_text("One layer, used at every step")
    at_start_of(page, rendered_video.cues[1])
    again = visit(two_scenes, "#small/second")
    again.keyboard.press("PageDown")
    again.keyboard.press("PageDown")
    again.keyboard.press("PageDown")
    again.wait_for_url("**#unrolling/first")
    at_start_of(again, rendered_video.cues[0])
    again.keyboard.press("PageUp")
    again.wait_for_url("**#small/second")
    at_start_of(again, rendered_video.cues[1])


def test_right_to_left_words_do_not_reorder_their_surroundings(rendered_video, tmp_path, visit):
    mixed = dict.fromkeys(rendered_video.languages, "The word “\u2068שלום\u2069”: 3 times")
    rightward = dict.fromkeys(rendered_video.languages, "שלום: 3")
    first, second = rendered_video.cues
    cues = (replace(first, captions=mixed), replace(second, captions=rightward))
    (path,) = write([replace(rendered_video, cues=cues)], "html", tmp_path / "a.html")
    page = visit(path)
    page.set_viewport_size({"width": 700, "height": 900})  # an upright window has its caption below
    page.keyboard.press("t")
    where = """(text) => {
      const node = document.getElementById("caption").firstChild, range = document.createRange();
      range.setStart(node, node.data.indexOf(text));
      range.setEnd(node, node.data.indexOf(text) + text.length);
      return range.getBoundingClientRect().left;
    }"""
    places = [page.evaluate(where, text) for text in ("word", "שלום", "3")]
    assert places == sorted(places)
    direction = "getComputedStyle(document.getElementById('caption')).direction"
    assert page.evaluate(direction) == "ltr"
    assert page.locator("#beats bdi").all_text_contents() == [mixed["en"], rightward["en"]]
    page.keyboard.press("t")
    page.locator("#beats button").nth(1).click()
    expect(current(page)).to_contain_text("2. ")
    assert page.evaluate(direction) == "rtl"


GREEN = "<body style='margin:0;background:#0f0'>"
UNDER = f"<!doctype html><title>Green</title>{GREEN}<video id=video muted src='clear.webm'></video>"


def test_a_transparent_video_shows_what_is_under_it(transparent, visit):
    video = transparent.path
    (video.parent / "green.html").write_text(UNDER)
    page = visit(video.parent / "green.html")
    page.evaluate(
        "new Promise(done => { video.onseeked = () => requestAnimationFrame(done);"
        f"video.currentTime = {transparent.cues[0].end - 0.1}; }})"
    )
    shown = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB")).astype(int)
    shown = shown[:480, :854]
    assert tuple(shown[5, 5]) == (0, 255, 0)
    nearly = np.abs(shown - (0, 255, 0)).max(axis=2)
    assert (nearly <= 3).mean() > 0.8
    assert (nearly > 100).mean() > 0.003


def test_a_page_shows_a_transparent_video_on_the_page_background(transparent, tmp_path, visit):
    (path,) = write([transparent], "html", tmp_path / "clear.html")
    page = visit(path)
    page.evaluate("document.getElementById('stage').style.background = '#0f0'")
    page.evaluate("document.getElementById('cover').remove()")
    picture = Image.open(io.BytesIO(page.locator("#video").screenshot())).convert("RGB")
    assert picture.getpixel((8, 8)) == (0, 255, 0)

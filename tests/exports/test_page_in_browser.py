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
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
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
    page.locator("#stops").uncheck()
    page.locator("#speed").select_option("2")
    page.locator("#next").click()
    assert page.evaluate("document.getElementById('video').playbackRate") == 2
    page.wait_for_function("document.getElementById('video').ended")
    expect(current(page)).to_contain_text("2. ")


def test_a_click_on_a_beat_plays_it(lecture, rendered_video, visit):
    page = visit(lecture)
    page.locator("#beats button").nth(1).click()
    page.wait_for_function(f"{STOPPED_AT} > {rendered_video.cues[1].start}")
    expect(current(page)).to_contain_text("2. ")


def test_a_click_on_the_video_plays_the_next_beat(lecture, visit):
    page = visit(lecture)
    page.locator("#video").click()
    page.wait_for_function(f"!{PAUSED}")


def test_presenter_keys_work_whichever_control_has_the_focus(lecture, rendered_video, visit):
    page = visit(lecture)
    for part in ("#stops", "#language", "#position"):
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
    page.locator("#subtitles").check()
    assert page.evaluate(showing) == ["en"]
    page.locator("#language").select_option("zh")
    assert page.evaluate(showing) == ["zh"]


def test_f_toggles_full_screen(lecture, visit):
    page = visit(lecture)
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement?.id === 'player'")
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


def test_it_fits_a_phone(lecture, visit):
    page = visit(lecture)
    page.set_viewport_size({"width": 360, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_it_has_no_accessibility_violation(lecture, visit):
    page = visit(lecture)
    for light in ("false", "true"):
        page.evaluate(f"document.documentElement.classList.toggle('light', {light})")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


def test_no_caption_becomes_markup(nasty, tmp_path, visit):
    (path,) = write([nasty], "html", tmp_path / "nasty.html")
    page = visit(path)
    expect(page.locator("#caption")).to_have_text(NASTY)
    assert page.locator("img").count() == 0


def test_a_lecture_of_several_has_a_table_of_contents(rendered_video, tmp_path, visit):
    other = replace(rendered_video, scene="unrolling")
    index, *_ = write([rendered_video, other], "html", tmp_path / "lecture")
    page = visit(index)
    links = page.locator("#contents a")
    assert links.all_text_contents() == ["small", "One layer, used at every step"]
    links.nth(1).click()
    expect(page.locator("h1")).to_have_text("One layer, used at every step")
    page.wait_for_function("document.getElementById('video').currentSrc.endsWith('unrolling.mp4')")
    again = visit(index, "#unrolling")
    expect(again.locator("h1")).to_have_text("One layer, used at every step")


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


def test_each_scene_and_beat_of_a_lecture_has_a_url(rendered_video, tmp_path, visit):
    other = replace(rendered_video, scene="unrolling")
    index, *_ = write([rendered_video, other], "html", tmp_path / "lecture")
    page = visit(index, "#unrolling/second")
    expect(page.locator("h1")).to_have_text("One layer, used at every step")
    at_start_of(page, rendered_video.cues[1])
    page.locator("#contents a").first.click()
    expect(page.locator("h1")).to_have_text("small")
    at_start_of(page, rendered_video.cues[0])
    page.go_back()
    expect(page.locator("h1")).to_have_text("One layer, used at every step")
    at_start_of(page, rendered_video.cues[1])
    again = visit(index, "#small/second")
    again.keyboard.press("PageDown")
    again.keyboard.press("PageDown")
    again.keyboard.press("PageDown")
    again.wait_for_url("**#unrolling/first")
    at_start_of(again, rendered_video.cues[0])


def test_right_to_left_words_do_not_reorder_their_surroundings(rendered_video, tmp_path, visit):
    mixed = dict.fromkeys(rendered_video.languages, "The word “\u2068שלום\u2069”: 3 times")
    rightward = dict.fromkeys(rendered_video.languages, "שלום: 3")
    first, second = rendered_video.cues
    cues = (replace(first, captions=mixed), replace(second, captions=rightward))
    (path,) = write([replace(rendered_video, cues=cues)], "html", tmp_path / "a.html")
    page = visit(path)
    page.set_viewport_size({"width": 700, "height": 900})  # a narrow page has its captions below
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
    page.evaluate("document.getElementById('player').style.background = '#0f0'")
    page.locator("#video").evaluate("video => video.style.background = 'transparent'")
    picture = Image.open(io.BytesIO(page.locator("#video").screenshot())).convert("RGB")
    assert picture.getpixel((8, 8)) == (0, 255, 0)

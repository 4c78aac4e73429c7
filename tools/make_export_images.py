"""Make the images in the documentation of ``rnnviz export``, ``explore`` and notebooks.

They show the files themselves: pages in a browser, the first page of a handout, and slides as
read back by python-pptx.
"""

import io
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Page, sync_playwright
from pptx import Presentation

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from kept_networks import use_in
from picture_sources import IMAGES, source, trace_of, write_source

import rnnviz
from rnnviz.experiments.default_recordings import cache_folder
from rnnviz.explorer import explore
from rnnviz.exports.handout import typeset
from rnnviz.exports.page import source_line
from rnnviz.exports.rendered_video import RenderedVideo
from rnnviz.exports.writing import write
from rnnviz.text.translation import languages

ROOT: Final = Path(__file__).parents[1]
FONT: Final = ROOT / "rnnviz" / "fonts" / "rnnvizSans.ttf"
SCENE: Final = "unrolling"
SHOWN_BEAT: Final = 4
"""The beat at whose end the page is shown, from 1."""
WIDTH: Final = 920
SHEET: Final = 480
SLIDE: Final = (470, 264)
SLIDES: Final = (3, 4, 5, 6)
GAP: Final = 12
GROUND: Final = (205, 209, 215)
FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required")


def save(picture: Image.Image, name: str, language: str, theme: str | None = None) -> None:
    """Save an image, and what it was made from if it shows the scene in a theme."""
    mark = "" if language == "en" else f".{language}"
    path = IMAGES / f"{name}{mark}.png"
    picture.save(path, optimize=True)
    if theme is not None:
        write_source(path, [source(SCENE, language, theme)])
    print(path)


@contextmanager
def browser(width: int, height: int) -> Iterator[Page]:
    """Open a page in the system's Chromium, or the one installed by Playwright."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield started.new_page(viewport={"width": width, "height": height})
        started.close()


def screenshot(page: Page) -> Image.Image:
    """Return what the browser shows, at the width used in the documents."""
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    return image.resize((WIDTH, image.height * WIDTH // image.width), Image.Resampling.LANCZOS)


def lecture_page(video: RenderedVideo, folder: Path) -> Image.Image:
    """Return the lecture page, stopped at the end of a beat, with the text of the steps."""
    (path,) = write([video], "html", folder / "page.html")
    with browser(1380, 800) as page:
        page.goto(f"{path.as_uri()}#{SCENE}/{SHOWN_BEAT}")
        page.keyboard.press("t")
        page.keyboard.press("PageDown")
        page.wait_for_function("!document.getElementById('video').paused")
        page.keyboard.press("PageDown")
        page.wait_for_function("video.paused && !video.seeking")
        page.mouse.move(400, 400)
        return screenshot(page)


def explorer_page(language: str, folder: Path) -> Image.Image:
    """Return the explorer page."""
    trace = trace_of(SCENE, language)
    path = folder / "explore.html"
    path.write_text(explore(trace, language=language), encoding="utf-8")
    with browser(1700, 1000) as page:
        page.goto(path.as_uri())
        page.wait_for_selector("body[data-ready=yes]")
        return screenshot(page)


def handout_page(video: RenderedVideo) -> Image.Image:
    """Return the first page of the handout."""
    language = video.language
    title, source = video.titles()[language], source_line([video], language)
    first, *_ = typeset([video], language, title, source, format="png")
    with Image.open(io.BytesIO(first)) as page:
        size = (SHEET, page.height * SHEET // page.width)
        small = page.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    image = Image.new("RGB", (size[0] + 2, size[1] + 2), GROUND)
    image.paste(small, (1, 1))
    return image


def slides_sheet(video: RenderedVideo, folder: Path) -> Image.Image:
    """Return a sheet of slides, with titles and posters placed as in the file."""
    (path,) = write([video], "pptx", folder / "slides.pptx")
    deck: Any = Presentation(str(path))
    width, height = SLIDE[0] + GAP, SLIDE[1] + GAP
    image = Image.new("RGB", (2 * width + GAP, -(-len(SLIDES) // 2) * height + GAP), GROUND)
    for place, number in enumerate(SLIDES):
        slide = draw_slide(deck.slides[number - 1], SLIDE[0] / deck.slide_width)
        image.paste(slide, (GAP + place % 2 * width, GAP + place // 2 * height))
    return image


def draw_slide(slide: Any, scale: float) -> Image.Image:
    """Draw one slide of a presentation."""
    image = Image.new("RGB", SLIDE, "white")
    title, movie = slide.shapes.title, slide.shapes[1]
    points = title.text_frame.paragraphs[0].font.size
    font = ImageFont.truetype(FONT, round(points * scale))
    middle = (title.left + title.width / 2) * scale, (title.top + title.height / 2) * scale
    text = wrapped(title.text, font, title.width * scale)
    ImageDraw.Draw(image).multiline_text(middle, text, "black", font, anchor="mm", align="center")
    with Image.open(io.BytesIO(movie.poster_frame.blob)) as poster:
        size = round(movie.width * scale), round(movie.height * scale)
        small = poster.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    image.paste(small, (round(movie.left * scale), round(movie.top * scale)))
    return image


def wrapped(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    """Wrap a text to a width; Chinese may break anywhere."""
    lines = [""]
    for word in re.findall(r"[!-\u2fff]+ ?|.", text):
        if font.getlength(lines[-1] + word.rstrip()) > width:
            lines.append("")
        lines[-1] += word
    return "\n".join(lines)


def notebook_figure(language: str) -> Image.Image:
    """Return a figure as shown in a notebook."""
    trace = trace_of(SCENE, language)
    figure: Any = rnnviz.figure("states", trace, style="slides", width=8, language=language)
    return Image.open(io.BytesIO(figure._repr_png_())).convert("RGB")


def main() -> None:
    """Make the images in every language."""
    use_in(cache_folder())
    for language in languages():
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for theme in ("dark", "light"):
                done = rnnviz.render(
                    SCENE,
                    trace_of(SCENE, language),
                    language=language,
                    theme=theme,
                    quality="m",
                    output=folder / theme / f"{SCENE}.mp4",
                )
                video = RenderedVideo.of(done.paths[0])
                if theme == "dark":
                    save(lecture_page(video, folder), "page", language, theme)
                else:
                    save(handout_page(video), "handout", language, theme)
                    save(slides_sheet(video, folder), "slides", language, theme)
            save(explorer_page(language, folder), "explore", language)
            save(notebook_figure(language), "notebook", language)


if __name__ == "__main__":
    main()

"""Make the pictures of what ``rnnviz export``, ``explore`` and a notebook give, for the documents.

They are taken from the files themselves: pages in a browser, a handout's first page, slides as
python-pptx reads them back.
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
from picture_sources import IMAGES, source, trace_of, write

import rnnviz
from rnnviz.experiments.default_recordings import cache_folder
from rnnviz.explorer import explore
from rnnviz.exports.exits import export
from rnnviz.exports.handout import handout
from rnnviz.exports.material import Material
from rnnviz.exports.page import source_line
from rnnviz.text.translation import languages

ROOT: Final = Path(__file__).parents[1]
FONT: Final = ROOT / "rnnviz" / "fonts" / "rnnvizSans.ttf"
SCENE: Final = "unrolling"
LOOKED_AT: Final = 4
"""The beat at whose end the page is shown, from 1."""
WIDTH: Final = 920
SHEET: Final = 480
SLIDE: Final = (470, 264)
SLIDES: Final = (3, 4, 5, 6)
GAP: Final = 12
GROUND: Final = (205, 209, 215)
FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required")


def save(picture: Image.Image, name: str, language: str, theme: str | None = None) -> None:
    """Write a picture, and what it was made from if it shows the scene in a theme."""
    mark = "" if language == "en" else f".{language}"
    path = IMAGES / f"{name}{mark}.png"
    picture.save(path, optimize=True)
    if theme is not None:
        write(path, [source(SCENE, language, theme)])
    print(path)


@contextmanager
def browser(width: int, height: int) -> Iterator[Page]:
    """A page of Chromium: the system's, or the one that 'playwright install chromium' got."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield started.new_page(viewport={"width": width, "height": height})
        started.close()


def shot(page: Page) -> Image.Image:
    """What the browser shows, as wide as the documents show it."""
    made = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    return made.resize((WIDTH, made.height * WIDTH // made.width), Image.Resampling.LANCZOS)


def page_shot(material: Material, folder: Path) -> Image.Image:
    """The lecture page, stopped at the end of a beat."""
    (path,) = export([material], "html", folder / "page.html")
    with browser(1200, 1050) as page:
        page.goto(path.as_uri())
        page.locator("#beats button").nth(LOOKED_AT - 1).click()
        page.wait_for_function("!document.getElementById('video').paused")
        page.keyboard.press("PageDown")
        page.wait_for_function("video.paused && !video.seeking")
        return shot(page)


def explore_shot(language: str, folder: Path) -> Image.Image:
    """The page of linked views."""
    trace = trace_of(SCENE, language)
    path = folder / "explore.html"
    path.write_text(explore(trace, language=language), encoding="utf-8")
    with browser(1700, 1000) as page:
        page.goto(path.as_uri())
        page.wait_for_selector("body[data-ready=yes]")
        return shot(page)


def handout_page(material: Material, folder: Path) -> Image.Image:
    """The first page of the handout."""
    language = material.language
    title, source = material.titles()[language], source_line([material], language)
    handout([material], folder / "{p}.png", language, title, source)
    with Image.open(folder / "1.png") as page:
        size = (SHEET, page.height * SHEET // page.width)
        small = page.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    made = Image.new("RGB", (size[0] + 2, size[1] + 2), GROUND)
    made.paste(small, (1, 1))
    return made


def slides_sheet(material: Material, folder: Path) -> Image.Image:
    """Some slides: titles and posters where the file puts them."""
    (path,) = export([material], "pptx", folder / "slides.pptx")
    deck: Any = Presentation(str(path))
    width, height = SLIDE[0] + GAP, SLIDE[1] + GAP
    made = Image.new("RGB", (2 * width + GAP, -(-len(SLIDES) // 2) * height + GAP), GROUND)
    for place, number in enumerate(SLIDES):
        slide = drawn(deck.slides[number - 1], SLIDE[0] / deck.slide_width)
        made.paste(slide, (GAP + place % 2 * width, GAP + place // 2 * height))
    return made


def drawn(slide: Any, scale: float) -> Image.Image:
    """One slide of a presentation."""
    made = Image.new("RGB", SLIDE, "white")
    title, movie = slide.shapes.title, slide.shapes[1]
    points = title.text_frame.paragraphs[0].font.size
    font = ImageFont.truetype(FONT, round(points * scale))
    middle = (title.left + title.width / 2) * scale, (title.top + title.height / 2) * scale
    text = wrapped(title.text, font, title.width * scale)
    ImageDraw.Draw(made).multiline_text(middle, text, "black", font, anchor="mm", align="center")
    with Image.open(io.BytesIO(movie.poster_frame.blob)) as poster:
        size = round(movie.width * scale), round(movie.height * scale)
        small = poster.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    made.paste(small, (round(movie.left * scale), round(movie.top * scale)))
    return made


def wrapped(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    """A text in lines of a width; Chinese may be parted anywhere."""
    lines = [""]
    for word in re.findall(r"[!-\u2fff]+ ?|.", text):
        if font.getlength(lines[-1] + word.rstrip()) > width:
            lines.append("")
        lines[-1] += word
    return "\n".join(lines)


def notebook_figure(language: str) -> Image.Image:
    """A figure as a notebook shows it."""
    trace = trace_of(SCENE, language)
    figure: Any = rnnviz.figure("states", trace, style="slides", width=8, language=language)
    return Image.open(io.BytesIO(figure._repr_png_())).convert("RGB")


def main() -> None:
    """Make them in every language."""
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
                material = Material.of(done.paths[0])
                if theme == "dark":
                    save(page_shot(material, folder), "page", language, theme)
                else:
                    save(handout_page(material, folder), "handout", language, theme)
                    save(slides_sheet(material, folder), "slides", language, theme)
            save(explore_shot(language, folder), "explore", language)
            save(notebook_figure(language), "notebook", language)


if __name__ == "__main__":
    main()

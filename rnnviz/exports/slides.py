"""PowerPoint slides: one per beat, with its clip, and its caption as title and notes."""

import io
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from rnnviz.errors import ExportError
from rnnviz.exports.clips import clips
from rnnviz.exports.rendered_video import RenderedVideo
from rnnviz.exports.timing import timing
from rnnviz.rendering.video.timeline import Cue
from rnnviz.text.plain_text import is_rightward

_WIDTH, _HEIGHT = 13.333, 7.5
_TITLE: Final = 0.95
_MARGIN: Final = 0.3
_OPENING, _ONLY_TITLE = 0, 5
"""Slide layouts of python-pptx's default presentation."""


def slides(
    videos: Sequence[RenderedVideo],
    path: Path,
    language: str,
    title: str,
    source: Callable[[RenderedVideo], str],
) -> None:
    """Write a presentation; if there are several scenes, each begins with a title slide.

    Raises: ExportError if python-pptx is not installed
    """
    try:
        from pptx import Presentation
        from pptx.util import Inches
    except ImportError as error:
        raise ExportError(
            "PowerPoint slides need python-pptx; install it with: pip install 'rnnviz[slides]'"
        ) from error
    deck = Presentation()
    deck.slide_width, deck.slide_height = Inches(_WIDTH), Inches(_HEIGHT)
    deck.core_properties.title = title
    traces = dict.fromkeys(video.trace for video in videos)
    deck.core_properties.comments = f"rnnviz, trace {', '.join(traces)}"
    for video in videos:
        if len(videos) > 1:
            _title_slide(deck, video.titles()[language], source(video))
        with tempfile.TemporaryDirectory() as folder:
            stills = video.stills(video.background)
            parts = zip(video.cues, clips(video, Path(folder)), stills, strict=True)
            for cue, clip, still in parts:
                _beat_slide(deck, cue, cue.captions[language], clip, still)
    file = io.BytesIO()  # if writing an archive to disk fails, closing it fails again
    deck.save(file)
    path.write_bytes(file.getvalue())


def _title_slide(deck: Any, title: str, source: str) -> None:
    from pptx.util import Inches

    slide = deck.slides.add_slide(deck.slide_layouts[_OPENING])
    for shape, text, top, height in (
        (slide.shapes.title, title, 2.2, 1.6),
        (slide.placeholders[1], source, 4.0, 1.6),
    ):
        shape.left, shape.width = Inches(1), Inches(_WIDTH - 2)
        shape.top, shape.height = Inches(top), Inches(height)
        _write(shape, text)


def _beat_slide(deck: Any, cue: Cue, caption: str, clip: Path, still: bytes) -> None:
    from PIL import Image
    from pptx.oxml import parse_xml
    from pptx.oxml.ns import qn
    from pptx.util import Inches, Pt

    with Image.open(io.BytesIO(still)) as picture:
        ratio = picture.width / picture.height
    height = min(_HEIGHT - _TITLE - 2 * _MARGIN, (_WIDTH - 2 * _MARGIN) / ratio)
    width = height * ratio
    slide = deck.slides.add_slide(deck.slide_layouts[_ONLY_TITLE])
    title = slide.shapes.title
    title.left, title.top = Inches(_MARGIN), Inches(_MARGIN / 2)
    title.width, title.height = Inches(_WIDTH - 2 * _MARGIN), Inches(_TITLE)
    _write(title, caption)
    title.text_frame.word_wrap = True
    for paragraph in title.text_frame.paragraphs:
        paragraph.font.size = Pt(24)
    movie = slide.shapes.add_movie(
        str(clip),
        Inches((_WIDTH - width) / 2),
        Inches(_TITLE + _MARGIN),
        Inches(width),
        Inches(height),
        poster_frame_image=io.BytesIO(still),
        mime_type="video/mp4",
    )
    movie._element.nvPicPr.cNvPr.set("descr", caption)
    # python-pptx writes a video that plays only when clicked
    plain = slide._element.find(qn("p:timing"))
    lasts = round(1000 * (cue.end - cue.start))
    plain.getparent().replace(plain, parse_xml(timing(movie.shape_id, lasts)))
    _write(slide.notes_slide.notes_text_frame, caption)


def _write(shape: Any, text: str) -> None:
    """Put text into a shape or its frame, in its reading direction."""
    frame = getattr(shape, "text_frame", shape)
    frame.text = text
    for paragraph in frame.paragraphs:
        if is_rightward(text):
            paragraph._p.get_or_add_pPr().set("rtl", "1")

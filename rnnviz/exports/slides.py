"""PowerPoint slides: one a beat, its clip with a poster, its caption as title and in the notes."""

import io
import tempfile
from pathlib import Path
from typing import Any, Final

from rnnviz.errors import ExportError
from rnnviz.exports.clips import clips
from rnnviz.exports.material import Material

_WIDTH, _HEIGHT = 13.333, 7.5
_TITLE: Final = 0.95
_MARGIN: Final = 0.3


def slides(material: Material, path: Path, language: str) -> None:
    """Write a presentation.

    Raises: ExportError if python-pptx is not installed
    """
    try:
        from pptx import Presentation
        from pptx.util import Inches, Pt
    except ImportError as error:
        raise ExportError(
            "PowerPoint slides need python-pptx; install it with: pip install 'rnnviz[slides]'"
        ) from error
    deck = Presentation()
    deck.slide_width, deck.slide_height = Inches(_WIDTH), Inches(_HEIGHT)
    deck.core_properties.title = material.titles()[language]
    deck.core_properties.comments = f"rnnviz, trace {material.trace}"
    only_title = deck.slide_layouts[5]
    height = _HEIGHT - _TITLE - 2 * _MARGIN
    width = height * 16 / 9
    with tempfile.TemporaryDirectory() as folder:
        parts = zip(material.cues, clips(material, Path(folder)), material.stills(), strict=True)
        for cue, clip, still in parts:
            caption = cue.captions[language]
            slide = deck.slides.add_slide(only_title)
            title: Any = slide.shapes.title
            title.left, title.top = Inches(_MARGIN), Inches(_MARGIN / 2)
            title.width, title.height = Inches(_WIDTH - 2 * _MARGIN), Inches(_TITLE)
            title.text_frame.text = caption
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
            slide.notes_slide.notes_text_frame.text = caption
    deck.save(str(path))

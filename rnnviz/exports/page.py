"""The lecture page: one HTML file that needs nothing else, or one with its videos beside it."""

import html
import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final

from rnnviz.exports.material import Material
from rnnviz.exports.naming import address, distinct
from rnnviz.rendering.video.timeline import subtitles
from rnnviz.system.versions import version
from rnnviz.text.fonts import font_faces
from rnnviz.text.html import data_uri, filled, in_script
from rnnviz.text.translation import N_, translated

_NAMES: Final = {"en": "English", "zh": "中文"}
_WORDS: Final = {
    "language": N_("Language"),
    "speed": N_("Speed"),
    "stops": N_("Stop after each step"),
    "subtitles": N_("Subtitles"),
    "beats": N_("Step by step"),
    "contents": N_("Contents"),
    "back": N_("Back"),
    "next": N_("Next"),
    "full": N_("Full screen"),
    "position": N_("Position"),
    "source": N_("Every number in this video was recorded: trace {trace}."),
}


def page(
    materials: Sequence[Material],
    language: str,
    title: str | None = None,
    videos: Sequence[str] | None = None,
) -> str:
    """The page of one scene or of a whole lecture, which opens in a language.

    ``title`` is that of the whole lecture. ``videos`` are the names of the videos, which stand
    beside the page; without them the videos are within it.
    """
    first = materials[0]
    names = distinct([one.scene for one in materials])
    shared = [code for code in first.languages if all(code in one.languages for one in materials)]
    languages = sorted(shared, key=lambda code: code != language)
    lecture: dict[str, Any] = {
        "language": language,
        "title": title,
        "languages": languages,
        "names": {code: _NAMES.get(code, code) for code in languages},
        "theme": first.theme,
        "words": {
            key: {code: translated(text, code) for code in languages}
            for key, text in _WORDS.items()
        },
        "scenes": [
            _scene(one, name, None if videos is None else address(videos[place]))
            for place, (one, name) in enumerate(zip(materials, names, strict=True))
        ],
    }
    template = (files("rnnviz") / "exports" / "page.html").read_text(encoding="utf-8")
    return filled(
        template,
        language=html.escape(language),
        generator=html.escape(f"rnnviz {version('rnnviz')}"),
        title=html.escape(title or first.titles()[language]),
        fonts=font_faces(json.dumps(lecture, ensure_ascii=False)),
        lecture=in_script(lecture),
    )


def source_line(materials: Sequence[Material], language: str) -> str:
    """Where the numbers of videos come from, in a language."""
    traces = dict.fromkeys(material.trace for material in materials)
    return translated(_WORDS["source"], language).format(trace=", ".join(traces))


def _scene(material: Material, name: str, video: str | None) -> dict[str, Any]:
    beats = distinct([cue.name for cue in material.cues])
    return {
        "scene": name,
        "language": material.language,
        "title": dict(material.titles()),
        "trace": material.trace,
        "video": video or data_uri(material.video.read_bytes(), material.media_type),
        "poster": data_uri(material.opening(), "image/png"),
        "tracks": {
            language: data_uri(subtitles(material.cues, language, "vtt").encode(), "text/vtt")
            for language in material.languages
        },
        "beats": [
            {
                "number": cue.number,
                "name": name,
                "start": cue.start,
                "end": cue.end,
                "captions": dict(cue.captions),
            }
            for cue, name in zip(material.cues, beats, strict=True)
        ],
    }

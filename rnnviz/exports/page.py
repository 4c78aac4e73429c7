"""The lecture page: an HTML file with its videos inside it or beside it."""

import html
import json
from collections.abc import Sequence
from importlib.resources import files as resources
from typing import Any, Final

from rnnviz.exports.naming import address, distinct
from rnnviz.exports.rendered_video import RenderedVideo
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
    videos: Sequence[RenderedVideo],
    language: str,
    title: str | None = None,
    files: Sequence[str] | None = None,
) -> str:
    """Return the page of one scene or of a whole lecture, which opens in ``language``.

    ``title`` is the title of the lecture. ``files`` names the videos beside the page; without it
    the videos are embedded.
    """
    first = videos[0]
    names = distinct([video.scene for video in videos])
    shared = [code for code in first.languages if all(code in each.languages for each in videos)]
    languages = sorted(shared, key=lambda code: code != language)
    lecture: dict[str, Any] = {
        "language": language,
        "title": title,
        "languages": languages,
        "names": {code: _NAMES.get(code, code) for code in languages},
        "theme": first.scheme,
        "words": {
            key: {code: translated(text, code) for code in languages}
            for key, text in _WORDS.items()
        },
        "scenes": [
            _scene(video, name, None if files is None else address(files[place]))
            for place, (video, name) in enumerate(zip(videos, names, strict=True))
        ],
    }
    template = (resources("rnnviz") / "exports" / "page.html").read_text(encoding="utf-8")
    return filled(
        template,
        language=html.escape(language),
        generator=html.escape(f"rnnviz {version('rnnviz')}"),
        title=html.escape(title or first.titles()[language]),
        fonts=font_faces(json.dumps(lecture, ensure_ascii=False)),
        lecture=in_script(lecture),
    )


def source_line(videos: Sequence[RenderedVideo], language: str) -> str:
    """Return the line that names the traces from which the videos take their numbers."""
    traces = dict.fromkeys(video.trace for video in videos)
    return translated(_WORDS["source"], language).format(trace=", ".join(traces))


def _scene(video: RenderedVideo, name: str, source: str | None) -> dict[str, Any]:
    beats = distinct([cue.name for cue in video.cues])
    return {
        "scene": name,
        "language": video.language,
        "title": dict(video.titles()),
        "trace": video.trace,
        "video": source or data_uri(video.path.read_bytes(), video.media_type),
        "poster": data_uri(video.first_frame(), "image/png"),
        "tracks": {
            language: data_uri(subtitles(video.cues, language, "vtt").encode(), "text/vtt")
            for language in video.languages
        },
        "beats": [
            {
                "number": cue.number,
                "name": name,
                "start": cue.start,
                "end": cue.end,
                "captions": dict(cue.captions),
            }
            for cue, name in zip(video.cues, beats, strict=True)
        ],
    }

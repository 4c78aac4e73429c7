"""The lecture page: an HTML file with its videos inside it or beside it."""

import html
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files as resources
from typing import Any, Final

from rnnviz.explorer.look import base_style, css_colors
from rnnviz.explorer.modules import import_map, modules_in
from rnnviz.exports.naming import address, distinct
from rnnviz.exports.rendered_video import RenderedVideo
from rnnviz.rendering.video.timeline import subtitles
from rnnviz.system.versions import version
from rnnviz.text.fonts import font_faces
from rnnviz.text.html import data_uri, filled, in_script
from rnnviz.text.palette import DARK, LIGHT, PALETTES
from rnnviz.text.translation import N_, translated

_NAMES: Final = {"en": "English", "zh": "中文"}
_TITLE: Final = N_("How recurrent networks work")
_WORDS: Final = {
    "language": N_("Language"),
    "speed": N_("Speed"),
    "stops": N_("Stop after each step"),
    "subtitles": N_("Subtitles"),
    "beats": N_("Step by step"),
    "contents": N_("Contents"),
    "steps": N_("{count} steps"),
    "steps_of": N_("Steps of “{scene}”"),
    "panel": N_("Text of the steps"),
    "transcript": N_("Transcript"),
    "live": N_("Live page"),
    "settings": N_("Settings"),
    "controls": N_("Controls"),
    "close": N_("Close"),
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
    live: Sequence[str | None] | None = None,
) -> str:
    """Return the page of one scene or of a whole lecture, which opens in ``language``.

    ``title`` is the title of a lecture; without it, a lecture of several scenes has a general one.
    ``files`` names the videos beside the page; without it the videos are embedded. ``live`` holds
    the address of the live page of each scene, None for a scene that has none.
    """
    first = videos[0]
    names = distinct([video.scene for video in videos])
    shared = [code for code in first.languages if all(code in each.languages for each in videos)]
    languages = sorted(shared, key=lambda code: code != language)
    titles = lecture_titles(videos, languages, title)
    lecture: dict[str, Any] = {
        "language": language,
        "title": titles if len(videos) > 1 else None,
        "languages": languages,
        "names": {code: _NAMES.get(code, code) for code in languages},
        "words": {
            key: {code: translated(text, code) for code in languages}
            for key, text in _WORDS.items()
        },
        "scenes": [
            {
                **_scene(video, name),
                "video": data_uri(video.path.read_bytes(), video.media_type)
                if files is None
                else address(files[place]),
                "live": None if live is None else live[place],
            }
            for place, (video, name) in enumerate(zip(videos, names, strict=True))
        ],
    }
    folder = resources("rnnviz") / "exports" / "page"
    palette = PALETTES.get(first.theme) or (LIGHT if first.scheme == "light" else DARK)
    return filled(
        (folder / "page.html").read_text(encoding="utf-8"),
        language=html.escape(language),
        generator=html.escape(f"rnnviz {version('rnnviz')}"),
        title=html.escape(titles[language]),
        fonts=font_faces(json.dumps(lecture, ensure_ascii=False)),
        colors=css_colors(palette),
        size=f"{palette.type_scale:.0%}",
        style=base_style() + (folder / "style.css").read_text(encoding="utf-8"),
        modules=import_map(modules_in(folder, "page")),
        lecture=in_script(lecture),
    )


def lecture_titles(
    videos: Sequence[RenderedVideo], languages: Sequence[str], title: str | None = None
) -> Mapping[str, str]:
    """Return the title of the whole in each language: the one given, or that of its only scene."""
    if title is not None:
        return dict.fromkeys(languages, title)
    if len(videos) == 1:
        return videos[0].titles()
    return {code: translated(_TITLE, code) for code in languages}


def source_line(videos: Sequence[RenderedVideo], language: str) -> str:
    """Return the line that names the traces from which the videos take their numbers."""
    traces = dict.fromkeys(video.trace for video in videos)
    return translated(_WORDS["source"], language).format(trace=", ".join(traces))


def _scene(video: RenderedVideo, name: str) -> dict[str, Any]:
    beats = distinct([cue.name for cue in video.cues])
    thumbnail, ratio = video.thumbnail()
    return {
        "scene": name,
        "language": video.language,
        "title": dict(video.titles()),
        "trace": video.trace,
        "background": video.background,
        "ratio": ratio,
        "poster": data_uri(video.first_frame(), "image/png"),
        "thumbnail": data_uri(thumbnail, "image/webp"),
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

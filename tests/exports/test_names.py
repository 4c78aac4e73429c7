"""File names derived from data: none leaves its folder, and snippets find their files."""

import json
import re
import shutil
import string
import subprocess
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urlsplit

import av
import nbformat
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rnnviz.errors import ExportError
from rnnviz.exports.naming import address, distinct
from rnnviz.exports.rendered_video import RenderedVideo
from rnnviz.exports.writing import write
from rnnviz.rendering.video.timeline import Cue
from rnnviz.system.files import is_component, within
from rnnviz.text.translation import is_language_tag, languages

HOSTILE = (
    "x/../../victim/keep",
    "../keep",
    "..",
    "/keep",
    "a\\..\\..\\keep",
    "a\0b",
    "en\n",
    "en.vtt/../../keep",
    "",
    "e" * 300,
    "K",  # the Kelvin sign, which case folding takes for a K
    "video",
    "poster",
    "index",
    "\ud800",
)
ENDINGS = {"markdown": ".md", "revealjs": ".html", "quarto": ".qmd", "jupyter": ".ipynb"}
NAMES = ("my talk (1)", "a#b", "100%", "two\nlines", 'it\'s "quoted"', "讲座 é", "?a=b&c", "a:b")


@cache
def tiny_video():
    """Return a video of six frames, which is quick to write and read."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tiny.mp4"
        with av.open(str(path), "w") as made:
            stream = made.add_stream("libx264", rate=10)
            stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
            for grey in range(6):
                picture = np.full((36, 64), 40 * grey, np.uint8)
                made.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "gray")))
            made.mux(stream.encode())
        return path.read_bytes()


def description(**changed):
    """Return the JSON description of the tiny video, with changes."""
    captions = dict.fromkeys((changed.pop("code", "en"), "en"), "One.")
    beats = [
        {"number": 1, "name": "first", "start": 0.0, "end": 0.3, "captions": captions},
        {"number": 2, "name": "second", "start": 0.3, "end": 0.6, "captions": captions},
    ]
    beats[0]["name"] = changed.pop("beat", "first")
    return {
        **{"scene": "small", "language": "en", "theme": "dark", "trace": "abc", "beats": beats},
        **changed,
    }


def write_video(folder, name="tiny", **changed):
    """Write the tiny video and its description."""
    folder.mkdir(parents=True, exist_ok=True)
    video = folder / f"{name}.mp4"
    video.write_bytes(tiny_video())
    video.with_suffix(".json").write_text(json.dumps(description(**changed)), encoding="utf-8")
    return video


@pytest.mark.parametrize("tag", ["en", "zh-Hant-TW", "de-1996", "sl-rozaj-biske", "x-klingon",
                                 "es-419", "en-u-ca-buddhist", "zh-cmn-Hans", "EN"])  # fmt: skip
def test_language_tags_of_bcp_47(tag):
    assert is_language_tag(tag)


@pytest.mark.parametrize("tag", ["", "e", "en_GB", "en-", "-en", "en--GB", "english-english-x",
                                 "a" * 9, "en-u", "en-x-" + "-".join(["a" * 8] * 5), *HOSTILE[:10],
                                 "K-a", "ſv", "en GB", "١٢"])  # fmt: skip
def test_invalid_language_tags(tag):
    assert not is_language_tag(tag)


def test_catalogues_are_named_by_language_tags():
    assert all(map(is_language_tag, languages()))


@given(st.text() | st.sampled_from(HOSTILE))
def test_a_file_of_any_name_stays_in_its_folder(name):
    folder = Path("/somewhere/out")
    try:
        place = within(folder, name, ExportError)
    except ExportError:
        return
    assert place.parent == folder
    assert place.name == name
    assert len(place.relative_to(folder).parts) == 1


@pytest.mark.parametrize("name", HOSTILE[:7])
def test_a_hostile_name_is_not_a_path_component(name):
    assert is_component(name) == (name == "en\n")


hostile = st.sampled_from(HOSTILE) | st.text(
    st.sampled_from("./\\\0\n:~% aZ-_é\u202e") | st.characters(), max_size=20
)


@given(
    where=st.sampled_from(["code", "language", "scene", "beat", "trace", "theme"]),
    text=hostile,
    to=st.sampled_from(["html", "page", *ENDINGS]),
)
def test_no_description_can_name_a_file_outside_the_folder(where, text, to):
    with TemporaryDirectory() as name:
        folder = Path(name)
        video = write_video(folder / "renders", **{where: text})
        for keep in ("keep", "keep.vtt", "keep.mp4", "out/keep.vtt", "x/keep"):
            (folder / "victim" / keep).parent.mkdir(parents=True, exist_ok=True)
            (folder / "victim" / keep).write_text("mine", encoding="utf-8")
        before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        out = folder / "victim" / "talk"
        target = {"html": out, "page": out / "a.html"}.get(to, out / f"a{ENDINGS.get(to)}")
        made = ()
        try:
            videos = [RenderedVideo.of(video)] * (2 if to in ("html", "page") else 1)
            made = write(videos, "html" if to == "page" else to, target)
        except ExportError:
            pass
        there = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        assert {path.resolve() for path in made} == set(there) - set(before)
        assert all(path.parent == out for path in made)
        assert before.items() <= there.items()


def test_a_caption_without_a_valid_language_is_refused(tmp_path):
    video = write_video(tmp_path, code="x/../../victim/keep")
    with pytest.raises(ExportError, match=r"'x/\.\./\.\./victim/keep' is no BCP 47 language tag"):
        RenderedVideo.of(video)
    with pytest.raises(ValueError, match="two captions in one language"):
        Cue(1, "a", 0.0, 1.0, {"en": "One.", "EN": "Two."})


@pytest.mark.parametrize("code", ["video", "poster"])
def test_a_language_never_overwrites_another_file(code, tmp_path):
    rendered_video = RenderedVideo.of(write_video(tmp_path, code=code))
    made = write([rendered_video], "markdown", tmp_path / "out" / "a.md")
    named = [path.name for path in made]
    assert named == ["a.md", "a.mp4", "a.png", "a.en.vtt", f"a.{code}.vtt"]
    assert (tmp_path / "out" / "a.mp4").read_bytes() == tiny_video()


def test_two_videos_of_one_scene_are_both_written(tmp_path):
    one = RenderedVideo.of(write_video(tmp_path, "one", trace="aaa"))
    other = RenderedVideo.of(write_video(tmp_path, "other", trace="bbb", scene="Small"))
    index, *videos = write([one, other, one], "html", tmp_path / "out")
    assert [path.name for path in videos] == ["small.mp4", "Small-2.mp4", "small-3.mp4"]
    page = index.read_text(encoding="utf-8")
    assert all(f'"video": "{path.name}"' in page for path in videos)
    for path, rendered_video in zip(videos, (one, other, one), strict=True):
        assert path.read_bytes() == rendered_video.path.read_bytes()


@given(st.lists(st.text(string.ascii_letters + "-2", max_size=3), max_size=6))
def test_distinct_names_are_distinct(names):
    made = distinct(names)
    assert len({name.casefold() for name in made}) == len(names)
    assert all(got.startswith(name) for got, name in zip(made, names, strict=True))


class Addresses(HTMLParser):
    """Find the URLs in a piece of HTML."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name in ("src", "poster", "href")]


def addresses(to, text):
    """Return the URLs in a document, as a parser of its format finds them."""
    if to in ("markdown", "quarto"):
        tokens = MarkdownIt().parse(text)
        inline = [child for token in tokens for child in token.children or ()]
        drawn = [
            str(child.attrs.get("src") or child.attrs.get("href"))
            for child in inline
            if child.type in ("image", "link_open")
        ]
        raw = "".join(token.content for token in tokens if token.type == "fence")
        return drawn + Addresses(raw).found
    return Addresses(text).found


stems = st.sampled_from(NAMES) | st.text(
    st.sampled_from("()[]{}<>#%&?'\"`\\ \n;:=+$~^|*!_@") | st.characters(codec="utf-8"),
    min_size=1,
    max_size=12,
).filter(lambda stem: not set(stem) & {"/", "\0"} and not set(stem) <= {"."})


@given(stem=stems, to=st.sampled_from(["markdown", "revealjs", "quarto"]))
@example(stem="\\", to="quarto")
def test_a_snippet_finds_its_files_under_any_name(stem, to):
    with TemporaryDirectory() as name:
        out = Path(name)
        rendered_video = RenderedVideo.of(write_video(out / "renders"))
        (snippet, *others) = write([rendered_video], to, out / f"{stem}{ENDINGS[to]}")
        found = addresses(to, snippet.read_text(encoding="utf-8"))
        assert len(found) >= 2
        for each in found:
            parts = urlsplit(each)
            assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("",) * 4
            assert out / unquote(each) in others


@given(stem=stems)
@example(stem="a\\b")
def test_a_notebook_finds_its_video_under_any_name(stem):
    with TemporaryDirectory() as name:
        rendered_video = RenderedVideo.of(write_video(Path(name) / "renders"))
        (book, video, *_) = write([rendered_video], "jupyter", Path(name) / f"{stem}.ipynb")
        (code,) = [one for one in nbformat.read(book, 4).cells if one.cell_type == "code"]
        named = []
        exec(code.source.split("\n", 1)[1], {"Video": lambda name, **_: named.append(name)})
        assert named == [video.name]


def test_a_name_that_is_not_unicode_has_an_address():
    assert unquote(address("\udcff%.mp4"), errors="surrogateescape") == "\udcff%.mp4"


@pytest.mark.parametrize("text", ["{{< env HOME >}}", "{{{< env HOME >}}}", "{{% env %}}",
                                  "`r system('id')`", "`{python} 1`", "a ``` b"])  # fmt: skip
def test_quarto_runs_no_code_from_captions_or_titles(text, tmp_path):
    beats = description()["beats"]
    for beat in beats:
        beat["captions"] = {"en": text}
    rendered_video = RenderedVideo.of(
        write_video(tmp_path, beats=beats, scene=text.replace("/", ""))
    )
    snippet, *_ = write([rendered_video], "quarto", tmp_path / "{{< env HOME >}}.qmd")
    written = snippet.read_text(encoding="utf-8")
    assert not re.search(r"\{\{\{?[<%]", written)
    assert not re.search(r"(?<!``)`(r[ #]|\{(?!=html\}\n))", written)
    assert re.findall(r"^ *```.*$", written, re.M) == ["```{=html}", "```"]
    alternative = re.search(r'fig-alt="((?:[^"\\]|\\.)*)"', written)[1]
    assert alternative.replace("\u2060", "") == f"{text} {text}"


def test_quarto_reads_no_entities_in_alternative_text(tmp_path):
    beats = description()["beats"]
    for beat in beats:
        beat["captions"] = {"en": "a &lt; b & c"}
    rendered_video = RenderedVideo.of(write_video(tmp_path, beats=beats))
    snippet, *_ = write([rendered_video], "quarto", tmp_path / "a.qmd")
    assert r'fig-alt="a \&lt; b & c' in snippet.read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["- a", "1. a", "--- a", "# a", "    a", "* a", "> a", "+ a"])
def test_a_caption_in_markdown_is_one_line_of_text(text, tmp_path):
    beats = description()["beats"]
    for beat in beats:
        beat["captions"] = {"en": text}
    rendered_video = RenderedVideo.of(write_video(tmp_path, beats=beats))
    snippet, *_ = write([rendered_video], "markdown", tmp_path / "a.md")
    tokens = MarkdownIt().parse(snippet.read_text(encoding="utf-8"))
    items = [token for token in tokens if token.type == "inline" and token.level == 3]
    captions = ["".join(child.content for child in token.children) for token in items]
    assert captions == [text.strip()] * 2


READ_BY_TEX = ["100%", "a#b_c~d&e", "{a,b}^$", "my talk (1)", "it's `é`", "a.b"]


@pytest.mark.parametrize("stem", READ_BY_TEX)
def test_file_names_are_escaped_for_tex(stem, tmp_path):
    rendered_video = RenderedVideo.of(write_video(tmp_path / "renders"))
    snippet, *_ = write([rendered_video], "beamer", tmp_path / f"{stem}.tex")
    written = snippet.read_text(encoding="utf-8")
    for name in re.findall(r"(?:run:|\]\{)(.*)\.(?:mp4|png)\}", written):
        bare = re.sub(r"\\csname [@a-z_:]+\\endcsname( |\{35\}\{11\})|\\string.", "", name)
        assert not set(bare) & set("%#_~&{}^$\\"), bare
    assert len(re.findall(r"\.(?:mp4|png)\}", written)) == 2


@pytest.mark.parametrize("stem", ["two\nlines", 'a"b', "~a", " a", "a  b", "$HOME"])
def test_a_name_that_tex_cannot_read_is_refused_before_anything_is_written(stem, tmp_path):
    rendered_video = RenderedVideo.of(write_video(tmp_path / "renders"))
    with pytest.raises(ExportError, match=r"TeX cannot read a file named .*; choose another"):
        write([rendered_video], "beamer", tmp_path / "out" / f"{stem}.tex")
    assert not (tmp_path / "out").exists()


TEX = shutil.which("pdflatex") or shutil.which("lualatex")


@pytest.mark.skipif(TEX is None, reason="no TeX is installed here")
@pytest.mark.parametrize("stem", READ_BY_TEX)
def test_beamer_finds_its_poster(stem, tmp_path):
    beats = description()["beats"]
    for beat in beats:
        beat["captions"] = {"en": "[a] <1> b"}
    rendered_video = RenderedVideo.of(write_video(tmp_path / "renders", beats=beats))
    snippet, *_ = write([rendered_video], "beamer", tmp_path / f"{stem}.tex")
    frame = snippet.read_text(encoding="utf-8")
    document = f"\\documentclass{{beamer}}\\begin{{document}}\n{frame}\\end{{document}}"
    (tmp_path / "talk-of-all.tex").write_text(document, encoding="utf-8")
    command = [TEX, "-halt-on-error", "-interaction=nonstopmode", "talk-of-all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True)
    assert done.returncode == 0, done.stdout[-2000:]

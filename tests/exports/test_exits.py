"""Every exit, read back by a program that knows its format."""

import base64
import io
import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import av
import nbformat
import numpy as np
import pytest
from markdown_it import MarkdownIt
from nasty import NASTY
from PIL import Image
from pptx import Presentation
from pypdf import PdfReader

from rnnviz.errors import ExportError, TextError
from rnnviz.exports.clips import clips
from rnnviz.exports.exits import EXITS, export, left_out
from rnnviz.exports.material import Material
from rnnviz.rendering.video.frames import decoded

ENDINGS = {
    "html": ".html",
    "pptx": ".pptx",
    "handout": ".pdf",
    "gif": ".gif",
    "webp": ".webp",
    "revealjs": ".html",
    "quarto": ".qmd",
    "markdown": ".md",
    "beamer": ".tex",
    "jupyter": ".ipynb",
}


EMPTY = {"scene": "a", "language": "en", "theme": "dark", "trace": "", "beats": []}


class Elements(HTMLParser):
    """The elements of a page, and the text in each kind."""

    def __init__(self, text):
        super().__init__()
        self.found, self.texts, self.open = [], {}, []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if self.open:
            self.texts[self.open[-1]] = self.texts.get(self.open[-1], "") + data

    def attributes(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


def written(material, to, folder):
    (first, *_) = export([material], to, folder / f"out{ENDINGS[to]}")
    return first


def test_endings_are_those_of_all_exits():
    assert set(ENDINGS) == set(EXITS)


@pytest.mark.parametrize("to", EXITS)
def test_an_exit_is_one_whole_file_and_what_it_names(to, material, tmp_path):
    folder = tmp_path / "out"
    made = export([material], to, folder / f"out{ENDINGS[to]}")
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in made)
    assert all(path.stat().st_size > 0 for path in made)


def test_powerpoint(nasty, tmp_path):
    deck = Presentation(str(written(nasty, "pptx", tmp_path)))
    assert len(deck.slides) == 2
    for slide in deck.slides:
        assert slide.shapes.title.text_frame.text == NASTY
        assert slide.notes_slide.notes_text_frame.text == NASTY
        (movie,) = [shape for shape in slide.shapes if shape.shape_type == 16]
        assert movie._element.nvPicPr.cNvPr.get("descr") == NASTY
        assert movie.poster_frame.content_type == "image/png"
        right = movie.left + movie.width
        assert 0 <= movie.left < right <= deck.slide_width
        assert movie.top + movie.height <= deck.slide_height


def test_clips_hold_each_picture_of_their_beat_once(material, tmp_path):
    for cue, clip in zip(material.cues, clips(material, tmp_path), strict=True):
        with av.open(str(clip)) as opened:
            (stream,) = opened.streams.video
            step = 1 / float(stream.average_rate)
            times = [frame.time for frame in opened.decode(stream)]
        assert len(times) == round((cue.end - cue.start) / step)
        np.testing.assert_allclose(np.diff(times), step, atol=1e-3)


def ground_in(image):
    return np.array(image.convert("RGB").getpixel((5, 5)))


DARK_GROUND = (0x0F, 0x12, 0x17)


def test_a_transparent_video_stays_so_or_stands_on_its_ground(transparent, tmp_path):
    with Image.open(written(transparent, "webp", tmp_path)) as picture:
        picture.seek(20)
        assert picture.convert("RGBA").getpixel((5, 5))[3] == 0
    written(transparent, "markdown", tmp_path)
    with Image.open(tmp_path / "out.png") as poster:
        assert poster.mode == "RGBA"
        assert poster.getpixel((5, 5))[3] == 0
    for image in PdfReader(written(transparent, "handout", tmp_path)).pages[0].images:
        np.testing.assert_allclose(ground_in(image.image), DARK_GROUND, atol=2)
    with Image.open(written(transparent, "gif", tmp_path)) as picture:
        picture.seek(20)
        np.testing.assert_allclose(ground_in(picture), DARK_GROUND, atol=5)
    deck = Presentation(str(written(transparent, "pptx", tmp_path)))
    (movie,) = [shape for shape in deck.slides[0].shapes if shape.shape_type == 16]
    with Image.open(io.BytesIO(movie.poster_frame.blob)) as poster:
        np.testing.assert_allclose(ground_in(poster), DARK_GROUND, atol=2)


def test_clips_have_the_colours_of_their_video(material, transparent, tmp_path):
    for one, folder in ((material, tmp_path / "a"), (transparent, tmp_path / "b")):
        folder.mkdir()
        clip = next(clips(one, folder))
        with av.open(str(clip)) as opened, av.open(str(one.video)) as given:
            shown, wanted = (next(decoded(each)) for each in (opened, given))
        assert (shown.colorspace, shown.color_range) == (wanted.colorspace, wanted.color_range)
        np.testing.assert_allclose(ground_in(shown.to_image()), DARK_GROUND, atol=5)


@pytest.mark.parametrize("to", EXITS)
def test_what_an_exit_cannot_carry_is_told(to, material, transparent):
    assert left_out(material, to) == ()
    told = left_out(transparent, to)
    assert bool(told) == (to in {"pptx", "handout", "gif"})
    assert all(f"{to} has no transparency" in each for each in told)


def test_handout(material, tmp_path):
    reader = PdfReader(written(material, "handout", tmp_path))
    text = " ".join(page.extract_text() for page in reader.pages)
    assert "One state." in text
    assert "It moves." in text
    assert material.trace in text
    assert sum(len(page.images) for page in reader.pages) == 2
    assert reader.metadata.title == "small"
    for page in reader.pages:
        size = [float(side) * 25.4 / 72 for side in page.mediabox[2:]]
        assert size == pytest.approx([210, 297], abs=0.1)  # A4


def said(material, caption):
    told = dict.fromkeys(material.languages, caption)
    return replace(material, cues=tuple(replace(cue, captions=told) for cue in material.cues))


def test_handout_names_a_character_that_it_cannot_show(nasty, tmp_path):
    with pytest.raises(TextError, match=r"no font .* '🦊' \(U\+1F98A\) .*replace it in the JSON"):
        export([nasty], "handout", tmp_path / "out.pdf")
    assert not (tmp_path / "out.pdf").exists()


def test_what_is_read_from_the_right_is_so_on_slides(material, tmp_path):
    turned = said(material, "שלום 3")
    for slide in Presentation(str(written(turned, "pptx", tmp_path))).slides:
        for frame in (slide.shapes.title.text_frame, slide.notes_slide.notes_text_frame):
            assert [each._p.pPr.get("rtl") for each in frame.paragraphs] == ["1"]
    within = said(material, "The word “\u2068שלום\u2069”: 3")
    for slide in Presentation(str(written(within, "pptx", tmp_path))).slides:
        (paragraph,) = slide.shapes.title.text_frame.paragraphs
        assert paragraph._p.pPr.get("rtl") is None
        assert "\u2068שלום\u2069" in paragraph.text


def test_in_a_snippet_what_is_read_from_the_right_has_its_direction(material, tmp_path):
    shown = said(material, "שלום 3")
    page = Elements(written(shown, "revealjs", tmp_path).read_text(encoding="utf-8"))
    assert [item.get("dir") for item in page.attributes("li")] == ["auto", "auto"]


def test_signs_that_isolate_are_no_missing_characters_of_a_handout(material, tmp_path):
    shown = said(material, "The word “\u2068אב\u2069”: 3")
    with pytest.raises(TextError, match="'א'"):
        export([shown], "handout", tmp_path / "out.pdf")
    reader = PdfReader(written(said(material, "A \u2068word\u2069."), "handout", tmp_path))
    text = " ".join(page.extract_text() for page in reader.pages)
    assert "A word." in text


def test_handout_reads_no_caption_as_source(material, tmp_path):
    shown = said(material, NASTY.replace("🦊", ""))
    reader = PdfReader(written(shown, "handout", tmp_path))
    text = "".join("".join(page.extract_text() for page in reader.pages).split())
    assert "\\input{/etc/passwd}" in text
    assert "*c*" in text


@pytest.mark.parametrize("to", ["gif", "webp"])
def test_animations_move(to, material, tmp_path):
    with Image.open(written(material, to, tmp_path)) as picture:
        assert picture.n_frames > 10
        assert picture.size == (640, 360)
        seconds = 0.0
        for number in range(picture.n_frames):
            picture.seek(number)
            picture.load()
            seconds += picture.info["duration"] / 1000
    assert seconds == pytest.approx(material.cues[-1].end, abs=0.3)


def test_revealjs(nasty, tmp_path):
    page = Elements(written(nasty, "revealjs", tmp_path).read_text(encoding="utf-8"))
    assert [name for name, _ in page.found if name in ("img", "script")] == []
    (video,) = page.attributes("video")
    assert (tmp_path / video["poster"]).is_file()
    (source,) = page.attributes("source")
    assert (tmp_path / source["src"]).is_file()
    assert {track["srclang"] for track in page.attributes("track")} == {"en", "zh"}
    assert all((tmp_path / track["src"]).is_file() for track in page.attributes("track"))
    assert page.texts["li"] == NASTY * 2


def test_quarto(nasty, tmp_path):
    text = written(nasty, "quarto", tmp_path).read_text(encoding="utf-8")
    raw = re.search(r"```\{=html\}\n(.*?)\n```", text, re.S)[1]
    assert [name for name, _ in Elements(raw).found if name in ("img", "script")] == []
    assert text.count(":::") == 4
    alternative = re.search(r'fig-alt="((?:[^"\\]|\\.)*)"', text)[1]
    assert alternative.replace('\\"', '"').replace("\\\\", "\\") == f"{NASTY} {NASTY}"


def test_markdown(nasty, tmp_path):
    text = written(nasty, "markdown", tmp_path).read_text(encoding="utf-8")
    tokens = MarkdownIt().parse(text)
    kinds = [child.type for token in tokens for child in token.children or ()]
    assert kinds.count("image") == 1
    assert kinds.count("link_open") == 1
    assert "html_inline" not in kinds
    items = [token.children for token in tokens if token.type == "inline" and token.level == 3]
    said = ["".join(child.content for child in children) for children in items]
    assert said == [NASTY, NASTY]


def test_beamer(nasty, tmp_path):
    path = written(nasty, "beamer", tmp_path)
    text = path.read_text(encoding="utf-8")
    bare = re.sub(r"\\[\\{}$&#%_]", "", text)
    depth = 0
    for character in bare:
        depth += (character == "{") - (character == "}")
        assert depth >= 0
    assert depth == 0
    assert "\\input" not in text
    assert not re.search(r"(?<!\\)[$&#%]", text.replace("{%\n", "{\n"))


@pytest.mark.skipif(shutil.which("lualatex") is None, reason="no TeX is installed here")
def test_beamer_compiles(material, tmp_path):
    frame = written(material, "beamer", tmp_path).name
    document = f"\\documentclass{{beamer}}\\begin{{document}}\\input{{{frame}}}\\end{{document}}"
    (tmp_path / "talk.tex").write_text(document, encoding="utf-8")
    command = ["lualatex", "-halt-on-error", "-interaction=nonstopmode", "talk.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]


def test_jupyter(nasty, tmp_path):
    book = nbformat.read(written(nasty, "jupyter", tmp_path), as_version=4)
    nbformat.validate(book)
    told, code = book.cells
    (output,) = code.outputs
    shown = Elements(output.data["text/html"])
    (video,) = shown.attributes("video")
    media, _, content = video["src"].partition(";base64,")
    assert media == "data:video/mp4"
    assert base64.b64decode(content) == nasty.video.read_bytes()
    assert [source["src"] for source in shown.attributes("source")] == ["out.mp4"]
    assert not shown.attributes("img")
    assert "small" in told.source
    compile(code.source, "cell", "exec")
    assert "'out.mp4'" in code.source


def test_a_page_in_a_folder_has_its_videos_beside_it(material, tmp_path):
    index, video = export([material], "html", tmp_path / "lecture")
    assert (index.name, video.name) == ("index.html", "small.mp4")
    assert video.read_bytes() == material.video.read_bytes()
    assert index.stat().st_size < 1_000_000


@pytest.mark.parametrize(
    ("to", "output", "message"),
    [
        ("htlm", "a.html", "no exit 'htlm'; did you mean html"),
        ("pptx", "a.ppt", r"does not end in \.pptx; rename it"),
        ("html", "a.pdf", r"neither a folder nor ends in \.html"),
    ],
)
def test_a_wrong_wish_is_named(to, output, message, material, tmp_path):
    with pytest.raises(ExportError, match=message):
        export([material], to, tmp_path / output)


def test_a_language_without_captions_is_refused(material, tmp_path):
    with pytest.raises(ExportError, match="no captions in 'fr'; it has en and zh"):
        export([material], "markdown", tmp_path / "a.md", language="fr")


@pytest.mark.parametrize("to", sorted({*ENDINGS} - {"html", "pptx", "handout"}))
def test_several_videos_make_no_snippet(to, material, tmp_path):
    with pytest.raises(ExportError, match="one video; html, pptx and handout are made of several"):
        export([material, material], to, tmp_path / f"a{ENDINGS[to]}")


P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"


def one(node, path):
    """The only node that is called so below another."""
    (found,) = node.iterfind("/".join(P + step for step in path.split("/")))
    return found


def test_next_plays_the_clip(material, tmp_path):
    """What PowerPoint writes for a video in the click sequence, level by level."""
    deck = Presentation(str(written(material, "pptx", tmp_path)))
    for slide, cue in zip(deck.slides, material.cues, strict=True):
        (movie,) = [shape for shape in slide.shapes if shape.shape_type == 16]
        timing = slide._element.find(f"{P}timing")
        assert [child.tag for child in slide._element][-1] == timing.tag
        root = one(timing, "tnLst/par/cTn")
        assert dict(root.attrib) == {
            "id": "1", "dur": "indefinite", "restart": "never", "nodeType": "tmRoot",
        }  # fmt: skip
        main, node, clicks = one(root, "childTnLst")
        assert [part.tag for part in (main, node, clicks)] == [f"{P}seq", f"{P}video", f"{P}seq"]
        assert one(main, "cTn").get("nodeType") == "mainSeq"
        parts = ["cTn", "prevCondLst", "nextCondLst"]
        assert [child.tag.removeprefix(P) for child in main] == parts
        assert one(main, "nextCondLst/cond").get("evt") == "onNext"
        step = one(main, "cTn/childTnLst/par/cTn")
        assert one(step, "stCondLst/cond").get("delay") == "indefinite"  # waits for Next
        effect = one(step, "childTnLst/par/cTn/childTnLst/par/cTn")
        assert (effect.get("nodeType"), effect.get("presetClass")) == ("clickEffect", "mediacall")
        play = one(effect, "childTnLst/cmd")
        assert (play.get("type"), play.get("cmd")) == ("call", "playFrom(0.0)")
        lasts = int(one(play, "cBhvr/cTn").get("dur"))
        assert lasts == pytest.approx(1000 * (cue.end - cue.start), abs=1)
        assert one(node, "cMediaNode/cTn/stCondLst/cond").get("delay") == "indefinite"
        assert one(clicks, "cTn").get("nodeType") == "interactiveSeq"
        targets = {target.get("spid") for target in timing.iter(f"{P}spTgt")}
        assert targets == {str(movie.shape_id)}
        ids = [int(node.get("id")) for node in timing.iter(f"{P}cTn")]
        assert ids == list(range(1, len(ids) + 1))


def test_several_scenes_make_one_deck(material, tmp_path):
    other = replace(material, scene="unrolling", trace="abc123")
    path = tmp_path / "a.pptx"
    export([other, material], "pptx", path, title="Week 7", language="zh")
    deck = Presentation(str(path))
    assert deck.core_properties.title == "Week 7"
    assert material.trace in deck.core_properties.comments
    opening, *_ = deck.slides
    assert opening.shapes.title.text_frame.text == other.titles()["zh"]
    assert "abc123" in opening.placeholders[1].text_frame.text
    movies = [sum(shape.shape_type == 16 for shape in slide.shapes) for slide in deck.slides]
    assert movies == [0, 1, 1, 0, 1, 1]
    for slide in deck.slides:
        for shape in slide.shapes:
            assert 0 <= shape.left < shape.left + shape.width <= deck.slide_width
            assert 0 <= shape.top < shape.top + shape.height <= deck.slide_height


def test_several_scenes_make_one_handout(material, tmp_path):
    other = replace(material, scene="unrolling", trace="abc123")
    export([material, other], "handout", tmp_path / "a.pdf", title="Week 7")
    reader = PdfReader(tmp_path / "a.pdf")
    text = " ".join(page.extract_text() for page in reader.pages)
    assert reader.metadata.title == "Week 7"
    for said in ("Week 7", "small", "One layer, used at every step", material.trace, "abc123"):
        assert said in text
    assert sum(len(page.images) for page in reader.pages) == 4


@pytest.mark.parametrize("to", ["pptx", "handout", "revealjs", "quarto", "markdown", "beamer",
                                "jupyter", "html"])  # fmt: skip
def test_a_title_takes_the_place_of_the_scenes(to, material, tmp_path):
    path = tmp_path / f"out{ENDINGS[to]}"
    export([material], to, path, title="Week 7")
    shown = {
        "pptx": lambda: Presentation(str(path)).core_properties.title,
        "handout": lambda: PdfReader(path).metadata.title,
    }.get(to, lambda: path.read_text(encoding="utf-8"))()
    assert "Week 7" in shown


@pytest.mark.parametrize(
    ("to", "title", "message"),
    [
        ("gif", "Week 7", "'gif' has no place for a title"),
        ("markdown", "a\nb", "not one line of text"),
        ("html", " ", "not one line of text"),
    ],
)
def test_a_title_that_cannot_be_shown_is_refused(to, title, message, material, tmp_path):
    with pytest.raises(ExportError, match=message):
        export([material], to, tmp_path / f"a{ENDINGS[to]}", title=title)


def test_a_failure_leaves_the_old_file(material, tmp_path, monkeypatch):
    old = tmp_path / "a.md"
    old.write_text("old", encoding="utf-8")

    def fail(self):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", lambda self, *args, **kinds: fail(self))
    with pytest.raises(ExportError, match="No space left on device"):
        export([material], "markdown", old)
    assert old.read_bytes() == b"old"
    assert not list(tmp_path.glob(".rnnviz-*"))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda video: video.unlink(), "there is no video"),
        (lambda video: video.with_suffix(".json").unlink(), r"has no 'small\.json' beside it"),
        (lambda video: video.with_suffix(".json").write_text("{"), "does not describe the beats"),
        (lambda video: video.with_suffix(".json").write_text("[]"), "does not describe the beats"),
        (
            lambda video: video.with_suffix(".json").write_text(
                json.dumps(
                    {"scene": "a", "language": "en", "theme": "dark", "trace": "", "beats": []}
                )
            ),
            "has no beats",
        ),
    ],
)
def test_a_video_that_rnnviz_did_not_make_is_refused(damage, message, material):
    damage(material.video)
    with pytest.raises(ExportError, match=message):
        Material.of(material.video)


def change(key, value, place=0):
    def changed(told):
        told["beats"][place][key] = value

    return changed


@pytest.mark.parametrize(
    "change",
    [
        change("end", float("nan")),
        change("end", float("inf")),
        change("start", -1.0),
        change("end", 1e9, place=1),
        change("start", 0.0, place=1),
        change("number", 10**400),
        change("number", 1, place=1),
        change("name", "../../other"),
        change("captions", {}),
        change("captions", {"en": "a\0b", "zh": "a"}),
        change("captions", {"en": "One state."}, place=1),
        lambda told: told.update(scene="../other"),
        lambda told: told.update(language="fr"),
    ],
)
def test_what_no_video_of_rnnviz_has_is_refused(change, material):
    beside = material.video.with_suffix(".json")
    told = json.loads(beside.read_text(encoding="utf-8"))
    change(told)
    beside.write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(ExportError, match=r"does not describe the beats .* \(.+\); render"):
        Material.of(material.video)


def test_a_bottomless_file_beside_a_video_is_refused(material):
    material.video.with_suffix(".json").write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(ExportError, match="does not describe the beats"):
        Material.of(material.video)


def test_a_video_of_another_kind_is_refused(tmp_path):
    (tmp_path / "a.avi").write_bytes(b"x")
    with pytest.raises(ExportError, match=r"no \.mp4 or \.webm"):
        Material.of(tmp_path / "a.avi")


def test_a_still_is_the_last_picture_of_its_beat(material, tmp_path):
    """In a video whose every picture has a grey of its own."""
    count, rate = round(15 * material.cues[-1].end), 15
    greys = [round(255 * number / (count - 1)) for number in range(count)]
    with av.open(str(tmp_path / "grey.mp4"), "w") as made:
        stream = made.add_stream("libx264", rate=rate, options={"crf": "0"})
        stream.width, stream.height = 64, 48
        for grey in greys:
            picture = np.full((48, 64), grey, np.uint8)
            made.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "gray")))
        made.mux(stream.encode())
    stills = replace(material, video=tmp_path / "grey.mp4").stills()
    assert len(stills) == len(material.cues)
    for cue, still in zip(material.cues, stills, strict=True):
        shown = np.asarray(Image.open(io.BytesIO(still)).convert("L"))[24, 32]
        assert abs(int(shown) - greys[round(cue.end * rate) - 1]) < 0.5 * 255 / (count - 1), cue


def remade(material, pick):
    """The video with other pictures than its own, as another tool writes it."""
    with av.open(str(material.video)) as given:
        pictures = pick([frame.to_ndarray(format="rgb24") for frame in given.decode(video=0)])
    with av.open(str(material.video), "w") as made:
        stream = made.add_stream("libx264", rate=15)
        stream.height, stream.width, _ = pictures[0].shape
        for picture in pictures:
            made.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        made.mux(stream.encode())


@pytest.mark.parametrize(
    ("pick", "message"),
    [
        (lambda pictures: pictures[:40], r"lasts 2\.7 s, .* 3\.9 s: of beat 2 the end is missing"),
        (lambda pictures: pictures[:20], r"of beat 1 and 2 the end is missing"),
        (lambda pictures: [each for each in pictures for _ in range(2)], r"it was slowed or added"),
    ],
)  # fmt: skip
def test_a_video_that_another_tool_made_longer_or_shorter_is_refused(pick, message, material):
    remade(material, pick)
    with pytest.raises(ExportError, match=message):
        Material.of(material.video)


def test_a_video_made_anew_at_its_own_length_is_taken_if_its_maker_says_so(material):
    remade(material, list)
    with pytest.raises(ExportError, match=r"remove 'videos' from 'small\.json'"):
        Material.of(material.video)
    beside = material.video.with_suffix(".json")
    told = json.loads(beside.read_text())
    del told["videos"]
    beside.write_text(json.dumps(told))
    assert Material.of(material.video).cues == material.cues


def test_a_damaged_video_is_refused(material):
    material.video.write_bytes(b"nothing")
    with pytest.raises(ExportError, match="cannot be read"):
        material.stills()

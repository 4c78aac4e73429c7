"""Every export format, read back by a library that knows it."""

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
from rnnviz.exports.formats import FORMATS
from rnnviz.exports.rendered_video import RenderedVideo
from rnnviz.exports.writing import unsupported, write
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
    """Parse the elements of a page, and the text in each kind."""

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


def written(video, to, folder):
    """Write a video in a format and return the main file."""
    (first, *_) = write([video], to, folder / f"out{ENDINGS[to]}")
    return first


def test_formats_and_their_endings():
    assert {name: each.ending for name, each in FORMATS.items()} == ENDINGS


@pytest.mark.parametrize("to", FORMATS)
def test_an_export_is_a_file_and_the_files_it_refers_to(to, rendered_video, tmp_path):
    folder = tmp_path / "out"
    paths = write([rendered_video], to, folder / f"out{ENDINGS[to]}")
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in paths)
    assert all(path.stat().st_size > 0 for path in paths)


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


def test_clips_hold_each_frame_of_their_beat_once(rendered_video, tmp_path):
    for cue, clip in zip(rendered_video.cues, clips(rendered_video, tmp_path), strict=True):
        with av.open(str(clip)) as opened:
            (stream,) = opened.streams.video
            step = 1 / float(stream.average_rate)
            times = [frame.time for frame in opened.decode(stream)]
        assert len(times) == round((cue.end - cue.start) / step)
        np.testing.assert_allclose(np.diff(times), step, atol=1e-3)


def background_in(image):
    return np.array(image.convert("RGB").getpixel((5, 5)))


DARK_BACKGROUND = (0x0F, 0x12, 0x17)


def test_a_transparent_video_stays_transparent_or_gets_its_background(transparent, tmp_path):
    with Image.open(written(transparent, "webp", tmp_path)) as picture:
        picture.seek(20)
        assert picture.convert("RGBA").getpixel((5, 5))[3] == 0
    written(transparent, "markdown", tmp_path)
    with Image.open(tmp_path / "out.png") as poster:
        assert poster.mode == "RGBA"
        assert poster.getpixel((5, 5))[3] == 0
    for image in PdfReader(written(transparent, "handout", tmp_path)).pages[0].images:
        np.testing.assert_allclose(background_in(image.image), DARK_BACKGROUND, atol=2)
    with Image.open(written(transparent, "gif", tmp_path)) as picture:
        picture.seek(20)
        np.testing.assert_allclose(background_in(picture), DARK_BACKGROUND, atol=5)
    deck = Presentation(str(written(transparent, "pptx", tmp_path)))
    (movie,) = [shape for shape in deck.slides[0].shapes if shape.shape_type == 16]
    with Image.open(io.BytesIO(movie.poster_frame.blob)) as poster:
        np.testing.assert_allclose(background_in(poster), DARK_BACKGROUND, atol=2)


def test_clips_have_the_colours_of_their_video(rendered_video, transparent, tmp_path):
    for one, folder in ((rendered_video, tmp_path / "a"), (transparent, tmp_path / "b")):
        folder.mkdir()
        clip = next(clips(one, folder))
        with av.open(str(clip)) as opened, av.open(str(one.path)) as given:
            shown, wanted = (next(decoded(each)) for each in (opened, given))
        assert (shown.colorspace, shown.color_range) == (wanted.colorspace, wanted.color_range)
        np.testing.assert_allclose(background_in(shown.to_image()), DARK_BACKGROUND, atol=5)


@pytest.mark.parametrize("to", FORMATS)
def test_unsupported_features_are_reported(to, rendered_video, transparent):
    assert unsupported(rendered_video, to) == ()
    messages = unsupported(transparent, to)
    assert bool(messages) == (to in {"pptx", "handout", "gif"})
    assert all(f"{to} has no transparency" in each for each in messages)


def test_handout(rendered_video, tmp_path):
    reader = PdfReader(written(rendered_video, "handout", tmp_path))
    text = " ".join(page.extract_text() for page in reader.pages)
    assert "One state." in text
    assert "It moves." in text
    assert rendered_video.trace in text
    assert sum(len(page.images) for page in reader.pages) == 2
    assert reader.metadata.title == "small"
    for page in reader.pages:
        size = [float(side) * 25.4 / 72 for side in page.mediabox[2:]]
        assert size == pytest.approx([210, 297], abs=0.1)  # A4


def captioned(video, caption):
    """Return a video with the same caption at every beat."""
    captions = dict.fromkeys(video.languages, caption)
    return replace(video, cues=tuple(replace(cue, captions=captions) for cue in video.cues))


def test_handout_names_a_character_that_no_font_has(nasty, tmp_path):
    with pytest.raises(TextError, match=r"no font .* '🦊' \(U\+1F98A\) .*replace it in the JSON"):
        write([nasty], "handout", tmp_path / "out.pdf")
    assert not (tmp_path / "out.pdf").exists()


def test_right_to_left_captions_are_right_to_left_on_slides(rendered_video, tmp_path):
    rightward = captioned(rendered_video, "שלום 3")
    for slide in Presentation(str(written(rightward, "pptx", tmp_path))).slides:
        for frame in (slide.shapes.title.text_frame, slide.notes_slide.notes_text_frame):
            assert [each._p.pPr.get("rtl") for each in frame.paragraphs] == ["1"]
    within = captioned(rendered_video, "The word “\u2068שלום\u2069”: 3")
    for slide in Presentation(str(written(within, "pptx", tmp_path))).slides:
        (paragraph,) = slide.shapes.title.text_frame.paragraphs
        assert paragraph._p.pPr.get("rtl") is None
        assert "\u2068שלום\u2069" in paragraph.text


def test_right_to_left_captions_in_a_snippet_have_a_direction(rendered_video, tmp_path):
    shown = captioned(rendered_video, "שלום 3")
    page = Elements(written(shown, "revealjs", tmp_path).read_text(encoding="utf-8"))
    assert [item.get("dir") for item in page.attributes("li")] == ["auto", "auto"]


def test_isolate_marks_are_not_missing_characters_in_a_handout(rendered_video, tmp_path):
    shown = captioned(rendered_video, "The word “\u2068אב\u2069”: 3")
    with pytest.raises(TextError, match="'א'"):
        write([shown], "handout", tmp_path / "out.pdf")
    reader = PdfReader(
        written(captioned(rendered_video, "A \u2068word\u2069."), "handout", tmp_path)
    )
    text = " ".join(page.extract_text() for page in reader.pages)
    assert "A word." in text


def test_a_hat_that_no_font_has_is_beside_its_letter_in_a_handout(rendered_video, tmp_path):
    shown = captioned(rendered_video, "The gradient is y\u0302 − y.")
    reader = PdfReader(written(shown, "handout", tmp_path))
    text = " ".join(page.extract_text() for page in reader.pages)
    assert "is y^ − y." in text


def test_handout_never_treats_a_caption_as_typst_source(rendered_video, tmp_path):
    shown = captioned(rendered_video, NASTY.replace("🦊", ""))
    reader = PdfReader(written(shown, "handout", tmp_path))
    text = "".join("".join(page.extract_text() for page in reader.pages).split())
    assert "\\input{/etc/passwd}" in text
    assert "*c*" in text


@pytest.mark.parametrize("to", ["gif", "webp"])
def test_animations_move(to, rendered_video, tmp_path):
    with Image.open(written(rendered_video, to, tmp_path)) as picture:
        assert picture.n_frames > 10
        assert picture.size == (640, 360)
        seconds = 0.0
        for number in range(picture.n_frames):
            picture.seek(number)
            picture.load()
            seconds += picture.info["duration"] / 1000
    assert seconds == pytest.approx(rendered_video.cues[-1].end, abs=0.3)


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
    captions = ["".join(child.content for child in children) for children in items]
    assert captions == [NASTY, NASTY]


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
def test_beamer_compiles(rendered_video, tmp_path):
    frame = written(rendered_video, "beamer", tmp_path).name
    document = f"\\documentclass{{beamer}}\\begin{{document}}\\input{{{frame}}}\\end{{document}}"
    (tmp_path / "talk.tex").write_text(document, encoding="utf-8")
    command = ["lualatex", "-halt-on-error", "-interaction=nonstopmode", "talk.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]


def test_jupyter(nasty, tmp_path):
    book = nbformat.read(written(nasty, "jupyter", tmp_path), as_version=4)
    nbformat.validate(book)
    captions, code = book.cells
    (output,) = code.outputs
    shown = Elements(output.data["text/html"])
    (video,) = shown.attributes("video")
    media, _, content = video["src"].partition(";base64,")
    assert media == "data:video/mp4"
    assert base64.b64decode(content) == nasty.path.read_bytes()
    assert [source["src"] for source in shown.attributes("source")] == ["out.mp4"]
    assert not shown.attributes("img")
    assert "small" in captions.source
    compile(code.source, "cell", "exec")
    assert "'out.mp4'" in code.source


def test_a_page_in_a_folder_has_its_videos_beside_it(rendered_video, tmp_path):
    index, video = write([rendered_video], "html", tmp_path / "lecture")
    assert (index.name, video.name) == ("index.html", "small.mp4")
    assert video.read_bytes() == rendered_video.path.read_bytes()
    assert index.stat().st_size < 1_000_000


@pytest.mark.parametrize(
    ("to", "output", "message"),
    [
        ("htlm", "a.html", "unknown export format 'htlm'; did you mean html"),
        ("pptx", "a.ppt", r"must end in \.pptx"),
        ("html", "a.pdf", r"must be a folder or end in \.html"),
    ],
)
def test_an_impossible_export_is_refused(to, output, message, rendered_video, tmp_path):
    with pytest.raises(ExportError, match=message):
        write([rendered_video], to, tmp_path / output)


def test_a_language_without_captions_is_refused(rendered_video, tmp_path):
    with pytest.raises(ExportError, match="no captions in 'fr'; it has en and zh"):
        write([rendered_video], "markdown", tmp_path / "a.md", language="fr")


@pytest.mark.parametrize("to", sorted({*ENDINGS} - {"html", "pptx", "handout"}))
def test_several_videos_cannot_be_one_snippet(to, rendered_video, tmp_path):
    with pytest.raises(ExportError, match="one video; html, pptx or handout can join several"):
        write([rendered_video, rendered_video], to, tmp_path / f"a{ENDINGS[to]}")


P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"


def one(node, path):
    """Return the only node at a path below another."""
    (found,) = node.iterfind("/".join(P + step for step in path.split("/")))
    return found


def test_next_plays_the_clip(rendered_video, tmp_path):
    """What PowerPoint writes for a video in the click sequence, level by level."""
    deck = Presentation(str(written(rendered_video, "pptx", tmp_path)))
    for slide, cue in zip(deck.slides, rendered_video.cues, strict=True):
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


def test_several_scenes_make_one_deck(rendered_video, tmp_path):
    other = replace(rendered_video, scene="unrolling", trace="abc123")
    path = tmp_path / "a.pptx"
    write([other, rendered_video], "pptx", path, title="Week 7", language="zh")
    deck = Presentation(str(path))
    assert deck.core_properties.title == "Week 7"
    assert rendered_video.trace in deck.core_properties.comments
    opening, *_ = deck.slides
    assert opening.shapes.title.text_frame.text == other.titles()["zh"]
    assert "abc123" in opening.placeholders[1].text_frame.text
    movies = [sum(shape.shape_type == 16 for shape in slide.shapes) for slide in deck.slides]
    assert movies == [0, 1, 1, 0, 1, 1]
    write([other, rendered_video], "pptx", path)
    assert Presentation(str(path)).core_properties.title == "How recurrent networks work"
    for slide in deck.slides:
        for shape in slide.shapes:
            assert 0 <= shape.left < shape.left + shape.width <= deck.slide_width
            assert 0 <= shape.top < shape.top + shape.height <= deck.slide_height


def test_several_scenes_make_one_handout(rendered_video, tmp_path):
    other = replace(rendered_video, scene="unrolling", trace="abc123")
    write([rendered_video, other], "handout", tmp_path / "a.pdf", title="Week 7")
    reader = PdfReader(tmp_path / "a.pdf")
    text = " ".join(page.extract_text() for page in reader.pages)
    assert reader.metadata.title == "Week 7"
    for expected in (
        "Week 7",
        "small",
        "One layer, used at every step",
        rendered_video.trace,
        "abc123",
    ):
        assert expected in text
    assert sum(len(page.images) for page in reader.pages) == 4


@pytest.mark.parametrize("to", ["pptx", "handout", "revealjs", "quarto", "markdown", "beamer",
                                "jupyter", "html"])  # fmt: skip
def test_a_title_replaces_the_scenes_title(to, rendered_video, tmp_path):
    path = tmp_path / f"out{ENDINGS[to]}"
    write([rendered_video], to, path, title="Week 7")
    shown = {
        "pptx": lambda: Presentation(str(path)).core_properties.title,
        "handout": lambda: PdfReader(path).metadata.title,
    }.get(to, lambda: path.read_text(encoding="utf-8"))()
    assert "Week 7" in shown


@pytest.mark.parametrize(
    ("to", "title", "message"),
    [
        ("gif", "Week 7", "'gif' has no title"),
        ("markdown", "a\nb", "must be one line of text"),
        ("html", " ", "must be one line of text"),
    ],
)
def test_a_title_that_cannot_be_shown_is_refused(to, title, message, rendered_video, tmp_path):
    with pytest.raises(ExportError, match=message):
        write([rendered_video], to, tmp_path / f"a{ENDINGS[to]}", title=title)


def test_a_failure_leaves_the_old_file(rendered_video, tmp_path, monkeypatch):
    old = tmp_path / "a.md"
    old.write_text("old", encoding="utf-8")

    def fail(self):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", lambda self, *args, **kinds: fail(self))
    with pytest.raises(ExportError, match="No space left on device"):
        write([rendered_video], "markdown", old)
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
def test_a_video_that_rnnviz_did_not_make_is_refused(damage, message, rendered_video):
    damage(rendered_video.path)
    with pytest.raises(ExportError, match=message):
        RenderedVideo.of(rendered_video.path)


def change(key, value, beat=0):
    """Return a function that changes one field of a beat in a description."""

    def changed(description):
        description["beats"][beat][key] = value

    return changed


@pytest.mark.parametrize(
    "change",
    [
        change("end", float("nan")),
        change("end", float("inf")),
        change("start", -1.0),
        change("end", 1e9, beat=1),
        change("start", 0.0, beat=1),
        change("number", 10**400),
        change("number", 1, beat=1),
        change("name", "../../other"),
        change("captions", {}),
        change("captions", {"en": "a\0b", "zh": "a"}),
        change("captions", {"en": "One state."}, beat=1),
        lambda description: description.update(scene="../other"),
        lambda description: description.update(language="fr"),
    ],
)
def test_an_invalid_description_is_refused(change, rendered_video):
    beside = rendered_video.path.with_suffix(".json")
    description = json.loads(beside.read_text(encoding="utf-8"))
    change(description)
    beside.write_text(json.dumps(description), encoding="utf-8")
    with pytest.raises(ExportError, match=r"does not describe the beats .* \(.+\); render"):
        RenderedVideo.of(rendered_video.path)


def test_a_deeply_nested_description_is_refused(rendered_video):
    rendered_video.path.with_suffix(".json").write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(ExportError, match="does not describe the beats"):
        RenderedVideo.of(rendered_video.path)


def test_a_video_of_another_kind_is_refused(tmp_path):
    (tmp_path / "a.avi").write_bytes(b"x")
    with pytest.raises(ExportError, match=r"no \.mp4 or \.webm"):
        RenderedVideo.of(tmp_path / "a.avi")


def test_a_still_is_the_last_frame_of_its_beat(rendered_video, tmp_path):
    """Each frame of the video has its own shade of grey."""
    count, rate = round(15 * rendered_video.cues[-1].end), 15
    greys = [round(255 * number / (count - 1)) for number in range(count)]
    with av.open(str(tmp_path / "grey.mp4"), "w") as made:
        stream = made.add_stream("libx264", rate=rate, options={"crf": "0"})
        stream.width, stream.height = 64, 48
        for grey in greys:
            picture = np.full((48, 64), grey, np.uint8)
            made.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "gray")))
        made.mux(stream.encode())
    stills = replace(rendered_video, path=tmp_path / "grey.mp4").stills()
    assert len(stills) == len(rendered_video.cues)
    for cue, still in zip(rendered_video.cues, stills, strict=True):
        shown = np.asarray(Image.open(io.BytesIO(still)).convert("L"))[24, 32]
        assert abs(int(shown) - greys[round(cue.end * rate) - 1]) < 0.5 * 255 / (count - 1), cue


def remade(rendered_video, pick):
    """Encode the video again with changed frames, as another tool would."""
    with av.open(str(rendered_video.path)) as given:
        pictures = pick([frame.to_ndarray(format="rgb24") for frame in given.decode(video=0)])
    with av.open(str(rendered_video.path), "w") as made:
        stream = made.add_stream("libx264", rate=15)
        stream.height, stream.width, _ = pictures[0].shape
        for picture in pictures:
            made.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        made.mux(stream.encode())


@pytest.mark.parametrize(
    ("pick", "message"),
    [
        (lambda pictures: pictures[:40], r"lasts 2\.7 s, .* 3\.7 s: .* beat 2 is incomplete"),
        (lambda pictures: pictures[:10], r"beats 1 to 2 are incomplete"),
        (lambda pictures: [each for each in pictures for _ in range(2)], r"slowed down or"),
    ],
)  # fmt: skip
def test_a_video_that_another_tool_made_longer_or_shorter_is_refused(pick, message, rendered_video):
    remade(rendered_video, pick)
    with pytest.raises(ExportError, match=message):
        RenderedVideo.of(rendered_video.path)


def test_a_reencoded_video_of_the_same_length_needs_no_checksum(rendered_video):
    remade(rendered_video, list)
    with pytest.raises(ExportError, match=r"remove 'videos' from 'small\.json'"):
        RenderedVideo.of(rendered_video.path)
    beside = rendered_video.path.with_suffix(".json")
    description = json.loads(beside.read_text())
    del description["videos"]
    beside.write_text(json.dumps(description))
    assert RenderedVideo.of(rendered_video.path).cues == rendered_video.cues


def test_a_damaged_video_is_refused(rendered_video):
    rendered_video.path.write_bytes(b"nothing")
    with pytest.raises(ExportError, match="cannot be read"):
        rendered_video.stills()

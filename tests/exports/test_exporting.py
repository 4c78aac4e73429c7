"""Export scenes and videos together, from Python and from the command line."""

import json
import os
import re
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from own_fonts import DEJAVU, built, saved
from pptx import Presentation

import rnnviz
from rnnviz.cli import export as command
from rnnviz.cli import main
from rnnviz.errors import ExportError, TraceError
from rnnviz.exports import exporting, live_pages
from rnnviz.exports.live_pages import LivePages

SCENES = ("feedforward", "unrolling")


@pytest.fixture
def rendered(video, monkeypatch):
    """Record the requests to render, and copy a ready video instead."""
    requests = []

    def render(scene, trace=None, *, output, **settings):
        requests.append((scene, trace, settings))
        settings["progress"]("first", 1, 1)
        for path in video.parent.glob("small.*"):
            shutil.copy(path, Path(output).with_suffix("".join(path.suffixes)))
        return rnnviz.rendering.Rendered(scene, (Path(output),), (), 0.0)

    monkeypatch.setattr(exporting, "render", render)
    return requests


def test_scenes_and_videos_make_one_deck(video, rendered, tmp_path):
    progress = []
    paths = rnnviz.export(
        "unrolling",
        video,
        "gates",
        to="pptx",
        output=tmp_path / "a.pptx",
        title="Week 7",
        trace="run.safetensors",
        language="zh",
        theme="light",
        quality="l",
        progress=lambda *what: progress.append(what),
    )
    assert paths == (tmp_path / "a.pptx",)
    assert [(scene, trace) for scene, trace, _ in rendered] == [
        ("unrolling", "run.safetensors"),
        ("gates", "run.safetensors"),
    ]
    settings = rendered[0][2]
    assert (settings["language"], settings["theme"], settings["quality"]) == ("zh", "light", "l")
    assert progress == [("unrolling, first", 1, 1), ("gates, first", 1, 1)]
    assert len(Presentation(str(paths[0])).slides) == 9


def links_of(index):
    """Return the link to a live page that each scene of a lecture has."""
    text = index.read_text(encoding="utf-8")
    content = re.search(r'<script type="application/json" id="lecture">(.*?)</script>', text, re.S)
    return [scene["live"] for scene in json.loads(content[1])["scenes"]]


def test_a_folder_has_the_live_page_of_the_network(video, trace, rendered, tmp_path):
    paths = rnnviz.export(
        *("unrolling", video, "gates", video.with_name("small.py")),
        to="html",
        output=tmp_path / "lecture",
        trace=trace,
        theme="light",
    )
    assert [path.name for path in paths] == [
        *("index.html", "small.mp4", "small-2.mp4", "small-3.mp4", "small-4.mp4", "live.html")
    ]
    assert links_of(paths[0]) == ["live.html#scene=unrolling", None, "live.html#scene=gates", None]
    assert trace.identity in paths[-1].read_text(encoding="utf-8")
    (page,) = rnnviz.export("unrolling", to="html", output=tmp_path / "a.html", trace=trace)
    assert links_of(page) == [None]
    assert [path.name for path in tmp_path.iterdir() if path.name != "lecture"] == ["a.html"]
    paths = rnnviz.export(video, to="html", output=tmp_path / "of-videos")
    assert [path.name for path in paths] == ["index.html", "small.mp4"]
    assert links_of(paths[0]) == [None]


def test_each_network_has_one_live_page(monkeypatch):
    def explore(trace, language):
        if trace.identity == "blind":
            raise TraceError("the trace has no gradients")
        return f"{language} {trace.identity}"

    def recording(task, training):
        kind = "blind" if task == "prices" else training.get("cell", "rnn")
        return SimpleNamespace(identity=kind)

    monkeypatch.setattr(live_pages, "explore", explore)
    messages = []
    live = LivePages(recording, messages.append, language="zh")
    for scene in ("unrolling", "gates", "exploding-gradient", None, "vanishing-gradient", "own.py"):
        live.add(scene)
    assert live.links == [
        *("live.html#scene=unrolling", "live-2.html#scene=gates", None, None),
        *("live.html#scene=vanishing-gradient", None),
    ]
    assert live.files == {"live.html": "zh rnn", "live-2.html": "zh lstm"}
    assert messages == ["there is no live page: the trace has no gradients"]


@pytest.mark.parametrize(
    ("what", "given", "message"),
    [
        ((), {}, "nothing to export"),
        (("unrolling",), {"output": "a.ppt"}, r"must end in \.pptx"),
        (("unrolling",), {"to": "pptx2"}, "unknown export format 'pptx2'"),
        (("unrolling", "gates"), {"to": "gif", "output": "a.gif"}, "takes one video"),
        (("unrolling",), {"trace": "a", "task": "adding"}, "trace and task exclude each other"),
        (("a.mp4",), {"task": "adding"}, "task applies to scenes"),
        (("unrolling", "a.mp4"), {}, "there is no video 'a.mp4'"),
    ],
)
def test_an_impossible_export_is_refused_before_rendering(what, given, message, rendered):
    with pytest.raises(ExportError, match=message):
        rnnviz.export(*what, **{"to": "pptx", "output": "a.pptx", **given})
    assert rendered == []


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        main([*map(str, arguments)])
    return left.value.code, *capsys.readouterr()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["unrolling", "gates", "--to", "gif", "-o", "a.gif"],
            "several scenes or videos need --to html, pptx or handout",
        ),
        (["--all", "--to", "beamer", "-o", "a.tex"], "--all needs --to html, pptx or handout"),
        (["a.mp4", "--to", "gif", "-o", "a.gif", "--task", "adding"], "--task applies to SCENE"),
        (
            ["a", "--to", "pptx", "-o", "a", "--trace", "b", "--task", "adding"],
            "--trace cannot be combined with a task",
        ),
        (["a", "--all", "--to", "html", "-o", "a"], "give either SCENE or VIDEO, or --all"),
    ],
)
def test_wrong_usage(arguments, message, capsys):
    status, _, err = run(capsys, "export", *arguments)
    assert status == 2
    assert message in err


def test_the_command_makes_one_deck_of_scenes_and_videos(
    video, trace, tmp_path, capsys, monkeypatch, request
):
    """One of the scenes is really rendered: the command must call the renderer correctly."""
    monkeypatch.chdir(tmp_path)
    trace.save("run.safetensors")
    given = (
        "export", video.with_name("small.py"), video, "--to", "pptx", "-o", "a.pptx",
        "--title", "Week 7", "--trace", "run.safetensors", "--lang", "zh", "-ql",
    )  # fmt: skip
    status, _, err = run(capsys, *given)
    assert status == 1
    assert "small.py' are not translated into 'zh'" in err
    request.getfixturevalue("chinese")
    status, out, err = run(capsys, *given)
    assert (status, out) == (0, "a.pptx\n"), err
    deck = Presentation("a.pptx")
    assert deck.core_properties.title == "Week 7"
    assert len(deck.slides) == 6


def test_the_command_writes_live_pages_and_links_them(video, trace, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trace.save("run.safetensors")

    def begin_render(scene, trace, executor, report, prefix, *, output, **settings):
        for path in video.parent.glob("small.*"):
            shutil.copy(path, Path(output).with_suffix("".join(path.suffixes)))
        done = rnnviz.rendering.Rendered(scene, (Path(output),), (), 0.0)
        return SimpleNamespace(finish=lambda: done)

    monkeypatch.setattr(command, "begin_render", begin_render)
    monkeypatch.setattr(command, "SCENES", SCENES)
    given = ("--to", "html", "-o", "lecture", "--trace", "run.safetensors", "--lang", "zh")
    status, out, err = run(capsys, "export", "--all", *given)
    assert status == 0, err
    names = ("index.html", "small.mp4", "small-2.mp4", "live.html")
    assert out.split() == [f"lecture/{name}" for name in names]
    assert links_of(Path("lecture/index.html")) == [f"live.html#scene={each}" for each in SCENES]
    assert '<html lang="zh"' in Path("lecture/live.html").read_text(encoding="utf-8")


def test_without_python_pptx_the_error_says_how_to_install_it(video, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pptx", None)
    with pytest.raises(ExportError, match=r"pip install 'rnnviz\[slides\]'"):
        rnnviz.export(video, to="pptx", output=tmp_path / "a.pptx")
    assert not (tmp_path / "a.pptx").exists()


@pytest.mark.parametrize("source", ["options", "environment"])
def test_the_command_sets_captions_in_custom_fonts(source, video, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in video.parent.glob("small.*"):
        shutil.copy(path, tmp_path)
    description = json.loads(Path("small.json").read_text(encoding="utf-8"))
    description["beats"][0]["captions"]["en"] = "\u0645 \u092e"
    Path("small.json").write_text(json.dumps(description), encoding="utf-8")
    fonts = [str(DEJAVU), str(saved(tmp_path, "a.ttf", built("\u092e\u0645")))]
    given = [part for font in fonts for part in ("--font", font)] if source == "options" else []
    if source == "environment":
        monkeypatch.setenv("RNNVIZ_FONT", os.pathsep.join(fonts))
    status, _, err = run(capsys, "export", "small.mp4", "--to", "html", "-o", "a.html", *given)
    assert status == 0, err
    page = Path("a.html").read_text(encoding="utf-8")
    assert page.index("unicode-range: U+645;") < page.index("unicode-range: U+92E;")

"""The cache returns nothing stale and nothing damaged."""

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from often import every
from small_scenes import HEAD, THREE

import rnnviz
from rnnviz.errors import RenderError
from rnnviz.experiments import default_recordings as defaults
from rnnviz.rendering import plan, request
from rnnviz.rendering.cache import imports
from rnnviz.rendering.cache import library as library_files
from rnnviz.rendering.execution import performance
from rnnviz.system import cache as cache_module
from rnnviz.system.cache import BOUND_VARIABLE, Cache, usable
from rnnviz.text import translation

ALL = ["one", "three", "two"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    every(
        2,
        [
            pytest.param(
                "shift(RIGHT)", "shift(LEFT)", ["three", "two"], id="a body, and the state"
            ),
            pytest.param(
                "RIGHT), run_time=0.2", "RIGHT), run_time=0.4", ["two"], id="a body alone"
            ),
            pytest.param("opacity=0.5", "opacity=0.6", ["three"], id="the last beat"),
            pytest.param(
                '"Two."', '"2."', ["three", "two"], id="a caption, which the next fades out"
            ),
            pytest.param('"Three."', '"3."', ["three"], id="the last caption"),
            pytest.param("return 1.0", "return 1.5", ALL, id="a helper"),
            pytest.param("class Three(", "# why\n\nclass Three(", [], id="comments and lines"),
            pytest.param("opacity=0.5", " opacity = (0.5) ", [], id="layout"),
            pytest.param("def two(self", "def zwei(self", ["zwei"], id="a name"),
        ],
    ),
)
def test_a_change_redraws_only_the_beats_it_affects(
    old, new, expected, three, trace, tmp_path, drawn, anew
):
    output = tmp_path / "three.mp4"
    assert drawn(three, trace, output) == ALL
    assert drawn(three, trace, output) == []
    changed = THREE.replace(old, new)
    assert changed != THREE
    three.write_text(changed, encoding="utf-8")
    assert drawn(three, trace, output) == expected
    assert anew(three, trace, output)
    three.write_text(THREE, encoding="utf-8")
    assert drawn(three, trace, output) == []


@pytest.mark.parametrize(
    "setting",
    every(2, [{"theme": "light"}, {"notation": "d2l"}, {"quality": "m"}, {"format": "webm"}]),
    ids=str,
)
def test_another_encoding_profile_or_theme_redraws_everything(
    setting, three, trace, tmp_path, drawn, anew
):
    drawn(three, trace, tmp_path / "three.mp4", beats=(1,))
    output = tmp_path / f"three.{setting.get('format', 'mp4')}"
    assert drawn(three, trace, output, beats=(1,), **setting) == ["one"]
    assert anew(three, trace, output, beats=(1,), **setting)
    assert drawn(three, trace, tmp_path / "three.mp4", beats=(1,)) == []


def test_a_transparent_background_redraws_everything(three, trace, tmp_path, drawn):
    output = tmp_path / "three.mov"
    assert drawn(three, trace, output, format="mov") == ALL
    assert drawn(three, trace, output, format="mov", transparent=True) == ALL
    assert drawn(three, trace, output, format="mov") == []


def test_another_trace_redraws_everything(three, make_trace, tmp_path, drawn, anew):
    output = tmp_path / "three.mp4"
    assert drawn(three, make_trace(), output) == ALL
    assert drawn(three, make_trace(seed=1), output) == ALL
    assert anew(three, make_trace(seed=1), output)
    assert drawn(three, make_trace(), output) == []


def test_selected_beats_equal_those_of_the_whole_video(three, trace, tmp_path, drawn, anew):
    assert drawn(three, trace, tmp_path / "three.mp4") == ALL
    assert drawn(three, trace, tmp_path / "some.mp4", beats=(2, 3)) == []
    assert anew(three, trace, tmp_path / "some.mp4", beats=(2, 3))


def test_another_language_or_translation_redraws(three, trace, tmp_path, drawn, anew, monkeypatch):
    folder = tmp_path / "locale" / "zh" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    monkeypatch.setattr(translation, "_locale", lambda: tmp_path / "locale")
    output = tmp_path / "three.mp4"

    def render_with(**texts):
        head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n'
        entries = "".join(f'\nmsgid "{key}."\nmsgstr "{text}"\n' for key, text in texts.items())
        (folder / "rnnviz.po").write_text(head + entries, encoding="utf-8")
        translation._messages.cache_clear()
        made = drawn(three, trace, output, language="zh")
        assert anew(three, trace, output, language="zh")
        return made

    try:
        assert drawn(three, trace, output) == ALL
        assert render_with(One="一", Two="二", Three="三") == ALL
        assert render_with(One="一", Two="二", Three="叁") == ["three"]
        assert render_with(One="一", Two="贰", Three="叁") == ["three", "two"]
        assert render_with(One="一", Two="二", Three="三", Four="四") == []
        assert drawn(three, trace, output) == []
    finally:
        translation._messages.cache_clear()


@pytest.mark.parametrize("library", every(4, ["manim", "pycairo", "av", "pillow"]))
def test_another_version_of_a_library_redraws(library, three, trace, tmp_path, drawn, monkeypatch):
    output = tmp_path / "three.mp4"
    assert drawn(three, trace, output, beats=(1,)) == ["one"]
    other = {library: "0.0"}
    for module in (performance, request):
        monkeypatch.setattr(module, "version", lambda name: other.get(name) or version(name))
    assert drawn(three, trace, output, beats=(1,)) == ["one"]
    monkeypatch.undo()


LIBRARY_FILES = ("fonts/OFL.txt", "mobjects/theme.py", "text/palette.py")


@pytest.fixture(scope="module")
def library_copy(tmp_path_factory):
    """A copy of the library, whose syntax trees take 45 MB."""
    library, copy = library_files.library_folder(), tmp_path_factory.mktemp("copy") / "rnnviz"
    # with links as they are: in the copies of tools/mutants.py, the scenes are one
    yield shutil.copytree(library, copy, symlinks=True, ignore=shutil.ignore_patterns("*.pyc"))
    for remembered in (imports._module, imports._imported_inside):
        remembered.cache_clear()


@pytest.fixture
def copied_library(library_copy):
    """The copy; tests may change the files of LIBRARY_FILES."""
    library = library_files.library_folder()
    yield library_copy
    for file in LIBRARY_FILES:
        shutil.copy2(library / file, library_copy / file)
    library_files._LOADED.clear()


@pytest.mark.parametrize("file", every(2, LIBRARY_FILES))
def test_another_font_or_library_module_redraws(
    file, three, trace, tmp_path, drawn, copied_library, monkeypatch
):
    output, copy = tmp_path / "three.mp4", copied_library
    assert drawn(three, trace, output, beats=(1,)) == ["one"]
    monkeypatch.setattr(library_files, "library_folder", lambda: copy)
    monkeypatch.setattr(
        performance, "shipped_digest", lambda: (copy / "fonts" / "OFL.txt").read_text()
    )
    assert drawn(three, trace, output, beats=(1,)) == []
    with (copy / file).open("a") as changed:
        changed.write('\nOTHER = "other"\n')
    library_files._LOADED.clear()
    assert drawn(three, trace, output, beats=(1,)) == ["one"]
    assert drawn(three, trace, output, beats=(1,)) == []


VIEW = (
    "from manim import Circle\n\nfrom inner import SIZE\n\ndef made():\n    return Circle(SIZE)\n"
)
WITH_VIEW = (
    HEAD
    + """
from seen_here import made


class WithView(Storyboard):
    @beat("One.")
    def one(self):
        self.play(FadeIn(made()), run_time=0.2)
"""
)


def test_a_changed_module_beside_the_scene_redraws(trace, tmp_path, drawn, anew, restarted):
    scene = tmp_path / "with_view.py"
    scene.write_text(WITH_VIEW)
    (tmp_path / "seen_here.py").write_text(VIEW)
    (tmp_path / "inner.py").write_text("SIZE = 1.0\n")
    output = tmp_path / "view.mp4"
    modules = ("seen_here", "inner")
    assert drawn(scene, trace, output) == ["one"]
    first = output.read_bytes()
    for file, text in (("seen_here", VIEW.replace("(SIZE)", "(2 * SIZE)")), ("inner", "SIZE = 3")):
        restarted(*modules)
        (tmp_path / f"{file}.py").write_text(text)
        shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
        assert drawn(scene, trace, output) == ["one"], file
        assert output.read_bytes() != first
        assert anew(scene, trace, output)
    restarted(*modules)
    (tmp_path / "other.py").write_text("SIZE = 9")
    assert drawn(scene, trace, output) == []


def test_a_module_changed_after_loading_is_not_cached_as_its_new_version(
    trace, tmp_path, drawn, anew, restarted
):
    scene = tmp_path / "with_view.py"
    scene.write_text(WITH_VIEW)
    (tmp_path / "seen_here.py").write_text(VIEW)
    (tmp_path / "inner.py").write_text("SIZE = 1.0\n")
    output = tmp_path / "view.mp4"
    restarted("seen_here", "inner")
    drawn(scene, trace, output)
    (tmp_path / "inner.py").write_text("SIZE = 2.00\n")
    shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
    assert drawn(scene, trace, output) == ["one"]  # with what is loaded
    restarted("seen_here", "inner")
    assert drawn(scene, trace, output) == ["one"]
    assert anew(scene, trace, output)


def test_a_changed_file_that_the_scene_reads_redraws(trace, tmp_path, drawn, anew):
    square = '<svg xmlns="http://www.w3.org/2000/svg"><rect width="{}" height="9"/></svg>'
    (tmp_path / "mark.svg").write_text(square.format(9))
    scene = tmp_path / "named.py"
    body = 'self.play(FadeIn(SVGMobject(str(Path(__file__).with_name("mark.svg")))))'
    text = WITH_VIEW.replace("self.play(FadeIn(made()), run_time=0.2)", body)
    text = text.replace("from seen_here import made", "from pathlib import Path")
    scene.write_text(text)
    output = tmp_path / "named.mp4"
    assert drawn(scene, trace, output) == ["one"]
    assert drawn(scene, trace, output) == []
    (tmp_path / "mark.svg").write_text(square.format(4))
    assert drawn(scene, trace, output) == ["one"]
    assert anew(scene, trace, output)


def test_camera_changes_of_a_beat_redraw_the_next(three, trace, tmp_path, drawn, anew):
    output = tmp_path / "three.mp4"
    drawn(three, trace, output)
    ground = "self.camera.background_color = RED\n        self.play(self.square.animate.shift("
    three.write_text(THREE.replace("self.play(self.square.animate.shift(", ground))
    assert drawn(three, trace, output) == ["three", "two"]
    assert anew(three, trace, output)


def test_beats_marked_through_an_alias(trace, tmp_path, drawn):
    scene = tmp_path / "marked.py"
    text = THREE.replace("beats import beat", "beats import beat as idea").replace("@beat", "@idea")
    scene.write_text(text)
    assert drawn(scene, trace, tmp_path / "marked.mp4") == ALL
    assert drawn(scene, trace, tmp_path / "marked.mp4") == []
    scene.write_text(text.replace("opacity=0.5", "opacity=0.6"))
    assert "three" in drawn(scene, trace, tmp_path / "marked.mp4")


def entries(cache):
    return sorted((cache / "beats").iterdir())


@pytest.mark.parametrize(
    "damage",
    every(
        2,
        [
            lambda entry: entry.write_bytes(entry.read_bytes()[:-100]),
            lambda entry: entry.write_bytes(b""),
            lambda entry: entry.write_bytes(b"\0" * entry.stat().st_size),
            lambda entry: entry.write_bytes(os.urandom(1000)),
            lambda entry: entry.write_bytes(entry.read_bytes().replace(b"\x80", b"\x81")),
            lambda entry: entry.unlink(),
            lambda entry: (entry.unlink(), entry.mkdir()),
        ],
    ),
    ids=["truncated", "empty", "zeros", "garbage", "bits", "gone", "a folder"],
)
def test_a_damaged_beat_is_drawn_again(damage, three, trace, tmp_path, drawn, cache):
    output = tmp_path / "three.mp4"
    drawn(three, trace, output, beats=(1,))
    content = output.read_bytes()
    (entry,) = entries(cache)
    damage(entry)
    output.unlink()
    assert drawn(three, trace, output, beats=(1,)) == ["one"]
    assert output.read_bytes() == content
    output.unlink()
    assert drawn(three, trace, output, beats=(1,)) == ([] if entry.is_file() else ["one"])


@pytest.fixture
def registered(trace, tmp_path, drawn):
    """Return a function that renders a registered scene's beat, and tells whether it drew it."""

    def render():
        return bool(drawn("unrolling", trace, tmp_path / "out" / "loop.mp4", beats=(1,)))

    return render


@pytest.fixture(scope="module")
def made_once(tmp_path_factory, make_trace):
    """The folders of a rendered beat of a registered scene and of its cache."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RNNVIZ_CACHE_DIR", str(folder / "cache"))
        output = folder / "out" / "loop.mp4"
        rnnviz.render("unrolling", make_trace(), output=output, quality="l", beats=(1,), jobs=2)
    return folder


@pytest.fixture
def rendered_again(made_once, registered, tmp_path):
    """As ``registered``, of a scene that was rendered before."""
    shutil.copytree(made_once, tmp_path, dirs_exist_ok=True)
    return registered


def told_by(folder):
    return {entry.name: entry.stat().st_mtime_ns for entry in folder.iterdir()}


def test_an_unchanged_video_is_left_alone(rendered_again, tmp_path):
    before = told_by(tmp_path / "out")
    assert not rendered_again()
    assert told_by(tmp_path / "out") == before


@pytest.mark.parametrize("name", ["loop.mp4", "loop.zh.vtt"])
def test_a_video_that_was_altered_or_deleted_is_joined_again(rendered_again, tmp_path, name):
    file = tmp_path / "out" / name
    content = file.read_bytes()
    for spoil in (Path.unlink, lambda path: path.write_bytes(b"mine")):
        spoil(file)
        assert not rendered_again()
        assert file.read_bytes() == content


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"segments": 5, "cues": [], "about": {}}'],
)
def test_a_damaged_note_is_ignored(rendered_again, tmp_path, cache, content):
    video = (tmp_path / "out" / "loop.mp4").read_bytes()
    (note,) = (cache / "renders").iterdir()
    note.write_bytes(content)
    assert not rendered_again()
    assert (tmp_path / "out" / "loop.mp4").read_bytes() == video
    assert not rendered_again()


@pytest.mark.parametrize(
    "change",
    [
        lambda noted: [],
        lambda noted: {**noted, "files": {}},
        lambda noted: {**noted, "files": []},
        lambda noted: {**noted, "segments": []},
        lambda noted: {**noted, "cues": [{"number": 1}]},
        lambda noted: {**noted, "cues": 3},
        lambda noted: {key: value for key, value in noted.items() if key != "about"},
        lambda noted: {**noted, "files": {".mp4": "0"}, "segments": ["gone.mp4"]},
        lambda noted: {**noted, "files": {"/../../keep": "0"}},
        lambda noted: {**noted, "segments": ["../../" + name for name in noted["segments"]]},
        lambda noted: {
            **noted,
            "cues": [{**cue, "captions": {"x/../../keep": "a"}} for cue in noted["cues"]],
        },
    ],
)
def test_a_note_of_another_shape_is_ignored(rendered_again, tmp_path, cache, change):
    video = (tmp_path / "out" / "loop.mp4").read_bytes()
    (note,) = (cache / "renders").iterdir()
    key = note.stem.partition("-")[0]
    Cache(cache).write_note(key, change(json.loads(note.read_text())))
    (tmp_path / "out" / "loop.mp4").unlink()
    assert not rendered_again()
    assert (tmp_path / "out" / "loop.mp4").read_bytes() == video


UNCHANGED = """
import sys
from rnnviz.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    heavy = {"manim", "torch", "av", "matplotlib", "scipy"} & set(sys.modules)
    print(end.code, sorted(heavy))
"""


def test_an_unchanged_render_loads_nothing_heavy(trace, tmp_path):
    saved = trace.save(tmp_path / "run.safetensors")
    output = tmp_path / "loop.mp4"
    rnnviz.render("unrolling", saved, quality="l", beats=(1,), output=output)
    before = output.stat().st_mtime_ns
    command = ["render", "unrolling", "-ql", "--beats", "1", "--trace", saved, "-o", output]
    done = subprocess.run(
        [sys.executable, "-c", UNCHANGED, *map(str, command)], capture_output=True, text=True
    )
    assert done.stdout.splitlines() == [str(output), "0 []"], done.stderr
    assert output.stat().st_mtime_ns == before


@pytest.fixture
def rendered_again_elsewhere(three, trace, tmp_path):
    """Return a function that renders an own scene in a new process; it was rendered before."""
    saved = trace.save(tmp_path / "run.safetensors")
    output = tmp_path / "three.mp4"
    rnnviz.render(three, saved, quality="l", output=output)
    command = ["render", three, "-ql", "--trace", saved, "-o", output]
    call = [sys.executable, "-c", UNCHANGED, *map(str, command)]
    return lambda: subprocess.run(call, capture_output=True, text=True)


def test_an_unchanged_own_scene_loads_nothing_heavy(rendered_again_elsewhere, tmp_path):
    done = rendered_again_elsewhere()
    assert done.stdout.splitlines() == [str(tmp_path / "three.mp4"), "0 []"], done.stderr


@pytest.mark.slow
def test_a_changed_own_scene_is_loaded(rendered_again_elsewhere, three):
    three.write_text(THREE.replace("opacity=0.5", "opacity=0.6"))
    assert "manim" in rendered_again_elsewhere().stdout


def test_the_task_of_an_own_scene_is_remembered(three, trace, tmp_path, monkeypatch):
    def recorded(task, **options):
        assert task == "prices"
        return trace

    monkeypatch.setattr(defaults, "record_task", recorded)
    three.write_text(THREE.replace("Storyboard):", 'Storyboard):\n    task = "prices"\n'))
    output = tmp_path / "three.mp4"
    rnnviz.render(three, quality="l", output=output)
    with monkeypatch.context() as patch:
        patch.setattr(plan, "make_plan", None)
        rnnviz.render(three, quality="l", output=output)
    three.write_text(THREE)
    with pytest.raises(AssertionError):
        rnnviz.render(three, quality="l", output=output)


def test_a_library_changed_after_loading_redraws_each_time(registered, copied_library, monkeypatch):
    scenes = library_files.scenes_folder()
    monkeypatch.setattr(library_files, "library_folder", lambda: copied_library)
    monkeypatch.setattr(library_files, "scenes_folder", lambda: scenes)
    assert registered()
    assert not registered()
    with (copied_library / "text" / "palette.py").open("a") as changed:
        changed.write("\nOTHER = 1\n")
    assert registered()
    assert registered()
    library_files._LOADED.clear()
    assert registered()
    assert not registered()


def filled(folder, sizes):
    cache = usable(folder)
    for time, (name, size) in enumerate(sizes.items()):
        made = folder / f"{name}.mp4"
        made.write_bytes(name.encode() * size)
        cache.keep(made)
        made.unlink()
        (entry,) = cache.beats.glob(f"{name}-*")
        os.utime(entry, (time, time))
    return cache


def names(cache):
    return "".join(sorted(entry.name.partition("-")[0] for entry in cache.beats.iterdir()))


def test_least_recently_used_entries_are_removed_first(tmp_path, monkeypatch):
    cache = filled(tmp_path / "c", {"a": 100, "b": 100, "c": 100, "d": 100})
    monkeypatch.setenv(BOUND_VARIABLE, "250")
    assert cache.fetch(tmp_path / "a.mp4")
    cache.trim()
    assert names(cache) == "ad"
    assert cache.held().size == 200
    assert not cache.fetch(tmp_path / "b.mp4")
    assert cache.fetch(tmp_path / "d.mp4")
    assert (tmp_path / "d.mp4").read_bytes() == b"d" * 100


def test_a_fetched_beat_stays_when_the_cache_is_emptied(tmp_path):
    cache = filled(tmp_path / "c", {"a": 10})
    assert cache.fetch(tmp_path / "a.mp4")
    cache.clear()
    assert names(cache) == ""
    assert (tmp_path / "a.mp4").read_bytes() == b"a" * 10


def test_a_bound_smaller_than_one_video_only_costs_time(
    three, trace, tmp_path, drawn, anew, cache, monkeypatch
):
    monkeypatch.setenv(BOUND_VARIABLE, "1")
    output = tmp_path / "three.mp4"
    for _ in range(2):
        assert drawn(three, trace, output) == ALL
        assert entries(cache) == []
    assert anew(three, trace, output)


@pytest.mark.parametrize("bound", ["", "-1", "2 GB", "1e9", "²"])
def test_an_invalid_bound_is_reported(bound, tmp_path, monkeypatch):
    monkeypatch.setenv(BOUND_VARIABLE, bound)
    with pytest.raises(RenderError, match=f"{BOUND_VARIABLE} must be a number.*, got {bound!r}"):
        usable(tmp_path).trim()


def test_an_unwritable_cache_falls_back_to_the_temporary_folder(
    three, trace, tmp_path, drawn, cache, monkeypatch
):
    cache.write_text("a file where the folder would be")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    output = tmp_path / "three.mp4"
    assert drawn(three, trace, output) == ALL
    assert drawn(three, trace, output) == []
    assert cache.is_file()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda place: place.chmod(0o777),
        lambda place: place.chmod(0o770),
        lambda place: (place.rename(place.with_name("other")), place.symlink_to("other")),
    ],
    ids=["all may write", "a group may write", "a link"],
)
def test_a_temporary_cache_is_private(spoil, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    taken = tmp_path / "taken"
    taken.write_text("")
    place = usable(taken).folder
    assert place.parent == tmp_path
    assert place.stat().st_mode & 0o077 == 0
    assert usable(taken).folder == place
    spoil(place)
    with pytest.raises(RenderError, match="cannot write into the cache"):
        usable(taken)


def test_a_temporary_cache_of_another_user_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "taken").write_text("")
    usable(tmp_path / "taken")
    (place,) = tmp_path.glob("rnnviz-*")
    monkeypatch.setattr(cache_module, "_user", lambda: place.name.removeprefix("rnnviz-"))
    monkeypatch.setattr(os, "getuid", lambda: place.stat().st_uid + 1)
    with pytest.raises(RenderError, match="cannot write into the cache"):
        usable(tmp_path / "taken")


def test_a_user_without_a_name_has_a_cache(tmp_path, monkeypatch):
    def nameless():
        raise KeyError("getpwuid(): uid not found: 4242")

    monkeypatch.setattr("getpass.getuser", nameless)
    assert usable(tmp_path / "cache").folder == tmp_path / "cache"


@pytest.mark.parametrize("mode", [0o000, 0o300, 0o500, 0o600])
def test_a_cache_with_unreadable_beats_falls_back(mode, tmp_path, monkeypatch, closed):
    (tmp_path / "cache" / "beats").mkdir(parents=True)
    closed(tmp_path / "cache" / "beats", mode)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert usable(tmp_path / "cache").folder.name.startswith("rnnviz-")


def test_unreadable_entries_are_not_trimmed(tmp_path, monkeypatch, closed):
    cache = filled(tmp_path / "c", {"a": 100})
    cache.keep_text("text", b"")
    closed(cache.folder / "letters")
    monkeypatch.setenv(BOUND_VARIABLE, "1")
    cache.trim()
    assert names(cache) == ""


def test_no_usable_cache_folder_is_reported(three, trace, tmp_path, cache, monkeypatch):
    cache.write_text("")
    monkeypatch.setattr("tempfile.tempdir", str(cache))
    with pytest.raises(RenderError, match=r"cannot write into the cache .*RNNVIZ_CACHE_DIR"):
        rnnviz.render(three, trace, quality="l", output=tmp_path / "three.mp4")


def test_an_added_pause_redraws_only_its_beat(three, trace, tmp_path, drawn):
    output = tmp_path / "three.mp4"
    drawn(three, trace, output)
    source = three.read_text(encoding="utf-8")
    place = "        self.play(self.square.animate.shift(RIGHT), run_time=0.2)"
    three.write_text(source.replace(place, f"        self.wait(0.2)\n{place}"), encoding="utf-8")
    assert drawn(three, trace, output) == ["two"]


def test_a_scene_has_one_name_drawn_or_unchanged(three, trace, tmp_path):
    output = tmp_path / "three.mp4"
    names = [rnnviz.render(three, trace, quality="l", output=output).scene for _ in range(2)]
    assert names == ["three", "three"]

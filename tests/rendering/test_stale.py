"""A change of whatever decides a frame draws the beat again, as if nothing was kept.

Each case is a scene of a user's own, files beside it, and one change; the scene's second render
must show what a first one would.
"""

import importlib
import shutil
from dataclasses import dataclass, field

import pytest
from manim import Circle
from often import every
from small_scenes import HEAD, frames

PLAY = "self.play(FadeIn(Circle(color={color}, fill_opacity=1)), run_time=0.2)"


def scene_of(*beats: str, before: str = "", inside: str = "") -> str:
    return HEAD + before + "\nclass Own(Storyboard):\n" + inside + "\n".join(beats)


def marked(name: str, *lines: str) -> str:
    body = "".join(f"\n        {line}" for line in lines)
    return f'    @beat("{name}.")\n    def {name}(self):{body}\n'


RED, FROM_NAME = PLAY.format(color="RED"), PLAY.format(color="COLOR")


@dataclass(frozen=True)
class Case:
    """A scene, files beside it, and a change in one of them, by default the scene's."""

    scene: str
    old: str
    new: str
    file: str = "own.py"
    beside: dict[str, str] = field(default_factory=dict)
    beats: tuple[int, ...] | None = None


WITHOUT_WRAPS = """
def slow(method):
    def inner(self):
        method(self)
    return inner
"""
CACHED = """
from functools import cache
from pathlib import Path

@cache
def shade():
    return Path(__file__).with_name("shade").read_text()
"""
IN_CLASS = """
from pathlib import Path

class Hues:
    red = Path(__file__).with_name("shade").read_text()
"""
READ = "COLOR = (Path(__file__).parent / {path}).read_text().strip()"
PATH = "\nfrom pathlib import Path\n"
BLUE_OUT = "self.play(FadeOut(*self.mobjects[1:]), run_time=0.2)"

CASES = {
    "behind a decorator": Case(
        scene_of(
            f'    @beat("One.")\n    @slow\n    def one(self):\n        {RED}\n',
            before=WITHOUT_WRAPS,
        ),
        "RED",
        "GREEN",
    ),
    "behind a decorator from elsewhere": Case(
        scene_of(
            f'    @beat("One.")\n    @slow\n    def one(self):\n        {RED}\n',
            before="\nfrom decorating import slow\n",
        ),
        "RED",
        "GREEN",
        beside={"decorating.py": WITHOUT_WRAPS},
    ),
    "a relative import": Case(
        scene_of(marked("one", FROM_NAME), before="\nfrom pk import COLOR\n"),
        "#ff0000",
        "#00ff00",
        file="pk/sub.py",
        beside={"pk/__init__.py": "from .sub import COLOR", "pk/sub.py": 'COLOR = "#ff0000"'},
    ),
    "a sister of a package": Case(
        scene_of(marked("one", FROM_NAME), before="\nfrom pk.one import COLOR\n"),
        "#ff0000",
        "#00ff00",
        file="pk/two.py",
        beside={
            "pk/__init__.py": "",
            "pk/one.py": "from . import two\nCOLOR = two.COLOR",
            "pk/two.py": 'COLOR = "#ff0000"',
        },
    ),
    "the package of a module": Case(
        scene_of(marked("one", FROM_NAME), before="\nfrom pk.one import COLOR\n"),
        "#ff0000",
        "#00ff00",
        file="pk/__init__.py",
        beside={
            "pk/__init__.py": 'KNOWN = {"color": "#ff0000"}',
            "pk/one.py": "import pk\nCOLOR = pk.KNOWN['color']",
        },
    ),
    "imported by a text": Case(
        scene_of(
            marked("one", FROM_NAME),
            before='\nimport importlib\nCOLOR = importlib.import_module("hues").COLOR\n',
        ),
        "#ff0000",
        "#00ff00",
        file="hues.py",
        beside={"hues.py": 'COLOR = "#ff0000"'},
    ),
    "a module's variable": Case(
        scene_of(
            marked("one", 'COLORS[:] = ["#ff0000"]', "self.wait(0.2)"),
            marked("two", PLAY.format(color="COLORS[0]")),
            before="\nCOLORS = [WHITE]\n",
        ),
        "#ff0000",
        "#00ff00",
        beats=(2,),
    ),
    "a variable declared global": Case(
        scene_of(
            marked("one", "self.paint()", "self.wait(0.2)"),
            marked("two", FROM_NAME),
            inside="    def paint(self):\n        global COLOR\n        COLOR = next(HUES)\n\n",
            before='\nHUES = iter(["#ff0000", "#00ff00"])\n',
        ),
        '["#ff0000", "#00ff00"]',
        '["#00ff00", "#ff0000"]',
        beats=(2,),
    ),
    "a default of Manim's": Case(
        scene_of(
            marked("one", "Circle.set_default(color=RED)", "self.wait(0.2)"),
            marked("two", "self.play(FadeIn(Circle()), run_time=0.2)"),
        ),
        "RED",
        "GREEN",
        beats=(2,),
    ),
    "another theme within": Case(
        scene_of(
            marked("one", 'self.theme = THEMES["light"]', "self.wait(0.2)"),
            marked("two", PLAY.format(color='self.theme.color("text")')),
            before="\nfrom rnnviz.mobjects.theme import THEMES\n",
        ),
        'THEMES["light"]',
        'THEMES["dark"]',
        beats=(2,),
    ),
    "by lot": Case(
        scene_of(
            marked("one", "np.random.rand(1)", "self.wait(0.2)"),
            marked("two", "self.play(FadeIn(Circle(np.random.rand())), run_time=0.2)"),
            before="\nimport numpy as np\n",
        ),
        "rand(1)",
        "rand(2)",
        beats=(2,),
    ),
    "a beat called by a text": Case(
        scene_of(
            marked("one", RED),
            marked("two", 'self.again("one")'),
            inside="    def again(self, name):\n        getattr(self, name)()\n\n",
        ),
        "RED",
        "GREEN",
        beats=(2,),
    ),
    "a file, its path in parts": Case(
        scene_of(
            marked("one", FROM_NAME), before=PATH + READ.format(path='"data" / "shade.txt"') + "\n"
        ),
        "#ff0000",
        "#00ff00",
        file="data/shade.txt",
        beside={"data/shade.txt": "#ff0000"},
    ),
    "a file without a dot": Case(
        scene_of(marked("one", FROM_NAME), before=PATH + READ.format(path='"shade"') + "\n"),
        "#ff0000",
        "#00ff00",
        file="shade",
        beside={"shade": "#ff0000"},
    ),
    "a file that a pattern matches": Case(
        scene_of(
            marked("one", FROM_NAME),
            before=PATH
            + 'COLOR = next((Path(__file__).parent / "in").glob("*.txt")).read_text()\n',
        ),
        "#ff0000",
        "#00ff00",
        file="in/shade.txt",
        beside={"in/shade.txt": "#ff0000"},
    ),
    "a file whose path is computed": Case(
        scene_of(
            marked("one", FROM_NAME),
            before=PATH + READ.format(path='".".join([chr(115) + "hade", "txt"])') + "\n",
        ),
        "#ff0000",
        "#00ff00",
        file="shade.txt",
        beside={"shade.txt": "#ff0000"},
    ),
    "a file that is read while a beat is drawn, not while it is planned": Case(
        scene_of(
            marked(
                "one",
                "drawn = self.renderer.sink is not None",
                "COLOR = Path(__file__).with_name('shade').read_text() if drawn else '#0000ff'",
                FROM_NAME,
            ),
            before=PATH,
        ),
        "#ff0000",
        "#00ff00",
        file="shade",
        beside={"shade": "#ff0000"},
    ),
    "a file that another beat read, and a module keeps": Case(
        scene_of(
            marked("one", "shade()", "self.wait(0.2)"),
            marked("two", PLAY.format(color="shade()")),
            before="\nfrom hues import shade\n",
        ),
        "#ff0000",
        "#00ff00",
        file="shade",
        beside={"hues.py": CACHED, "shade": "#ff0000"},
        beats=(2,),
    ),
    "a file that a module has read in a class": Case(
        scene_of(marked("one", PLAY.format(color="Hues.red")), before="\nfrom hues import Hues\n"),
        "#ff0000",
        "#00ff00",
        file="shade",
        beside={"hues.py": IN_CLASS, "shade": "#ff0000"},
    ),
    "a file that another program reads": Case(
        scene_of(
            marked("one", PLAY.format(color="check_output(['cat', SHADE], text=True)")),
            before=PATH
            + "from subprocess import check_output\nSHADE = Path(__file__).with_name('shade')\n",
            inside='    depends_on = ("sh*", "HUE")\n\n',
        ),
        "#ff0000",
        "#00ff00",
        file="shade",
        beside={"shade": "#ff0000"},
    ),
}


@pytest.fixture
def restarted(restarted):
    """As the fixture of all tests, and resets a default of Manim's."""

    def restart():
        restarted("pk", "pk.sub", "pk.one", "pk.two", "hues", "decorating", "later")
        Circle.set_default()

    yield restart
    restart()


@pytest.mark.parametrize("case", every(2, CASES.values()), ids=CASES)
def test_a_change_redraws(case, trace, tmp_path, drawn, anew, restarted):
    for name, text in {"own.py": case.scene, **case.beside}.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    scene, output = tmp_path / "own.py", tmp_path / "own.mp4"
    restarted()
    drawn(scene, trace, output, beats=case.beats)
    before = frames(output)
    restarted()
    assert drawn(scene, trace, output, beats=case.beats) == []

    changed = tmp_path / case.file
    assert case.old in changed.read_text()
    changed.write_text(changed.read_text().replace(case.old, case.new))
    for kept in tmp_path.rglob("__pycache__"):
        shutil.rmtree(kept)
    restarted()
    assert drawn(scene, trace, output, beats=case.beats)
    after = frames(output)
    assert any((one != other).any() for one, other in zip(before, after, strict=True))
    restarted()
    assert anew(scene, trace, output, beats=case.beats)


NAMED_ELSEWHERE = "\nimport os\n\ndef hue():\n    return os.environ.get('H' + 'UE', '#0000ff')\n"
READERS = {
    "itself": scene_of(marked("one", PLAY.format(color='os.environ["HUE"]'))),
    "a module": scene_of(
        marked("one", PLAY.format(color="hue()")), before="\nfrom hues import hue\n"
    ),
    "declared": scene_of(
        marked("one", PLAY.format(color="check_output(['printenv', 'HUE'], text=True).strip()")),
        before="\nfrom subprocess import check_output\n",
        inside='    depends_on = ("HUE",)\n\n',
    ),
}


@pytest.mark.parametrize("reader", every(2, READERS))
def test_an_environment_variable_redraws(reader, trace, tmp_path, drawn, monkeypatch, restarted):
    restarted()
    scene, output = tmp_path / "own.py", tmp_path / "own.mp4"
    (tmp_path / "hues.py").write_text(NAMED_ELSEWHERE)
    scene.write_text(READERS[reader])
    for hue, expected in (
        ("#ff0000", ["one"]),
        ("#ff0000", []),
        ("#00ff00", ["one"]),
        ("#ff0000", []),
    ):
        monkeypatch.setenv("HUE", hue)
        assert drawn(scene, trace, output) == expected


IF_THERE = "COLOR = SHADE.read_text() if SHADE.exists() else '#0000ff'"
IF_OPENED = (
    "COLOR = '#0000ff'\nwith suppress(OSError), open(SHADE) as file:\n    COLOR = file.read()"
)
BY_NAMES = "COLOR = '#00ff00' if SHADE.name in os.listdir(SHADE.parent) else '#0000ff'"
IF_MODULE = (
    "COLOR = '#0000ff'\nwith suppress(ImportError):\n"
    "    COLOR = importlib.import_module('late' + 'r').COLOR"
)


@pytest.mark.parametrize(
    ("reading", "name"),
    every(
        3,
        [
            (IF_THERE, "in/shade"),
            (IF_OPENED, "in/shade"),
            (BY_NAMES, "in/shade"),
            (IF_MODULE, "later.py"),
        ],
    ),
)
def test_a_file_that_appears_and_disappears(
    reading, name, trace, tmp_path, drawn, anew, restarted, monkeypatch
):
    restarted()
    before = "\nimport importlib\nfrom contextlib import suppress\nfrom pathlib import Path\n"
    before += f"\nSHADE = Path(__file__).parent / 'in' / ('sh' + 'ade')\n{reading}\n"
    (tmp_path / "in").mkdir()
    scene, output = tmp_path / "own.py", tmp_path / "own.mp4"
    scene.write_text(scene_of(marked("one", FROM_NAME), before=before))
    assert drawn(scene, trace, output) == ["one"]
    assert drawn(scene, trace, output) == []
    (tmp_path / name).write_text('COLOR = "#00ff00"' if name == "later.py" else "#00ff00")
    importlib.invalidate_caches()
    assert drawn(scene, trace, output) == ["one"]
    assert anew(scene, trace, output)
    (tmp_path / name).unlink()
    shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
    restarted()
    importlib.invalidate_caches()
    assert drawn(scene, trace, output) == []
    assert anew(scene, trace, output)


def test_a_path_relative_to_the_working_folder(trace, tmp_path, drawn, anew, monkeypatch):
    scene, output = tmp_path / "own.py", tmp_path / "own.mp4"
    scene.write_text(
        scene_of(marked("one", PLAY.format(color="Path('shade').read_text()")), before=PATH)
    )
    for name, expected in (("red", ["one"]), ("green", ["one"]), ("red", [])):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "shade").write_text({"red": "#ff0000", "green": "#00ff00"}[name])
        monkeypatch.chdir(folder)
        assert drawn(scene, trace, output) == expected
        assert anew(scene, trace, output)


def test_unread_names_redraw_nothing(trace, tmp_path, drawn, monkeypatch):
    names = "\nNAMES = ['notes.txt', 'in', '*.md', 'HUE', 'hues']\n"
    scene, output = tmp_path / "own.py", tmp_path / "own.mp4"
    scene.write_text(scene_of(marked("one", RED), before=names))
    assert drawn(scene, trace, output) == ["one"]
    (tmp_path / "in").mkdir()
    for name in ("notes.txt", "in/shade", "a.md", "hues.py"):
        (tmp_path / name).write_text("new")
    monkeypatch.setenv("HUE", "new")
    output.unlink()
    assert drawn(scene, trace, output) == []


def test_files_that_a_scene_writes_redraw_nothing(trace, tmp_path, drawn):
    lines = (
        "made = Path(__file__).with_name('made')",
        "made.write_text(f'{os.getpid()} {os.urandom(8)}')",
        "made.read_text()",
        RED,
    )
    scene, output = tmp_path / "own.py", tmp_path / "own.mp4"
    scene.write_text(scene_of(marked("one", *lines), before=PATH))
    assert drawn(scene, trace, output) == ["one"]
    assert drawn(scene, trace, output) == []


def test_what_a_module_read_for_stills_is_known(trace, tmp_path, drawn, anew, restarted):
    restarted()
    (tmp_path / "hues.py").write_text(CACHED)
    (tmp_path / "shade").write_text("#ff0000")
    scene, output = tmp_path / "own.py", tmp_path / "own.mp4"
    scene.write_text(
        scene_of(marked("one", PLAY.format(color="shade()")), before="\nfrom hues import shade\n")
    )
    drawn(scene, trace, tmp_path / "stills", format="png")
    assert drawn(scene, trace, output) == ["one"]
    (tmp_path / "shade").write_text("#00ff00")
    restarted()
    assert drawn(scene, trace, output) == ["one"]
    restarted()
    assert anew(scene, trace, output)


def test_a_module_loaded_before_observation_is_not_trusted(
    trace, tmp_path, drawn, restarted, monkeypatch
):
    restarted()
    (tmp_path / "hues.py").write_text(IN_CLASS)
    (tmp_path / "shade").write_text("#ff0000")
    scene, output = tmp_path / "own.py", tmp_path / "own.mp4"
    scene.write_text(
        scene_of(marked("one", PLAY.format(color="Hues.red")), before="\nfrom hues import Hues\n")
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.import_module("hues")
    for _ in range(2):
        assert drawn(scene, trace, output) == ["one"]
    restarted()
    assert drawn(scene, trace, output) == ["one"]
    assert drawn(scene, trace, output) == []


def test_beats_made_by_one_function_are_distinguished(trace, tmp_path, drawn, anew):
    made = """
def show(color):
    @beat("The same words.")
    def step(self):
        circle = Circle(color=color, fill_opacity=1)
        self.play(FadeIn(circle), run_time=0.2)
        self.play(FadeOut(circle), run_time=0.2)
    return step
"""
    scene, output = tmp_path / "own.py", tmp_path / "own.mp4"
    scene.write_text(scene_of("    a = show(RED)\n    b = show(GREEN)\n", before=made))
    assert drawn(scene, trace, output) == ["a", "b"]
    whole = frames(output)
    assert drawn(scene, trace, output) == []
    assert drawn(scene, trace, output, beats=(2,)) == []
    assert anew(scene, trace, output, beats=(2,))
    half = len(whole) // 2
    assert any((one != other).any() for one, other in zip(whole, whole[half:], strict=False))


def test_random_numbers_are_the_same_each_time(trace, tmp_path, drawn, anew):
    scene, output = tmp_path / "own.py", tmp_path / "own.mp4"
    body = "self.play(FadeIn(Circle(random.random() + np.random.rand())), run_time=0.2)"
    before = "\nimport random\nimport numpy as np\n"
    scene.write_text(scene_of(marked("one", body), marked("two", body), before=before))
    assert drawn(scene, trace, output) == ["one", "two"]
    assert drawn(scene, trace, output) == []
    assert anew(scene, trace, output)


def test_instances_of_own_classes_are_part_of_the_state(trace, tmp_path, drawn):
    before = "\nfrom dataclasses import dataclass\n\n@dataclass\nclass Held:\n    size: float\n"
    beats = (
        marked("one", "self.held = Held(1.5)", "self.wait(0.2)"),
        marked("two", "self.play(FadeIn(Circle(self.held.size)), run_time=0.2)"),
    )
    scene, output = tmp_path / "own.py", tmp_path / "own.mp4"
    scene.write_text(scene_of(*beats, before=before))
    assert drawn(scene, trace, output) == ["one", "two"]
    assert drawn(scene, trace, output) == []
    scene.write_text(scene_of(*beats, before=before).replace("1.5", "1.7"))
    assert drawn(scene, trace, output) == ["one", "two"]


def test_state_without_content_is_redrawn_each_time(trace, tmp_path, drawn):
    beats = (
        marked("one", "self.held = threading.Lock()", "self.wait(0.2)"),
        marked("two", "self.play(FadeIn(Circle()), run_time=0.2)"),
    )
    scene, output = tmp_path / "own.py", tmp_path / "own.mp4"
    scene.write_text(scene_of(*beats, before="\nimport threading\n"))
    assert drawn(scene, trace, output) == ["one", "two"]
    assert drawn(scene, trace, output) == ["two"]
    assert drawn(scene, trace, output, beats=(1,)) == []

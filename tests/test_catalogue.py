"""The lists of scenes and figures are those of the classes and functions."""

import dataclasses
import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from unittest import mock

import pytest

from rnnviz.errors import SceneError
from rnnviz.scene.kinds import KINDS, REASONS
from rnnviz.scene.loading import load_scene
from rnnviz.scene.needs import NEEDS, check_needs

ROOT = Path(__file__).resolve().parent.parent
OWN = """
from rnnviz.scene import Storyboard, beat

class Own(Storyboard):
    needs = {needs}

    @beat("One.")
    def one(self):
        self.wait(0.1)
"""


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "make_catalogue", ROOT / "tools/make_catalogue.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with mock.patch.object(sys, "path", [str(ROOT / "tools"), *sys.path]):
        spec.loader.exec_module(module)
    return module


def test_the_lists_are_fresh(tool: ModuleType) -> None:
    remedy = "run 'make catalogue'"
    for entries, file in ((tool.scenes(), tool.SCENES), (tool.figures(), tool.FIGURES)):
        assert tool.listed(entries, file) == file.read_text(encoding="utf-8"), remedy
    text = tool.FRONT_DOOR.read_text(encoding="utf-8")
    assert tool.with_figures(text, tool.figures()) == text, remedy


def test_the_tables_of_networks_are_fresh(tool: ModuleType) -> None:
    for language, document in tool.DOCUMENTS.items():
        text = document.read_text(encoding="utf-8")
        assert tool.with_table(text, tool.scenes(), language) == text, "run 'make catalogue'"


def test_a_scene_plays_what_it_does_not_refuse(tool: ModuleType) -> None:
    for entry in tool.scenes():
        assert {*entry.refuses} <= {*KINDS}
        assert {*entry.refuses.values()} <= {*NEEDS}
        for kind in KINDS:
            trace = tool.recording_of(kind)
            if kind not in entry.refuses:
                check_needs(load_scene(entry.name), trace)
                continue
            with pytest.raises(SceneError):
                check_needs(load_scene(entry.name), trace)


def test_every_need_has_a_reason_and_every_kind_a_recording(tool: ModuleType) -> None:
    assert [need for need in NEEDS if need not in REASONS] == []
    traces = {kind: tool.recording_of(kind) for kind in KINDS}
    assert len({trace.digest for trace in traces.values()}) == len(KINDS)
    cells = {kind: trace.metadata.cell for kind, trace in traces.items()}
    assert [kind for kind, cell in cells.items() if cell == "lstm"] == ["lstm", "projected-lstm"]
    assert [kind for kind, cell in cells.items() if cell == "custom"] == [
        "custom",
        "custom-two-states",
        "custom-gates",
    ]


def test_every_folder_of_scenes_has_a_scene(tool: ModuleType) -> None:
    folders = [path.parent.name for path in (ROOT / "scenes").glob("*/storyboard.py")]
    assert sorted(folders) == sorted(entry.name.replace("-", "_") for entry in tool.scenes())
    for entry in tool.scenes():
        assert entry.title, entry.name
        assert entry.summary.endswith("."), entry.name


def test_what_is_new_comes_last(tool: ModuleType, tmp_path: Path) -> None:
    before = json.loads(tool.SCENES.read_text(encoding="utf-8"))
    new = dataclasses.replace(tool.scenes()[0], name="another")
    listed = json.loads(tool.listed([new, *tool.scenes()], tool.SCENES))
    assert [each["name"] for each in listed] == [*(each["name"] for each in before), "another"]


def test_a_new_figure_gets_its_import_and_its_name(tool: ModuleType) -> None:
    text = tool.FRONT_DOOR.read_text(encoding="utf-8")
    target = "rnnviz.figures.plots.another:another"
    new = dataclasses.replace(tool.figures()[0], name="another", target=target)
    changed = tool.with_figures(text, [*tool.figures(), new])
    assert "    from rnnviz.figures.plots.another import another\n" in changed
    assert re.findall(r' "(a\w+)",', changed) == ["accuracy", "another", "as_label"]
    assert tool.with_figures(changed, tool.figures()) == text


def test_an_own_scene_says_what_it_needs(make_trace, tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text(OWN.format(needs=("gradients",)), encoding="utf-8")
    with pytest.raises(SceneError, match="no gradients, which 'own' needs"):
        check_needs(load_scene(str(file)), make_trace(gradients=False))
    check_needs(load_scene(str(file)), make_trace())


def test_needs_of_base_classes_come_first(make_trace, tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    derived = "\nclass Derived(Own):\n    needs = ('biases', 'outputs')\n"
    file.write_text(OWN.format(needs=("gradients", "biases")) + derived, encoding="utf-8")
    loaded = load_scene(f"{file}:Derived")
    assert loaded.needs == ("gradients", "biases", "outputs")


@pytest.mark.parametrize(
    ("needs", "message"),
    [
        (("gradient",), "scene 'own' has an unknown need 'gradient'; choose plain-rnn"),
        ("gradients", "'needs' of class 'Own' is 'gradients'; give a tuple"),
    ],
)
def test_a_need_that_there_is_not_is_named(needs, message, make_trace, tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text(OWN.format(needs=repr(needs)), encoding="utf-8")
    with pytest.raises(SceneError, match=message):
        check_needs(load_scene(str(file)), make_trace())

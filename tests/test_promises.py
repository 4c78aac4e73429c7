"""Every sentence of the README is held by a test, which there is, or says why it cannot be."""

import ast
import dataclasses
import pydoc
import re
import tomllib
from functools import cache

import pytest
from code_of_documents import ROOT
from promises import others, promises, sentences

import rnnviz
from rnnviz.cli.task_options import TASKS
from rnnviz.scene.catalogue import SCENES
from rnnviz.system.cache import BOUND_VARIABLE, bound
from rnnviz.text.palette import LIGHT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_sentence_is_held_or_says_why_not() -> None:
    told = [*promises(), *others()]
    assert len(told) == len(set(told))
    assert [says for says in sentences() if says not in told] == []


def test_what_is_held_still_stands_there() -> None:
    said = sentences()
    assert [says for says in (*promises(), *others()) if says not in said] == []


@cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return frozenset(node.name for node in functions if node.name.startswith("test_"))


def test_the_tests_that_hold_a_sentence_are_there() -> None:
    named = [test for tests in promises().values() for test in tests]
    places = [test.partition("::")[::2] for test in named]
    assert [place for place in places if place[1] not in names_in(place[0])] == []


def test_a_sentence_has_a_test_or_a_reason() -> None:
    assert all(promises().values())
    assert all(others().values())


def rows(heading: str) -> list[str]:
    table = README.partition(f"| {heading} |")[2].partition("\n\n")[0]
    return re.findall(r"^\| `([\w-]+)` \|", table, flags=re.MULTILINE)


def test_the_tables_name_all_scenes_and_tasks_in_their_order() -> None:
    assert rows("scene") == list(SCENES)
    assert rows("task") == list(TASKS)


def test_the_gallery_has_every_scene_and_its_pictures() -> None:
    for mark in ("", ".zh"):
        text = (ROOT / "docs" / f"gallery{mark}.md").read_text(encoding="utf-8")
        assert re.findall(r"^## `([\w-]+)`", text, flags=re.MULTILINE) == list(SCENES)
        assert re.findall(rf"images/gallery/([\w-]+){mark}\.png", text) == list(SCENES)


def test_python_is_as_new_as_the_readme_says() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (said,) = re.findall(r"needs Python ([\d.]+) or newer", README)
    assert project["requires-python"] == f">={said}"


def test_the_licences_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == "MIT AND OFL-1.1"
    assert "MIT" in (ROOT / "LICENSE").read_text(encoding="utf-8").splitlines()[0]
    font = (ROOT / "rnnviz" / "fonts" / "OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE" in font.upper()


def test_a_cache_holds_2_gb_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(BOUND_VARIABLE, raising=False)
    assert bound() == 2_000_000_000
    monkeypatch.setenv(BOUND_VARIABLE, "5")
    assert bound() == 5


def test_the_help_of_a_trace_names_every_field() -> None:
    told = pydoc.plain(pydoc.render_doc(rnnviz.Trace))
    fields = [field.name for field in dataclasses.fields(rnnviz.Trace)]
    assert [name for name in fields if not re.search(rf"\b{name}\b", told)] == []


def test_the_light_theme_leaves_paper_white() -> None:
    assert LIGHT.ground == "#FFFFFF"

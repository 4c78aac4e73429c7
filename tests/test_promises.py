"""Check that every sentence of the README is covered by tests, or states why it cannot be."""

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


def test_every_sentence_has_tests_or_a_reason() -> None:
    listed = [*promises(), *others()]
    assert len(listed) == len(set(listed))
    assert [sentence for sentence in sentences() if sentence not in listed] == []


def test_every_entry_is_a_sentence_of_the_readme() -> None:
    written = sentences()
    assert [sentence for sentence in (*promises(), *others()) if sentence not in written] == []


@cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return frozenset(node.name for node in functions if node.name.startswith("test_"))


def test_the_named_tests_exist() -> None:
    named = [test for tests in promises().values() for test in tests]
    places = [test.partition("::")[::2] for test in named]
    assert [place for place in places if place[1] not in names_in(place[0])] == []


def test_no_entry_is_empty() -> None:
    assert all(promises().values())
    assert all(others().values())


def rows(heading: str) -> list[str]:
    table = README.partition(f"| {heading} |")[2].partition("\n\n")[0]
    return re.findall(r"^\| `([\w-]+)` \|", table, flags=re.MULTILINE)


def test_the_tables_list_all_scenes_and_tasks_in_order() -> None:
    assert rows("scene") == list(SCENES)
    assert rows("task") == list(TASKS)


def test_the_gallery_shows_every_scene() -> None:
    for mark in ("", ".zh"):
        text = (ROOT / "docs" / f"gallery{mark}.md").read_text(encoding="utf-8")
        assert re.findall(r"^## `([\w-]+)`", text, flags=re.MULTILINE) == list(SCENES)
        assert re.findall(rf"images/gallery/([\w-]+){mark}\.png", text) == list(SCENES)


@pytest.mark.parametrize("kind", ["scene", "figure", "cell"])
def test_contributing_explains_how_to_add_one(kind: str) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert f"\n## Add a {kind}\n" in text


def test_the_required_python_matches_the_readme() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (version,) = re.findall(r"needs Python ([\d.]+) or newer", README)
    assert project["requires-python"] == f">={version}"


def test_the_licences_match_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == "MIT AND OFL-1.1"
    assert "MIT" in (ROOT / "LICENSE").read_text(encoding="utf-8").splitlines()[0]
    font = (ROOT / "rnnviz" / "fonts" / "OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE" in font.upper()


def test_the_cache_limit_is_2_gb_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(BOUND_VARIABLE, raising=False)
    assert bound() == 2_000_000_000
    monkeypatch.setenv(BOUND_VARIABLE, "5")
    assert bound() == 5


def test_the_help_of_a_trace_lists_every_field() -> None:
    text = pydoc.plain(pydoc.render_doc(rnnviz.Trace))
    fields = [field.name for field in dataclasses.fields(rnnviz.Trace)]
    assert [name for name in fields if not re.search(rf"\b{name}\b", text)] == []


def test_the_light_theme_has_a_white_background() -> None:
    assert LIGHT.ground == "#FFFFFF"

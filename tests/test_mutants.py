"""Each mutant changes an existing line and names existing tests."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def mutants():
    spec = importlib.util.spec_from_file_location("mutants", ROOT / "tools" / "mutants.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutants"] = module
    spec.loader.exec_module(module)
    yield module.MUTANTS
    del sys.modules["mutants"]


def test_each_changes_exactly_one_line(mutants):
    lost = {
        mutant.reason: count
        for mutant in mutants
        if (count := (ROOT / mutant.file).read_text(encoding="utf-8").count(mutant.old)) != 1
    }
    assert lost == {}


def test_each_names_existing_tests(mutants):
    files = {test.partition("::")[0] for mutant in mutants for test in mutant.tests}
    assert [name for name in sorted(files) if not (ROOT / name).exists()] == []

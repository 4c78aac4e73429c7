"""What the README of version 0.1.0 imported is still there, and says where it is now."""

import subprocess
import sys
from importlib import import_module

import pytest

import rnnviz

NAMES = [
    ("rnnviz.drawing", "layout"),
    ("rnnviz.drawing.storyboard", "Storyboard"),
    ("rnnviz.drawing.views.chain", "StateChain"),
    ("rnnviz.drawing.views.prediction", "Prediction"),
    ("rnnviz.drawing.window", "Window"),
    ("rnnviz.rendering.beats", "beat"),
]
FIGURES = ["states", "gradient_by_lag"]
"""Figures that were drawn as ``rnnviz.figures.NAME.NAME``."""


def in_a_new_process(code: str, warnings: str = "always") -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-W", f"{warnings}::DeprecationWarning:__main__", "-c", code)
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_an_old_import_warns_and_gives_what_there_is_now(module: str, name: str) -> None:
    done = in_a_new_process(
        f"from {module} import {name}; import rnnviz; assert {name} is rnnviz.scene.{name}"
    )
    assert done.returncode == 0, done.stderr
    (warning,) = (line for line in done.stderr.splitlines() if "has moved" in line)
    assert f"{module}.{name} has moved" in warning
    assert warning.endswith(f"use: from rnnviz.scene import {name}")


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_drawn_at_its_old_path(name: str, make_trace) -> None:
    package = rnnviz.figures
    function = getattr(package, name)
    with pytest.warns(DeprecationWarning, match=f"use: rnnviz.figures.{name}$"):
        axes = getattr(function, name)(make_trace())
    assert axes.get_ylabel()
    with pytest.warns(DeprecationWarning, match=f"use: from rnnviz.figures import {name}$"):
        assert import_module(f"rnnviz.figures.{name}") is function
    del sys.modules[f"rnnviz.figures.{name}"]
    assert getattr(package, name) is function


def test_every_figure_is_imported_from_its_old_module() -> None:
    for entry in rnnviz.figures.FIGURES.values():
        name = entry.target.partition(":")[2]
        with pytest.warns(DeprecationWarning, match=f"use: from rnnviz.figures import {name}$"):
            module = import_module(f"rnnviz.figures.{name}")
        assert module is getattr(rnnviz.figures, name)
        assert getattr(module, name).__wrapped__ is module
        del sys.modules[f"rnnviz.figures.{name}"]


def test_the_scenes_of_old_are_at_their_old_path() -> None:
    done = in_a_new_process("from rnnviz.scenes.unrolling import Unrolling", "error")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", ["rnnviz.drawing.nothing", "rnnviz.drawing.views.nothing"])
def test_what_never_was_is_not_found(module: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=module):
        import_module(module)


def test_a_name_that_never_was_in_an_old_module_is_an_attribute_error() -> None:
    window = import_module("rnnviz.drawing.window")
    with pytest.raises(AttributeError, match=r"window' has no attribute 'Door'"):
        _ = window.Door

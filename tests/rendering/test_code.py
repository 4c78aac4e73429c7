"""Each beat of the lecture depends on its own code only."""

import inspect
import os
from pathlib import Path
from typing import Final

import pytest
from often import every

from rnnviz.rendering.cache.code import code_of
from rnnviz.scene.beats import beats_of
from rnnviz.scene.catalogue import SCENES
from rnnviz.scene.loading import load_scene

NAMED: Final = {
    ("why", "sentence"): None,
    ("why", "window"): None,
    ("why", "memory"): None,
    ("feedforward", "with_loop"): {"recurrent"},
    ("inputs", "states"): None,
    ("unrolling", "start"): None,
    ("space", "forward"): {"nothing_yet"},
    ("output", "shares"): {"cost"},
    ("exploding-gradient", "clipped"): {"sizes"},
    ("exploding-gradient", "clip"): None,
    ("gates", "cell"): None,
    ("compare", "states"): None,
    ("compare", "answers"): None,
    ("pytorch", "dropout"): None,
}
"""Beats whose names stand for something else in others, or in all of them, which are drawn again:
more than need be, never less.
"""


@pytest.mark.parametrize("name", every(4, SCENES))
def test_a_change_of_one_beat_affects_no_other(name, tmp_path):
    file = tmp_path / "own.py"
    source = Path(inspect.getfile(load_scene(name).scene)).read_text(encoding="utf-8")
    file.write_text(source, encoding="utf-8")
    scene = load_scene(str(file)).scene
    before = code_of(scene, "en").beats
    for number, beat in enumerate(beats_of(scene), start=1):
        head = f"    def {beat.name}(self) -> None:\n"
        assert source.count(head) == 1
        file.write_text(source.replace(head, f"{head}        self.wait(0.1)\n"), encoding="utf-8")
        os.utime(file, (number, number))
        after = code_of(scene, "en").beats
        others = NAMED.get((name, beat.name), set())
        wanted = set(after) if others is None else {beat.name, *others}
        assert {each for each in after if after[each] != before[each]} == wanted

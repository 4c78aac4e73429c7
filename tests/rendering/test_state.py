"""The digest of a state is the same in every process."""

import os
import subprocess
import sys

from rnnviz.rendering.manim_adapter.state import digest_of

STATE = """
from rnnviz.rendering.manim_adapter.state import digest_of
sets = {"a": {"one", "two", "three"}, "b": frozenset({("x", 1), ("y", 2)})}
state = {**sets, "c": lambda x: x in {"p", "q"}}
print(digest_of(state, {}))
"""


def test_sets_are_the_same_whatever_their_order():
    told = {
        subprocess.run(
            [sys.executable, "-c", STATE],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(told) == 1
    assert told != {"None\n"}


def test_another_set_is_another_state():
    digests = {digest_of({"a": one}, {}) for one in ({1}, {2}, {1, 2}, frozenset({1}), (1,), set())}
    assert len(digests) == 6
    assert None not in digests

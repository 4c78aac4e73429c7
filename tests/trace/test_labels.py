"""Labels of any kind become those of a trace, or are refused in one line."""

import numpy as np
import pytest
import torch
from torch import nn

from rnnviz.errors import RecordingError
from rnnviz.recording import record
from rnnviz.trace.labels import labels_of


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("step_labels", ["a", "b"], (("a", "b"),)),
        ("step_labels", [["a", "b"], ("c", "d")], (("a", "b"), ("c", "d"))),
        ("step_labels", np.array([[b"a", b"b"]]), (("a", "b"),)),
        ("target_labels", np.array([[2001, 2002]]), (("2001", "2002"),)),
        ("target_labels", [[0.5, np.float64(1.5)]], (("0.5", "1.5"),)),
        ("input_labels", np.array(["a", "b"]), ("a", "b")),
        ("output_labels", (), ()),
    ],
)
def test_what_is_taken(name, given, expected):
    assert labels_of(name, given) == expected


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("step_labels", 3),
        ("step_labels", "ab"),
        ("step_labels", [["a"], "b"]),
        ("step_labels", [[["a"]]]),
        ("input_labels", [["a"]]),
        ("input_labels", [None]),
        ("input_labels", ["a\0"]),
        ("input_labels", ["\ud800"]),
        ("input_labels", [b"\xff"]),
        ("input_labels", {"a": 1}),
    ],
)
def test_what_is_refused(name, given):
    with pytest.raises(RecordingError, match=name) as caught:
        labels_of(name, given)
    assert "\n" not in str(caught.value)


def test_record_takes_lists_and_arrays_whatever_the_order_of_axes():
    for batch_first in (True, False):
        torch.manual_seed(0)
        shape = (2, 4, 3) if batch_first else (4, 2, 3)
        trace = record(
            nn.RNN(3, 5, batch_first=batch_first),
            torch.randn(shape),
            torch.zeros((*shape[:2], 5)),
            loss="squared",
            about={
                "step_labels": np.array([list("abcd"), list("efgh")]),
                "input_labels": ["x", "y", "z"],
            },
        )
        assert trace.metadata.step_labels == (tuple("abcd"), tuple("efgh"))
        assert trace.metadata.input_labels == ("x", "y", "z")

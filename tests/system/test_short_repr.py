"""What holds arrays is shown in one line, and in full where that is asked for."""

import dataclasses
import importlib
import inspect
import pkgutil

import numpy as np
import pytest
import torch
from models import Around, layer_of
from torch import nn

import rnnviz
from rnnviz import measure
from rnnviz.recording import record
from rnnviz.system.short_repr import ShortRepr, brief
from rnnviz.tasks import Batch
from rnnviz.verification import verify


@pytest.fixture(scope="module")
def trace():
    torch.manual_seed(0)
    model = Around(layer_of("lstm", 3, 40, num_layers=2, bidirectional=True)).double()
    return record(model, torch.randn(50, 2, 3).double(), torch.randint(4, (50, 2)))


def classes_with_arrays():
    for found in pkgutil.walk_packages(rnnviz.__path__, "rnnviz."):
        if found.name == "rnnviz.__main__" or ".recording" in found.name:
            continue
        module = importlib.import_module(found.name)
        for name, kind in vars(module).items():
            if not (inspect.isclass(kind) and kind.__module__ == found.name):
                continue
            if dataclasses.is_dataclass(kind) and not name.startswith("_"):
                types = " ".join(str(item.type) for item in dataclasses.fields(kind))
                if "ndarray" in types or "Trace" in types:
                    yield kind


def test_every_class_that_holds_arrays_has_a_short_repr():
    found = set(classes_with_arrays())
    assert len(found) > 20
    long = {kind.__qualname__ for kind in found if kind.__dataclass_params__.repr}
    # it gathers what goes on in a training, and holds arrays in private fields only
    assert long <= {"Log"}
    assert all(issubclass(one, ShortRepr) for one in found if one.__name__ not in ("Trace", *long))


def test_a_trace_is_told_in_one_line_and_printed_as_a_table(trace):
    assert repr(trace) == (
        "<Trace: LSTM, 2 layers in two directions, 40 units, 50 steps, 2 sequences, "
        "cross-entropy, float64, gradients of 50 losses>"
    )
    lines = str(trace).splitlines()
    assert lines[0].split() == ["trace", trace.identity]
    assert len(lines) == 1 + len(list(trace.summary.rows()))
    torch.manual_seed(0)
    small = record(nn.RNN(2, 1), torch.randn(1, 1, 2), torch.randn(1, 1, 1), loss="squared",
                   gradients=False)  # fmt: skip
    assert repr(small) == (
        "<Trace: tanh RNN, 1 layer, 1 unit, 1 step, 1 sequence, squared, float32, no gradients>"
    )


def test_what_belongs_to_a_trace_is_told_in_one_line(trace):
    words = (tuple(f"word{step}" for step in range(200)),)
    for one in (
        trace.metadata,
        trace.summary,
        Batch(np.zeros((200, 1, 3)), np.zeros((200, 1)), words, words),
        measure.principal_components(trace),
        verify(record(nn.RNN(2, 3), torch.randn(4, 1, 2), torch.randn(4, 1, 3), loss="squared")),
    ):
        told = repr(one)
        assert "\n" not in told
        assert len(told) <= 1000
    assert "axes=float64 (2, 40)" in repr(measure.principal_components(trace))


def test_a_report_says_what_is_wrong(trace):
    torch.manual_seed(0)
    small = record(Around(layer_of("gru", 2, 3)).double(), torch.randn(4, 1, 2).double(),
                   torch.randint(4, (4, 1)))  # fmt: skip
    report = verify(small)
    assert repr(report) == f"<Report: ok, {len(report.checks)} checks>"
    assert len(str(report).splitlines()) == len(report.checks)
    wrong = verify(dataclasses.replace(small, grad_h=2 * small.grad_h))
    assert "WRONG" in repr(wrong)
    assert repr(wrong).endswith("wrong: grad_h>")
    line = next(line for line in str(wrong).splitlines() if line.startswith("grad_h "))
    assert "WRONG" in line


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (np.zeros((3, 4), np.float32), "float32 (3, 4)"),
        ({}, "{}"),
        ({"a": np.zeros(3), "b": np.zeros(3)}, "{2 of ndarray}"),
        ((1, 2), "(1, 2)"),
        (("a word",) * 500, "(500 of str)"),
        ((np.zeros(3),), "(1 of ndarray)"),
        ("x" * 300, "'" + "x" * 38 + "…"),
        (None, "None"),
        (0.5, "0.5"),
        ((), "()"),
    ],
)
def test_a_value_in_a_few_words(value, told):
    assert brief(value) == told
